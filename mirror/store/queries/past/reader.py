"""The library as it was: one moment goes in, and rows of that moment come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from mirror.core import paths
from mirror.core.model import ClassId, File, FileId, Link, MaterialId, Owner, Place, Seq
from mirror.errors import NotFound
from mirror.store import schema
from mirror.store.queries.material import Material
from mirror.store.queries.past import board, classes, links, media
from mirror.store.queries.past.classes import Standing
from mirror.store.queries.past.moment import moment
from mirror.store.queries.past.rows import (
    ClassRow,
    FileRow,
    GoneRow,
    LinkRow,
    MaterialRow,
    ProjectRow,
    TaskRow,
    TimelineRow,
)
from mirror.store.queries.past.things import (
    FILE,
    MATERIAL,
    PROJECT,
    TASK,
    Kind,
    Thing,
    mine,
    page,
    things,
)
from mirror.store.queries.tree import Branch, Medium, OwnerRow
from mirror.store.state import chunks

PAGE = 100

_made_file: Callable[..., File] = File


class MaterialCursor(NamedTuple):
    """Where a page of materials ended: they go by owner, path and id."""

    owner: Owner
    class_path: str
    material_id: str


class Past:
    """One platform's library after delivery `at`, read over one connection, in one transaction.

    Lists come in pages of at most `limit` rows, in a stable order; `after` is the key of the last row of the page
    before. A moment's rows never change, except that a rebuild by other rules makes other ones.
    """

    def __init__(self, connection: sa.Connection, platform: str, at: Seq) -> None:
        """Turn to the moment. Raises NotFound where it is before the first delivery or not applied yet."""
        self._connection = connection
        self.moment = moment(connection, platform, at)

    @cached_property
    def _whereabouts(self) -> media.Whereabouts:
        return media.Whereabouts(self._connection, self.moment)

    # ------------------------------------------------------------------------------ classes

    def classes(
        self,
        owner: Owner | None = None,
        path: str = paths.ROOT,
        *,
        depth: int | None = None,
        after: tuple[Owner, str] | None = None,
        limit: int | None = None,
    ) -> list[ClassRow]:
        """The classes at a path and beneath, down to `depth` below it, of one owner or of all, by owner and path.

        Empty where no class stood. `after` is the owner and path of the last row of the page before.
        """
        path = paths.normalise(path)
        found = self._standing(owner, path)
        if depth is not None:
            deepest = paths.depth(path) + depth
            found = [each for each in found if paths.depth(each.path) <= deepest]
        if after is not None:
            behind = (after[0], after[1].split("/"))
            found = [each for each in found if (each.owner, each.path.split("/")) > behind]
        return classes.class_rows(self._connection, self.moment, found[:limit])

    def class_at(self, owner: Owner, path: str) -> ClassRow:
        """The class that stood at a path. Raises NotFound."""
        found = self.classes(owner, path, depth=0)
        if not found:
            raise self._no_class(owner, path)
        return found[0]

    def _standing(self, owner: Owner | None, path: str) -> list[Standing]:
        return classes.standing(self._connection, self.moment, owner, path)

    def _no_class(self, owner: Owner | None, path: str) -> NotFound:
        whose = "" if owner is None else f" of {owner.type}:{owner.id}"
        at = self.moment
        return NotFound(
            f"Platform '{at.platform}' had no class '{path}'{whose} after delivery {at.at}: "
            f"`mirror tree --at {at.at}` shows which it had."
        )

    def owners(self) -> list[OwnerRow]:
        """Every owner that the mirror had heard of, by type and id.

        Whether it had been observed is told where its last observation came before the moment.
        """
        rows = self.classes()
        totals: dict[Owner, tuple[int, int]] = {}
        for row in rows:
            owner = Owner(row.owner_type, row.owner_id)
            known = totals.get(owner, (0, 0))
            totals[owner] = (known[0] + 1, known[1] + row.material_count)
        table = schema.owners
        query = sa.select(table.c.owner_type, table.c.owner_id, table.c.observed_seq)
        query = query.where(*mine(self.moment, table), table.c.observed_seq <= self.moment.at)
        seen = {Owner(*row[:2]): row[2] for row in self._connection.execute(query)}
        return [OwnerRow(owner, *totals[owner], seen.get(owner)) for owner in sorted(totals)]

    def tree(
        self,
        owner: Owner | None = None,
        path: str = paths.ROOT,
        *,
        depth: int | None = None,
        media: int = 0,
    ) -> list[Branch]:
        """The class at `path` and those beneath it, as `queries.tree` gives them today.

        Empty where nothing was known of any owner. Raises NotFound where no class stood.
        """
        path = paths.normalise(path)
        rows = self.classes(owner, path)
        if not rows and not (owner is None and path == paths.ROOT):
            raise self._no_class(owner, path)
        deepest = None if depth is None else paths.depth(path) + depth
        return [
            replace(branch, media=self._media(branch.class_id, media)) if media else branch
            for branch in _branches(rows)
            if deepest is None or branch.depth <= deepest
        ]

    def _media(self, class_id: ClassId, limit: int) -> tuple[Medium, ...]:
        ids = self._whereabouts.members(class_id, limit=limit)
        found = things(self._connection, self.moment, MATERIAL, ids)
        return tuple(
            Medium(MaterialId(key), *(thing.fields.get(n) for n in Medium.__struct_fields__[1:]))
            for key, thing in found.items()
        )

    # ---------------------------------------------------------------------------- materials

    def materials(
        self,
        owner: Owner | None = None,
        path: str = paths.ROOT,
        *,
        beneath: bool = True,
        after: MaterialCursor | None = None,
        limit: int = PAGE,
    ) -> list[MaterialRow]:
        """The live materials of a class, and `beneath` it, by owner, path and id."""
        path = paths.normalise(path)
        found = self._standing(owner, path)
        if not beneath:
            found = [each for each in found if each.path == path]
        found.sort(key=lambda each: (each.owner, each.path))
        if after is not None:
            found = [e for e in found if (e.owner, e.path) >= (after.owner, after.class_path)]
        places = {each.class_id: each for each in found}
        ids = list(islice(self._members(found, after, limit), limit))
        return media.material_rows(self._connection, self.moment, ids, places)

    def _members(
        self, found: list[Standing], after: MaterialCursor | None, limit: int
    ) -> Iterator[str]:
        for some in chunks(found):
            occupied = self._whereabouts.occupied([each.class_id for each in some])
            for each in some:
                if each.class_id not in occupied:
                    continue
                here = after is not None and (each.owner, each.path) == after[:2]
                begin = after.material_id if after is not None and here else None
                yield from self._whereabouts.members(each.class_id, begin, limit)

    def gone(self, *, after: str | None = None, limit: int = PAGE) -> list[GoneRow]:
        """The materials that were in no class: deleted or detached, by id."""
        ids = self._whereabouts.members(None, after, limit)
        return media.gone_rows(self._connection, self.moment, ids)

    def material(self, material_id: str) -> Material:
        """Everything about one material that change rows tell. Raises NotFound.

        Doubts, confirmations and addresses of files are those of the present, and so not told.
        """
        found = self._thing(MATERIAL, material_id)
        fields, present = found.fields, found.present or {}
        class_id: ClassId | None = fields.get("class_id")
        place = None
        if class_id is not None:
            above = classes.stood(self._connection, self.moment, [class_id])[class_id]
            place = Place(above.owner, above.path)
        elif fields.get("last_class_path") is not None:
            owner = Owner(fields["last_owner_type"], fields["last_owner_id"])
            place = Place(owner, fields["last_class_path"])
        file_id = fields.get("file_id")
        known = things(self._connection, self.moment, FILE, [file_id] if file_id else [])
        return Material(
            material_id=MaterialId(material_id),
            state=fields["state"],
            place=place,
            class_id=class_id,
            origin=fields["origin"],
            name=fields.get("name"),
            material_type=fields.get("material_type"),
            preset_tags=found.texts("preset_tags"),
            tags=found.texts("tags"),
            file=_file(file_id, known[file_id])
            if file_id is not None and file_id in known
            else None,
            links=tuple(self._links_of(material_id)),
            doubts=(),
            in_doubt=None,
            created_at=present["created_at"],
            created_seq=present["created_seq"],
            changed_at=found.changed_at,
            changed_seq=found.changed_seq,
            confirmed_at=None,
        )

    def _links_of(self, material_id: str) -> list[Link]:
        found = links.links_of(self._connection, self.moment, [material_id])
        return found.get(material_id, [])

    def links(self, *, after: str | None = None, limit: int = PAGE) -> list[LinkRow]:
        """Links by their material's id; those of one material are not torn apart, so a page may be longer."""
        rows: list[LinkRow] = []
        ids = links.link_ids(self._connection, self.moment, after)
        while some := list(islice(ids, PAGE)):
            for row in links.link_rows(self._connection, self.moment, some):
                if len(rows) >= limit and rows[-1].material_id != row.material_id:
                    return rows
                rows.append(row)
        return rows

    # -------------------------------------------------------- files, projects, export tasks

    def _thing(self, kind: Kind, key: str) -> Thing:
        found = things(self._connection, self.moment, kind, [key])
        if key not in found:
            at = self.moment
            raise NotFound(
                f"Platform '{at.platform}' had no {kind.entity} '{key}' after delivery {at.at}."
            )
        return found[key]

    def file(self, file_id: str) -> FileRow:
        """One VOD file. Raises NotFound."""
        return board.file_rows(self._whereabouts, {file_id: self._thing(FILE, file_id)})[0]

    def files(self, *, after: str | None = None, limit: int = PAGE) -> list[FileRow]:
        """VOD files by id."""
        found = page(self._connection, self.moment, FILE, after, limit)
        return board.file_rows(self._whereabouts, found)

    def project(self, project_id: str) -> ProjectRow:
        """One project, also one that the platform listed no more. Raises NotFound."""
        found = {project_id: self._thing(PROJECT, project_id)}
        return board.project_rows(self._connection, self.moment, found)[0]

    def projects(self, *, after: str | None = None, limit: int = PAGE) -> list[ProjectRow]:
        """Projects by id, also those that the platform listed no more."""
        found = page(self._connection, self.moment, PROJECT, after, limit)
        return board.project_rows(self._connection, self.moment, found)

    def timeline(self, project_id: str) -> list[TimelineRow]:
        """The statuses that one project had had, in their order."""
        return board.timeline(self._connection, self.moment, project_id)

    def task(self, task_id: str) -> TaskRow:
        """One export task. Raises NotFound."""
        found = {task_id: self._thing(TASK, task_id)}
        return board.task_rows(self._connection, self.moment, found)[0]

    def tasks(self, *, after: str | None = None, limit: int = PAGE) -> list[TaskRow]:
        """Export tasks by id."""
        found = page(self._connection, self.moment, TASK, after, limit)
        return board.task_rows(self._connection, self.moment, found)


def _branches(rows: list[ClassRow]) -> list[Branch]:
    """Classes with what is beneath each, parents first."""
    media_in: dict[tuple[Owner, str], int] = {}
    classes_in: dict[tuple[Owner, str], int] = {}
    branches = []
    for row in reversed(rows):
        owner = Owner(row.owner_type, row.owner_id)
        here = (owner, row.class_path)
        total = media_in.get(here, 0) + row.material_count
        beneath = classes_in.get(here, 0)
        if row.parent_path is not None:
            above = (owner, row.parent_path)
            media_in[above] = media_in.get(above, 0) + total
            classes_in[above] = classes_in.get(above, 0) + beneath + 1
        branches.append(
            Branch(
                owner,
                row.class_id,
                row.class_path,
                row.name,
                row.depth,
                row.origin,
                row.in_doubt,
                row.material_count,
                total,
                beneath,
            )
        )
    return branches[::-1]


def _file(file_id: str, thing: Thing) -> File:
    names = [name for name in FILE.fields if name in File.__struct_fields__]
    values = {name: thing.fields.get(name) for name in names}
    return _made_file(FileId(file_id), thing.changed_at, thing.changed_seq, **values)
