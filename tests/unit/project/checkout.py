"""The files that are committed or about to be, as the tests of the project itself see them."""

import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

if not (ROOT / ".git").exists():
    pytest.skip("a source archive doesn't say which files are committed", allow_module_level=True)


@cache
def files() -> tuple[Path, ...]:
    """Every file that git tracks or would add, relative to the root, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = {Path(name) for name in listed.split("\0") if name}
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))


@cache
def text(name: Path) -> str:
    """What a file says; nothing, if it isn't text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
