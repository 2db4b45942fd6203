"""The rows of the table, a module each: `measure` yields figures, and points for charts."""

from types import ModuleType

from tests.benchmarks.rows import (
    callbacks,
    class_move,
    first_page,
    handmade,
    pages,
    rebuild,
    steps,
    sustained,
)

ROWS: dict[str, ModuleType] = {
    "callbacks": callbacks,
    "handmade": handmade,
    "sustained": sustained,
    "rebuild": rebuild,
    "class_move": class_move,
    "first_page": first_page,
    "pages": pages,
    "steps": steps,
}
