"""What reconciliation asks of the database: who to look at next, what is in doubt, and what was put right so far.

All of it concerns the live generation of one platform. Lists have a stable order.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from mirror.core.model import (
    MaterialId,
    Micros,
    Owner,
    ProjectId,
    Seq,
    TaskId,
)
from mirror.store import checkpoints, schema
from mirror.store.checkpoints import live_generation
from mirror.store.engine import Connection

_DOUBTS = schema.doubts
_MATERIALS = schema.materials
_CLASSES = schema.classes


class Tally(Struct, frozen=True):
    """How many corrections there were of one kind."""

    label: str
    event_type: str | None
    count: int


class Sampled(Struct, frozen=True):
    """What all materials drawn at random showed together."""

    drawn: int = 0
    wrong: int = 0
    wrong_undoubted: int = 0


def _here(connection: Connection, platform: str, table: Table) -> ColumnElement[bool]:
    generation = live_generation(connection, platform)
    return and_(table.c.platform == platform, table.c.generation == generation)


def doubted_materials(connection: Connection, platform: str, limit: int) -> list[MaterialId]:
    """Return materials with an open doubt of their own, oldest doubt first."""
    return [MaterialId(key) for key in _doubted(connection, platform, "material", limit)]


def doubted_projects(connection: Connection, platform: str, limit: int) -> list[ProjectId]:
    """Return projects with an open doubt, oldest doubt first."""
    return [ProjectId(key) for key in _doubted(connection, platform, "project", limit)]


def _doubted(connection: Connection, platform: str, kind: str, limit: int) -> list[str]:
    oldest = func.min(_DOUBTS.c.since_seq)
    statement = (
        select(_DOUBTS.c.key)
        .where(_here(connection, platform, _DOUBTS), _DOUBTS.c.kind == kind)
        .group_by(_DOUBTS.c.key)
        .order_by(oldest, _DOUBTS.c.key)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def doubted_owners(connection: Connection, platform: str) -> list[Owner]:
    """Return the owners of classes with an open doubt."""
    statement = (
        select(_CLASSES.c.owner_type, _CLASSES.c.owner_id)
        .where(_here(connection, platform, _CLASSES), _CLASSES.c.in_doubt)
        .distinct()
        .order_by(_CLASSES.c.owner_type, _CLASSES.c.owner_id)
    )
    return [Owner(*row) for row in connection.execute(statement)]


def unconfirmed_materials(
    connection: Connection, platform: str, limit: int, *, deleted: bool
) -> list[MaterialId]:
    """Return materials that no observation has shown since they came, or since they were said to be deleted."""
    state = _MATERIALS.c.state
    statement = (
        select(_MATERIALS.c.material_id)
        .where(
            _here(connection, platform, _MATERIALS),
            _MATERIALS.c.confirmed_at.is_(None),
            state == "deleted" if deleted else state != "deleted",
        )
        .order_by(_MATERIALS.c.created_seq, _MATERIALS.c.material_id)
        .limit(limit)
    )
    return [MaterialId(key) for key in connection.execute(statement).scalars()]


def materials_of(
    connection: Connection, platform: str, owner: Owner, after: str, limit: int
) -> list[tuple[MaterialId, Micros | None]]:
    """Return a page of the materials that are in an owner's tree, or were lost from it, and when each was confirmed.

    Sorted by id; the next page begins after the last one.
    """
    classes = select(_CLASSES.c.class_id).where(
        _here(connection, platform, _CLASSES),
        _CLASSES.c.owner_type == owner.type,
        _CLASSES.c.owner_id == owner.id,
    )
    lost = and_(
        _MATERIALS.c.state == "detached",
        _MATERIALS.c.last_owner_type == owner.type,
        _MATERIALS.c.last_owner_id == owner.id,
    )
    statement = (
        select(_MATERIALS.c.material_id, _MATERIALS.c.confirmed_at)
        .where(
            _here(connection, platform, _MATERIALS),
            _MATERIALS.c.material_id > after,
            or_(_MATERIALS.c.class_id.in_(classes), lost),
        )
        .order_by(_MATERIALS.c.material_id)
        .limit(limit)
    )
    return [(MaterialId(row[0]), row[1]) for row in connection.execute(statement)]


def confirmed_since(
    connection: Connection, platform: str, ids: Sequence[MaterialId], since: Micros
) -> set[MaterialId]:
    """Return which of these materials an observation has shown after a time."""
    statement = select(_MATERIALS.c.material_id).where(
        _here(connection, platform, _MATERIALS),
        _MATERIALS.c.material_id.in_(list(ids)),
        _MATERIALS.c.confirmed_at > since,
    )
    return {MaterialId(key) for key in connection.execute(statement).scalars()}


def open_tasks(connection: Connection, platform: str, after: str, limit: int) -> list[TaskId]:
    """Return a page of the tasks that no observation has shown, by id."""
    table = schema.tasks
    statement = (
        select(table.c.task_id)
        .where(
            _here(connection, platform, table),
            table.c.confirmed_at.is_(None),
            table.c.task_id > after,
        )
        .order_by(table.c.task_id)
        .limit(limit)
    )
    return [TaskId(key) for key in connection.execute(statement).scalars()]


def random_materials(
    connection: Connection, platform: str, count: int, random: Random
) -> list[MaterialId]:
    """Return live materials, each as likely as any other; fewer where there are fewer."""
    # All along the index of what is in classes, once: each is counted from the one before it.
    in_class = (_MATERIALS.c.class_id, _MATERIALS.c.material_id)
    live = and_(_here(connection, platform, _MATERIALS), _MATERIALS.c.class_id.is_not(None))
    total = connection.execute(select(func.count()).where(live)).scalar() or 0
    places = sorted(random.sample(range(total), min(count, total)))
    first = select(*in_class).where(live).order_by(*in_class).limit(1)
    found: list[MaterialId] = []
    following, after = first, -1
    for place in places:
        row = connection.execute(following.offset(place - after - 1)).one()
        following = first.where(tuple_(*in_class) > tuple_(*map(literal, row)))
        found.append(MaterialId(row.material_id))
        after = place
    return sorted(found)


def class_paths(connection: Connection, platform: str, owner: Owner) -> list[str]:
    """Return the paths of an owner's classes."""
    statement = (
        select(_CLASSES.c.path)
        .where(_here(connection, platform, _CLASSES), _owned(_CLASSES, owner))
        .order_by(_CLASSES.c.path)
    )
    return list(connection.execute(statement).scalars())


