"""`/`: the tree, opened step by step, and what is in the class that was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

from mirror.core.model import ClassId, File, Seq
from mirror.errors import NotFound
from mirror.store import queries
from mirror.store.queries import browse, lists
from mirror.store.queries.browse import Node, Then
from mirror.store.queries.lists import MediumRow
from mirror.store.queries.past import MaterialRow
from mirror.web.pages.look import Look, Page, Shown, number

NODES = 200
"""Classes that a level of the tree shows at first, and more each time it is asked to."""
MOST_NODES = 5_000
MEDIA = 100
INSIDE = 60
LATEST = 8


class Level(Struct, frozen=True):
    """What is directly in a class (of none: the roots). `open` is the one to be shown opened, if any."""

    class_id: ClassId | None
    nodes: list[Node]
    shown: int
    more: bool
    open: Level | None = None
    opened: ClassId | None = None


class Chosen(Struct, frozen=True):
    """A class, those above it, and a page of its media with what is known of their files."""

    lineage: list[Node]
    inside: list[Node]  # the first classes directly in it
    media: Sequence[MediumRow | MaterialRow]
    files: dict[str, File]
    after: str | None
    next: str | None

    @property
    def node(self) -> Node:
        """The class itself."""
        return self.lineage[-1]


# ------------------------------------------------------------------------------------- the page


def library(look: Look) -> Shown:
    """The whole page."""
    class_id = number(look, "class", 0, _LARGEST)
    found = None
    with suppress(NotFound):
        found = _chosen(look, ClassId(class_id)) if class_id else None
    values: dict[str, object] = {"chosen": found, "selected": class_id}
    if found is None:
        values |= {"lost": bool(class_id), "tree": _level(look, None)} | _welcome(look)
    else:
        values |= {"inside": found.inside, "tree": _opened(look, found.lineage)}
    return Shown("library.html", values)


_LARGEST = 2**63 - 1


def _welcome(look: Look) -> dict[str, object]:
    if look.at is not None:
        return {"latest": [], "began": True}
    latest = queries.log(look.connection, look.stamp.platform, limit=LATEST)
    return {"latest": latest, "began": bool(latest)}


def welcome(look: Look) -> Shown:
    """What is shown while no class is chosen."""
    return Shown("parts/welcome.html", _welcome(look))


def counts(look: Look) -> Shown:
    """How much there is of everything: it takes a moment in a large library, so it comes later."""
    found = queries.status(look.connection, look.stamp.platform)
    return Shown("parts/counts.html", {"status": found})


# ------------------------------------------------------------------------------------- the tree


def tree(look: Look) -> Shown:
    """The roots."""
    return Shown("parts/level.html", {"level": _level(look, None), "selected": None})


def branch(look: Look) -> Shown:
    """What is directly in a class; nothing where that is gone."""
    class_id = ClassId(look.path["class_id"])
    try:
        level = _level(look, class_id)
    except NotFound:
        level = Level(class_id, [], NODES, more=False)
    return Shown("parts/level.html", {"level": level, "selected": None})


def _level(look: Look, class_id: ClassId | None, *, first: bool = False) -> Level:
    shown = NODES if first else number(look, "limit", NODES, MOST_NODES)
    nodes = _inside(look, class_id, shown + 1)
    return Level(class_id, nodes[:shown], shown, len(nodes) > shown)


def _inside(look: Look, class_id: ClassId | None, limit: int) -> list[Node]:
    if look.at is not None:
        then = Then(look.connection, look.stamp.platform, look.at)
        return then.roots(limit) if class_id is None else then.children(class_id, limit)
    if class_id is None:
        return browse.roots(look.connection, look.stamp, limit)
    return browse.children(look.connection, look.stamp, class_id, limit)


def _opened(look: Look, lineage: list[Node]) -> Level:
    """The roots, opened all the way down to the class that was chosen."""
    last = lineage[-1]
    inner = _level(look, last.class_id, first=True) if last.class_count else None
    for node in reversed(lineage):
        level = _level(look, node.parent_id, first=True)
        known = {each.class_id for each in level.nodes}
        nodes = level.nodes if node.class_id in known else [*level.nodes, node]
        inner = Level(level.class_id, nodes, level.shown, level.more, inner, node.class_id)
    assert inner is not None  # noqa: S101 - a lineage has a root
    return inner


# ------------------------------------------------------------------------------------ its media


def chosen(look: Look) -> Shown:
    """A class and its media."""
    try:
        found = _chosen(look, ClassId(look.path["class_id"]))
    except NotFound:
        return Shown("parts/lost.html", {})
    return Shown("parts/chosen.html", {"chosen": found, "inside": found.inside})


def _chosen(look: Look, class_id: ClassId) -> Chosen:
    after = look.query.get("after") or None
    if look.at is not None:
        return _chosen_then(look, class_id, after, look.at)
    lineage = browse.lineage(look.connection, look.stamp, class_id)
    only = lists.Materials(class_id=class_id)
    place = None if after is None else (after,)
    page = lists.materials(look.connection, look.stamp, only, place, MEDIA)
    files = browse.files_of(look.connection, look.stamp, _file_ids(page.rows))
    following = None if page.next is None else page.next[-1]
    return Chosen(lineage, _first_inside(look, lineage), page.rows, files, after, following)


def _chosen_then(look: Look, class_id: ClassId, after: str | None, at: Seq) -> Chosen:
    then = Then(look.connection, look.stamp.platform, at)
    lineage = then.lineage(class_id)
    rows, following = then.media(lineage[-1], after, MEDIA)
    files = then.files(_file_ids(rows))
    return Chosen(lineage, _first_inside(look, lineage), rows, files, after, following)


def _first_inside(look: Look, lineage: list[Node]) -> list[Node]:
    chosen = lineage[-1]
    return _inside(look, chosen.class_id, INSIDE) if chosen.class_count else []


def _file_ids(rows: Sequence[MediumRow | MaterialRow]) -> list[str]:
    return sorted({row.file_id for row in rows if row.file_id is not None})


PAGES = (
    Page("/", library),
    Page("/parts/welcome", welcome),
    Page("/parts/counts", counts),
    Page("/parts/tree", tree),
    Page("/parts/tree/{class_id:int}", branch),
    Page("/parts/class/{class_id:int}", chosen),
)
