"""Everything that happened to one thing, delivery by delivery."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, get_args

import sqlalchemy as sa
from msgspec import Struct, json

from mirror.core import paths
from mirror.core.model import ClassId, Doubt, Label, Owner, Seq
from mirror.errors import ConfigurationError, NotFound
from mirror.store import checkpoints, rows
from mirror.store import journal as deliveries
from mirror.store.queries.deliveries import Changed, Logged, logged
from mirror.store.queries.past.moment import Moment
from mirror.store.queries.past.things import CLASS, KINDS, Kind, mine, things
from mirror.store.schema import changes, classes, corrections, doubts, project_statuses
from mirror.store.state import chunks

Named = Literal["material", "class", "project", "file", "task"]
NAMED: tuple[str, ...] = get_args(Named)


class Corrected(Struct, frozen=True):
    """Something about the thing that an observation put right, and why the feed had it otherwise."""

    label: Label
    event_type: str | None  # the event that should have told it
    detail: str


class Happening(Struct, frozen=True):
    """One delivery, and what it did to the thing: it may only have named it."""

    delivery: Logged
    changes: tuple[Changed, ...]
    corrections: tuple[Corrected, ...]
    doubts: tuple[str, ...]  # reasons that are open still, where this delivery raised them first


class History(Struct, frozen=True):
    """What happened to one thing, oldest first. `before` is where earlier happenings end, if there are any."""

    kind: str
    key: str
    happenings: tuple[Happening, ...]
    doubts: tuple[Doubt, ...]  # open ones
    before: Seq | None


def history(
    connection: sa.Connection,
    platform: str,
    kind: str,
    key: str,
    *,
    before: Seq | None = None,
    limit: int = 50,
) -> History:
    """The newest `limit` happenings (of deliveries below `before`) of one thing.

    Deliveries that changed it are all there; of those that named it and changed nothing, a project's statuses, the
    newest one, and those behind open doubts. Raises NotFound for what was never heard of.
    """
    entity = _kind(kind)
    if entity is CLASS and not (key.isascii() and key.isdigit() and len(key) < _LONG):
        raise ConfigurationError(f"{key!r} is no class id, which is a number.")
    at = _now(connection, platform)
    known = things(connection, at, entity, [_id(key) if entity is CLASS else key])
    open_doubts = _doubts(connection, at, kind, key)
    found = _seqs(connection, at, kind, key, before, limit + 1)
    if not (found or known or _seqs(connection, at, kind, key, None, 1)):
        raise NotFound(
            f"Platform '{platform}' has never heard of {kind} '{key}': {_WHERE.get(kind, _IN_LOG)}."
        )
    for doubt in open_doubts:
        found.update((doubt.since_seq, doubt.last_seq))
    found.update(_named(connection, at, entity, key))
    seqs = sorted((s for s in found if s and (before is None or s < before)), reverse=True)
    shown = seqs[:limit]
    return History(
        kind,
        key,
        tuple(_happenings(connection, at, kind, key, shown[::-1], open_doubts)),
        tuple(open_doubts),
        shown[-1] if len(seqs) > limit else None,
    )


_WHERE = {
    "class": "`mirror tree --json` shows classes with their ids",
    "material": "`mirror tree --json --media 9` shows media with their ids",
}
_IN_LOG = "`mirror log` lists what came, and `mirror show SEQ` shows a delivery with its ids"


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise ConfigurationError(f"{kind!r} is no kind of thing; there are {', '.join(NAMED)}.")
    return KINDS[kind]


def _now(connection: sa.Connection, platform: str) -> Moment:
    """The present, also where nothing is applied yet."""
    checkpoint = checkpoints.current(connection, platform)
    seq = Seq(0) if checkpoint is None else checkpoint.seq
    return Moment(platform, checkpoints.live_generation(connection, platform), seq, seq)


_LONG = 30
_LARGEST = 2**63 - 1


def _id(key: str) -> int:
    return min(int(key), _LARGEST)


def _entities(kind: str) -> tuple[str, ...]:
    return ("material", "link") if kind == "material" else (kind,)


def _seqs(
    connection: sa.Connection, at: Moment, kind: str, key: str, before: Seq | None, limit: int
) -> set[Seq]:
    """The newest deliveries that changed the thing, or told a project's status."""
    found: set[Seq] = set()
    sources: list[tuple[sa.Table, list[sa.ColumnElement[bool]]]] = [
        (changes, [changes.c.entity == entity, changes.c.key == key]) for entity in _entities(kind)
    ]
    if kind == "project":
        sources.append((project_statuses, [project_statuses.c.project_id == key]))
    for table, conditions in sources:
        query = sa.select(table.c.seq).where(*mine(at, table), *conditions).distinct()
        if before is not None:
            query = query.where(table.c.seq < before)
        found.update(connection.execute(query.order_by(table.c.seq.desc()).limit(limit)).scalars())
    return found


def _named(connection: sa.Connection, at: Moment, kind: Kind, key: str) -> Iterable[Seq]:
    """The newest delivery that named the thing, where its row remembers that."""
    column = kind.table.c.get("named_seq")
    if column is None:
        return
    seq = connection.execute(
        sa.select(column).where(*mine(at, kind.table), kind.key == key)
    ).scalar()
    # Of an observation the row remembers as of when it was read: that delivery may tell of other things.
    if seq and _spelled(key) in deliveries.at(connection, at.platform, Seq(seq)).body:
        yield Seq(seq)