def applied_seq(connection: Connection, platform: str) -> Seq:
    """Return the last delivery that the rows of this transaction know of."""
    checkpoint = checkpoints.current(connection, platform)
    return Seq(0) if checkpoint is None else checkpoint.seq


def logical_now(connection: Connection, platform: str, now: Micros) -> Micros:
    """Return the time that an observation which arrives now would confirm rows at: never before the last one's."""
    checkpoint = checkpoints.current(connection, platform)
    return now if checkpoint is None else Micros(max(now, checkpoint.logical_at))


def structure_seq(connection: Connection, platform: str, owner: Owner) -> Seq:
    """Return the last delivery that changed an owner's classes; a list read before it is not taken."""
    owners = schema.owners
    found = connection.execute(
        select(owners.c.structure_seq).where(
            _here(connection, platform, owners), _owned(owners, owner)
        )
    ).scalar()
    return Seq(found or 0)


def class_doubt_reasons(connection: Connection, platform: str, owner: Owner) -> set[str]:
    """Return why classes of an owner are in doubt."""
    keys = select(cast(_CLASSES.c.class_id, String)).where(
        _here(connection, platform, _CLASSES), _owned(_CLASSES, owner), _CLASSES.c.in_doubt
    )
    statement = (
        select(_DOUBTS.c.reason)
        .where(
            _here(connection, platform, _DOUBTS), _DOUBTS.c.kind == "class", _DOUBTS.c.key.in_(keys)
        )
        .distinct()
    )
    return set(connection.execute(statement).scalars())


def materials_to_place(
    connection: Connection, platform: str, owner: Owner, gone: Sequence[str]
) -> list[MaterialId]:
    """Return the materials of an owner that are in a class in doubt, or in one of the paths that are gone."""
    classes = select(_CLASSES.c.class_id).where(
        _here(connection, platform, _CLASSES),
        _owned(_CLASSES, owner),
        or_(_CLASSES.c.in_doubt, _CLASSES.c.path.in_(list(gone))),
    )
    statement = (
        select(_MATERIALS.c.material_id)
        .where(_here(connection, platform, _MATERIALS), _MATERIALS.c.class_id.in_(classes))
        .order_by(_MATERIALS.c.material_id)
    )
    return [MaterialId(key) for key in connection.execute(statement).scalars()]


def _owned(table: Table, owner: Owner) -> ColumnElement[bool]:
    return and_(table.c.owner_type == owner.type, table.c.owner_id == owner.id)


# ------------------------------------------------------------------ what came of it


def tallies(connection: Connection, platform: str, after: Seq | None = None) -> list[Tally]:
    """Return the corrections made by deliveries after `after`, counted by kind."""
    table = schema.corrections
    statement = (
        select(table.c.label, table.c.event_type, func.count())
        .where(_here(connection, platform, table), table.c.seq > (after or 0))
        .group_by(table.c.label, table.c.event_type)
        .order_by(table.c.label, table.c.event_type)
    )
    return [Tally(*row) for row in connection.execute(statement)]


def sampled(connection: Connection, platform: str) -> Sampled:
    """Return what all samples together showed."""
    table = schema.samples
    sums = [func.coalesce(func.sum(table.c[name]), 0) for name in Sampled.__struct_fields__]
    row = connection.execute(select(*sums).where(_here(connection, platform, table))).one()
    return Sampled(*(int(value) for value in row))
