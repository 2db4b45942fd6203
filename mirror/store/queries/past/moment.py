"""A moment of a platform's past, and the change rows between it and the nearer end of the log.

The state at a moment is the present one with the changes since taken back, or what the changes up to it make: whichever
side has fewer deliveries is read. So the time it takes follows what changed since, or what had happened by then, but
never the whole history; and what is asked for by its key reads that key's changes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core.model import ClassId, Micros, Seq
from mirror.core.past import Fields, Op, Sought
from mirror.errors import NotFound
from mirror.store import checkpoints, dialects, journal
from mirror.store.schema import changes
from mirror.store.schema import journal as deliveries
from mirror.store.state import chunks

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FETCHED = 5_000
"""Rows of the log that are in memory at once."""

_fields: Callable[[str], Fields] = json.Decoder(dict[str, Any]).decode


class Moment(Struct, frozen=True):
    """The state after delivery `at`, of the live generation, which is applied up to `applied`."""

    platform: str
    generation: int
    at: Seq
    applied: Seq

    @property
    def is_now(self) -> bool:
        """Nothing has been applied since."""
        return self.at == self.applied

    @property
    def early(self) -> bool:
        """Fewer deliveries lie before it than since: it is read from the beginning on."""
        return self.at < self.applied - self.at


def moment(connection: sa.Connection, platform: str, at: Seq) -> Moment:
    """The moment after delivery `at`. Raises NotFound where that is before the first or not applied yet."""
    generation = checkpoints.live_generation(connection, platform)
    checkpoint = checkpoints.current(connection, platform, generation)
    applied = Seq(0) if checkpoint is None else checkpoint.seq
    head = journal.head(connection, platform)
    if at < 1:
        began = "its journal is empty" if head == 0 else _beginning(connection, platform)
        raise NotFound(f"Platform '{platform}' had nothing then: {began}.")
    if at > head:
        raise NotFound(
            f"Platform '{platform}' has no delivery {at} to look back at: its journal ends at {head}."
        )
    if at > applied:
        raise NotFound(
            f"Platform '{platform}': delivery {at} is not applied yet, only {applied} are. "
            "`mirror status` shows how far it is."
        )
    return Moment(platform, generation, at, applied)


def _beginning(connection: sa.Connection, platform: str) -> str:
    first = _EPOCH + timedelta(microseconds=journal.at(connection, platform, Seq(1)).received_at)
    return f"its first delivery came at {first.isoformat(timespec='seconds')}"


def seq_at(connection: sa.Connection, platform: str, time: Micros, now: Micros) -> Seq:
    """The last delivery at or before a time. Raises NotFound for a time to come, or before all."""
    if time > now:
        raise NotFound("That moment is still to come: nobody can look back at it.")
    seq = journal.seq_at(connection, platform, time)
    if seq == 0:
        moment(connection, platform, seq)
    return seq


class Told(Struct, frozen=True):
    """A change row, seen from a moment: `told` is the side that faces it."""

    key: str
    seq: Seq
    op: Op
    told: Fields | None
    other: Fields | None


def told(
    connection: sa.Connection, at: Moment, entity: str, keys: Collection[str] | None = None
) -> Iterator[Told]:
    """Change rows between the moment and the nearer end, from that end towards the moment.

    Of the things with `keys`, each thing's together; or of all, in the order of the log.
    """
    for row in raw(connection, at, entity, keys):
        near, far = row.before, row.after
        if at.early:
            near, far = far, near
        yield Told(row.key, row.seq, row.op, _read(near), _read(far))


def raw(
    connection: sa.Connection,
    at: Moment,
    entity: str,
    keys: Collection[str] | None = None,
    *conditions: sa.ColumnElement[bool],
) -> Iterator[Any]:
    """The same rows as the log holds them, with `before` and `after` as text."""
    if keys is None:
        query = _window(at, entity, _COLUMNS).where(*conditions).order_by(*_order(at))
        yield from connection.execute(query, execution_options={"yield_per": _FETCHED})
        return
    for some in chunks(keys):
        query = (
            sa.select(*_COLUMNS)
            .where(
                changes.c.platform == at.platform,
                changes.c.generation == at.generation,
                changes.c.entity == entity,
                changes.c.key.in_(some),
                _beyond(at),
            )
            .order_by(changes.c.key, *_order(at))
        )
        yield from connection.execute(query)


_COLUMNS = (changes.c.key, changes.c.seq, changes.c.op, changes.c.before, changes.c.after)


def comings(connection: sa.Connection, at: Moment) -> list[tuple[ClassId, ClassId, int]]:
    """How many materials left which class for which between the moment and the nearer end; null for none."""
    left, entered = (
        dialects.whole_number(side, sa.literal_column("'class_id'"))
        for side in (changes.c.before, changes.c.after)
    )
    each = (left.label("left"), entered.label("entered"))
    some = _window(at, "material", each).subquery()
    query = sa.select(some.c.left, some.c.entered, sa.func.count()).group_by(*some.c)
    return [(left, entered, times) for left, entered, times in connection.execute(query)]


def _window(at: Moment, entity: str, columns: Iterable[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    return sa.select(*columns).where(
        changes.c.platform == at.platform,
        changes.c.generation == at.generation,
        # Not the bare column: the index by entity would be read from end to end.
        sa.func.coalesce(changes.c.entity, "") == entity,
        _beyond(at),
    )


def _beyond(at: Moment) -> sa.ColumnElement[bool]:
    if at.early:
        return changes.c.seq <= at.at
    return sa.and_(changes.c.seq > at.at, changes.c.seq <= at.applied)


def _order(at: Moment) -> tuple[sa.ColumnElement[Any], ...]:
    if at.early:
        return changes.c.seq.asc(), changes.c.ordinal.asc()
    return changes.c.seq.desc(), changes.c.ordinal.desc()


def _read(text: str | None) -> Fields | None:
    return None if text is None else _fields(text)


def sought(
    connection: sa.Connection, at: Moment, entity: str, keys: Collection[str] | None = None
) -> dict[str, Sought]:
    """What the rows tell of each thing that they are about."""
    found: dict[str, Sought] = {}
    for row in told(connection, at, entity, keys):
        found.setdefault(row.key, Sought()).take(row.op, row.told)
    return found


def changed_by(
    connection: sa.Connection, at: Moment, entity: str, keys: Collection[str]
) -> dict[str, Seq]:
    """The last delivery up to the moment that changed each thing."""
    found: dict[str, Seq] = {}
    for some in chunks(keys):
        rows = connection.execute(
            sa.select(changes.c.key, sa.func.max(changes.c.seq))
            .where(
                changes.c.platform == at.platform,
                changes.c.generation == at.generation,
                changes.c.entity == entity,
                changes.c.key.in_(some),
                changes.c.seq <= at.at,
            )
            .group_by(changes.c.key)
        )
        found.update(dict(rows.all()))
    return found


def arrivals(connection: sa.Connection, platform: str, seqs: Collection[Seq]) -> dict[Seq, Micros]:
    """When each of these deliveries came."""
    found: dict[Seq, Micros] = {}
    for some in chunks(sorted(set(seqs))):
        rows = connection.execute(
            sa.select(deliveries.c.seq, deliveries.c.received_at).where(
                deliveries.c.platform == platform, deliveries.c.seq.in_(some)
            )
        )
        found.update(dict(rows.all()))
    return found
