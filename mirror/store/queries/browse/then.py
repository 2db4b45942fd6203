"""The tree as it was at a moment, opened step by step like that of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from msgspec import convert

from mirror.core import paths
from mirror.core.model import ClassId, File, Seq
from mirror.errors import NotFound
from mirror.store.queries.browse.nodes import Node
from mirror.store.queries.past import MaterialCursor, MaterialRow, Past
from mirror.store.queries.past.classes import Standing, counted, standing, stood
from mirror.store.queries.past.things import FILE, things

FAR = 20_000
"""Deliveries from the nearer end of the log beyond which nothing is counted: each would have to be read."""


class Media(NamedTuple):
    """A page of materials, and the id behind which the next page begins."""

    rows: list[MaterialRow]
    next: str | None


class Then:
    """One platform's tree after delivery `at`. Raises NotFound where that cannot be looked back at."""

    def __init__(self, connection: sa.Connection, platform: str, at: Seq) -> None:
        self._connection = connection
        self.past = Past(connection, platform, at)

    def roots(self, limit: int) -> list[Node]:
        """The roots of the first `limit` owners, by type and id."""
        found = standing(self._connection, self.past.moment)
        return self._nodes([each for each in found if each.path == paths.ROOT][:limit], found)

    def children(self, class_id: ClassId, limit: int) -> list[Node]:
        """The first `limit` classes directly in a class, by name."""
        above = self._stood(class_id)
        found = standing(self._connection, self.past.moment, above.owner, above.path)
        inside = [each for each in found if each.parent_id == class_id]
        inside.sort(key=lambda each: each.path)
        return self._nodes(inside[:limit], found)

    def lineage(self, class_id: ClassId) -> list[Node]:
        """A class and those above it, the root first. Raises NotFound."""
        place = self._stood(class_id)
        chain = {paths.ROOT, *paths.chain(place.path)}
        found = standing(self._connection, self.past.moment, place.owner)
        return self._nodes([each for each in found if each.path in chain], found)

    def media(self, node: Node, after: str | None, limit: int) -> Media:
        """The live materials directly in a class, by id."""
        behind = None if after is None else MaterialCursor(node.owner, node.path, after)
        rows = self.past.materials(
            node.owner, node.path, beneath=False, after=behind, limit=limit + 1
        )
        return Media(rows[:limit], rows[limit - 1].material_id if rows[limit:] else None)

    def files(self, file_ids: Sequence[str]) -> dict[str, File]:
        """What was known of these files."""
        found = things(self._connection, self.past.moment, FILE, file_ids)
        return {
            file_id: convert(
                thing.fields
                | {"file_id": file_id, "changed_at": thing.changed_at}
                | {"changed_seq": thing.changed_seq},
                File,
            )
            for file_id, thing in found.items()
        }

    def _stood(self, class_id: ClassId) -> Standing:
        at = self.past.moment
        found = stood(self._connection, at, [class_id])
        if class_id not in found:
            raise NotFound(f"Platform '{at.platform}' had no class {class_id} at delivery {at.at}.")
        return found[class_id]

    def _nodes(self, shown: Sequence[Standing], known: Sequence[Standing]) -> list[Node]:
        inside = Counter(each.parent_id for each in known)
        at = self.past.moment
        near = min(at.at, at.applied - at.at) <= FAR
        ids = [each.class_id for each in shown]
        counts = counted(self._connection, at, ids) if near else None
        return [
            Node(
                each.class_id,
                each.owner,
                each.path,
                each.parent_id,
                each.origin,
                each.in_doubt,
                None if counts is None else counts[each.class_id],
                inside[each.class_id],
            )
            for each in shown
        ]
