"""What deliveries were about: of all that one changed, the thing that says most."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Seq
from mirror.store.queries.lists import Stamp
from mirror.store.queries.lists.library import mine
from mirror.store.queries.oversight.doubts import Thing, things
from mirror.store.schema import changes

LOOKED_AT = 4
"""Changes of a delivery that are looked at."""
_FIRST = ("material", "link", "project", "task", "class", "file")


class Subject(Struct, frozen=True):
    """A thing that a delivery changed, and what is known of it."""

    entity: str
    key: str
    thing: Thing


def subjects(connection: sa.Connection, stamp: Stamp, seqs: Collection[Seq]) -> dict[Seq, Subject]:
    """For each delivery that changed anything, what it was about."""
    query = sa.select(changes.c.seq, changes.c.entity, changes.c.key).where(
        *mine(changes, stamp), changes.c.seq.in_(sorted(seqs)), changes.c.ordinal <= LOOKED_AT
    )
    best: dict[Seq, tuple[str, str]] = {}
    rows = connection.execute(query.order_by(changes.c.seq, changes.c.ordinal))
    for seq, entity, key in rows if seqs else ():
        if seq not in best or _FIRST.index(entity) < _FIRST.index(best[seq][0]):
            best[seq] = (entity, key)
    kinds = {entity: "material" if entity == "link" else entity for entity in _FIRST}
    known = things(connection, stamp, {(kinds[entity], key) for entity, key in best.values()})
    return {
        seq: Subject(entity, key, known.get((kinds[entity], key), Thing()))
        for seq, (entity, key) in best.items()
    }
