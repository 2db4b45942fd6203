"""A full disk: callbacks are turned away and none is lost; once there is room again, all goes on."""

import http.client
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.client import Operation
from tests.faults.environment import (
    CREATED,
    Conditions,
    classes,
    fill,
    free,
    is_asleep,
    small_disk,
)
from tests.faults.mirrors import Faulted
from tests.support.processes import eventually

RESERVE = 4 * 2**20
PADDED = CREATED[:-1] + b',"Padding":"' + b"x" * 20_000 + b'"}'


def refusal(mirror: Faulted, body: bytes) -> tuple[int, str | None]:
    """The status of an answer, and its `Retry-After`."""
    connection = http.client.HTTPConnection("127.0.0.1", mirror.port, timeout=20)
    try:
        connection.request("POST", mirror.path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers["Retry-After"]
    finally:
        connection.close()


def statuses(operations: list[Operation]) -> set[int]:
    return {status for operation in operations for status in operation.statuses}


def test_a_database_that_may_not_grow_turns_callbacks_away_until_it_may(mirror: Faulted) -> None:
    conditions = Conditions(mirror)
    client = mirror.client(retries=0)
    with mirror.serving() as server:
        assert statuses(client.post_all(classes(50))) == {200}
        conditions.set(pages=1)
        # What still fits on the last pages may well be taken.
        full = client.post_all(classes(400, 1_000))
        assert statuses(full) == {200, 503}
        assert refusal(mirror, PADDED % 1) == (503, "5")
        conditions.end("pages")
        assert statuses(client.post_all(classes(50, 2_000))) == {200}
        server.stop()
    assert "the disk is full. Make room" in mirror.log_text()
    mirror.judge().check()


def test_an_applier_without_room_tries_again_until_there_is_some(mirror: Faulted) -> None:
    conditions = Conditions(mirror)
    client = mirror.client()
    with mirror.serving() as server:
        client.post(*classes(1))
        assert eventually(lambda: mirror.applied() == 1)
        applier = server.applier_pid
        assert applier is not None
        conditions.set(asleep="before")
        client.post_all(classes(500, 1))
        assert eventually(lambda: is_asleep(applier))
        conditions.set(pages=1)
        os.kill(applier, signal.SIGCONT)
        assert eventually(lambda: "Could not apply" in mirror.log_text())
        assert mirror.applied() < 501
        conditions.end("pages")
        assert eventually(lambda: mirror.applied() == 501)
        server.stop()
    assert client.failed == []
    mirror.judge().check()


@contextmanager
def moved_to_a_small_disk(mirror: Faulted, size: str) -> Iterator[Path]:
    """Lets the database, and nothing else, be on a small disk."""
    with small_disk(mirror.folder / "disk", size) as disk:
        mirror.file = Path(shutil.move(mirror.file, disk / "mirror.db"))
        mirror.set(DATABASE=f"sqlite:///{mirror.file}")
        yield disk


@pytest.mark.mounts
def test_a_full_disk_loses_nothing_and_is_no_reason_to_start_again(mirror: Faulted) -> None:
    mirror.set(DISK_RESERVE="0")
    client = mirror.client(retries=1)
    with moved_to_a_small_disk(mirror, "3m") as disk:
        with mirror.serving() as server:
            assert statuses(client.post_all(PADDED % n for n in range(20))) == {200}
            ballast = fill(disk)
            for start in (100, 200):
                turned_away = client.post_all(PADDED % n for n in range(start, start + 20))
                assert statuses(turned_away) == {503}
            assert refusal(mirror, CREATED % 300) == (503, "5")
            assert server.process.poll() is None
            ballast.unlink()
            assert statuses(client.post_all(PADDED % n for n in range(400, 420))) == {200}
            server.stop()
        assert len(mirror.bodies()) == 40
        mirror.judge().check()


@pytest.mark.mounts
def test_the_reserve_turns_callbacks_away_while_there_is_room_to_apply_and_look(
    mirror: Faulted,
) -> None:
    mirror.set(DISK_RESERVE=str(RESERVE))
    client = mirror.client(retries=0)
    with moved_to_a_small_disk(mirror, "8m") as disk:
        with mirror.serving() as server:
            ballast = fill(disk, keep=RESERVE + 2**20)
            assert statuses(client.post_all(PADDED % n for n in range(100))) == {200, 503}
            assert RESERVE - 2**20 < free(disk) < RESERVE
            assert eventually(lambda: mirror.applied() == len(mirror.bodies()))
            assert "the reserve is left free" in mirror.log_text()
            assert refusal(mirror, CREATED % 1_000) == (503, "5")
            mirror.run("status")
            ballast.unlink()
            assert statuses(client.post(*classes(1, 2_000))) == {200}
            server.stop()
        mirror.judge().check()


@pytest.mark.mounts
def test_on_a_full_disk_no_command_starts_and_each_names_the_file_and_the_remedy(
    mirror: Faulted,
) -> None:
    with moved_to_a_small_disk(mirror, "3m") as disk:
        fill(disk)
        mirror.run("serve", "--port=0", code=3)
        mirror.run("status", code=3)
        ballast = disk / "ballast"
        ballast.unlink()
        mirror.file.unlink()
        fill(disk)
        mirror.run("serve", "--port=0", code=3)
        ballast.unlink()
        mirror.run("platform", "add", "studio")  # what a start left half-made is no obstacle
    told = [line for line in mirror.log_text().splitlines() if line.startswith("mirror: Data")]
    assert len(told) == 3
    for line in told:
        assert line.startswith(f"mirror: Database sqlite:///{mirror.file} could not be ")
        assert " full" in line