def _spelled(key: str) -> bytes:
    return key.encode(errors="surrogatepass")


def _doubts(connection: sa.Connection, at: Moment, kind: str, key: str) -> list[Doubt]:
    query = sa.select(*list(doubts.c)[2:]).where(
        *mine(at, doubts), doubts.c.kind == kind, doubts.c.key == key
    )
    found = connection.execute(query.order_by(doubts.c.since_seq, doubts.c.reason))
    return [rows.doubt_from(row) for row in found]


def _happenings(
    connection: sa.Connection,
    at: Moment,
    kind: str,
    key: str,
    seqs: Collection[Seq],
    open_doubts: Collection[Doubt],
) -> Iterable[Happening]:
    changed = _changes(connection, at, kind, key, seqs)
    keys = {key, *(place for some in changed.values() for place in _places(some))}
    corrected = _corrections(connection, at, kind, keys, seqs)
    for delivery in logged(connection, at.platform, seqs):
        seq = delivery.seq
        yield Happening(
            delivery,
            tuple(changed.get(seq, ())),
            tuple(corrected.get(seq, ())),
            tuple(doubt.reason for doubt in open_doubts if doubt.since_seq == seq),
        )


def _changes(
    connection: sa.Connection, at: Moment, kind: str, key: str, seqs: Collection[Seq]
) -> dict[Seq, list[Changed]]:
    found: dict[Seq, list[Changed]] = {}
    for some in chunks(seqs):
        query = (
            sa.select(changes.c.seq, *(changes.c[n] for n in Changed.__struct_fields__))
            .where(
                *mine(at, changes),
                changes.c.entity.in_(_entities(kind)),
                changes.c.key == key,
                changes.c.seq.in_(some),
            )
            .order_by(changes.c.seq, changes.c.ordinal)
        )
        for seq, ordinal, entity, its_key, op, old, new in connection.execute(query):
            change = Changed(ordinal, entity, its_key, op, _fields(old), _fields(new))
            found.setdefault(seq, []).append(change)
    return found


def _fields(text: str | None) -> dict[str, object] | None:
    return None if text is None else json.decode(text, type=dict[str, object])


def _places(some: Iterable[Changed]) -> Iterable[str]:
    """Where classes were put: a class that was missed is corrected by its place."""
    for change in some:
        told = change.after or {}
        if change.entity == "class" and "owner_type" in told:
            yield f"{told['owner_type']}:{told['owner_id']}:{told.get('class_path', '')}"


def _corrections(
    connection: sa.Connection, at: Moment, kind: str, keys: Collection[str], seqs: Collection[Seq]
) -> dict[Seq, list[Corrected]]:
    found: dict[Seq, list[Corrected]] = {}
    table = corrections
    for some in chunks(seqs):
        query = (
            sa.select(table.c.seq, table.c.label, table.c.event_type, table.c.detail)
            .where(
                *mine(at, table),
                table.c.seq.in_(some),
                table.c.entity == kind,
                table.c.key.in_(sorted(keys)),
            )
            .order_by(table.c.seq, table.c.ordinal)
        )
        for seq, label, event_type, detail in connection.execute(query):
            found.setdefault(seq, []).append(Corrected(label, event_type, detail))
    return found


# ------------------------------------------------------------------------- a class by its path


def class_of(
    connection: sa.Connection, platform: str, path: str, owner: Owner | None = None
) -> ClassId:
    """The class that stands at a path, or the one that stood there last.

    Raises NotFound where none ever did, and ConfigurationError where several owners have one.
    """
    path = paths.normalise(path)
    at = _now(connection, platform)
    query = sa.select(classes.c.class_id, classes.c.owner_type, classes.c.owner_id).where(
        *mine(at, classes), classes.c.path == path
    )
    if owner is not None:
        query = query.where(classes.c.owner_type == owner.type, classes.c.owner_id == owner.id)
    found = connection.execute(query.order_by(*list(query.selected_columns)[1:])).all()
    if len(found) > 1:
        named = ", ".join(f"{kind}:{name}" for _, kind, name in found[:5])
        raise ConfigurationError(
            f"{len(found)} owners have a class '{path}': say whose with --owner, such as {named}."
        )
    if found:
        return ClassId(found[0].class_id)
    stood = _stood_last(connection, at, path, owner)
    if stood is None:
        whose = "" if owner is None else f" of {owner.type}:{owner.id}"
        raise NotFound(
            f"Platform '{platform}' never had a class '{path}'{whose}: `mirror tree` shows which it has."
        )
    return stood


def _stood_last(
    connection: sa.Connection, at: Moment, path: str, owner: Owner | None
) -> ClassId | None:
    told = f'"class_path":{json.encode(path).decode()}'
    left = changes.c.before.contains(told, autoescape=True)
    query = (
        sa.select(changes.c.key, changes.c.seq)
        .where(*mine(at, changes), changes.c.entity == CLASS.entity, left)
        .order_by(changes.c.seq.desc(), changes.c.ordinal.desc())
        .limit(_LOOKED_AT)
    )
    for key, seq in connection.execute(query).all():
        then = Moment(at.platform, at.generation, Seq(seq - 1), at.applied)
        thing = things(connection, then, CLASS, [int(key)]).get(int(key))
        if thing is not None and owner in {
            None,
            Owner(thing.fields["owner_type"], thing.fields["owner_id"]),
        }:
            return ClassId(int(key))
    return None


_LOOKED_AT = 200
"""Classes that left a path, newest first: one of another owner is passed over."""
