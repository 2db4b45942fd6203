"""docs/library.md: its example runs as it stands, and its tables tell every method and argument."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import mirror
from mirror import errors
from mirror.api import open_mirror

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"^```python\n(.*?)^```\n\nprints\n\n^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def test_the_example_prints_what_is_said(tmp_path: Path) -> None:
    [(example, printed)] = EXAMPLE.findall(TEXT)
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-W", "error", "-c", example],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stdout == printed
    assert (tmp_path / "mirror.db").exists()


def signature(name: str, function: Callable[..., object]) -> str:
    """A call with all arguments and their defaults, as the document writes it."""
    words, starred = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            words.append("*")
            starred = True
        default = parameter.default
        if default is parameter.empty:
            words.append(parameter.name)
        else:
            shown = f'"{default}"' if isinstance(default, str) else repr(default)
            words.append(f"{parameter.name}={shown}")
    return f"`{name}({', '.join(words)})`"


@pytest.mark.parametrize(
    ("name", "method"),
    [
        found
        for found in inspect.getmembers(mirror.Mirror, inspect.isfunction)
        if found[0][0] != "_"
    ],
)
def test_every_method_is_told_with_its_arguments(name: str, method: Callable[..., object]) -> None:
    assert signature(name, method) in TEXT


def test_opening_is_told_with_its_arguments() -> None:
    assert signature("mirror.open", open_mirror) in TEXT


def test_every_error_that_is_told_exists() -> None:
    told = re.findall(r"^\| `(\w+)` \|", TEXT[TEXT.index("## Errors") :], re.MULTILINE)
    assert len(told) > 1
    assert all(issubclass(getattr(errors, name), errors.MirrorError) for name in told)
