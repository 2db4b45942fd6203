"""One process serves an SQLite database; the lock ends with it, however it ends."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mirror.errors import AlreadyServing
from mirror.sync.lock import ServeLock, is_served

ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from mirror.sync.lock import ServeLock
with ServeLock(sys.argv[1], "it") as lock:
    lock.tell("a test")
    print("held", flush=True)
    sys.stdin.read()
"""


def url(folder: Path) -> str:
    return f"sqlite:///{folder}/mirror.db"


def test_nobody_serves_a_database_that_nobody_locked(tmp_path: Path) -> None:
    assert not is_served(url(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with ServeLock(url(tmp_path), "mirror.db") as lock:
        lock.tell("process 12 at http://127.0.0.1:8000")
        with (
            pytest.raises(AlreadyServing, match=re.escape("process 12 at http://127.0.0.1:8000")),
            ServeLock(url(tmp_path), "mirror.db"),
        ):
            pass
        assert is_served(url(tmp_path))
    assert not is_served(url(tmp_path))
    with ServeLock(url(tmp_path), "mirror.db"):
        pass


def test_the_same_file_by_another_name_has_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with ServeLock(url(tmp_path), "mirror.db"):
        assert is_served(url(tmp_path / "link"))


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, url(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_served(url(tmp_path))
        holder.kill()
        holder.wait()
        assert not is_served(url(tmp_path))
        with ServeLock(url(tmp_path), "mirror.db"):
            pass


def test_a_shared_engine_needs_no_lock() -> None:
    shared = "postgresql://mirror@db.test/mirror"
    with ServeLock(shared, "it"), ServeLock(shared, "it"):
        assert not is_served(shared)
