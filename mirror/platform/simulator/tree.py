"""Class trees: nodes that know their parent, so that moving one moves all below it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.platform.simulator.model import MAX_DEPTH, MAX_NAME, PRESET_CLASSES, Owner, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirror.platform.simulator.rows import MaterialRow


class Node:
    """A class. Every node but a `Root` has a parent.

    `mentioned` says whether a callback has named this class or one below it.
    """

    __slots__ = ("alive", "children", "media", "mentioned", "name", "parent", "preset")

    def __init__(self, name: str, parent: Node | None) -> None:
        self.name = name
        self.parent = parent
        self.children: dict[str, Node] = {}
        # A dict, for its order: sets of text have another order in every process.
        self.media: dict[str, MaterialRow] = {}
        self.alive = True
        self.mentioned = False
        self.preset = False
        if parent is not None:
            parent.children[name] = self

    def lineage(self) -> Iterator[Node]:
        """Yields this node and all above it, the root last."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def subtree(self) -> Iterator[Node]:
        """Yields this node and all below it, parents first."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.children.values())

    @property
    def owner(self) -> Owner:
        """Whoever has the root above."""
        if self.parent is None:
            raise LookupError(self.name)
        return self.parent.owner

    @property
    def path(self) -> str:
        """Absolute; the root is `/`."""
        names = [node.name for node in self.lineage() if node.parent is not None]
        return "/" + "/".join(reversed(names))

    @property
    def depth(self) -> int:
        """The root's is 0."""
        return sum(1 for _ in self.lineage()) - 1

    @property
    def height(self) -> int:
        """The levels from here to the deepest node below, 0 for a leaf."""
        deepest, stack = 0, [(self, 0)]
        while stack:
            node, level = stack.pop()
            deepest = max(deepest, level)
            stack.extend((child, level + 1) for child in node.children.values())
        return deepest

    def unhook(self) -> None:
        """Take this node, with all below it, out of its parent."""
        if self.parent is not None:
            del self.parent.children[self.name]
        self.parent = None

    def hook(self, parent: Node, name: str) -> None:
        """Put this node, with all below it, into `parent` as `name`."""
        self.unhook()
        self.parent = parent
        self.name = name
        parent.children[name] = self


class Root(Node):
    """The top of one owner's tree."""

    __slots__ = ("_owner",)

    def __init__(self, owner: Owner) -> None:
        super().__init__("", None)
        self._owner = owner

    @property
    def owner(self) -> Owner:
        """Whose tree it is."""
        return self._owner


def segments(path: str) -> list[str]:
    """Names from the root down; `""` and `"/"` are the root."""
    return [name for name in path.split("/") if name]


def joined(names: list[str]) -> str:
    """The path of these names."""
    return "/" + "/".join(names)


def find(root: Node, path: str) -> Node | None:
    """The class at a path, or None."""
    node: Node | None = root
    for name in segments(path):
        if node is None:
            return None
        node = node.children.get(name)
    return node


def check_name(name: str) -> None:
    """Refuse what the platform does not take as the name of a new class."""
    if not name or len(name) > MAX_NAME:
        raise Refused("invalid", f"A class name has 1 to {MAX_NAME} characters: {name!r}.")


def check_depth(depth: int) -> None:
    """Refuse what would be deeper than the platform allows."""
    if depth > MAX_DEPTH:
        raise Refused("invalid", f"{depth} levels of classes; the platform allows {MAX_DEPTH}.")


def planted(owner: Owner) -> Root:
    """A new tree with the preset classes."""
    root = Root(owner)
    for path in PRESET_CLASSES:
        parent = find(root, joined(segments(path)[:-1]))
        Node(segments(path)[-1], parent).preset = True
    return root
