"""What a team does with its folders."""

from __future__ import annotations

from mirror.platform.simulator import names
from mirror.platform.simulator.desk import STRAY, TRIES, Desk, below
from mirror.platform.simulator.model import Refused


class ClassWork(Desk):
    """One operation on classes for each call; `Refused` if none was found."""

    def create_class(self) -> None:
        """A class is created."""
        self._check_classes(1)
        owner, path = self._somewhere()
        path = below(path, names.class_name(self._random))
        self._check_depth(path, 0)
        self._platform.create_class(owner, path)

    def rename_class(self) -> None:
        """Mostly in place, sometimes into another class; nests if the new name is taken."""
        owner, path = self._movable()
        parent = path.rpartition("/")[0]
        if self._random.random() < STRAY:
            parent = self._platform.any_class(self._random, owner)[1]
        dest = below(parent, names.class_name(self._random))
        self._check_depth(dest, self._platform.extent(owner, path)[0] + 1)
        self._platform.move_classes(owner, [path], owner, dest)

    def nest_class(self) -> None:
        """A class goes into another."""
        owner, path = self._movable()
        dest_owner, dest = self._elsewhere(owner)
        self._check_depth(dest, self._platform.extent(owner, path)[0] + 1)
        self._platform.move_classes(owner, [path], dest_owner, dest)

    def nest_several(self) -> None:
        """Siblings go into another class together."""
        owner, parent = self._somewhere()
        siblings = self._platform.subclasses(owner, parent)
        paths = [path for path in siblings if self._may_go(owner, path)][:3]
        if len(paths) < 2:  # noqa: PLR2004 - several
            raise Refused("not-found", "Found too few classes that may go.")
        dest_owner, dest = self._elsewhere(owner)
        for path in paths:
            self._check_depth(dest, self._platform.extent(owner, path)[0] + 1)
        self._platform.move_classes(owner, paths, dest_owner, dest)

    def delete_classes(self) -> None:
        """An empty class is deleted."""
        for _ in range(TRIES):
            owner, path = self._movable()
            if self._platform.extent(owner, path)[1:] == (1, 0):
                self._platform.delete_classes(owner, [path])
                return
        raise Refused("not-found", "Found no empty class.")

    def clear_class(self) -> None:
        """All media of a class move elsewhere, so that it can be deleted one day."""
        owner, path = self._movable()
        ids = self._platform.ids_in(owner, path, self._limits.copied)
        if not ids:
            raise Refused("not-found", "The class has no media.")
        self._platform.move_materials(ids, *self._elsewhere(owner))

    # What no callback tells.

    def copy_directory(self) -> None:
        """A class is copied with all below it."""
        owner, path = self._somewhere()
        height, classes, materials = self._platform.extent(owner, path)
        self._check_growth(materials)
        if path == "/" or materials > self._limits.copied:
            raise Refused("state", "Too much to copy at once.")
        self._check_classes(classes)
        dest_owner, dest = self._elsewhere(owner)
        self._check_depth(dest, height + 1)
        self._platform.copy_directory(owner, path, dest_owner, dest)
