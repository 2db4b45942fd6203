"""Small histories of classes and media on the simulated platform: all of them, up to so many operations.

Names are given in the order in which they are first used, so histories that differ in names alone are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mirror.platform.simulator import PRESET_CLASSES, Material, Platform, Refused

NAMES = ("a", "b", "c")
DEEPEST = 2

Operation = tuple[str, ...]
"""`create PATH`, `move PATH DESTINATION`, `delete PATH`, `upload PATH`, `shift NUMBER PATH` of the medium."""


class Kinds(NamedTuple):
    """How many operations of each kind."""

    classes: int
    uploads: int = 0
    shifts: int = 0


class Story:
    """A platform of one owner after some operations; in bodies, ids are `o`, `m0`, `m1`, `f0` and so on."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        self.platform = Platform(1, persons=1, teams=0)
        self.owner = self.platform.owners()[0]
        self.media: list[Material] = []
        for operation in operations:
            self._perform(*operation)
        self.bodies = [self.named(callback.body) for callback in self.platform.drain()]

    def _perform(self, kind: str, *paths: str) -> None:
        platform, owner = self.platform, self.owner
        match kind, *paths:
            case "create", path:
                platform.create_class(owner, path)
            case "move", path, destination:
                platform.move_classes(owner, [path], owner, destination)
            case "delete", path:
                platform.delete_classes(owner, [path])
            case "upload", path:
                self.media.append(platform.upload(owner, path, "x"))
            case "shift", number, path:
                platform.move_materials([self.media[int(number)].id], owner, path)
            case _:
                raise ValueError(kind)

    def named(self, body: bytes) -> bytes:
        """The body with short ids, which are the same in every history."""
        body = body.replace(self.owner.id.encode(), b"o")
        for number, material in enumerate(self.media):
            body = body.replace(material.id.encode(), b"m%d" % number)
            body = body.replace(material.file_id.encode(), b"f%d" % number)
        return body

    def classes(self) -> list[str]:
        """What was created, without the root and the presets."""
        return sorted(self.platform.classes(self.owner) - {"/", *PRESET_CLASSES})

    def places(self) -> dict[str, str]:
        """Where each medium is."""
        found = (self.platform.material(material.id).path for material in self.media)
        return {f"m{number}": path for number, path in enumerate(found)}


def histories(start: tuple[Operation, ...], kinds: Kinds) -> Iterator[tuple[Operation, ...]]:
    """Every history of so many operations after those of `start`; their order is any that the platform allows."""
    if not any(kinds):
        yield ()
        return
    story = Story(start)
    for operation, left in _next(story, start, kinds):
        try:
            Story((*start, operation))
        except Refused:
            continue
        for rest in histories((*start, operation), left):
            yield (operation, *rest)


def _next(
    story: Story, before: tuple[Operation, ...], kinds: Kinds
) -> Iterator[tuple[Operation, Kinds]]:
    classes = story.classes()
    if kinds.classes:
        left = kinds._replace(classes=kinds.classes - 1)
        yield from ((operation, left) for operation in _class_operations(classes, before))
    if kinds.uploads:
        left = kinds._replace(uploads=kinds.uploads - 1)
        yield from ((("upload", path), left) for path in classes)
    if kinds.shifts:
        left = kinds._replace(shifts=kinds.shifts - 1)
        for number in range(len(story.media)):
            yield from ((("shift", str(number), path), left) for path in classes)


def _class_operations(classes: list[str], before: tuple[Operation, ...]) -> Iterator[Operation]:
    free = [path for path in _paths(classes, before) if path not in classes]
    yield from (("create", path) for path in free)
    for path in classes:
        yield ("delete", path)
        parent = path.rpartition("/")[0] or "/"
        for destination in ("/", *classes, *free):
            inside = destination == path or destination.startswith(f"{path}/")
            if not inside and destination != parent:
                yield ("move", path, destination)


def _paths(classes: list[str], before: tuple[Operation, ...]) -> list[str]:
    used = {name for operation in before for path in operation[1:] for name in path.split("/")}
    known = [name for name in NAMES if name in used]
    names = [*known, *(name for name in NAMES if name not in used)][: len(known) + 1]
    above = ["", *(path for path in classes if path.count("/") < DEEPEST)]
    return [f"{path}/{name}" for path in above for name in names]
