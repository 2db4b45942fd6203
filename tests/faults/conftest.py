"""What fault tests start with: a nursery of processes, and a mirror in a folder of the test's own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.mirrors import Faulted, make_template
from tests.faults.nursery import Nursery
from tests.faults.verdict import TALLY, figures
from tests.support.databases import migrated_file

__all__ = ["migrated_file"]

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]  # pidfd, /proc


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells the figures of this run."""
    if TALLY:
        told = ", ".join(f"{name} {number}" for name, number in figures(TALLY).items())
        terminalreporter.write_line(f"faults: {told}")


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """What processes are forked off."""
    with Nursery() as found:
        yield found


@pytest.fixture(scope="session")
def template(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with a token."""
    return make_template(migrated_file, tmp_path_factory.mktemp("template"))


@pytest.fixture
def mirror(tmp_path: Path, nursery: Nursery, template: Path) -> Iterator[Faulted]:
    """A mirror to be ill-treated."""
    found = Faulted(tmp_path, nursery, template)
    yield found
    found.settle()
