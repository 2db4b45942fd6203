"""A log torn at any byte of its last frames: what was committed before them is there, whole and in order.

What the torn frames held is lost: the disk had said that it was safe. No mirror can promise more.
"""

import shutil
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults import wal
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted
from tests.faults.nursery import Nursery
from tests.faults.wal import FRAME_HEADER, Content
from tests.support.processes import eventually

BODIES = unique(30)
BEFORE, AFTER = BODIES[:12], BODIES[12:]
STRIDE = 1021
"""In short, every so many bytes of a page are tried, and every byte of the last headers."""
LAST = 3
"""Frames of which every byte is tried, when there is time."""


class Crashed(NamedTuple):
    """What a killed server left behind, and what a whole log holds after each of its transactions."""

    file: Path
    log: bytes
    ends: dict[int, Content]

    def expected(self, at: int) -> Content:
        """What must be there when the log is spoilt from byte `at` on."""
        return self.ends[max(end for end in self.ends if end <= at)]


@pytest.fixture(scope="module")
def crashed(nursery: Nursery, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Crashed:
    mirror = Faulted(tmp_path_factory.mktemp("crashed"), nursery, template)
    with mirror.serving() as server:
        mirror.client().post(*BEFORE)
        assert eventually(lambda: mirror.applied() == len(BEFORE))
        server.kill_both()
    log = mirror.file.with_name("mirror.db-wal").read_bytes()
    file = mirror.folder / "torn.db"
    shutil.copy(mirror.file, file)
    ends = {wal.HEADER: wal.read(file, log[: wal.HEADER])}
    for frames in wal.transactions(log):
        ends[frames[-1].end] = wal.read(file, log[: frames[-1].end])
    return Crashed(file, log, ends)


def test_the_log_grows_by_whole_transactions(crashed: Crashed) -> None:
    contents = list(crashed.ends.values())
    assert len(crashed.log) == max(crashed.ends)
    assert [row[4] for row in contents[-1].journal] == list(BEFORE)
    for earlier, later in pairwise(contents):
        assert later.journal[: len(earlier.journal)] == earlier.journal
        assert len(later.journal) - len(earlier.journal) <= 1  # they were posted one by one
        assert (earlier.outcomes, len(earlier.journal)) <= (later.outcomes, len(later.journal))


def check(crashed: Crashed, places: Iterable[int]) -> int:
    count = 0
    for damage in wal.damages(crashed.log, places):
        found = wal.read(crashed.file, damage.wal)
        assert found == crashed.expected(damage.at), (damage.how, damage.at)
        count += 1
    return count


def test_a_log_torn_within_its_last_transactions_is_a_shorter_one(crashed: Crashed) -> None:
    frames = [frame for some in wal.transactions(crashed.log)[-2:] for frame in some]
    headers = {frame.start + at for frame in frames[-2:] for at in range(FRAME_HEADER)}
    edges = {at for frame in frames for at in (frame.start, frame.end - 1)}
    inside = set(range(frames[0].start, frames[-1].end, STRIDE))
    print("damages:", check(crashed, sorted(headers | edges | inside)))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_log_torn_at_every_byte_of_its_last_frames_is_a_shorter_one(crashed: Crashed) -> None:
    frames = wal.frames(crashed.log)[-LAST:]
    print("damages:", check(crashed, range(frames[0].start, frames[-1].end)))


@pytest.mark.parametrize("how", ["cut", "changed", "zeroed"])
def test_a_server_goes_on_with_what_a_torn_log_holds(
    crashed: Crashed, mirror: Faulted, how: str
) -> None:
    # The transaction that appended the last delivery is torn, and so are those after it.
    whole = max(end for end, held in crashed.ends.items() if len(held.journal) < len(BEFORE))
    (torn,) = (one for one in wal.damages(crashed.log, [whole + 1000]) if one.how == how)
    shutil.copy(crashed.file, mirror.file)
    mirror.file.with_name("mirror.db-wal").write_bytes(torn.wal)
    with mirror.serving() as server:
        mirror.client().post_all(AFTER)
        server.stop()
    assert mirror.bodies()[: len(BEFORE) - 1] == list(BEFORE[:-1])
    mirror.judge(before=len(BEFORE) - 1).check()
