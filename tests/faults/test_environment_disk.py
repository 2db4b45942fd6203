"""A full disk: callbacks are turned away and none is lost; once there is room again, all goes on."""

import http.client
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.client import Operation
from tests.faults.environment import (
    CREATED,
    Conditions,
    applier_of,
    classes,
    client_of,
    fill,
    free,
    is_asleep,
    small_disk,
)
from tests.faults.verdict import judge
from tests.support.processes import Mirror, Server, eventually

RESERVE = 4 * 2**20
PADDED = CREATED[:-1] + b',"Padding":"' + b"x" * 20_000 + b'"}'


def refusal(server: Server, body: bytes) -> tuple[int, str | None]:
    """The status of an answer, and its `Retry-After`."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request("POST", urlsplit(server.callback_url).path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers["Retry-After"]
    finally:
        connection.close()


def statuses(operations: list[Operation]) -> set[int]:
    return {status for operation in operations for status in operation.statuses}


def test_a_database_that_may_not_grow_turns_callbacks_away_until_it_may(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    conditions = Conditions(mirror)
    with mirror.serving() as server:
        client = client_of(server, retries=0)
        assert statuses(client.post_all(classes(50))) == {200}
        conditions.set(pages=1)
        # What still fits on the last pages may well be taken.
        full = client.post_all(classes(400, 1_000))
        assert statuses(full) <= {200, 503}
        assert refusal(server, PADDED % 1) == (503, "5")
        assert server.request("GET", server.url + "/readyz")[0] == 200  # an empty append fits
        conditions.end("pages")
        assert statuses(client.post_all(classes(50, 2_000))) == {200}
        assert eventually(lambda: mirror.progress().lag == 0)
        assert server.terminate() == 0
    assert 503 in statuses(full)
    assert "the disk is full. Make room" in server.log.read_text()
    judge(tmp_path / "mirror.db", client.operations).check()


def test_an_applier_without_room_tries_again_until_there_is_some(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    conditions = Conditions(mirror)
    with mirror.serving() as server:
        client = client_of(server)
        client.post(*classes(1))
        assert eventually(lambda: mirror.progress().lag == 0)
        applier = applier_of(server)
        conditions.set(asleep="before")
        client.post_all(classes(500, 1))
        assert eventually(lambda: is_asleep(applier))
        conditions.set(pages=1)
        os.kill(applier, signal.SIGCONT)
        assert eventually(lambda: "Could not apply" in server.log.read_text())
        assert mirror.progress().applied_seq < 501
        conditions.end("pages")
        assert eventually(lambda: mirror.progress().lag == 0)
        assert server.terminate() == 0
    assert all(operation.acknowledged for operation in client.operations)
    judge(tmp_path / "mirror.db", client.operations).check()


@pytest.mark.mounts
def test_a_full_disk_loses_nothing_and_is_no_reason_to_start_again(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "disk")
    mirror.set(DISK_RESERVE="0")
    with small_disk(mirror.folder, "3m") as disk, mirror.serving() as server:
        client = client_of(server, retries=1)
        assert statuses(client.post_all(PADDED % n for n in range(20))) == {200}
        ballast = fill(disk)
        for start in (100, 200, 300):
            assert statuses(client.post_all(PADDED % n for n in range(start, start + 20))) == {503}
            assert refusal(server, CREATED % start) == (503, "5")
        assert server.request("GET", server.url + "/healthz")[0] == 200
        assert server.process.poll() is None
        ballast.unlink()
        assert statuses(client.post_all(PADDED % n for n in range(400, 420))) == {200}
        assert eventually(lambda: mirror.progress().lag == 0)
        assert server.terminate() == 0
        assert mirror.progress().head_seq == 40
        judge(disk / "mirror.db", client.operations).check()


@pytest.mark.mounts
def test_the_reserve_turns_callbacks_away_while_there_is_room_to_apply_and_look(
    tmp_path: Path,
) -> None:
    mirror = Mirror(tmp_path / "disk")
    mirror.set(DISK_RESERVE=str(RESERVE))
    with small_disk(mirror.folder, "8m") as disk, mirror.serving() as server:
        client = client_of(server, retries=0)
        ballast = fill(disk, keep=RESERVE + 2**20)
        assert statuses(client.post_all(PADDED % n for n in range(100))) == {200, 503}
        assert RESERVE - 2**20 < free(disk) < RESERVE
        assert eventually(lambda: mirror.progress().lag == 0)
        status, told = server.request("GET", server.url + "/readyz")
        assert status == 503
        assert b"the reserve is left free" in told
        assert "deliveries" in mirror.run("status")
        ballast.unlink()
        assert statuses(client.post(*classes(1, 2_000))) == {200}
        assert server.terminate() == 0
        judge(disk / "mirror.db", client.operations).check()


@pytest.mark.mounts
def test_on_a_full_disk_no_command_starts_and_each_names_the_file_and_the_remedy(
    tmp_path: Path,
) -> None:
    mirror = Mirror(tmp_path / "disk")
    with small_disk(mirror.folder, "3m") as disk:
        ballast = fill(disk)
        told = [mirror.run("serve", "--port=0", code=3) for _ in range(2)]
        ballast.unlink()
        mirror.run("platform", "add", "studio")  # what a start left half-made is no obstacle
        fill(disk)
        told += [mirror.run(*command, code=3) for command in (("serve", "--port=0"), ("status",))]
    for line in told:
        assert line.startswith("mirror: Database sqlite:///mirror.db could not be ")
        assert " full" in line
        assert len(line.splitlines()) == 1
