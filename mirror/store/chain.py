"""The hash chain over a platform's journal: each digest covers the row and the digest before it.

Every field is written with its length or at a fixed width, so no two rows can read the same. What
was changed, taken out or swapped behind the journal's back is named.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import combinations
from typing import Literal, NamedTuple

from msgspec import Struct

from mirror.core.model import Seq

GENESIS = bytes(32)
"""What the first row of a journal follows."""

# seq, received_at, redelivery_of (0: none), and the lengths of platform, source and body.
_HEAD = struct.Struct(">qqqHHQ").pack


def link(
    before: bytes,
    platform: str,
    seq: int,
    received_at: int,
    source: str,
    body: bytes,
    redelivery_of: int | None,
) -> bytes:
    """The digest of a row that follows the one with digest `before`."""
    name, origin = platform.encode(), source.encode()
    head = _HEAD(seq, received_at, redelivery_of or 0, len(name), len(origin), len(body))
    return sha256(b"".join((before, head, name, origin, body))).digest()


class Row(NamedTuple):
    """A row of the journal, without its platform."""

    seq: Seq
    received_at: int
    source: str
    body: bytes
    redelivery_of: Seq | None
    digest: bytes


class Fault(Struct, frozen=True):
    """A broken promise of the journal; `what` says it as a sentence without its full stop.

    `other` is the last of a range of seqs, or the delivery that `seq` was swapped with.
    """

    kind: Literal["edited", "missing", "swapped", "head", "beyond"]
    seq: Seq
    what: str
    other: Seq | None = None


class _Suspect(Struct, frozen=True):
    """A row whose digest does not follow from `before`, the digest that stands before it."""

    row: Row
    before: bytes


MOST = 100
"""So many suspects are looked at one by one; those after them are counted."""


def faults(
    platform: str, rows: Iterable[Row], head_seq: Seq, head_digest: bytes
) -> Iterator[Fault]:
    """Yields what is wrong with the journal, given all its rows by seq and what its head says."""
    suspects: list[_Suspect] = []
    uncounted: list[Seq] = []
    before: bytes | None = GENESIS
    last = Seq(0)
    for row in rows:
        if row.seq != last + 1:
            yield _missing(Seq(last + 1), Seq(row.seq - 1))
            before = None  # what stood there is gone, so this row has nothing to be held against
        if before is not None and not _follows(before, platform, row):
            if len(suspects) < MOST:
                suspects.append(_Suspect(row, before))
            else:
                uncounted = [uncounted[0] if uncounted else row.seq, row.seq]
        before, last = row.digest, row.seq
    yield from _named(platform, suspects)
    if uncounted:
        first, final = uncounted
        yield Fault("edited", first, f"many more were edited, up to delivery {final}", final)
    if last < head_seq:
        yield _missing(Seq(last + 1), head_seq)
    elif last > head_seq:
        what = f"the journal goes on to delivery {last}, but its head says that it ends before"
        yield Fault("beyond", Seq(head_seq + 1), what, last)
    elif before is not None and before != head_digest:
        what = "the digest of the last delivery is not the one that the journal's head names"
        yield Fault("head", head_seq, what)


def _missing(first: Seq, last: Seq) -> Fault:
    if first == last:
        return Fault("missing", first, f"delivery {first} is missing", last)
    return Fault("missing", first, f"deliveries {first} to {last} are missing", last)


def _digest(before: bytes, platform: str, place: Seq, row: Row, body: bytes | None = None) -> bytes:
    """The digest that `row` would have at `place`, with another body perhaps."""
    try:
        return link(
            before,
            platform,
            place,
            row.received_at,
            row.source,
            row.body if body is None else body,
            row.redelivery_of,
        )
    except (TypeError, AttributeError, struct.error):
        return b""  # SQLite takes text where bytes belong: such a row follows from nothing


def _follows(before: bytes, platform: str, row: Row) -> bool:
    return _digest(before, platform, row.seq, row) == row.digest


def _named(platform: str, suspects: list[_Suspect]) -> Iterator[Fault]:
    """What was done to the suspects, by seq. What only suffers from a neighbour is left out."""
    known = {suspect.row.seq: suspect for suspect in suspects}
    cleared: set[Seq] = set()

    def clear(before: bytes, seq: Seq) -> None:
        """Clears the suspect at `seq`, if it follows from what truly stood before it."""
        if seq in known and _follows(before, platform, known[seq].row):
            cleared.add(seq)

    for one, other in combinations(suspects, 2):
        here, there = one.row.seq, other.row.seq
        if here in cleared or there in cleared:
            continue
        true = _swapped(platform, one.before, one.row, other.row)
        if true is not None:
            cleared.update((here, there))
            yield Fault("swapped", here, f"deliveries {here} and {there} were swapped", there)
            clear(true, Seq(here + 1))
            before = true if there == here + 1 else other.before
            back = _swapped(platform, before, other.row, one.row)
            if back is not None:
                clear(back, Seq(there + 1))
    for seq, suspect in known.items():
        if seq in cleared:
            continue
        clear(_digest(suspect.before, platform, seq, suspect.row), Seq(seq + 1))
        yield Fault("edited", seq, _edited(seq, digest_only=Seq(seq + 1) in cleared))


def _swapped(platform: str, before: bytes, here: Row, there: Row) -> bytes | None:
    """The digest of `here`'s place, if what stands `there` belongs to it: the row or its body."""
    for true in (
        _digest(before, platform, here.seq, there),
        _digest(before, platform, here.seq, here, there.body),
    ):
        if true in {here.digest, there.digest}:
            return true
    return None


def _edited(seq: Seq, *, digest_only: bool) -> str:
    if digest_only:
        return f"the digest of delivery {seq} was edited; the delivery itself is as it was"
    above = f", or delivery {seq - 1} and its digest were" if seq > 1 else ""
    return f"delivery {seq} was edited{above}: its digest does not fit"
