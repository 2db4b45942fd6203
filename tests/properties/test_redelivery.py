"""Invariant 5: a recognised redelivery changes nothing, and an immediate repeat no row of the library."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.core.decode import decode
from mirror.core.events import Decoded
from mirror.core.library import Library
from mirror.core.names import named
from tests.properties.feeds import HORIZON, SECOND, START, Arrival, feeds
from tests.support.memory import MemoryMirror

NAMED = ("materials", "projects", "tasks")
"""Shelves whose rows note which delivery named them last."""


def held(library: Library) -> dict[str, dict[Any, Any]]:
    """Every row in memory by shelf, memories and doubts among them; without what is known not to exist."""
    return {
        shelf.name: {key: row for key, row in shelf.rows.items() if row is not None}
        for shelf in library.shelves()
    } | {"history": dict(enumerate(library.history))}


def mirrored(feed: list[Arrival]) -> MemoryMirror:
    mirror = MemoryMirror()
    for arrival in feed:
        mirror.deliver(*arrival)
    return mirror


@settings(max_examples=250)
@given(feed=feeds(most=20), data=st.data())
def test_a_recognised_redelivery_changes_nothing_but_who_named_a_row_last(
    feed: list[Arrival], data: st.DataObject
) -> None:
    mirror = mirrored(feed)
    public = mirror.rows()
    before = held(mirror.library)
    of = data.draw(st.integers(1, len(feed)))
    body, _, source, _ = feed[of - 1]
    # At the same moment, so that no memory lapses meanwhile.
    verdict = mirror.deliver(body, feed[-1].at, source, of)
    assert (verdict.outcome, verdict.changes) == ("redelivery", ())
    assert mirror.rows() == public
    meaning, after = decode(body, source), held(mirror.library)
    names = named(meaning.event) if isinstance(meaning, Decoded) else None
    for shelf, rows in before.items():
        touched = set() if names is None else set(getattr(names, f"{shelf[:-1]}_ids", ()))
        for key, row in rows.items():
            if shelf in NAMED and key in touched:
                assert after[shelf][key].named_seq == verdict.seq
                assert _unnamed(after[shelf][key]) == _unnamed(row)
            else:
                assert after[shelf][key] == row
        assert after[shelf].keys() == rows.keys()


def _unnamed(row: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a material, project or task
    return tuple(getattr(row, name) for name in row.__struct_fields__ if name != "named_seq")


def library_rows(mirror: MemoryMirror) -> dict[str, Any]:
    """The rows that people see, without doubts and history."""
    rows: dict[str, Any] = mirror.rows()
    del rows["doubts"], rows["timeline"]
    rows["media"] = {row[:11] + row[12:] for row in rows["media"]}  # `in_doubt` left out
    return rows


def ends_afresh(feed: list[Arrival]) -> bool:
    """The last delivery is no redelivery, nor itself a repeat of one that is about to be forgotten."""
    last, margin = feed[-1], 5 * SECOND
    return last.redelivery_of is None and not any(
        arrival.body == last.body and abs(last.at - arrival.at - HORIZON) <= margin
        for arrival in feed[:-1]
    )


@settings(max_examples=300)
@given(feed=feeds(most=20).filter(ends_afresh), seconds=st.sampled_from((0, 1)))
def test_an_immediate_repeat_of_any_body_changes_no_row_of_the_library(
    feed: list[Arrival], seconds: int
) -> None:
    mirror = mirrored(feed)
    before = library_rows(mirror)
    last = feed[-1]
    verdict = mirror.deliver(last.body, last.at + seconds * SECOND, last.source)
    assert verdict.outcome == "unchanged", verdict
    assert library_rows(mirror) == before


def test_a_repeat_of_what_cannot_be_used_is_no_more_use() -> None:
    mirror = MemoryMirror()
    for body in (b"[]", b'{"EventType": "Class.Painted"}'):
        first, again = mirror.deliver(body, START), mirror.deliver(body, START)
        assert again.outcome == first.outcome in {"quarantined", "unrecognised"}
    assert not any(mirror.rows().values())
