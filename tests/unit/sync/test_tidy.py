"""The thread that keeps the log short: it goes on after a passing error, and ends after a final one."""

import threading

import pytest
from sqlalchemy.exc import OperationalError

from mirror.errors import DatabaseUnavailable, MirrorError
from mirror.sync import tidy
from mirror.sync.tidy import Tidier


class Pages:
    """Stands for a log."""

    is_movable = True

    def __init__(self, *errors: MirrorError) -> None:
        self.errors = list(errors)
        self.looks = 0
        self.went_on = threading.Event()
        self.closed = threading.Event()

    def tidy(self) -> bool:
        self.looks += 1
        if self.errors:
            raise self.errors.pop(0)
        self.went_on.set()
        return True

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "EVERY", 0.001)
    monkeypatch.setattr(tidy, "LATER", 0.001)


def test_a_passing_error_is_tried_again() -> None:
    pages, told = Pages(DatabaseUnavailable("It is locked.")), list[MirrorError]()
    tidier = Tidier(pages, told.append)  # type: ignore[arg-type]
    tidier.start()
    assert pages.went_on.wait(10)
    tidier.stop()
    assert (told, pages.closed.is_set()) == ([], True)
    assert tidier.moves > 0


def test_after_a_failure_of_the_disk_nothing_is_tried_again() -> None:
    class Driver(Exception):
        sqlite_errorname = "SQLITE_IOERR_FSYNC"

    failure = DatabaseUnavailable("The disk failed.")
    failure.__cause__ = OperationalError("PRAGMA", None, Driver())
    pages, told = Pages(failure), list[MirrorError]()
    tidier = Tidier(pages, told.append)  # type: ignore[arg-type]
    tidier.start()
    assert pages.closed.wait(10)
    tidier.stop()
    assert (told, pages.looks) == ([failure], 1)


def test_where_there_is_no_such_log_nothing_runs() -> None:
    pages = Pages()
    pages.is_movable = False
    tidier = Tidier(pages, lambda _: None)  # type: ignore[arg-type]
    tidier.start()
    tidier.stop()
    assert pages.looks == 0
