"""How much of a mirror is right, in doubt or wrong without reconciliation, and what it costs to put it right.

Feeds come from the simulator and are seeded, so every figure can be had again. Run from the checkout:

    python -m tests.benchmarks.reliability            prints the tables
    python -m tests.benchmarks.reliability --write    puts them into docs/reliability.md
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from mirror.core import paths
from mirror.core.library import Library
from mirror.core.model import Material, MaterialId, Micros
from mirror.platform.simulator import (
    PRESET_CLASSES,
    Callback,
    Channel,
    Delivery,
    Platform,
    Workload,
)
from mirror.platform.simulator import Material as TrueMaterial
from mirror.store import journal, migrate
from mirror.store.engine import open_database
from tests.support.memory import MemoryMirror
from tests.support.worlds import SECOND, World

COMMAND = "python -m tests.benchmarks.reliability --write"
DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"

DELIVERIES = 20_000
SEEDS = (1, 2, 3)
LOSSES = (0.0, 0.01, 0.05, 0.20)
PAGE, TOGETHER, RATE = 50, 20, 20

Place = tuple[str, str, str]


class Way(NamedTuple):
    """How callbacks come: in what order, and how many twice."""

    name: str
    reorder: float = 0.0
    places: int = 1
    duplicate: float = 0.0

    def channel(self, seed: int, loss: float) -> Channel:
        return Channel(
            seed, loss=loss, reorder=self.reorder, places=self.places, duplicate=self.duplicate
        )


WAYS = (
    Way("in order"),
    Way("in order, 5% twice", duplicate=0.05),
    Way("10% late by up to 10, 1% twice", 0.1, 10, 0.01),
    Way("30% late by up to 50, 5% twice", 0.3, 50, 0.05),
)


# ---------------------------------------------------------------------- feeds


class Feed(NamedTuple):
    """What a platform said, and what it was at the end."""

    callbacks: list[Callback]
    platform: Platform


def feed(seed: int, callbacks: int) -> Feed:
    """Work on a new platform until it has said so much."""
    platform = Platform(seed)
    work = Workload(platform, seed)
    while len(platform.outbox) < callbacks:
        work.step()
    return Feed(platform.drain(), platform)


# ---------------------------------------------------------------------- last arrival wins


class Node:
    """A class of the copy that believes each arrival."""

    def __init__(self, name: str, parent: Node | None, owner: tuple[str, str]) -> None:
        self.name, self.parent, self.owner = name, parent, owner
        self.children: dict[str, Node] = {}
        self.media: set[str] = set()

    def place(self) -> Place:
        names = []
        node: Node = self
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        return (*node.owner, "/" + "/".join(reversed(names)))


class Entry:
    """A material of that copy."""

    def __init__(self) -> None:
        self.node: Node | None = None
        self.told: dict[str, Any] = {}


class LastArrivalWins:
    """A copy as most would write it: each callback is applied as it arrives, as if it were the last word."""

    def __init__(self) -> None:
        self.roots: dict[tuple[str, str], Node] = {}
        self.materials: dict[str, Entry] = {}

    def deliver(self, body: bytes) -> None:
        """Apply one callback."""
        told = json.loads(body)
        payload = next(value for key, value in told.items() if key.endswith("Event"))
        apply = getattr(self, "_" + told["EventType"].replace(".", "_").lower(), None)
        if apply is not None:
            apply(payload)

    def _storage_newfilecreated(self, p: dict[str, Any]) -> None:
        self._put([p["MaterialId"]], p["Owner"], p["ClassPath"])

    def _material_imported(self, p: dict[str, Any]) -> None:
        self._put([m["MaterialId"] for m in p["MediaInfoSet"]], p["Owner"], p["ClassPath"])

    def _material_added(self, p: dict[str, Any]) -> None:
        self._put(p["MaterialIdSet"], p["Owner"], p["ClassPath"])

    def _material_moved(self, p: dict[str, Any]) -> None:
        self._put(p["MaterialIdSet"], p["DestinationOwner"], p["DestinationClassPath"])

    def _material_modified(self, p: dict[str, Any]) -> None:
        entry = self.materials.setdefault(p["MaterialId"], Entry())
        fields = {"name": "Name", "preset_tags": "PresetTagIdSet", "tags": "TagSet"}
        entry.told.update({ours: p[theirs] for ours, theirs in fields.items() if p.get(theirs)})

    def _material_deleted(self, p: dict[str, Any]) -> None:
        for material_id in p["MaterialIdSet"]:
            self._leave(material_id)
            self.materials.pop(material_id, None)

    def _class_created(self, p: dict[str, Any]) -> None:
        self._ensure(p["Owner"], p["ClassPath"])

    def _class_deleted(self, p: dict[str, Any]) -> None:
        for path in p["ClassPathSet"]:
            node = self._find(p["Owner"], path)
            if node is not None and node.parent is not None:
                self._drop(node)

    def _class_moved(self, p: dict[str, Any]) -> None:
        sources = p["SourceClassPathSet"]
        owner, destination = p["DestinationOwner"], p["DestinationClassPath"]
        inside = len(sources) > 1 or self._find(owner, destination) is not None
        for path in sources:
            name = paths.name(paths.normalise(path))
            target = paths.join(paths.normalise(destination), name) if inside else destination
            node = self._find(p["SourceOwner"], path)
            if node is None:
                self._ensure(owner, target)
            elif node.parent is not None:
                self._hook(node, owner, target)

    def _hook(self, node: Node, owner: dict[str, str], target: str) -> None:
        above = self._ensure(owner, paths.parent(paths.normalise(target)))
        up: Node | None = above
        while up is not None:
            if up is node:
                return
            up = up.parent
        self._unhook(node)
        node.name = paths.name(paths.normalise(target))
        self._merge(node, above)

    def _merge(self, node: Node, above: Node) -> None:
        there = above.children.get(node.name)
        if there is None:
            above.children[node.name] = node
            node.parent = above
            return
        for material_id in node.media:
            self.materials[material_id].node = there
        there.media |= node.media
        for child in list(node.children.values()):
            self._merge(child, there)

    def _drop(self, node: Node) -> None:
        for child in list(node.children.values()):
            self._drop(child)
        for material_id in list(node.media):
            self.materials.pop(material_id, None)
        self._unhook(node)

    def _unhook(self, node: Node) -> None:
        if node.parent is not None:
            node.parent.children.pop(node.name, None)

    def _put(self, material_ids: Sequence[str], owner: dict[str, str], path: str) -> None:
        node = self._ensure(owner, path)
        for material_id in material_ids:
            self._leave(material_id)
            self.materials.setdefault(material_id, Entry()).node = node
            node.media.add(material_id)

    def _leave(self, material_id: str) -> None:
        entry = self.materials.get(material_id)
        if entry is not None and entry.node is not None:
            entry.node.media.discard(material_id)

    def _root(self, owner: dict[str, str]) -> Node:
        key = (owner["Type"], owner["Id"])
        if key not in self.roots:
            self.roots[key] = Node("", None, key)
            for path in PRESET_CLASSES:
                self._ensure(owner, path)
        return self.roots[key]

    def _ensure(self, owner: dict[str, str], path: str) -> Node:
        node = self._root(owner)
        for name in paths.normalise(path).strip("/").split("/"):
            if name:
                node = node.children.setdefault(name, Node(name, node, node.owner))
        return node

    def _find(self, owner: dict[str, str], path: str) -> Node | None:
        node: Node | None = self._root(owner)
        for name in paths.normalise(path).strip("/").split("/"):
            if name and node is not None:
                node = node.children.get(name)
        return node


# ---------------------------------------------------------------------- judging


class Share(NamedTuple):
    """How many materials a copy or the platform has, and what is true of them; the same for the naive copy."""

    materials: int
    wrong_doubted: int
    wrong_undoubted: int
    naive_materials: int
    naive_wrong: int

    def __add__(self, other: object) -> Share:
        assert isinstance(other, Share)
        return Share(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def right(self) -> int:
        return self.materials - self.wrong_doubted - self.wrong_undoubted


def judge(library: Library, naive: LastArrivalWins, platform: Platform) -> Share:
    """Compare both copies with the platform: place, and the name and tags that callbacks told."""
    library.refresh_class_doubt()
    truth = platform.materials()
    rows = {key: row for key, row in library.materials.rows.items() if row is not None}
    mine = {key for key, row in rows.items() if row.state != "deleted"}
    doubted = undoubted = 0
    for key in {*mine, *map(MaterialId, truth)}:
        row, true = rows.get(key), truth.get(key)
        if not _agrees(_place(library, row), row, true):
            in_doubt = row is not None and _in_doubt(library, row)
            doubted += in_doubt
            undoubted += not in_doubt
    theirs = naive.materials
    naive_wrong = sum(
        not _naive_agrees(theirs.get(key), truth.get(key)) for key in theirs.keys() | truth.keys()
    )
    # A copy that lacks what is there, or keeps what is gone, is wrong about it, too.
    naive_all = len(theirs.keys() | truth.keys())
    return Share(len(mine | truth.keys()), doubted, undoubted, naive_all, naive_wrong)


def _place(library: Library, row: Material | None) -> Place | None:
    here = None if row is None or row.class_id is None else library.classes.rows[row.class_id]
    return None if here is None else (*here.owner, here.path)


def _in_doubt(library: Library, row: Material) -> bool:
    here = None if row.class_id is None else library.classes.rows[row.class_id]
    above = here is not None and here.in_doubt
    return above or bool(library.doubts_of("material", row.material_id))


def _agrees(place: Place | None, row: Material | None, true: TrueMaterial | None) -> bool:
    if row is None or true is None:
        return row is None and true is None
    told = {name: getattr(row, name) for name in true.told}
    return place == (*true.owner, true.path) and told == _told(true)


def _naive_agrees(entry: Entry | None, true: TrueMaterial | None) -> bool:
    if entry is None or true is None:
        return entry is None and true is None
    if entry.node is None or entry.node.place() != (*true.owner, true.path):
        return False
    return all(_sorted(entry.told.get(name)) == value for name, value in _told(true).items())


def _told(true: TrueMaterial) -> dict[str, Any]:
    return {name: _sorted(getattr(true, name)) for name in true.told}


def _sorted(value: Any) -> Any:  # noqa: ANN401 - a name, or tags
    return value if value is None or isinstance(value, str) else tuple(sorted(set(value)))


def trust(source: Feed, way: Way, seed: int, loss: float) -> Share:
    """Deliver a feed to both copies."""
    mirror, naive = MemoryMirror(), LastArrivalWins()
    for delivery in way.channel(seed, loss).deliver(source.callbacks):
        mirror.deliver(delivery.body, delivery.at_us)
        naive.deliver(delivery.body)
    return judge(mirror.library, naive, source.platform)


# ---------------------------------------------------------------------- putting it right


class Cost(NamedTuple):
    """What one full reconciliation of a mirror took."""

    loss: float
    materials: int
    wrong: int
    doubts: int
    calls: int
    listing: int
    details: int
    left: int

    @property
    def floor(self) -> int:
        """The fewest calls that tell all: pages of 50, and details of 20."""
        return math.ceil(self.materials / PAGE) + math.ceil(self.materials / TOGETHER)


def converge(source: Feed, way: Way, seed: int, loss: float, folder: Path) -> Cost:
    """Deliver a feed to a mirror in a database, reconcile once, and count the calls."""
    with closing(open_database(f"sqlite:///{folder / f'{seed}-{loss}.db'}")) as database:
        migrate.upgrade(database)
        world = World(database, seed=seed)
        world.platform = world.reader.platform = source.platform
        arrivals = way.channel(seed, loss).deliver(source.callbacks)
        with database.write() as connection:
            journal.append(connection, world.name, [_arrival(one) for one in arrivals])
        world.now = arrivals[-1].at_us + SECOND
        world.apply()
        wrong = misplaced(world)
        doubts = len(world.doubts())
        names: list[str] = []
        with world.clock(), world.meanwhile(names.append):
            world.reconcile()
        left = sum(len(side) for sides in world.differences().values() for side in sides)
        return Cost(
            loss,
            source.platform.count()[1],
            wrong,
            doubts,
            len(names),
            names.count("media_ids"),
            names.count("materials"),
            left + len(world.doubts()),
        )


def _arrival(one: Delivery) -> journal.Arrival:
    return journal.Arrival(one.body, Micros(one.at_us))


def misplaced(world: World) -> int:
    """How many materials are in another place than the mirror has them in, or on one side only."""
    sides = world.differences().get("media", (set(), set()))
    mine, theirs = ({row[0]: row[1:4] for row in side} for side in sides)
    return sum(mine.get(key) != theirs.get(key) for key in mine.keys() | theirs.keys())


# ---------------------------------------------------------------------- telling


def trust_table(deliveries: int, seeds: Sequence[int]) -> Iterator[str]:
    """The lines of the first table, a combination of loss and way each."""
    yield (
        "| lost | order | materials | right | wrong, in doubt | wrong, not in doubt "
        "| last arrival wins: wrong |"
    )
    yield "|---|---|---|---|---|---|---|"
    feeds = {seed: feed(seed, deliveries) for seed in seeds}
    for loss, way in product(LOSSES, WAYS):
        total = Share(0, 0, 0, 0, 0)
        for seed in seeds:
            total += trust(feeds[seed], way, seed, loss)
        counts = (total.right, total.wrong_doubted, total.wrong_undoubted)
        shares = [count / total.materials for count in counts]
        shares.append(total.naive_wrong / total.naive_materials)
        cells = [f"{share:.3%}" for share in shares]
        yield f"| {loss:.0%} | {way.name} | {total.materials:,} | {' | '.join(cells)} |"


def cost_table(deliveries: int, seed: int) -> Iterator[str]:
    """The lines of the second table, a loss each."""
    yield (
        "| lost | materials | misplaced before | doubts before | calls | of these listing + details "
        "| floor | calls / floor | at 20 a second | differences and doubts left |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    source = feed(seed, deliveries)
    with tempfile.TemporaryDirectory() as folder:
        for loss in LOSSES:
            cost = converge(source, WAYS[-1], seed, loss, Path(folder))
            yield (
                f"| {loss:.0%} | {cost.materials:,} | {cost.wrong:,} | {cost.doubts:,} "
                f"| {cost.calls:,} | {cost.listing:,} + {cost.details:,} | {cost.floor:,} "
                f"| {cost.calls / cost.floor:.2f} | {cost.calls / RATE:.0f} s | {cost.left} |"
            )


def report(deliveries: int = DELIVERIES, seeds: Sequence[int] = SEEDS) -> str:
    """The generated part of the document."""
    return "\n".join(
        [
            f"Made by `{COMMAND}`.",
            f"{deliveries:,} callbacks each of the seeds {', '.join(map(str, seeds))}.",
            "",
            "### Without reconciliation",
            "",
            *trust_table(deliveries, seeds),
            "",
            "### Putting it right",
            "",
            f"Seed {seeds[0]}, {WAYS[-1].name}.",
            "",
            *cost_table(deliveries, seeds[0]),
        ]
    )


def write(text: str) -> None:
    """Put the generated part into the document."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description="Measure how reliable a mirror is.")
    parser.add_argument("--write", action="store_true", help="put the tables into the document")
    parser.add_argument("--deliveries", type=int, default=DELIVERIES)
    options = parser.parse_args()
    text = report(options.deliveries)
    if options.write:
        write(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
