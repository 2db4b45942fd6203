"""`/`: the tree, opened step by step, and what is in the class that was chosen."""

from __future__ import annotations

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
    media: list[MediumRow] | list[MaterialRow]
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
    values: dict[str, object] = {"chosen": None, "lost": False, "selected": None}
    class_id = number(look, "class", 0, _LARGEST)
    if class_id:
        try:
            chosen = _chosen(look, ClassId(class_id))
            values |= {
                "chosen": chosen,
                "selected": class_id,
                "tree": _opened(look, chosen.lineage),
            }
        except NotFound:
            values["lost"] = True
    values.setdefault("tree", _level(look, None))
    if values["chosen"] is None:
        values |= _welcome(look)
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
    inner: Level | None = None
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
    return Shown("parts/chosen.html", {"chosen": found})


def _chosen(look: Look, class_id: ClassId) -> Chosen:
    after = look.query.get("after") or None
    rows: list[MediumRow] | list[MaterialRow]
    following: str | None
    if look.at is not None:
        then = Then(look.connection, look.stamp.platform, Seq(look.at))
        lineage = then.lineage(class_id)
        rows, following = then.media(lineage[-1], after, MEDIA)
    else:
        lineage = browse.lineage(look.connection, look.stamp, class_id)
        only = lists.Materials(class_id=class_id)
        place = None if after is None else (after,)
        page = lists.materials(look.connection, look.stamp, only, place, MEDIA)
        rows, following = page.rows, None if page.next is None else page.next[-1]
    ids = [row.file_id for row in rows if row.file_id is not None]
    known = browse.files_of(look.connection, look.stamp, ids)
    return Chosen(lineage, rows, known, after, following)


PAGES = (
    Page("/", library),
    Page("/parts/welcome", welcome),
    Page("/parts/counts", counts),
    Page("/parts/tree", tree),
    Page("/parts/tree/{class_id:int}", branch),
    Page("/parts/class/{class_id:int}", chosen),
)
