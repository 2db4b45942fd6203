"""Classes as they stood at a moment, with how many materials were in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from msgspec import Struct

from mirror.core import paths
from mirror.core.model import ClassId, Origin, Owner, Seq
from mirror.core.past import Fields, Sought
from mirror.store.queries.past.moment import Moment, changed_by, comings, sought
from mirror.store.queries.past.rows import ClassRow
from mirror.store.queries.past.things import CLASS, fields_of, mine, things
from mirror.store.queries.tree import at_or_beneath
from mirror.store.schema import classes, materials
from mirror.store.state import chunks


class Standing(Struct, frozen=True):
    """A class where it stood. `changed_seq` is None where it has changed since, and the log must be asked."""

    class_id: ClassId
    owner: Owner
    path: str
    parent_id: ClassId | None
    origin: Origin
    changed_seq: Seq | None
    in_doubt: bool | None


def standing(
    connection: sa.Connection, at: Moment, owner: Owner | None = None, path: str = paths.ROOT
) -> list[Standing]:
    """The classes at a path and beneath, of one owner or of all, in the order of a drawn tree."""
    touched = {int(key): change for key, change in sought(connection, at, CLASS.entity).items()}
    found: list[Standing] = []
    if not at.early:
        query = sa.select(*CLASS.columns()).where(*mine(at, classes), *_within(owner, path))
        found.extend(
            _standing(row["key"], row, at, row)
            for row in connection.execute(query).mappings()
            if row["key"] not in touched
        )
    found.extend(
        each
        for each in _changed(connection, at, touched)
        if owner in {None, each.owner} and paths.covers(path, each.path)
    )
    # Not by the path as text: `/a-b` would come between `/a` and `/a/b`.
    found.sort(key=lambda each: (each.owner, each.path.split("/")))
    return found


def _within(owner: Owner | None, path: str) -> list[sa.ColumnElement[bool]]:
    conditions = [] if path == paths.ROOT else [at_or_beneath(classes.c.path, path)]
    if owner is not None:
        conditions += [classes.c.owner_type == owner.type, classes.c.owner_id == owner.id]
    return conditions


def _changed(
    connection: sa.Connection, at: Moment, touched: dict[int, Sought]
) -> Iterable[Standing]:
    present: dict[int, Fields] = {}
    if not at.early:
        for some in chunks(touched):
            query = sa.select(*CLASS.columns()).where(*mine(at, classes), CLASS.key.in_(some))
            for row in connection.execute(query).mappings():
                present[row["key"]] = fields_of(CLASS, dict(row))
    for class_id, change in touched.items():
        fields = change.on(present.get(class_id))
        if fields is not None:
            yield _standing(class_id, fields, at, None)


def _standing(
    class_id: int, fields: Fields | sa.RowMapping, at: Moment, row: Fields | sa.RowMapping | None
) -> Standing:
    return Standing(
        ClassId(class_id),
        Owner(fields["owner_type"], fields["owner_id"]),
        fields["class_path"],
        fields.get("parent_id"),
        fields["origin"],
        None if row is None else row["changed_seq"],
        row["in_doubt"] if row is not None and at.is_now else None,
    )


def stood(
    connection: sa.Connection, at: Moment, class_ids: Collection[ClassId]
) -> dict[ClassId, Standing]:
    """Those of these classes that stood somewhere."""
    return {
        class_id: _standing(
            class_id,
            thing.fields,
            at,
            {"changed_seq": thing.changed_seq, "in_doubt": (thing.present or {}).get("in_doubt")},
        )
        for class_id, thing in things(connection, at, CLASS, class_ids).items()
    }


# ------------------------------------------------------------------------- how much is in them


def counted(
    connection: sa.Connection, at: Moment, class_ids: Collection[ClassId]
) -> Counter[ClassId]:
    """How many materials were directly in each class: today's, with the comings and goings since taken back."""
    counts: Counter[ClassId] = Counter()
    if not at.early:
        for some in chunks(class_ids):
            query = (
                sa.select(materials.c.class_id, sa.func.count())
                .where(*mine(at, materials), materials.c.class_id.in_(some))
                .group_by(materials.c.class_id)
            )
            counts.update(dict(connection.execute(query).all()))
    if at.is_now:
        return counts
    sign = -1 if at.early else 1
    for left, entered, times in comings(connection, at):
        counts[left] += sign * times
        counts[entered] -= sign * times
    return counts


def class_rows(connection: sa.Connection, at: Moment, some: Sequence[Standing]) -> list[ClassRow]:
    """These classes as `class_tree` would have shown them."""
    ids = [each.class_id for each in some]
    counts = counted(connection, at, ids)
    parents = stood(connection, at, {e.parent_id for e in some if e.parent_id is not None} - {*ids})
    above = {each.class_id: each.path for each in (*parents.values(), *some)}
    unknown = {str(each.class_id) for each in some if each.changed_seq is None}
    last = changed_by(connection, at, CLASS.entity, unknown)
    return [
        ClassRow(
            each.class_id,
            each.owner.type,
            each.owner.id,
            each.path,
            None if each.parent_id is None else above[each.parent_id],
            paths.name(each.path),
            paths.depth(each.path),
            each.origin,
            counts[each.class_id],
            last[str(each.class_id)] if each.changed_seq is None else each.changed_seq,
            each.in_doubt,
        )
        for each in some
    ]
