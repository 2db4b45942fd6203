"""The change feed: committed changes in order, without gaps, to be taken up again anywhere.

A place in it is (generation, seq, ordinal). A rebuild that makes other change rows starts a new
generation; who comes with a place in an older one is told so, and reads from the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core import paths
from mirror.core.model import Owner, Place, Seq
from mirror.errors import FeedReset, InputError, NotFound
from mirror.store import checkpoints
from mirror.store.places import Places
from mirror.store.schema import changes, platforms

Entity = Literal["class", "material", "file", "link", "project", "task"]
Op = Literal["insert", "update", "delete"]


class Position(NamedTuple):
    """A place in the feed: that of the last change that was read."""

    generation: int
    seq: Seq
    ordinal: int

    def __str__(self) -> str:
        """As a place is written everywhere: `generation:seq:ordinal`."""
        return f"{self.generation}:{self.seq}:{self.ordinal}"


class Change(Struct, frozen=True):
    """One decided change of one row; `before` and `after` hold the changed fields.

    `before` is None for an insert, `after` for a delete. `ordinal` counts within the delivery.
    """

    generation: int
    seq: Seq
    ordinal: int
    entity: Entity
    key: str
    op: Op
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def position(self) -> Position:
        """Where to go on after this change."""
        return Position(self.generation, self.seq, self.ordinal)


class Scope(Struct, frozen=True):
    """Which changes somebody wants: empty means any.

    With an owner or a path, those of what was there before or after the change; files, projects and
    tasks are nowhere, so they are left out then. `key` needs its entity.
    """

    entities: tuple[Entity, ...] = ()
    key: str | None = None
    owner: Owner | None = None
    path: str = paths.ROOT

    @property
    def placed(self) -> bool:
        """Whether it matters where things are."""
        return self.owner is not None or self.path != paths.ROOT

    def wants(self, change: Change, places: Places | None) -> bool:
        """Whether a change is among them. `places` has to have followed all changes before it."""
        if self.entities and change.entity not in self.entities:
            return False
        if self.key is not None and change.key != self.key:
            return False
        if not self.placed:
            return True
        around = () if places is None else places.around
        return any(self._covers(place) for place in around)

    def _covers(self, place: Place | None) -> bool:
        return (
            place is not None
            and (self.owner is None or place.owner == self.owner)
            and paths.covers(self.path, place.path)
        )


EVERYTHING = Scope()


def position(text: str) -> Position:
    """The place that `generation:seq:ordinal` means. Raises InputError."""
    found = _POSITION.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} is no place in the change feed, such as 1:4812:2.")
    return Position(int(found[1]), Seq(int(found[2])), int(found[3]))


_POSITION = re.compile(r"([0-9]{1,9}):([0-9]{1,18}):([0-9]{1,10})")


def start(generation: int) -> Position:
    """The place before every change of a generation."""
    return Position(generation, Seq(0), 0)


def behind(seq: Seq, generation: int) -> Position:
    """The place behind every change of the deliveries up to `seq`."""
    return Position(generation, Seq(seq + 1), 0)


class Window(NamedTuple):
    """Wanted changes, and the place up to which was looked for them."""

    changes: list[Change]
    place: Position
    more: bool  # there may be others behind it


def look(
    connection: sa.Connection,
    platform: str,
    after: Position,
    scope: Scope = EVERYTHING,
    limit: int = 1_000,
) -> Window:
    """Up to `limit` wanted changes behind `after`, ascending, of what is applied.

    It looks at so many rows at most, so that it is short whatever is wanted: there may be more
    behind a window that is not full. Raises FeedReset where `after` is of another generation, or
    beyond the journal, as after the restore of an older backup; and NotFound.
    """
    last = end(connection, platform)
    if after.generation == last.generation and after.seq > last.seq + 1:
        raise FeedReset(
            f"Platform '{platform}': the change feed ends at delivery {last.seq}, before {after}. "
            "Drop what was made from it, and read it from the beginning."
        )
    if scope.key is not None and not scope.placed and len(scope.entities) == 1:
        rows = read(connection, platform, after, last.seq, limit + 1, scope)
        if len(rows) > limit:
            return Window(rows[:limit], rows[limit - 1].position, more=True)
        return Window(rows, behind(last.seq, last.generation), more=False)
    most = limit if scope == EVERYTHING else max(limit, _LOOKED_AT)
    rows = read(connection, platform, after, last.seq, most)
    places = _places(connection, platform) if scope.placed else None
    found: list[Change] = []
    for change in rows:
        if places is not None:
            places.follow(change)
        if scope.wants(change, places):
            found.append(change)
            if len(found) == limit:
                return Window(found, change.position, more=True)
    if len(rows) == most:
        return Window(found, rows[-1].position, more=True)
    return Window(found, behind(last.seq, last.generation), more=False)


def _places(connection: sa.Connection, platform: str) -> Places:
    return Places(connection, platform, checkpoints.live_generation(connection, platform))


_LOOKED_AT = 4_000


class Step(NamedTuple):
    """What a follower found between two places, and what of it each scope wants."""

    before: Position
    place: Position
    wanted: dict[Scope, list[Change]]
    more: bool


def _union(scopes: Collection[Scope]) -> Scope:
    """What of the feed has to be read at all for these: all where somebody's place matters."""
    if any(scope.placed or not scope.entities for scope in scopes):
        return EVERYTHING
    return Scope(tuple(sorted({entity for scope in scopes for entity in scope.entities})))


