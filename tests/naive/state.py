"""What the naive mirror remembers, as plain rows, and how it looks things up: by scanning."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.naive.decode import MetaData
from tests.naive.paths import ROOT as ROOT_PATH
from tests.naive.paths import Owner, Place, at_or_beneath, beneath, join, parent, prefixes

# "Preset classes exist for every owner before the mirror has seen them".
PRESETS: tuple[str, ...] = (
    "/媒资",
    "/素材",
    "/素材/视频",
    "/素材/音频",
    "/素材/图片",
    "/效果素材",
    "/效果素材/文字",
    "/效果素材/图文",
    "/效果素材/字幕",
    "/效果素材/贴图",
    "/效果素材/转场",
    "/效果素材/背景音乐",
    "/效果素材/滤镜",
    "/效果素材/音效",
    "/效果素材/动效",
    "/效果素材/边框",
    "/效果素材/风格",
    "/模板",
    "/成片",
    "/收藏",
    "/发布通道",
)


@dataclass
class ClassRow:
    """A class. `known_since` is when its row was made; `guess`: only what is in it shows it."""

    class_id: int
    place: Place
    origin: str
    known_since: int
    guess: bool = False
    changed_seq: int = 0

    def is_guess(self) -> bool:
        """Known only because something is in it: neither a preset nor a root."""
        return self.guess


@dataclass
class Departure:
    """The moved-away memory of one path: which class left it, when, and for where (as said).

    It is pending when the class that left was never seen to stand there.
    """

    class_id: int
    at: int
    destination: Place
    pending: bool = False
    used: bool = False


@dataclass(frozen=True)
class Move:
    """A material's move as the event says it, and when it came."""

    source: Place
    destination: Place
    at: int


@dataclass
class Tangle:
    """Moves (resolved) whose order is unknown; `start` is None for nowhere."""

    opened: int
    start: Place | None
    creation: Place | None = None
    moves: list[tuple[Place, Place]] = field(default_factory=list)
    optional: list[tuple[Place, Place]] = field(default_factory=list)


@dataclass
class MaterialRow:
    material_id: str
    state: str  # live, detached, deleted
    origin: str
    class_id: int | None = None
    last_location: Place | None = None
    name: str | None = None
    material_type: str | None = None
    file_id: str | None = None
    preset_tags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    created_location: Place | None = None
    moves: list[Move] = field(default_factory=list)
    last_move: Move | None = None  # forgotten by a first creation
    tangle: Tangle | None = None
    set_by_events: dict[str, tuple[object, int]] = field(default_factory=dict)
    created_seq: int = 0
    changed_seq: int = 0


@dataclass
class FileRow:
    file_id: str
    operation_type: str | None = None
    task_id: str | None = None
    project_id: str | None = None
    metadata: MetaData = field(default_factory=MetaData)


@dataclass
class LinkRow:
    """A placement stands in a class of its own; the other kinds stand where their material is."""

    material_id: str
    kind: str
    class_id: int | None = None
    target_material_id: str | None = None
    target_owner: Owner | None = None
    target_class_path: str | None = None
    status: str | None = None


@dataclass
class ProjectRow:
    project_id: str
    category: str | None = None
    name: str | None = None
    status: str | None = None
    running: bool = False
    pvw_on: bool = False
    pgm_on: bool = False
    interrupted_inputs: tuple[str, ...] = ()
    interrupted_outputs: tuple[str, ...] = ()
    gone: bool = False
    changed_seq: int = 0


@dataclass
class TaskRow:
    task_id: str
    status: str | None = None
    err_code: int | None = None
    err_msg: str | None = None
    material_id: str | None = None
    file_id: str | None = None
    seq: int = 0


