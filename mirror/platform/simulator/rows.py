"""The platform's own mutable rows. Outside, only the views in `model` are seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mirror.platform.simulator.model import Category, File, Link, Material, Owner, Project

if TYPE_CHECKING:
    from mirror.platform.simulator.model import Metadata
    from mirror.platform.simulator.tree import Node


@dataclass(slots=True, eq=False)
class FileRow:
    """A VOD file and the materials bound to it."""

    id: str
    name: str
    operation: str
    task_id: str
    source_context: str
    metadata: Metadata
    created_at: int
    materials: dict[str, MaterialRow] = field(default_factory=dict)

    def view(self) -> File:
        """The value at this moment."""
        address = f"https://vod.example.com/{self.id}"
        return File(
            id=self.id,
            name=self.name,
            operation=self.operation,
            task_id=self.task_id,
            source_context=self.source_context,
            url=f"{address}.{self.metadata.container.rsplit(',', 1)[-1]}",
            cover_url=f"{address}.jpg",
            metadata=self.metadata,
            created_at=self.created_at,
            material_ids=tuple(self.materials),
        )


@dataclass(slots=True, eq=False)
class MaterialRow:
    """A library entry: over a file, or a link to a material or a class."""

    id: str
    node: Node
    name: str
    type: str
    file: FileRow | None
    created_at: int
    updated_at: int
    preset_tags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    target: MaterialRow | Node | None = None
    told: frozenset[str] = frozenset()
    alive: bool = True

    def view(self, place: tuple[Owner, str] | None = None) -> Material:
        """The value at this moment; `place` spares walking up the tree where it is known."""
        owner, path = place or (self.node.owner, self.node.path)
        return Material(
            id=self.id,
            owner=owner,
            path=path,
            name=self.name,
            type=self.type,
            preset_tags=self.preset_tags,
            tags=self.tags,
            file_id=self.file.id if self.file else "",
            created_at=self.created_at,
            updated_at=self.updated_at,
            metadata=self.file.metadata if self.file else None,
            link=_link(self.target) if self.target else None,
            told=self.told,
        )


def _link(target: MaterialRow | Node) -> Link:
    status: Literal["Normal", "NotFound"] = "Normal" if target.alive else "NotFound"
    if isinstance(target, MaterialRow):
        return Link("material", status, material_id=target.id)
    return Link("class", status, owner=target.owner, path=target.path)


@dataclass(slots=True, eq=False)
class ProjectRow:
    """A project and what it shows to the outside."""

    id: str
    category: Category
    name: str
    owner: Owner
    created_at: int
    status: str = ""
    running: bool = False
    pvw_on: bool = False
    pgm_on: bool = False
    inputs: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    # Material id to file id. Media of a project are in no owner's tree.
    media: dict[str, str] = field(default_factory=dict)

    def view(self) -> Project:
        """The value at this moment."""
        return Project(
            id=self.id,
            category=self.category,
            name=self.name,
            owner=self.owner,
            created_at=self.created_at,
            status=self.status,
            running=self.running,
            pvw_on=self.pvw_on,
            pgm_on=self.pgm_on,
            interrupted_inputs=frozenset(self.inputs),
            interrupted_outputs=frozenset(self.outputs),
            file_ids=tuple(self.media.values()),
            material_ids=tuple(self.media),
        )
