"""Loads the rows that a batch touches into a working set, in a few set-based queries.

Everything is read for one platform and one generation. What is not in the database is noted as absent, so that the
working set asks for each key once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, and_, or_, select

from mirror.core.library import Library
from mirror.core.model import ClassId, Doubt, DoubtKey, Link, MaterialId, Owner
from mirror.core.shelf import NotLoaded, Shelf
from mirror.store import rows, schema

CHUNK = 500  # keys in one IN list: enough to amortise the call, few enough for every driver


def chunks(keys: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Cut keys into lists of at most `size`."""
    wanted = list(keys)
    for start in range(0, len(wanted), size):
        yield wanted[start : start + size]


class Loader:
    """Reads rows of one platform's generation, over one connection, into one working set."""

    def __init__(
        self, connection: Connection, platform: str, generation: int, library: Library
    ) -> None:
        """Bind the connection, whose snapshot must be the one that the batch is based on."""
        self._connection = connection
        self._scope = (platform, generation)
        self._library = library
        self._load: dict[str, Callable[[Sequence[Any]], None]] = {
            "owners": self.owners,
            "classes": self.classes,
            "materials": self.materials,
            "links": self.materials,
            "members": self.members,
            "files": self.files,
            "projects": self.projects,
            "all_projects": self.all_projects,
            "tasks": self.tasks,
        }

    def supply(self, request: NotLoaded) -> None:
        """Load what a transition asked for."""
        self._load[request.shelf](request.keys)

    def memories(self) -> None:
        """Load what is held complete: departures, deletions, tangles and what was heard within the horizon."""
        library = self._library
        for row in self._select(schema.departures):
            left = rows.departure_from(row)
            library.departures.load(left.place, left)
        for row in self._select(schema.deletions):
            gone = rows.deletion_from(row)
            library.deletions.load(gone.place, gone)
        for row in self._select(schema.heard):
            said = rows.heard_from(row)
            library.heard.load(said.digest, said)
        for row in self._select(schema.tangles):
            tangle = rows.tangle_from(row)
            library.tangles.load(tangle.material_id, tangle)

    def owners(self, keys: Sequence[Owner]) -> None:
        """Load owners with all their classes and the doubts about these."""
        library = self._library
        wanted = [owner for owner in keys if owner not in library.owners.rows]
        for some in chunks(wanted, 100):
            for row in self._where(schema.owners, _owners(schema.owners, some)):
                record = rows.owner_from(row)
                library.owners.load(record.owner, record)
            found: list[str] = []
            for row in self._where(schema.classes, _owners(schema.classes, some)):
                one = rows.class_from(row)
                library.classes.load(one.class_id, one)
                found.append(str(one.class_id))
            self._doubts("class", found)
        _absent(library.owners, wanted)

    def classes(self, keys: Sequence[ClassId]) -> None:
        """Load classes by id, with the whole trees that they stand in."""
        table = schema.classes
        wanted = select(table.c.owner_type, table.c.owner_id).distinct()
        for some in chunks(keys):
            statement = self._scoped(wanted, table).where(table.c.class_id.in_(some))
            self.owners([Owner(*row) for row in self._fetch(statement)])
        _absent(self._library.classes, keys)

    def materials(self, keys: Sequence[MaterialId]) -> None:
        """Load materials with their links and doubts."""
        library = self._library
        wanted = [key for key in keys if key not in library.materials.rows]
        for row in self._keyed(schema.materials, schema.materials.c.material_id, wanted):
            material = rows.material_from(row)
            library.materials.load(material.material_id, material)
        found = [key for key in wanted if library.materials.rows.get(key) is not None]
        links: dict[MaterialId, list[Link]] = {}
        for row in self._keyed(schema.links, schema.links.c.material_id, found):
            link = rows.link_from(row)
            links.setdefault(link.material_id, []).append(link)
        for material_id, some in links.items():
            ordered = sorted(some, key=lambda one: (one.kind, one.class_id or 0))
            library.links.load(material_id, tuple(ordered))
        self._doubts("material", found)
        _absent(library.materials, wanted)
        _absent(library.links, wanted)

    def members(self, keys: Sequence[ClassId]) -> None:
        """Load every material that is in one of the classes, or is shown there by a placement."""
        materials, links = schema.materials, schema.links
        for some in chunks(keys):
            inside = self._scoped(select(materials.c.material_id), materials).where(
                materials.c.class_id.in_(some)
            )
            shown = self._scoped(select(links.c.material_id), links).where(
                links.c.class_key.in_(some)
            )
            for statement in (inside, shown):
                self.materials([row[0] for row in self._fetch(statement)])
        self._library.members_loaded(keys)

    def files(self, keys: Sequence[str]) -> None:
        """Load files by id."""
        self._plain(self._library.files, schema.files, rows.file_from, keys)

    def tasks(self, keys: Sequence[str]) -> None:
        """Load tasks by id."""
        self._plain(self._library.tasks, schema.tasks, rows.task_from, keys)

    def projects(self, keys: Sequence[str]) -> None:
        """Load projects by id, with their doubts."""
        # Doubts about what is in memory already are newer there, or ended.
        wanted = [key for key in keys if key not in self._library.projects.rows]
        self._plain(self._library.projects, schema.projects, rows.project_from, wanted)
        self._doubts("project", wanted)

    def all_projects(self, _: Sequence[object] = ()) -> None:
        """Load every project."""
        statement = self._scoped(select(schema.projects.c.project_id), schema.projects)
        self.projects([row[0] for row in self._fetch(statement)])
        self._library.all_projects_loaded = True

    # ------------------------------------------------------------------ queries

    def _plain(
        self,
        shelf: Shelf[Any, Any],
        table: Table,
        read: Callable[[Sequence[Any]], Any],
        keys: Sequence[str],
    ) -> None:
        wanted = [key for key in keys if key not in shelf.rows]
        (_, _, column, *_) = table.c
        for row in self._keyed(table, column, wanted):
            shelf.load(row[0], read(row))
        _absent(shelf, wanted)

    def _doubts(self, kind: str, keys: Sequence[str]) -> None:
        found: dict[DoubtKey, list[Doubt]] = {}
        table = schema.doubts
        for some in chunks(keys):
            for row in self._where(table, and_(table.c.kind == kind, table.c.key.in_(some))):
                doubt = rows.doubt_from(row)
                found.setdefault(DoubtKey(doubt.kind, doubt.key), []).append(doubt)
        for key, doubts in found.items():
            self._library.doubts.load(key, tuple(doubts))

    def _keyed(self, table: Table, column: Column[Any], keys: list[Any]) -> Iterator[Any]:
        if self._library.holds_everything:
            return
        for some in chunks(keys):
            yield from self._where(table, column.in_(some))

    def _where(self, table: Table, condition: Any) -> Iterator[Any]:  # noqa: ANN401 - any SQL condition
        columns = list(table.c)[2:]
        statement = self._scoped(select(*columns), table).where(condition)
        yield from self._fetch(statement)

    def _select(self, table: Table) -> Iterator[Any]:
        yield from self._fetch(self._scoped(select(*list(table.c)[2:]), table))

    def _fetch(self, statement: Select[Any]) -> Iterable[Any]:
        if self._library.holds_everything:
            return ()
        return self._connection.execute(statement)

    def _scoped(self, statement: Select[Any], table: Table) -> Select[Any]:
        platform, generation = self._scope
        return statement.where(table.c.platform == platform, table.c.generation == generation)


def _owners(table: Table, some: Sequence[Owner]) -> Any:  # noqa: ANN401 - any SQL condition
    return or_(
        *(and_(table.c.owner_type == owner.type, table.c.owner_id == owner.id) for owner in some)
    )


def _absent(shelf: Shelf[Any, Any], keys: Iterable[Any]) -> None:
    for key in keys:
        shelf.load(key, None)
