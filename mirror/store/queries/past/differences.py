"""What differs between two moments: net, so that what came back to what it was is no difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

import sqlalchemy as sa
from msgspec import Struct

from mirror.core import paths
from mirror.core.model import ClassId, Link, Owner, Seq
from mirror.core.past import Fields, differing
from mirror.store.queries.past.classes import Standing, stood
from mirror.store.queries.past.links import links_of
from mirror.store.queries.past.moment import Moment, moment
from mirror.store.queries.past.things import CLASS, KINDS, MATERIAL, Thing, things
from mirror.store.schema import changes
from mirror.store.state import chunks

What = Literal["added", "removed", "moved", "renamed", "changed"]
WHAT: tuple[str, ...] = get_args(What)


class NetChange(Struct, frozen=True):
    """One thing that is not the same at two moments.

    `owner` and `folder` are where a material is, or what a class is in: at the later-named moment, or at the other one
    if it was there only; None for what lies in no folder. `before` and `after` hold the fields that differ; of what is
    added or removed, all that is known. `beneath` counts the classes that moved along.
    """

    kind: str
    key: str
    what: What
    owner: Owner | None
    folder: str | None
    name: str | None
    before: Fields
    after: Fields
    beneath: int = 0


def differences(connection: sa.Connection, platform: str, start: Seq, end: Seq) -> list[NetChange]:
    """What is different after delivery `end` from after delivery `start`, folder by folder; either may be the later.

    Takes time in proportion to the changes between the two. Raises NotFound for a moment that is none.
    """
    one, other = moment(connection, platform, start), moment(connection, platform, end)
    found: list[NetChange] = []
    touched = _touched(connection, one, other)
    found.extend(_classes(connection, one, other, touched.pop(CLASS.entity, [])))
    for entity, keys in touched.items():
        for some in chunks(keys, _TOGETHER):
            if entity == MATERIAL.entity:
                found.extend(_materials(connection, one, other, some))
            elif entity == "link":
                found.extend(_links(connection, one, other, some))
            else:
                found.extend(_others(connection, one, other, entity, some))
    return sorted(found, key=_place)


_TOGETHER = 1_000
_ORDER = ("class", "material", "link", "file", "project", "task")


def _place(found: NetChange) -> tuple[Any, ...]:
    folder = [] if found.folder is None else found.folder.split("/")
    order = (_ORDER.index(found.kind), WHAT.index(found.what))
    return found.owner is None, found.owner or (), folder, *order, found.name or "", found.key


def _touched(connection: sa.Connection, one: Moment, other: Moment) -> dict[str, list[str]]:
    """What has changed between them, whether or not it changed back."""
    low, high = sorted((one.at, other.at))
    rows = connection.execute(
        sa.select(changes.c.entity, changes.c.key)
        .where(
            changes.c.platform == one.platform,
            changes.c.generation == one.generation,
            changes.c.seq > low,
            changes.c.seq <= high,
        )
        .distinct()
    )
    found: dict[str, list[str]] = {}
    for entity, key in rows:
        found.setdefault(entity, []).append(key)
    return found


# ----------------------------------------------------------------------------------- materials


def _materials(
    connection: sa.Connection, one: Moment, other: Moment, keys: Iterable[str]
) -> Iterator[NetChange]:
    keys = list(keys)
    before, after = (things(connection, at, MATERIAL, keys) for at in (one, other))
    places = [
        stood(
            connection, at, {c for thing in found.values() if (c := thing.fields.get("class_id"))}
        )
        for at, found in ((one, before), (other, after))
    ]
    for key in keys:
        old = _medium(before.get(key), places[0])
        new = _medium(after.get(key), places[1])
        names = differing(old, new, _HIDDEN) if old and new else []
        what = _what(bool(old), bool(new), names)
        if what is None:
            continue
        if old and new:
            if "class_id" in names:
                names += ["class_path", *differing(old, new, frozenset({*old, *new} - {"owner"}))]
            old_shown, new_shown = ({n: side.get(n) for n in names} for side in (old, new))
        else:
            old_shown, new_shown = old, new
        there = next((side for side in (new, old) if "class_path" in side), {})
        yield NetChange(
            "material",
            key,
            what,
            there.get("owner"),
            there.get("class_path"),
            (new or old).get("name"),
            _told(old_shown),
            _told(new_shown),
        )


_HIDDEN = frozenset({"owner", "class_path"})  # told where the class is another one
_LAST = frozenset({"last_owner_type", "last_owner_id", "last_class_path"})


def _medium(thing: Thing | None, places: Mapping[ClassId, Standing]) -> Fields:
    """A material that exists, with its place; nothing for one that does not, or is deleted."""
    if thing is None or thing.fields["state"] == "deleted":
        return {}
    fields = {n: thing.fields.get(n) for n in MATERIAL.fields if n not in _LAST}
    place = places.get(thing.fields.get("class_id") or ClassId(0))
    if place is not None:
        fields |= {"owner": place.owner, "class_path": place.path}
    return fields


def _what(was: bool, is_: bool, names: list[str]) -> What | None:  # noqa: FBT001 - two facts
    if not (was and is_):
        return "removed" if was else "added" if is_ else None
    if "class_id" in names or "parent_id" in names:
        return "moved"
    if "name" in names:
        return "renamed"
    return "changed" if names else None


def _told(fields: Fields) -> Fields:
    """Fields as a program reads them: an owner as TYPE:ID."""
    return {
        name: f"{value.type}:{value.id}" if isinstance(value, Owner) else value
        for name, value in fields.items()
    }


# ------------------------------------------------------------------------------------- classes


def _classes(
    connection: sa.Connection, one: Moment, other: Moment, keys: Iterable[str]
) -> Iterator[NetChange]:
    ids = sorted(ClassId(int(key)) for key in keys)
    before, after = (stood(connection, at, ids) for at in (one, other))
    found = {
        class_id: names
        for class_id in ids
        if (names := _class_differs(before.get(class_id), after.get(class_id))) is not None
    }
    along = {class_id: 0 for class_id, names in found.items() if names != ["class_path"]}
    for class_id in found:
        if class_id not in along and (mover := _mover(class_id, along, after)) is not None:
            along[mover] += 1
    for class_id, beneath in along.items():
        old, new = _node(before.get(class_id)), _node(after.get(class_id))
        there = new or old
        names = found[class_id]
        what = _what(bool(old), bool(new), names)
        if what is None:  # pragma: no cover - those were left out above
            continue
        if old and new:
            shown = [n for n in (*names, "class_path") if n != "parent_id"]
            old, new = ({n: side.get(n) for n in dict.fromkeys(shown)} for side in (old, new))
            old, new = ({n: s.get(n) for n in s if n not in _same(old, new)} for s in (old, new))
        yield NetChange(
            "class",
            str(class_id),
            what,
            there["owner"],
            paths.parent(there["class_path"]),
            there["name"],
            _told(old),
            _told(new),
            beneath,
        )


def _same(old: Fields, new: Fields) -> set[str]:
    return {name for name in old if old[name] == new[name]}


def _class_differs(old: Standing | None, new: Standing | None) -> list[str] | None:
    """The fields that differ; only the path, where a class merely went along with the one above it."""
    was, is_ = _node(old), _node(new)
    if not (was and is_):
        return [] if was or is_ else None
    return differing(was, is_) or None


def _node(each: Standing | None) -> Fields:
    if each is None:
        return {}
    return {
        "owner": each.owner,
        "parent_id": each.parent_id,
        "class_path": each.path,
        "name": paths.name(each.path),
        "origin": each.origin,
    }


def _mover(
    class_id: ClassId, movers: Mapping[ClassId, int], after: Mapping[ClassId, Standing]
) -> ClassId | None:
    """The nearest class above that moved itself."""
    above = after[class_id].parent_id
    while above is not None and above not in movers:
        above = after[above].parent_id if above in after else None
    return above


# ------------------------------------------------------------- links, files, projects, tasks


def _links(
    connection: sa.Connection, one: Moment, other: Moment, keys: Iterable[str]
) -> Iterator[NetChange]:
    keys = list(keys)
    before, after = (links_of(connection, at, keys) for at in (one, other))
    for key in keys:
        old, new = (
            {(link.kind, link.class_id): _link(link) for link in found.get(key, [])}
            for found in (before, after)
        )
        for identity in {**old, **new}:
            was, is_ = old.get(identity, {}), new.get(identity, {})
            names = differing(was, is_) if was and is_ else []
            what = _what(bool(was), bool(is_), names)
            if what is None:
                continue
            if was and is_:
                was, is_ = ({n: side.get(n) for n in names} for side in (was, is_))
            yield NetChange("link", key, what, None, None, None, _told(was), _told(is_))


def _link(link: Link) -> Fields:
    target = link.target_place
    return {
        "kind": link.kind,
        "class_id": link.class_id,
        "target_material_id": link.target_material_id,
        "target_owner": target.owner if target else None,
        "target_class_path": target.path if target else None,
        "status": link.status,
    }


def _others(
    connection: sa.Connection, one: Moment, other: Moment, entity: str, keys: Iterable[str]
) -> Iterator[NetChange]:
    kind, keys = KINDS[entity], list(keys)
    before, after = (things(connection, at, kind, keys) for at in (one, other))
    for key in keys:
        was, is_ = (
            {n: found[key].fields.get(n) for n in kind.fields}
            if key in found and not found[key].fields.get("gone")
            else None
            for found in (before, after)
        )
        names = differing(was, is_) if was is not None and is_ is not None else []
        what = _what(was is not None, is_ is not None, names)
        if what is None:
            continue
        name = (is_ or was or {}).get("name")
        old, new = was or {}, is_ or {}
        if was is not None and is_ is not None:
            old, new = ({n: side.get(n) for n in names} for side in (was, is_))
        yield NetChange(entity, key, what, None, None, name, old, new)
