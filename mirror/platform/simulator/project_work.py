"""What a team does with its projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirror.platform.simulator import names
from mirror.platform.simulator.desk import Desk
from mirror.platform.simulator.model import Refused

if TYPE_CHECKING:
    from mirror.platform.simulator.model import Category, Part, Side

_CATEGORIES: Final[tuple[Category, ...]] = (
    *("VIDEO_EDIT", "STREAM_CONNECT", "MEDIA_CAST", "SWITCHER", "VIDEO_EDIT"),
    *("VIDEO_SEGMENTATION", "RECORD_REPLAY"),
)
_SIDES: Final[tuple[Side, ...]] = ("input", "output")
_PARTS: Final[tuple[Part, ...]] = ("Pvw", "Pgm")
# Stopping a switcher switches its parts off as well.
_MORE_ON: Final = 0.6


class ProjectWork(Desk):
    """One operation on a project for each call; `Refused` if none was found."""

    def create_project(self) -> None:
        """A project of any category is created."""
        if self._platform.count()[2] >= self._limits.projects:
            raise Refused("state", "There are as many projects as this work may make.")
        category = self._random.choice(_CATEGORIES)
        owner = self._random.choice(self._platform.owners())
        self._platform.create_project(category, names.project_name(self._random), owner)

    def start(self) -> None:
        """A project starts."""
        self._with_project(lambda project: self._platform.start(project.id))

    def stop(self) -> None:
        """A project stops."""
        self._with_project(lambda project: self._platform.stop(project.id))

    def interrupt(self) -> None:
        """An input or output is interrupted."""
        side = self._random.choice(_SIDES)
        number = self._random.randint(1, 2)
        self._with_project(lambda project: self._platform.interrupt(project.id, side, number))

    def set_part(self) -> None:
        """PVW or PGM is switched."""
        part = self._random.choice(_PARTS)
        on = self._random.random() < _MORE_ON
        self._with_project(lambda project: self._platform.set_part(project.id, part, on=on))

    def recycle(self) -> None:
        """A switcher is recycled."""
        self._with_project(lambda project: self._platform.recycle(project.id))

    # What no callback tells.

    def rename_project(self) -> None:
        """A project is renamed."""
        name = names.project_name(self._random)
        self._with_project(lambda project: self._platform.rename_project(project.id, name))

    def copy_project(self) -> None:
        """A project is copied."""
        if self._platform.count()[2] >= self._limits.projects:
            raise Refused("state", "There are as many projects as this work may make.")
        name = names.project_name(self._random)
        self._with_project(lambda project: self._platform.copy_project(project.id, name))

    def add_project_media(self) -> None:
        """A project gets a medium of its own."""
        name = names.media_name(self._random, "VIDEO")
        self._with_project(lambda project: self._platform.add_project_media(project.id, [name]))

    def delete_project(self) -> None:
        """A stopped project is deleted."""
        self._with_project(lambda project: self._platform.delete_project(project.id))

    def recover(self) -> None:
        """Interruptions end."""
        self._with_project(lambda project: self._platform.recover(project.id))