class State:
    """All of it. Dictionaries are keyed by id; everything else is found by looking through."""

    def __init__(self, horizon_us: int, presets: Sequence[str]) -> None:
        self.horizon_us = horizon_us
        self.presets = tuple(presets)
        self.seq = 0
        self.now = 0
        # The seq that touching and `structure_seq` take from the delivery at hand.
        self.as_of_seq = 0

        self.classes: dict[int, ClassRow] = {}
        self.class_count = 0
        self.absorbed: dict[int, int] = {}
        self.departures: dict[Place, Departure] = {}
        self.deleted_paths: dict[Place, int] = {}
        self.used_presets: set[Place] = set()
        self.structure_seq: dict[Owner, int] = {}
        self.completely_observed: set[Owner] = set()
        self.last_class_event: dict[Owner, tuple[object, int]] = {}
        self.said_at: dict[object, int] = {}

        self.materials: dict[str, MaterialRow] = {}
        self.files: dict[str, FileRow] = {}
        self.links: list[LinkRow] = []
        self.projects: dict[str, ProjectRow] = {}
        self.timeline: list[tuple[str, str, int]] = []
        self.tasks: dict[str, TaskRow] = {}
        self.touched: dict[tuple[str, str], int] = {}
        self.doubts: dict[tuple[str, str, str], int] = {}

    # ------------------------------------------------------------------ time and doubt

    def recent(self, moment: int) -> bool:
        """Within the horizon: now - t <= horizon."""
        return self.now - moment <= self.horizon_us

    def said_lately(self, event: object) -> bool:
        """Whether an equal event was taken up within the horizon; from now on this one was."""
        before = self.said_at.get(event)
        self.said_at[event] = self.now
        return before is not None and self.recent(before)

    def doubt(self, kind: str, key: object, reason: str) -> None:
        """“unique by (kind, key, reason), first seq kept”."""
        self.doubts.setdefault((kind, str(key), reason), self.seq)

    def settle(self, kind: str, key: object, *reasons: str) -> None:
        """Ends the named doubts of one thing; all of them where none is named."""
        for doubt in list(self.doubts):
            if doubt[:2] == (kind, str(key)) and (not reasons or doubt[2] in reasons):
                del self.doubts[doubt]

    def touch(self, kind: str, key: str) -> None:
        """“An observation counts as touching at its `as_of_seq`” (max with what is there)."""
        self.touched[kind, key] = max(self.touched.get((kind, key), 0), self.as_of_seq)

    def structure_changed(self, owner: Owner) -> None:
        """“the last delivery that created (ensure included), moved or deleted a class”."""
        self.structure_seq[owner] = max(self.structure_seq.get(owner, 0), self.as_of_seq)

    # ------------------------------------------------------------------------- classes

    def standing(self, place: Place) -> ClassRow | None:
        for row in self.classes.values():
            if row.place == place:
                return row
        return None

    def children(self, row: ClassRow) -> list[ClassRow]:
        found = [
            other
            for other in self.classes.values()
            if other.place.owner == row.place.owner
            and other.place.path != ROOT_PATH
            and parent(other.place.path) == row.place.path
        ]
        return sorted(found, key=lambda other: other.class_id)

    def subtree(self, row: ClassRow) -> list[ClassRow]:
        """The class and all below it, parents first."""
        found = [other for other in self.classes.values() if at_or_beneath(other.place, row.place)]
        return sorted(found, key=lambda other: other.place.path.split("/"))

    def unseen_preset(self, place: Place) -> bool:
        """It exists for this owner although no row says so."""
        return (
            place.path in self.presets
            and place not in self.used_presets
            and self.standing(place) is None
        )

    def deepest_standing(self, place: Place) -> ClassRow:
        for path in prefixes(place.path):
            row = self.standing(Place(place.owner, path))
            if row is not None:
                return row
        raise LookupError(place)  # every owner has a root

    # ------------------------------------------------------------- moved-away memories

    def departure(self, place: Place) -> Departure | None:
        """A living memory: within the horizon, and its class still exists."""
        memory = self.departures.get(place)
        if memory is not None and self.recent(memory.at) and memory.class_id in self.classes:
            return memory
        return None

    def resolve(self, place: Place, *, use: bool = False) -> Place:
        """“that path and what is beneath it *mean* where that class is now”.

        The longest prefix with a class or a memory decides: a class ends the search, a memory
        puts its class's place for the prefix, and the search begins anew. `use` notes that
        something is done on the strength of it.
        """
        for path in prefixes(place.path):
            prefix = Place(place.owner, path)
            if self.standing(prefix) is not None:
                return place
            memory = self.departure(prefix)
            if memory is not None:
                memory.used = memory.used or use
                there = self.classes[memory.class_id].place
                rest = Place(there.owner, there.path + place.path[len(path) :])
                return self.resolve(rest, use=use)
        raise LookupError(place)  # every owner has a root

    def resolve_exact(self, place: Place, *, use: bool = False) -> Place:
        """The parent through memory, the name as it is."""
        if self.standing(place) is not None or place.path == ROOT_PATH:
            return place
        above = self.resolve(Place(place.owner, parent(place.path)), use=use)
        return Place(above.owner, join(above.path, place.path.rpartition("/")[2]))

    def end_departure(self, place: Place) -> None:
        """“An arrival ends the memory; one that was used leaves doubt `class-moves-tangled`”."""
        memory = self.departures.pop(place, None)
        if memory is None or not memory.used or not self.recent(memory.at):
            return
        if memory.class_id in self.classes:
            self.doubt("class", memory.class_id, "class-moves-tangled")

    def presets_beneath(self, place: Place) -> list[Place]:
        found = [Place(place.owner, path) for path in self.presets if beneath(path, place.path)]
        return [preset for preset in found if self.unseen_preset(preset)]

    # ----------------------------------------------------------------------- materials

    def place_of(self, material: MaterialRow) -> Place | None:
        """Where a live material is."""
        return None if material.class_id is None else self.classes[material.class_id].place

    def open_tangle(self, material: MaterialRow) -> Tangle | None:
        """“While it is open (one horizon from its opening)”."""
        if material.tangle is not None and self.recent(material.tangle.opened):
            return material.tangle
        return None
