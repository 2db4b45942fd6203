"""What a class event costs does not grow with what lies in the classes, nor with what else is remembered.

Counted in the interpreter's instructions, not in time: each item that is looked at takes some.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from mirror.core.decode import decode
from mirror.core.fold import Inbound, Verdict, fold
from mirror.core.model import Micros, Seq
from tests.naive import bodies
from tests.naive.bodies import ANN, BEN
from tests.support.memory import MemoryMirror

AT = 1_700_000_000_000_000
MANY = 300


def instructions(run: Callable[[], Verdict]) -> tuple[int, Verdict]:
    """How many bytecode instructions a call takes, with what it returned."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:  # noqa: ANN401 - what settrace wants
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        verdict = run()
    finally:
        sys.settrace(before)
    return count, verdict


def cost(mirror: MemoryMirror, body: bytes) -> tuple[int, Verdict]:
    """What the fold of one delivery costs, once all is in memory that it needs."""
    library = mirror.library
    delivery = Inbound(Seq(len(mirror.verdicts) + 1), Micros(AT), decode(body, "callback"))
    fold(library, delivery)  # raises NotLoaded, were anything missing
    library.undo()
    return instructions(lambda: fold(library, delivery))


def tree() -> MemoryMirror:
    """`/a/b` and `/x` of Ann's, `/a` of Ben's: all created, so that nothing is guessed."""
    mirror = MemoryMirror()
    for owner, path in ((ANN, "/a"), (ANN, "/a/b"), (ANN, "/x"), (BEN, "/a")):
        mirror.deliver(bodies.created(owner, path), AT)
    return mirror


def materials(mirror: MemoryMirror, count: int) -> None:
    """Materials in the class that moves."""
    ids = [f"m{number:05}" for number in range(count)]
    mirror.deliver(bodies.added(ids, ANN, "/a/b"), AT)


def tangles(mirror: MemoryMirror, count: int) -> None:
    """Open tangles elsewhere."""
    for number in range(count):
        mirror.deliver(bodies.moved([f"t{number:05}"], BEN, "/a", "/b"), AT)


def departures(mirror: MemoryMirror, count: int) -> None:
    """Classes that left elsewhere, within the horizon."""
    for number in range(count):
        mirror.deliver(bodies.created(BEN, f"/a/c{number:05}"), AT)
        mirror.deliver(bodies.moved_class(BEN, f"/a/c{number:05}", "/"), AT)


def deletions(mirror: MemoryMirror, count: int) -> None:
    """Paths deleted elsewhere, within the horizon."""
    paths = [f"/d{number:05}" for number in range(count)]
    mirror.deliver(bodies.class_deleted(BEN, *paths), AT)


EVENTS = {
    "moved": bodies.moved_class(ANN, "/a", "/x"),
    "renamed": bodies.moved_class(ANN, "/a", "/z"),
    "to another owner": bodies.moved_class(ANN, "/a", "/a", destination_owner=BEN),
    "created": bodies.created(ANN, "/a/n"),
    "created again": bodies.created(ANN, "/a"),
}


@pytest.mark.parametrize("grow", [materials, tangles, departures, deletions])
@pytest.mark.parametrize("event", EVENTS)
def test_a_class_event_costs_the_same_however_much_there_is(
    grow: Callable[[MemoryMirror, int], None], event: str
) -> None:
    few, many = tree(), tree()
    grow(few, 2)
    grow(many, MANY)
    body = EVENTS[event]
    little, _ = cost(few, body)
    much, verdict = cost(many, body)
    assert little <= much + 5  # it was counted at all, and alike
    assert much - little < MANY / 2, "at least an instruction for each item there is"
    assert verdict.outcome in {"applied", "unchanged"}


def test_what_is_deleted_inferred_costs_no_look_at_every_memory() -> None:
    few, many = tree(), tree()
    for mirror, count in ((few, 2), (many, MANY)):
        departures(mirror, count)
        mirror.deliver(bodies.added(["m1"], ANN, "/inferred"), AT)
        mirror.library.members_loaded(mirror.library.classes.rows)
    body = bodies.class_deleted(ANN, "/inferred")
    assert cost(many, body)[0] - cost(few, body)[0] < MANY / 2


def test_classes_that_merge_cost_no_look_at_every_memory() -> None:
    few, many = tree(), tree()
    for mirror, count in ((few, 2), (many, MANY)):
        departures(mirror, count)
        mirror.deliver(bodies.created(ANN, "/x/a"), AT)
        mirror.library.members_loaded(mirror.library.classes.rows)
    body = EVENTS["moved"]
    assert cost(many, body)[0] - cost(few, body)[0] < MANY / 2


def test_tangles_beneath_what_moves_do_cost() -> None:
    # The count would see a look at every item, were there one.
    few, many = tree(), tree()
    for mirror, count in ((few, 2), (many, MANY)):
        for number in range(count):
            moved = bodies.moved([f"t{number}"], ANN, "/x", "/a/b")
            mirror.deliver(moved, AT)
    assert cost(many, EVENTS["moved"])[0] - cost(few, EVENTS["moved"])[0] > MANY


def test_a_class_that_moves_is_one_change_for_each_class_whatever_is_in_it() -> None:
    mirror = tree()
    materials(mirror, MANY)
    verdict = mirror.deliver(EVENTS["moved"], AT)
    assert [(change.entity, change.op) for change in verdict.changes] == [("class", "update")] * 2
    assert sorted(change.after["class_path"] for change in verdict.changes if change.after) == [
        "/x/a",
        "/x/a/b",
    ]
