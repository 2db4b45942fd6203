"""Reads the simulated platform directly, without HTTP: what a perfect API would answer, and what it would not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mirror.core.events import (
    MetaData,
    ObservedLink,
    ObservedMaterial,
    ObservedProject,
    ObservedTask,
)
from mirror.core.model import FileId, MaterialId, Owner, Place, ProjectId, TaskId
from mirror.platform import simulator
from mirror.platform.answers import Answer, ProjectListing
from mirror.platform.simulator import Platform, Refused

PAGE = 50


class DirectReader:
    """A `Reader` over a platform in the same process; `hook` is told of each read before it happens."""

    def __init__(self, platform: Platform, hook: Callable[[str], None] | None = None) -> None:
        self.platform = platform
        self.calls = 0
        self.hook: Callable[[str], None] = hook or (lambda _call: None)

    def _called(self, name: str) -> None:
        self.calls += 1
        self.hook(name)

    def owners(self) -> Iterator[Owner]:
        self._called("owners")
        for owner in self.platform.owners():
            yield Owner(owner.type, owner.id)

    def class_paths(self, owner: Owner) -> Sequence[str]:
        self._called("class_paths")
        try:
            return sorted(self.platform.classes(_theirs(owner)))
        except (Refused, KeyError):
            return []

    def media_ids(self, owner: Owner) -> Iterator[Sequence[MaterialId]]:
        offset = 0
        while True:
            self._called("media_ids")
            mine = sorted(
                i
                for i, (theirs, _) in self.platform.locations().items()
                if theirs == _theirs(owner)
            )
            page = mine[offset : offset + PAGE]
            if page:
                yield [MaterialId(i) for i in page]
            offset += PAGE
            if offset >= len(mine):
                return

    def materials(self, material_ids: Sequence[MaterialId]) -> Answer[ObservedMaterial, MaterialId]:
        self._called("materials")
        found, missing = [], []
        for material_id in material_ids:
            try:
                found.append(_material(self.platform, material_id))
            except (Refused, KeyError):
                missing.append(material_id)
        return Answer(tuple(found), tuple(missing))

    def projects(self) -> ProjectListing:
        self._called("projects")
        listed = tuple(self._project(p) for p in self.platform.projects().values())
        return ProjectListing(listed, complete=True)

    def projects_by_id(self, project_ids: Sequence[ProjectId]) -> Sequence[ObservedProject]:
        self._called("projects_by_id")
        known = self.platform.projects()
        return [self._project(known[i]) for i in project_ids if i in known]

    @staticmethod
    def _project(p: simulator.Project) -> ObservedProject:
        status = None
        if p.category in {"STREAM_CONNECT", "MEDIA_CAST"}:
            status = "Working" if p.running else "Idle"
        return ObservedProject(ProjectId(p.id), p.category, p.name, status)

    def tasks(self, task_ids: Sequence[TaskId]) -> Sequence[ObservedTask]:
        self._called("tasks")
        known = self.platform.tasks()
        return [
            ObservedTask(TaskId(t.id), t.status, t.err_code, t.err_msg or None)
            for i in task_ids
            if (t := known.get(i)) is not None
        ]


def _theirs(owner: Owner) -> simulator.Owner:
    return simulator.Owner(owner.type, owner.id)  # type: ignore[arg-type]


def _material(platform: Platform, material_id: str) -> ObservedMaterial:
    m = platform.material(material_id)
    metadata = MetaData()
    if m.metadata is not None:
        n = m.metadata
        metadata = MetaData(n.size, n.duration, n.width, n.height, n.container, n.bitrate)
    return ObservedMaterial(
        MaterialId(m.id),
        Place(Owner(m.owner.type, m.owner.id), m.path),
        name=m.name,
        material_type=m.type,
        preset_tags=m.preset_tags,
        tags=m.tags,
        file_id=FileId(m.file_id) if m.file_id else None,
        metadata=metadata,
        link=None if m.link is None else _link(m.link),
    )


def _link(link: simulator.Link) -> ObservedLink:
    if link.kind == "material" or link.owner is None:
        return ObservedLink(link.kind, MaterialId(link.material_id), None, link.status)
    place = Place(Owner(link.owner.type, link.owner.id), link.path)
    return ObservedLink("class", None, place, link.status)
