"""Reads the platform as it is now: what a mirror is compared with, and what a read API serves."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from mirror.platform.simulator.ground import Ground
from mirror.platform.simulator.model import Refused

if TYPE_CHECKING:
    from random import Random

    from mirror.platform.simulator.model import File, Material, Owner, Project, Task
    from mirror.platform.simulator.rows import ProjectRow
    from mirror.platform.simulator.tree import Node


class Truth(Ground):
    """Answers are new values; none of them changes with the platform afterwards."""

    def owners(self) -> list[Owner]:
        """Every person and team, in the order they came."""
        return list(self._trees)

    def owner_name(self, owner: Owner) -> str:
        """The display name of a person or team."""
        self._root(owner)
        return self._owner_names[owner]

    def classes(self, owner: Owner) -> set[str]:
        """Every class path of the owner, the root as `/`."""
        return set(_paths(self._root(owner)).values())

    def unmentioned(self, owner: Owner) -> set[str]:
        """Those of `classes` that no callback has named, as a place or above a place.

        A receiver that heard everything cannot know of them: presets nobody used, and what was
        there before it subscribed. `/` is among them while the owner was never named.
        """
        paths = _paths(self._root(owner))
        return {path for node, path in paths.items() if not node.mentioned}

    def subclasses(self, owner: Owner, path: str) -> list[str]:
        """Paths of the classes directly in a class, in the order they came."""
        return [child.path for child in self._node(owner, path).children.values()]

    def media_in(self, owner: Owner, path: str) -> list[Material]:
        """Materials directly in a class, in the order they came."""
        node = self._node(owner, path)
        place = (node.owner, node.path)
        return [row.view(place) for row in node.media.values()]

    def ids_in(self, owner: Owner, path: str, limit: int) -> list[str]:
        """At most `limit` of the materials directly in a class, the oldest there first."""
        return list(islice(self._node(owner, path).media, limit))

    def extent(self, owner: Owner, path: str) -> tuple[int, int, int]:
        """Levels below a class, classes in its subtree (itself included), and materials there."""
        node = self._node(owner, path)
        subtree = list(node.subtree())
        return node.height, len(subtree), sum(len(below.media) for below in subtree)

    def hides_presets(self, owner: Owner, path: str) -> bool:
        """Whether a preset class that no callback named is somewhere below this one."""
        node = self._node(owner, path)
        return any(
            below.preset and not below.mentioned for below in node.subtree() if below is not node
        )

    def materials(self) -> dict[str, Material]:
        """Every live material by its id."""
        return {
            row.id: row.view(place)
            for node, place in self._places().items()
            for row in node.media.values()
        }

    def material(self, material_id: str) -> Material:
        """One live material, or `Refused`."""
        return self._row(material_id).view()

    def locations(self) -> dict[str, tuple[Owner, str]]:
        """Where every live material is: the cheapest whole comparison."""
        return {
            material_id: place
            for node, place in self._places().items()
            for material_id in node.media
        }

    def files(self) -> dict[str, File]:
        """Every VOD file by its id, bound to materials or not."""
        return {file.id: file.view() for file in self._files.values()}

    def projects(self) -> dict[str, Project]:
        """Every project by its id."""
        return {project.id: project.view() for project in self._projects.values()}

    def project(self, project_id: str) -> Project:
        """One project, or `Refused`."""
        return self._project(project_id).view()

    def tasks(self) -> dict[str, Task]:
        """Every export task by its id."""
        return dict(self._tasks)

    def preset_tags(self) -> dict[str, str]:
        """Names of the preset tags by their ids."""
        return dict(self._preset_tags)

    # Something at random, at a cost that does not grow with the library.

    def any_class(self, random: Random, owner: Owner | None = None) -> tuple[Owner, str]:
        """A class of this owner, or of any; roots and presets included."""
        if owner is None:
            owner = random.choice(list(self._trees))
        self._root(owner)
        node = self._nodes[owner].pick(random)
        return owner, node.path if node else "/"

    def any_material(self, random: Random) -> Material:
        """A live material, or `Refused` if there is none."""
        return self._row(self._material_ids.pick(random) or "").view()

    def any_file(self, random: Random) -> str:
        """A file's id, or `Refused` if there is none."""
        file_id = self._file_ids.pick(random)
        if file_id is None:
            raise Refused("not-found", "There is no file.")
        return file_id

    def any_project(self, random: Random) -> Project:
        """A project, or `Refused` if there is none."""
        return self._project(self._project_ids.pick(random) or "").view()

    def count(self) -> tuple[int, int, int]:
        """How many classes (roots included), materials and projects there are."""
        classes = sum(len(nodes) for nodes in self._nodes.values())
        return classes, len(self._material_ids), len(self._project_ids)

    def _project(self, project_id: str) -> ProjectRow:
        try:
            return self._projects[project_id]
        except KeyError:
            raise Refused("not-found", f"No such project: {project_id}.") from None

    def _places(self) -> dict[Node, tuple[Owner, str]]:
        return {
            node: (owner, path)
            for owner, root in self._trees.items()
            for node, path in _paths(root).items()
        }


def _paths(root: Node) -> dict[Node, str]:
    """Each path from its parent's: walking up from every node would cost its depth."""
    paths = {root: "/"}
    for node in root.subtree():
        above = "" if node is root else paths[node]
        paths |= {child: f"{above}/{child.name}" for child in node.children.values()}
    return paths
