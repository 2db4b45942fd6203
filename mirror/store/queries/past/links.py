"""Links as they were at a moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from heapq import merge
from itertools import groupby

import sqlalchemy as sa

from mirror.core.model import ClassId, Link, MaterialId, Owner, Place
from mirror.core.past import Fields, LinkId, seek_links
from mirror.store import rows
from mirror.store.queries.past.classes import stood
from mirror.store.queries.past.moment import Moment, told
from mirror.store.queries.past.rows import LinkRow
from mirror.store.queries.past.things import MATERIAL, mine, things
from mirror.store.schema import links
from mirror.store.state import chunks

_Found = dict[LinkId, Fields]


def links_of(
    connection: sa.Connection, at: Moment, material_ids: Collection[str]
) -> dict[str, list[Link]]:
    """The links of these materials, for each by kind and class."""
    found: dict[str, _Found] = {}
    if not at.early:
        for some in chunks(material_ids):
            query = sa.select(*list(links.c)[2:]).where(
                *mine(at, links), links.c.material_id.in_(some)
            )
            for row in connection.execute(query):
                link = rows.link_from(row)
                found.setdefault(link.material_id, {})[_identity(link)] = _fields(link)
    steps = told(connection, at, "link", material_ids)
    for key, some_rows in groupby(steps, key=lambda row: row.key):
        found[key] = seek_links(
            found.get(key, {}), [(row.op, row.told, row.other) for row in some_rows]
        )
    return {
        key: [_link(key, identity, some[identity]) for identity in sorted(some)]
        for key, some in found.items()
    }


def _identity(link: Link) -> LinkId:
    return link.kind, link.class_id or 0


def _fields(link: Link) -> Fields:
    target = link.target_place
    return {
        "target_material_id": link.target_material_id,
        "target_owner_type": target.owner.type if target else None,
        "target_owner_id": target.owner.id if target else None,
        "target_class_path": target.path if target else None,
        "status": link.status,
    }


def _link(material_id: str, identity: LinkId, fields: Fields) -> Link:
    kind, class_id = identity
    target = None
    if fields.get("target_class_path") is not None:
        owner = Owner(fields["target_owner_type"], fields["target_owner_id"])
        target = Place(owner, fields["target_class_path"])
    return Link(
        MaterialId(material_id),
        kind,
        ClassId(class_id) if class_id else None,
        fields.get("target_material_id"),
        target,
        fields.get("status"),
    )


def link_ids(connection: sa.Connection, at: Moment, after: str | None) -> Iterator[str]:
    """The materials that may have had links, by id: those that have some, and those whose links have changed since."""
    changed = {row.key for row in told(connection, at, "link")}
    came = sorted(key for key in changed if after is None or key > after)
    here = iter(()) if at.early else _linked(connection, at, after)
    yield from (key for key, _ in groupby(merge(came, here)))


def _linked(connection: sa.Connection, at: Moment, after: str | None) -> Iterator[str]:
    while True:
        query = sa.select(links.c.material_id).where(*mine(at, links)).distinct()
        if after is not None:
            query = query.where(links.c.material_id > after)
        some = connection.execute(query.order_by(links.c.material_id).limit(_FETCHED))
        found: list[str] = [*some.scalars()]
        yield from found
        if len(found) < _FETCHED:
            return
        after = found[-1]


_FETCHED = 200


def link_rows(
    connection: sa.Connection, at: Moment, material_ids: Collection[str]
) -> Iterator[LinkRow]:
    """The links of these materials as `media_links` would have shown them, those of live materials and placements."""
    found = links_of(connection, at, material_ids)
    media = things(connection, at, MATERIAL, list(found))
    shown = [
        (link, ClassId(class_id))
        for key in sorted(found)
        for link in found[key]
        if (class_id := link.class_id or (key in media and media[key].fields.get("class_id")))
    ]
    places = stood(connection, at, {class_id for _, class_id in shown})
    for link, class_id in shown:
        place, target = places[class_id], link.target_place
        yield LinkRow(
            link.material_id,
            link.kind,
            place.owner.type,
            place.owner.id,
            class_id,
            place.path,
            link.target_material_id,
            target.owner.type if target else None,
            target.owner.id if target else None,
            target.path if target else None,
            link.status,
        )
