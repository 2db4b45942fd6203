"""Generations of state and how far each is applied. Whoever holds a checkpoint's epoch may move it."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from mirror.core.model import Micros, Seq
from mirror.errors import LeaseLost, NotFound
from mirror.store import schema

_TABLE = schema.checkpoints
_PLATFORMS = schema.platforms
_LAST = schema.outcomes
"""What goes last when a generation is deleted: every batch writes into it, so it tells which generations have rows."""


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


def live_generation(connection: Connection, platform: str, *, lock: bool = False) -> int:
    """Return the generation that views and appliers use; raise `NotFound` for an unknown platform.

    With `lock` no other transaction claims, opens or swaps generations of the platform until the commit.
    """
    statement = select(_PLATFORMS.c.generation).where(_PLATFORMS.c.platform == platform)
    if lock:
        statement = statement.with_for_update()
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

    State that was made by other rules keeps their stamp, since only a rebuild makes it anew. Raises `LeaseLost` for a
    generation that was opened and is given up by now.
    """
    live = live_generation(connection, platform, lock=True)
    known = current(connection, platform, live if generation is None else generation)
    if known is None:
        if generation not in {None, live}:
            raise LeaseLost(f"Platform '{platform}': another rebuild was started; this one ended.")
        return _insert(connection, Checkpoint(platform, live, Seq(0), 1, Micros(0), 1, rules), now)
    mine = replace(known, epoch=known.epoch + 1, rules=rules if known.seq == 0 else known.rules)
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.platform == platform, _TABLE.c.generation == known.generation)
        .values(epoch=mine.epoch, rules=mine.rules, updated_at=now)
    )
    return mine


def open_generation(connection: Connection, platform: str, rules: str, now: Micros) -> int:
    """Open a generation to be filled, of a number that was never used, and return it.

    All others but the live one are given up: whoever fills them is stopped at its next write.
    """
    live = live_generation(connection, platform, lock=True)
    others = abandoned(connection, platform)
    opened = max([live, *others]) + 1
    for generation in others:
        retire(connection, platform, generation)
    _insert(connection, Checkpoint(platform, opened, Seq(0), 1, Micros(0), 1, rules), now)
    return opened


def _insert(connection: Connection, checkpoint: Checkpoint, now: Micros) -> Checkpoint:
    values = {name: getattr(checkpoint, name) for name in Checkpoint.__struct_fields__}
    connection.execute(insert(_TABLE).values(**values, updated_at=now))
    return checkpoint


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
    """Return every generation of the platform that has a checkpoint or rows."""
    checkpoints = select(_TABLE.c.generation).where(_TABLE.c.platform == platform)
    found = {*connection.execute(checkpoints).scalars()}
    # From one to the next by the key: DISTINCT would read every row.
    column = _LAST.c.generation
    following = select(column).where(_LAST.c.platform == platform).order_by(column).limit(1)
    last = connection.execute(following).scalar()
    while last is not None:
        found.add(last)
        last = connection.execute(following.where(column > last)).scalar()
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
    for table in sorted(schema.STATE, key=lambda table: table is _LAST):
        first = list(table.c)[2]
        mine = and_(table.c.platform == platform, table.c.generation == generation)
        last = select(first).where(mine).order_by(first).limit(1).offset(most).scalar_subquery()
        some = connection.execute(
            delete(table).where(mine, or_(first <= last, last.is_(None)))
        ).rowcount
        if some:
            return some
    return 0
