"""Generations of state and how far each is applied. Whoever holds a checkpoint's epoch may move it."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from mirror.core.model import Micros, Seq
from mirror.errors import NotFound
from mirror.store import schema

_TABLE = schema.checkpoints
_PLATFORMS = schema.platforms


class Checkpoint(Struct, frozen=True):
    """How far a generation of one platform's state is applied."""

    platform: str
    generation: int
    seq: Seq
    epoch: int
    logical_at: Micros
    next_class_id: int
    rules: str

    def at(self, seq: Seq) -> Checkpoint:
        """Return the same checkpoint, further on."""
        return replace(self, seq=seq)


def live_generation(connection: Connection, platform: str) -> int:
    """Return the generation that views and appliers use; raise `NotFound` for an unknown platform."""
    statement = select(_PLATFORMS.c.generation).where(_PLATFORMS.c.platform == platform)
    found: int | None = connection.execute(statement).scalar()
    if found is None:
        raise NotFound(f"There is no platform '{platform}'; `mirror platform list` names them.")
    return found


def current(
    connection: Connection, platform: str, generation: int | None = None
) -> Checkpoint | None:
    """Return the checkpoint of a generation (default: the live one), or None before its first delivery."""
    wanted = live_generation(connection, platform) if generation is None else generation
    columns = [_TABLE.c[name] for name in Checkpoint.__struct_fields__]
    statement = select(*columns).where(_TABLE.c.platform == platform, _TABLE.c.generation == wanted)
    row = connection.execute(statement).first()
    return None if row is None else Checkpoint(*row)


def claim(
    connection: Connection,
    platform: str,
    rules: str,
    now: Micros,
    *,
    generation: int | None = None,
) -> Checkpoint:
    """Take a checkpoint over: its epoch rises, so whoever held it before writes nothing more.

    State that was made by other rules keeps their stamp, since only a rebuild makes it anew.
    """
    known = current(connection, platform, generation)
    if known is None:
        wanted = live_generation(connection, platform) if generation is None else generation
        known = Checkpoint(platform, wanted, Seq(0), 1, Micros(0), 1, rules)
        connection.execute(
            insert(_TABLE).values(
                platform=platform,
                generation=wanted,
                seq=0,
                epoch=1,
                logical_at=0,
                next_class_id=1,
                rules=rules,
                updated_at=now,
            )
        )
        return known
    mine = replace(known, epoch=known.epoch + 1, rules=rules if known.seq == 0 else known.rules)
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.platform == platform, _TABLE.c.generation == known.generation)
        .values(epoch=mine.epoch, rules=mine.rules, updated_at=now)
    )
    return mine


def next_generation(connection: Connection, platform: str) -> int:
    """Return a generation number of the platform that was never used."""
    live = live_generation(connection, platform)
    statement = select(func.max(_TABLE.c.generation)).where(_TABLE.c.platform == platform)
    return max(live, connection.execute(statement).scalar() or 0) + 1


def swap(connection: Connection, platform: str, generation: int, *, new_feed: bool) -> None:
    """Make a generation the live one. The old one's checkpoint goes, so that no applier can move it."""
    live = live_generation(connection, platform)
    connection.execute(
        delete(_TABLE).where(_TABLE.c.platform == platform, _TABLE.c.generation == live)
    )
    feed = _PLATFORMS.c.feed_generation
    connection.execute(
        update(_PLATFORMS)
        .where(_PLATFORMS.c.platform == platform)
        .values(generation=generation, feed_generation=feed + 1 if new_feed else feed)
    )


def generations(connection: Connection, platform: str) -> list[int]:
    """Return every generation of the platform that still has rows in the smallest state table, or a checkpoint."""
    found: set[int] = set()
    for table in (_TABLE, schema.owners, schema.outcomes):
        statement = select(table.c.generation).where(table.c.platform == platform).distinct()
        found.update(connection.execute(statement).scalars())
    return sorted(found)


def abandoned(connection: Connection, platform: str) -> list[int]:
    """Return the generations that are not the live one: of a rebuild that runs, or that ended half-way."""
    live = live_generation(connection, platform)
    return [generation for generation in generations(connection, platform) if generation != live]


def retire(connection: Connection, platform: str, generation: int) -> None:
    """Take a generation's checkpoint away, so that whoever fills it is stopped at its next write."""
    connection.execute(
        delete(_TABLE).where(_TABLE.c.platform == platform, _TABLE.c.generation == generation)
    )


def drop_some(connection: Connection, platform: str, generation: int, most: int = 5_000) -> int:
    """Delete about `most` state rows of a retired generation; return how many went, 0 when none are left."""
    for table in schema.STATE:
        first = list(table.c)[2]
        mine = and_(table.c.platform == platform, table.c.generation == generation)
        last = select(first).where(mine).order_by(first).limit(1).offset(most).scalar_subquery()
        some = connection.execute(
            delete(table).where(mine, or_(first <= last, last.is_(None)))
        ).rowcount
        if some:
            return some
    return 0
