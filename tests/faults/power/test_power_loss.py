"""The power goes at any instant of a real `mirror`, and nothing that anybody was told of is lost."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.faults.client import Operation
from tests.faults.power.campaign import Figures, Outcome, lose
from tests.faults.power.disk import Image
from tests.faults.power.examine import Examiner, lay_out
from tests.faults.power.losses import Everything
from tests.faults.power.recorder import Acknowledged, History, Traced, post_all, serve
from tests.faults.verdict import judge

pytestmark = [pytest.mark.compiler, pytest.mark.timeout(180)]

Make = Callable[..., Traced]
OFTEN = "checkpoint=20"
NEW = [
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"new"},"ClassPath":"/%d"}}' % number
    for number in range(30)
]


def assert_kept(figures: Figures) -> None:
    """Nothing that was acknowledged is lost, and no image is anything but a mirror."""
    assert figures.wrong == {}
    assert figures.lost == set()


def found(image: Image, folder: Path, traced: Make, *changes: str) -> Traced:
    """A `mirror` that finds that image when it starts."""
    folder.mkdir()
    lay_out(image, folder / "data", Random(1))
    return traced(*changes, folder=folder.name)


def test_no_change_of_a_file_gets_past_the_shim(history: History) -> None:
    disk = history.disk()
    assert disk.at(history.records[0].begun - 1)(Everything()) == {}
    assert disk.at(history.records[-1].ended)(Everything()) == history.after
    assert history.after["mirror.db"]


def test_a_server_loses_nothing_and_goes_on_to_lose_nothing(
    traced: Make, examiner: Examiner, history: History, tmp_path: Path
) -> None:
    figures, outcomes = lose(history, examiner, "serve", instants=26, seeds=2)
    assert_kept(figures)
    assert examiner.proven > 2
    told = history.acknowledged
    moved = [one.begun for one in history.records if (one.what, one.name) == ("s", "mirror.db")]
    assert any(told[0].at < at < told[-1].at for at in moved)  # the log, beside the callbacks
    amid = [one for one in outcomes if told[50].at < one.at < told[-1].at]
    amid = [one for one in amid if one.found.image.get("mirror.db-wal")]
    assert_goes_on(history, amid[len(amid) // 2], traced, examiner, tmp_path / "amid")


def assert_goes_on(
    history: History, outcome: Outcome, traced: Make, examiner: Examiner, folder: Path
) -> None:
    """A server starts on what is left, at the URL it had; and during that the power goes again.

    What got no answer is sent once more, as the platform does, and counts once.
    """
    mirror = found(outcome.found.image, folder, traced, "tidy=20")
    assert history.announced is not None
    path = history.announced[1]
    unsure = [one.body for one in history.acknowledged if one.at > outcome.at]
    with mirror.announced() as (server, (_, url)):
        assert not url  # shown once
        told = post_all(server, path, [*unsure, *NEW])
        assert server.terminate() == 0
    assert len(told) == len(unsure) + len(NEW)
    before = [Acknowledged(0, body) for body in history.told(outcome.at)]
    again = mirror.history([*before, *told], (0, path))
    figures, _ = lose(again, examiner, "serve again", instants=10, seeds=1)
    assert_kept(figures)
    answers = {body: [0, 200] for body in unsure}
    sent = [Operation(one.body, answers.get(one.body, [200])) for one in again.acknowledged]
    judge(mirror.data / "mirror.db", sent).check()


def test_a_first_start_that_is_cut_short_is_made_up_for(
    traced: Make, examiner: Examiner, history: History, tmp_path: Path
) -> None:
    """The file, its schema and the first token come to be while the power goes, again and again."""
    assert history.announced is not None
    until = history.announced[0]
    records = [one for one in history.records if one.begun < until]
    start = history._replace(records=records, acknowledged=[])
    figures, outcomes = lose(start, examiner, "first start", instants=18, seeds=2)
    assert_kept(figures)
    bare = [one for one in outcomes if not one.found.has_schema]
    assert 0 < len(bare) < len(outcomes)
    mirror = found(bare[-1].found.image, tmp_path / "bare", traced)
    with mirror.announced() as (server, (_, path)):
        assert len(post_all(server, path, NEW)) == len(NEW)
        assert server.terminate() == 0
    judge(mirror.data / "mirror.db", [Operation(body, [200]) for body in NEW]).check()


def test_an_import_takes_every_line_once(
    traced: Make, examiner: Examiner, bodies: list[bytes], tmp_path: Path
) -> None:
    archive = tmp_path / "archive.jsonl"
    archive.write_bytes(b"\n".join(bodies))
    mirror = traced(OFTEN, "batch=40")
    mirror.done("import", str(archive))
    ended = time.monotonic_ns()
    history = mirror.history([Acknowledged(ended, body) for body in bodies])
    figures, outcomes = lose(history, examiner, "import", instants=20, seeds=1)
    assert_kept(figures)
    for outcome in outcomes:
        assert outcome.found.bodies == tuple(bodies[: len(outcome.found.bodies)])
    lengths = [len(one.found.bodies) for one in outcomes]
    assert len(set(lengths)) > 3
    partly = outcomes[lengths.index(max(set(lengths) - {len(bodies)}))]
    again = found(partly.found.image, tmp_path / "partly", traced)
    again.done("import", str(archive))
    assert again.bodies() == bodies
    assert again.differences() == []


def test_a_rebuild_swaps_once_for_good(
    traced: Make, examiner: Examiner, history: History, tmp_path: Path
) -> None:
    mirror = found(history.after, tmp_path / "whole", traced, OFTEN, "batch=60")
    bodies = mirror.bodies()
    mirror.done("rebuild")
    ended = time.monotonic_ns()
    rebuilt = mirror.history([Acknowledged(0, body) for body in bodies])
    figures, outcomes = lose(rebuilt, examiner, "rebuild", instants=16, seeds=1)
    assert_kept(figures)
    assert {one.found.applied for one in outcomes} == {len(bodies)}
    (old, new) = sorted({one.found.generation for one in outcomes})
    assert {one.found.generation for one in outcomes if one.at >= ended} == {new}
    before = [one for one in outcomes if one.found.generation == old]
    again = found(before[-1].found.image, tmp_path / "again", traced)
    again.done("rebuild")
    assert again.differences() == []
    assert again.bodies() == bodies


@pytest.mark.parametrize("mistake", ["synchronous=NORMAL", "early", "psow=1"])
def test_what_is_acknowledged_too_soon_is_found_missing(
    traced: Make, examiner: Examiner, bodies: list[bytes], mistake: str
) -> None:
    """A positive control: had mirror this mistake, the tests above would fail."""
    history = serve(traced("tidy=40", mistake), bodies[:100])
    figures, _ = lose(history, examiner, mistake, instants=24, seeds=0)
    assert figures.lost


@pytest.mark.slow
def test_files_that_nobody_syncs_are_found_damaged(
    traced: Make, examiner: Examiner, bodies: list[bytes]
) -> None:
    """A positive control of the adversaries: without syncs they damage what they can."""
    history = serve(traced(OFTEN, "synchronous=OFF"), bodies[:100])
    figures, _ = lose(history, examiner, "synchronous=OFF", instants=10, seeds=1)
    assert figures.lost
    assert any("cannot be opened" in what for what in figures.wrong)
