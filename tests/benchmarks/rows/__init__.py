"""The rows of the table, a module each: `measure` yields figures, and points for charts."""

from types import ModuleType

from tests.benchmarks.rows import rebuild

ROWS: dict[str, ModuleType] = {
    "rebuild": rebuild,
}