class Follower:
    """Follows one platform's changes for all who want some of them; each is read once."""

    def __init__(self, platform: str, place: Position) -> None:
        self.platform = platform
        self.place = place
        self._places: Places | None = None
        self._generation = 0

    def step(
        self, connection: sa.Connection, scopes: Collection[Scope], limit: int = 1_000
    ) -> Step | None:
        """Goes on over up to `limit` changes; None if nothing was applied since.

        Raises FeedReset once a rebuild made other changes, and NotFound.
        """
        before, last = self.place, end(connection, self.platform)
        place = behind(last.seq, last.generation)
        if place == before:
            return None
        rows = read(connection, self.platform, before, last.seq, limit, _union(scopes))
        more = len(rows) == limit
        wanted = self._sort(connection, rows, scopes)
        self.place = rows[-1].position if more else place
        return Step(before, self.place, wanted, more)

    def _sort(
        self, connection: sa.Connection, rows: list[Change], scopes: Collection[Scope]
    ) -> dict[Scope, list[Change]]:
        wanted: dict[Scope, list[Change]] = {scope: [] for scope in scopes}
        self._open(connection, placed=any(scope.placed for scope in scopes))
        for change in rows:
            if self._places is not None:
                self._places.follow(change)
            for scope, found in wanted.items():
                if scope.wants(change, self._places):
                    found.append(change)
        return wanted

    def _open(self, connection: sa.Connection, *, placed: bool) -> None:
        generation = checkpoints.live_generation(connection, self.platform) if placed else 0
        if not placed:
            self._places = None
        elif self._places is None or generation != self._generation:
            self._places = Places(connection, self.platform, generation)
        else:
            self._places.read_by(connection)
        self._generation = generation


def end(connection: sa.Connection, platform: str) -> Position:
    """The place behind every change of the deliveries applied so far. Raises NotFound."""
    feed = platforms.c.feed_generation
    generation = connection.execute(
        sa.select(feed).where(platforms.c.platform == platform)
    ).scalar()
    if generation is None:
        raise NotFound(f"There is no platform '{platform}': `mirror platform list` names them.")
    checkpoint = checkpoints.current(connection, platform)
    return Position(generation, Seq(0) if checkpoint is None else checkpoint.seq, _LAST)


def read(
    connection: sa.Connection,
    platform: str,
    after: Position,
    until: Seq,
    limit: int = 1_000,
    only: Scope = EVERYTHING,
) -> list[Change]:
    """Up to `limit` changes behind `after`, of deliveries up to `until`, ascending.

    Of `only`, no more than entities and key are looked at. Raises FeedReset where `after` is of
    another generation, and NotFound.
    """
    generation = end(connection, platform).generation
    if after.generation != generation:
        raise FeedReset(
            f"Platform '{platform}': a rebuild made the change feed anew (generation {generation}, "
            f"not {after.generation}). Drop what was made from it, and read it from the beginning."
        )
    place = sa.tuple_(changes.c.seq, changes.c.ordinal)
    conditions = [] if only.key is None else [changes.c.key == only.key]
    if only.entities:
        conditions.append(changes.c.entity.in_(only.entities))
    rows = connection.execute(
        sa.select(*(changes.c[name] for name in Change.__struct_fields__[1:]))
        .where(
            changes.c.platform == platform,
            changes.c.generation == checkpoints.live_generation(connection, platform),
            place > sa.tuple_(sa.literal(after.seq), sa.literal(after.ordinal)),
            changes.c.seq <= until,
            *conditions,
        )
        .order_by(changes.c.seq, changes.c.ordinal)
        .limit(limit)
    )
    return [
        Change(generation, seq, ordinal, entity, key, op, _fields(before), _fields(after_))
        for seq, ordinal, entity, key, op, before, after_ in rows
    ]


_LAST = 2**31 - 1  # no delivery makes so many changes


def _fields(text: str | None) -> dict[str, Any] | None:
    return None if text is None else json.decode(text, type=dict[str, Any])
