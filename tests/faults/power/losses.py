"""Adversaries: each chooses what of the changes that nobody synced is on the disk after all.

A page cache writes back sector by sector, in any order and at any time: each sector holds what it
held after some number of the writes to it. Tearing is at 512 bytes or 4 KiB. `Some` goes further and
drops whole writes from amid others to the same sector, which no page cache would. `Spoiled` is a disk
that does not finish the sector it is at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple

from tests.faults.power.disk import Change, Cut, Loss, Naming, Write, perform

SECTORS = (512, 4096)


class Nothing:
    """All of it is lost."""

    def content(self, name: str, safe: bytes, pending: Sequence[Change]) -> bytes:
        return safe

    def names(self, pending: Sequence[Naming]) -> Sequence[Naming]:
        return ()


class Everything:
    """None of it is lost."""

    def content(self, name: str, safe: bytes, pending: Sequence[Change]) -> bytes:
        found = bytearray(safe)
        for change in pending:
            perform(found, change)
        return bytes(found)

    def names(self, pending: Sequence[Naming]) -> Sequence[Naming]:
        return pending


class Only(NamedTuple):
    """One kind of file keeps all, the others nothing; names are kept."""

    ending: str

    def content(self, name: str, safe: bytes, pending: Sequence[Change]) -> bytes:
        whole = Everything() if name.endswith(self.ending) else Nothing()
        return whole.content(name, safe, pending)

    def names(self, pending: Sequence[Naming]) -> Sequence[Naming]:
        return pending


class Some:
    """Chance decides how each file is mistreated, and which names are lost."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def content(self, name: str, safe: bytes, pending: Sequence[Change]) -> bytes:
        if not pending:
            return safe
        random = self._random
        way = random.choice((_first, _last, _scattered, _torn, _torn, _none, _all))
        found = bytearray(safe)
        _write_back(found, pending, way(pending, random))
        # A file may be as long as it became, without what was to stand there.
        full = max((c.offset + len(c.data) for c in pending if isinstance(c, Write)), default=0)
        if full > len(found) and not any(isinstance(c, Cut) for c in pending):
            missing = full - len(found)
            found += random.choice((b"", bytes(missing), random.randbytes(missing)))
        return bytes(found)

    def names(self, pending: Sequence[Naming]) -> Sequence[Naming]:
        if self._random.random() < 0.5:  # as a journaling file system does
            return pending[: self._random.randint(0, len(pending))]
        return [naming for naming in pending if self._random.random() < 0.5]


class Spoiled(NamedTuple):
    """Everything is there, but of sectors that the power went amid a share is neither old nor new."""

    seed: str
    share: float

    def content(self, name: str, safe: bytes, pending: Sequence[Change]) -> bytes:
        random = Random(f"{self.seed}/{name}")
        sector = random.choice(SECTORS)
        found = bytearray(Everything().content(name, safe, pending))
        touched = {start // sector for change in pending for start, _ in _pieces(change, sector)}
        for number in sorted(touched):
            start, end = number * sector, min((number + 1) * sector, len(found))
            if start < end and random.random() < self.share:
                found[start:end] = random.randbytes(end - start)
        return bytes(found)

    def names(self, pending: Sequence[Naming]) -> Sequence[Naming]:
        return pending


Piece = tuple[int, int]
"""From where to where in a file."""
Kept = dict[int, list[Piece]]
"""The pieces that are kept of each change, by its place; a cut has none and is there or not."""


def _write_back(
    content: bytearray, pending: Sequence[Change], kept: Mapping[int, list[Piece]]
) -> None:
    """Performs what is kept. Behind a cut that was lost, no later write can be."""
    limit: int | None = None
    for place, change in enumerate(pending):
        if isinstance(change, Cut):
            if place in kept and limit is None:
                perform(content, change)
            else:
                limit = change.length if limit is None else min(limit, change.length)
            continue
        for start, end in kept.get(place, ()):
            stop = end if limit is None else min(end, limit)
            if start < stop:
                data = change.data[start - change.offset : stop - change.offset]
                perform(content, change._replace(offset=start, data=data))


def _whole(pending: Sequence[Change], places: Iterator[int] | range) -> Kept:
    return {place: _pieces(pending[place], None) for place in places}


def _pieces(change: Change, sector: int | None) -> list[Piece]:
    """The parts of a write that are in one sector each."""
    if isinstance(change, Cut):
        return []
    at, end = change.offset, change.offset + len(change.data)
    if sector is None:
        return [(at, end)]
    edges = [at, *range((at // sector + 1) * sector, end, sector), end]
    return list(pairwise(edges))


def _none(pending: Sequence[Change], random: Random) -> Kept:
    return {}


def _all(pending: Sequence[Change], random: Random) -> Kept:
    return _whole(pending, range(len(pending)))


def _first(pending: Sequence[Change], random: Random) -> Kept:
    """In order up to some moment, and there a write is torn."""
    last = random.randrange(len(pending))
    pieces = _pieces(pending[last], random.choice(SECTORS))
    kept = _whole(pending, range(last))
    if pieces:
        kept[last] = pieces[: random.randint(0, len(pieces))]
    return kept


def _last(pending: Sequence[Change], random: Random) -> Kept:
    """The newest alone: against the order."""
    return _whole(pending, range(random.randrange(len(pending)), len(pending)))


def _scattered(pending: Sequence[Change], random: Random) -> Kept:
    """Whole writes from here and there."""
    share = random.choice((0.1, 0.5, 0.9))
    return _whole(pending, (n for n in range(len(pending)) if random.random() < share))


def _torn(pending: Sequence[Change], random: Random) -> Kept:
    """Each sector as of a moment of its own."""
    sector = random.choice(SECTORS)
    moments: dict[int, int] = {}
    kept: Kept = {}
    cuts_until = random.randint(0, len(pending))
    for place, change in enumerate(pending):
        if isinstance(change, Cut):
            if place < cuts_until:
                kept[place] = []
            continue
        for piece in _pieces(change, sector):
            number = piece[0] // sector
            if number not in moments:
                moments[number] = random.randint(0, len(pending))
            if place < moments[number]:
                kept.setdefault(place, []).append(piece)
    return kept


def losses(seeds: int, of: str) -> Iterator[Loss]:
    """The plain ones, and so many seeds of chance."""
    yield Nothing()
    yield Everything()
    yield Only("-wal")
    yield Only(".db")
    yield Spoiled(of, 1.0)
    for seed in range(seeds):
        if seed % 3 == 0:
            yield Spoiled(f"{of}/{seed}", 0.3)
        yield Some(f"{of}/{seed}")
