"""What every operation stands on: the platform's rows, its ids, its clock and its outbox."""

from __future__ import annotations

from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Final

from mirror.platform.simulator.ids import Ids
from mirror.platform.simulator.model import Callback, Metadata, Owner, Refused
from mirror.platform.simulator.roster import Roster
from mirror.platform.simulator.rows import FileRow, MaterialRow
from mirror.platform.simulator.tree import Node, find, planted
from mirror.platform.simulator.wire import encoded, oddly_encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.platform.simulator.model import OwnerType, Task
    from mirror.platform.simulator.rows import ProjectRow
    from mirror.platform.simulator.wire import Payload

EPOCH_US: Final = 1_700_000_000_000_000
TICK_US: Final = 200_000

_PRESET_TAGS: Final = ("新闻", "体育", "娱乐", "财经", "人物", "风景", "News", "Sports")
_CONTAINERS: Final = {"AUDIO": "mp3", "IMAGE": "jpg", "OTHER": "bin"}


class Ground:
    """State and its keeping. Not safe for several threads at once; hold a lock around it."""

    def __init__(
        self,
        seed: int = 1,
        *,
        persons: int = 2,
        teams: int = 2,
        oddities: float = 0.0,
        roots: tuple[str, ...] = ("/",),
    ) -> None:
        """Make a platform with empty libraries.

        `oddities` is the share of callbacks in one of the published odd spellings; `roots` are the
        spellings of the root that callbacks use in turn, such as `("/", "")`.
        """
        self.outbox: list[Callback] = []
        self.n = 0
        self.now_us = EPOCH_US
        self._random = Random(f"platform:{seed}")  # noqa: S311 - lifelike data, not secrets
        self._ids = Ids(seed)
        self._oddities = oddities
        self._root_spellings = roots
        self._muted = False
        self._trees: dict[Owner, Node] = {}
        self._owner_names: dict[Owner, str] = {}
        self._nodes: dict[Owner, Roster[Node]] = {}
        self._materials: dict[str, MaterialRow] = {}
        self._material_ids: Roster[str] = Roster()
        self._files: dict[str, FileRow] = {}
        self._file_ids: Roster[str] = Roster()
        self._projects: dict[str, ProjectRow] = {}
        self._project_ids: Roster[str] = Roster()
        self._tasks: dict[str, Task] = {}
        self._preset_tags = {str(100 + at): name for at, name in enumerate(_PRESET_TAGS)}
        for number in range(persons):
            self.add_owner("PERSON", f"成员 {number + 1}")
        for number in range(teams):
            self.add_owner("TEAM", f"Team {number + 1}")
        # Whoever acts next; stands in each callback.
        self.operator = next((o.id for o in self._trees if o.type == "PERSON"), "cmeid_system")

    def add_owner(self, kind: OwnerType, name: str) -> Owner:
        """Register a person or create a team, with its preset classes. Silent."""
        identity = self._ids.person() if kind == "PERSON" else self._ids.team(self.now_us)
        owner = Owner(kind, identity)
        self._trees[owner] = root = planted(owner)
        self._owner_names[owner] = name
        self._nodes[owner] = Roster()
        for node in root.subtree():
            self._nodes[owner].add(node)
        return owner

    def drain(self) -> list[Callback]:
        """Take everything out of the outbox, in the order it was emitted."""
        taken, self.outbox = self.outbox, []
        return taken

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Operate without emitting: what was there before anyone subscribed."""
        before, self._muted = self._muted, True
        try:
            yield
        finally:
            self._muted = before

    # Every check of an operation comes before `_begin`, so a refused one leaves no trace.

    def _begin(self) -> None:
        self.n += 1
        self.now_us += TICK_US

    def _emit(self, event_type: str, payload: Payload) -> None:
        if self._muted:
            return
        if self._oddities and self._random.random() < self._oddities:
            body = oddly_encoded(event_type, self.operator, payload, self._random)
        else:
            body = encoded(event_type, self.operator, payload)
        self.outbox.append(Callback(body, event_type, self.n))

    def _mention(self, node: Node) -> None:
        if not self._muted:
            for named in node.lineage():
                named.mentioned = True

    def _spelt(self, node: Node) -> str:
        """The node's path as a callback says it."""
        if node.parent is not None:
            return node.path
        return self._root_spellings[self.n % len(self._root_spellings)]

    def _root(self, owner: Owner) -> Node:
        try:
            return self._trees[owner]
        except KeyError:
            raise Refused("not-found", f"No such owner: {owner.type} {owner.id}.") from None

    def _node(self, owner: Owner, path: str) -> Node:
        node = find(self._root(owner), path)
        if node is None:
            raise Refused("not-found", f"{owner.id} has no class {path}.")
        return node

    def _row(self, material_id: str) -> MaterialRow:
        try:
            return self._materials[material_id]
        except KeyError:
            raise Refused("not-found", f"No such material: {material_id}.") from None

    def _rows(self, material_ids: tuple[str, ...]) -> list[MaterialRow]:
        if not material_ids or len(set(material_ids)) < len(material_ids):
            raise Refused("invalid", "Name at least one material, and each one once.")
        return [self._row(material_id) for material_id in material_ids]

    def _new_file(
        self, name: str, kind: str, operation: str, *, task_id: str = "", context: str = ""
    ) -> FileRow:
        file = FileRow(
            id=self._ids.file(),
            name=name,
            operation=operation,
            task_id=task_id,
            source_context=context,
            metadata=_lifelike(kind, self._ids.serial),
            created_at=self.now_us,
        )
        self._files[file.id] = file
        self._file_ids.add(file.id)
        return file

    def _new_material(self, node: Node, name: str, kind: str, file: FileRow | None) -> MaterialRow:
        row = MaterialRow(
            id=self._ids.material(self.now_us),
            node=node,
            name=name,
            type=kind,
            file=file,
            created_at=self.now_us,
            updated_at=self.now_us,
        )
        self._materials[row.id] = node.media[row.id] = row
        self._material_ids.add(row.id)
        if file is not None:
            file.materials[row.id] = row
        return row

    def _copied(self, row: MaterialRow, node: Node) -> MaterialRow:
        """A new entry over the same file; a copied link points where the first one does."""
        copy = self._new_material(node, row.name, row.type, row.file)
        copy.preset_tags, copy.tags, copy.target = row.preset_tags, row.tags, row.target
        return copy

    def _drop(self, row: MaterialRow) -> None:
        row.alive = False
        del self._materials[row.id], row.node.media[row.id]
        self._material_ids.remove(row.id)
        if row.file is not None:
            del row.file.materials[row.id]


def _lifelike(kind: str, serial: int) -> Metadata:
    """Plausible and varied without a random draw, which would cost more than the row."""
    size = 100_000 + serial * 7_919_017 % 900_000_000
    container = _CONTAINERS.get(kind, "mov,mp4")
    if kind == "IMAGE":
        return Metadata(size, 0.0, 1920, 1280, container, 0)
    duration = 5 + serial * 37 % 7200 / 2
    if kind == "AUDIO":
        return Metadata(size, duration, 0, 0, container, 128_000)
    if kind == "OTHER":
        return Metadata(size, 0.0, 0, 0, container, 0)
    width, height = ((1920, 1080), (1280, 720), (3840, 2160), (1080, 1920))[serial % 4]
    return Metadata(size, duration, width, height, container, 600_000 + serial * 1009 % 8_000_000)
