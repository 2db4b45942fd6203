"""Mistakes made on purpose: the verdict names each, or all its other passes would prove nothing."""

from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from tests.faults.child import Fault
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted
from tests.naive import bodies
from tests.support.processes import eventually

OWNER = ("TEAM", "t")


def crash(mirror: Faulted, fault: Fault, control: str | None) -> set[str]:
    """What the verdict says of a server with a mistake, killed under load and started again."""
    client = mirror.client(gap=0.02)
    with ExitStack() as stack:
        with mirror.serving(faults=[fault], control=control) as server:
            load = client.begin(unique(40))
            stack.callback(client.stop)
            server.died()
        mirror.reached()
        again = stack.enter_context(mirror.serving(control=control))
        load.wait()
        again.stop()
    return mirror.judge().names


BEFORE_COMMIT = Fault("receive.before-commit", 4, role="receiver")
AFTER_CHECKPOINT = Fault("apply.between", 2, "kill-both")
BEFORE_CHECKPOINT = Fault("apply.between", 4, "kill-both")
"""Where it is held back until the rows are committed, every second passage is it."""


@pytest.mark.parametrize(
    ("control", "fault", "complaints"),
    [
        ("acknowledge_before_commit", BEFORE_COMMIT, {"lost"}),
        ("checkpoint_first", AFTER_CHECKPOINT, {"outcome", "proof"}),
        ("checkpoint_last", BEFORE_CHECKPOINT, {"unapplied"}),
    ],
)
def test_a_mistake_that_a_crash_brings_out(
    mirror: Faulted, control: str, fault: Fault, complaints: set[str]
) -> None:
    assert complaints <= crash(mirror, fault, control)


@pytest.mark.parametrize("fault", [BEFORE_COMMIT, AFTER_CHECKPOINT])
def test_the_same_crashes_without_a_mistake(mirror: Faulted, fault: Fault) -> None:
    assert crash(mirror, fault, None) == set()


def serve(mirror: Faulted, feed: Sequence[bytes], control: str | None) -> set[str]:
    """What the verdict says of a server with a mistake that received a feed in this order."""
    client = mirror.client()
    with mirror.serving(control=control) as server:
        client.post(*feed)
        assert eventually(lambda: mirror.applied() == len(feed))
        server.stop()
    assert client.failed == []
    return mirror.judge().names


LATE = (
    bodies.uploaded("m1", OWNER, "/a"),
    bodies.moved(["m1"], OWNER, "/b", "/c"),
    bodies.moved(["m1"], OWNER, "/a", "/b"),
)
THERE_AND_BACK = (
    bodies.uploaded("m1", OWNER, "/a"),
    bodies.moved(["m1"], OWNER, "/a", "/b"),
    bodies.moved(["m1"], OWNER, "/b", "/a"),
    bodies.moved(["m1"], OWNER, "/a", "/b"),
)


@pytest.mark.parametrize(
    ("control", "feed", "complaints"),
    [
        ("last_arrival_wins", LATE, {"naive", "proof"}),
        ("dedupe_by_hash", THERE_AND_BACK, {"swallowed"}),
    ],
)
def test_a_mistake_about_what_events_mean(
    mirror: Faulted, control: str, feed: Sequence[bytes], complaints: set[str]
) -> None:
    assert complaints <= serve(mirror, feed, control)


@pytest.mark.parametrize("feed", [LATE, THERE_AND_BACK])
def test_the_same_feeds_without_a_mistake(mirror: Faulted, feed: Sequence[bytes]) -> None:
    assert serve(mirror, feed, None) == set()
