"""Class operations. Moving costs what the class path is deep, however much is below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.platform.simulator.model import Refused
from mirror.platform.simulator.tree import Node, check_depth, check_name, find, joined, segments
from mirror.platform.simulator.truth import Truth
from mirror.platform.simulator.wire import owner_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.platform.simulator.model import Owner


class Classes(Truth):
    """Creates, moves, deletes and copies classes."""

    def create_class(self, owner: Owner, path: str) -> str:
        """Create one class in an existing one; returns its path. Fires Class.Created."""
        parent, name = self._free_place(owner, path)
        self._begin()
        node = Node(name, parent)
        self._nodes[owner].add(node)
        self._mention(node)
        self._emit("Class.Created", {"Owner": owner_json(owner), "ClassPath": node.path})
        return node.path

    def move_classes(
        self, source_owner: Owner, paths: Sequence[str], dest_owner: Owner, dest_path: str
    ) -> list[str]:
        """Move classes with all below them; returns their new paths. Fires Class.Moved only.

        An absent destination renames the one source to it; an existing one takes the sources in
        under their own names. Media of moved classes are not told about (platform.md).
        """
        sources = [self._node(source_owner, path) for path in paths]
        check_movable(sources)
        dest = find(self._root(dest_owner), dest_path)
        if dest is not None:
            parent, names = dest, [node.name for node in sources]
        else:
            if len(sources) > 1 or source_owner != dest_owner:
                raise Refused("not-found", f"{dest_owner.id} has no class {dest_path}.")
            parent, name = self._free_place(dest_owner, dest_path)
            names = [name]
        check_fits(sources, parent, names)
        self._begin()
        payload = {
            "SourceOwner": owner_json(source_owner),
            "SourceClassPathSet": [node.path for node in sources],
            "DestinationOwner": owner_json(dest_owner),
            "DestinationClassPath": self._spelt(dest) if dest else joined(segments(dest_path)),
        }
        for node, name in zip(sources, names, strict=True):
            self._mention(node)
            node.hook(parent, name)
            self._mention(node)
            if source_owner != dest_owner:
                self._rehome(node, source_owner, dest_owner)
        self._emit("Class.Moved", payload)
        return [node.path for node in sources]

    def delete_classes(self, owner: Owner, paths: Sequence[str]) -> list[str]:
        """Delete empty classes; returns their paths. Fires Class.Deleted."""
        nodes = [self._node(owner, path) for path in paths]
        if not nodes or len(set(nodes)) < len(nodes) or any(not node.parent for node in nodes):
            raise Refused("invalid", "Name at least one class, each one once, and no root.")
        for node in nodes:
            if node.children or node.media:
                raise Refused("not-empty", f"{node.path} is not empty.")
        self._begin()
        gone = [node.path for node in nodes]
        for node in nodes:
            node.alive = False
            # The parent stays known, so that a link to it can still say where it was.
            parent = node.parent
            node.unhook()
            node.parent = parent
            self._nodes[owner].remove(node)
        self._mention(self._root(owner))
        self._emit("Class.Deleted", {"Owner": owner_json(owner), "ClassPathSet": gone})
        return gone

    def copy_directory(self, owner: Owner, path: str, dest_owner: Owner, dest_path: str) -> str:
        """Copy a class with all below it into an existing class; returns its path. Silent.

        The platform says that no Material.Added fires. Whether Class.Created does is unknown;
        taken here, as an inference, is that nothing fires at all.
        """
        source = self._node(owner, path)
        parent = self._node(dest_owner, dest_path)
        if source in parent.lineage():
            raise Refused("invalid", f"{source.path} would be copied into itself.")
        check_fits([source], parent, [source.name])
        self._begin()
        copies = {source: Node(source.name, parent)}
        for node in source.subtree():
            copy = copies[node]
            self._nodes[dest_owner].add(copy)
            copies |= {child: Node(child.name, copy) for child in node.children.values()}
            for row in node.media.values():
                self._copied(row, copy)
        return copies[source].path

    def _rehome(self, moved: Node, source_owner: Owner, dest_owner: Owner) -> None:
        for node in moved.subtree():
            self._nodes[source_owner].remove(node)
            self._nodes[dest_owner].add(node)

    def _free_place(self, owner: Owner, path: str) -> tuple[Node, str]:
        """The existing parent and the free name at a path."""
        names = segments(path)
        if not names:
            raise Refused("taken", "The root exists.")
        check_name(names[-1])
        parent = self._node(owner, joined(names[:-1]))
        if names[-1] in parent.children:
            raise Refused("taken", f"{owner.id} has a class {path} already.")
        check_depth(parent.depth + 1)
        return parent, names[-1]


def check_movable(sources: list[Node]) -> None:
    """Refuse roots, repeated sources and sources below one another."""
    if not sources or len(set(sources)) < len(sources):
        raise Refused("invalid", "Name at least one class, and each one once.")
    for node in sources:
        if node.parent is None:
            raise Refused("invalid", "The root cannot be moved.")
        if any(above in sources for above in node.parent.lineage()):
            raise Refused("invalid", f"{node.path} is below another source.")


def check_fits(sources: list[Node], parent: Node, names: list[str]) -> None:
    """Refuse what would be in itself, bear a taken name, or be too deep."""
    lineage = set(parent.lineage())
    for node, name in zip(sources, names, strict=True):
        if node in lineage:
            raise Refused("invalid", f"{node.path} would be moved into itself.")
        if name in parent.children or names.count(name) > 1:
            raise Refused("taken", f"{parent.path} has a class {name} already.")
        check_depth(parent.depth + 1 + node.height)
