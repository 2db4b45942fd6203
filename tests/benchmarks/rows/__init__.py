"""The rows of the table, a module each: `measure` yields figures, and points for charts."""

from types import ModuleType

from tests.benchmarks.rows import callbacks, rebuild

ROWS: dict[str, ModuleType] = {
    "callbacks": callbacks,
    "rebuild": rebuild,
}
