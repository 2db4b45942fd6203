"""The working set: the part of one platform's library that a batch of deliveries touches, indexed.

Transitions read and change it; what they miss they ask for by raising `NotLoaded`. It knows which rows a batch has
changed and can take back what the current delivery did. No I/O happens here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from mirror.core import paths
from mirror.core.mentions import Mentions
from mirror.core.model import (
    ClassId,
    Correction,
    Deletion,
    Departure,
    Doubt,
    DoubtKey,
    DoubtKind,
    File,
    FileId,
    Heard,
    Link,
    Material,
    MaterialId,
    MediaClass,
    Micros,
    Owner,
    OwnerRecord,
    Place,
    Project,
    ProjectId,
    ProjectStatus,
    Sample,
    Seq,
    Tangle,
    Task,
    TaskId,
)
from mirror.core.rules import Rules
from mirror.core.shelf import LapsingShelf, Ledger, NotLoaded, Shelf

Index = dict[ClassId, dict[MaterialId, None]]


class Library:
    """Rows in memory, the indexes over them, and the delivery that is being folded.

    `seq` and `now` are the delivery's place in the journal and its logical time. `as_of` is what changes count as
    touching: the delivery's own place, or for an observation the place as of which the platform was read.
    """

    def __init__(self, rules: Rules) -> None:
        """Start with nothing loaded, at the journal's beginning."""
        self.rules = rules
        self.seq = Seq(0)
        self.now = Micros(0)
        self.as_of = Seq(0)
        self.ledger = ledger = Ledger()
        self.next_class_id: Shelf[str, int] = Shelf("next_class_id", ledger)
        self.next_class_id.rows["next"] = 1
        self.owners: Shelf[Owner, OwnerRecord] = Shelf("owners", ledger)
        self.classes: Shelf[ClassId, MediaClass] = Shelf("classes", ledger, watch=self._index_class)
        self.departures: LapsingShelf[Place, Departure] = LapsingShelf(
            "departures", ledger, at=lambda left: left.at, watch=self._index_departure
        )
        self.deletions: LapsingShelf[Place, Deletion] = LapsingShelf(
            "deletions", ledger, at=lambda gone: gone.at
        )
        self.heard: LapsingShelf[str, Heard] = LapsingShelf("heard", ledger, at=lambda h: h.at)
        self.tangles: LapsingShelf[MaterialId, Tangle] = LapsingShelf(
            "tangles", ledger, at=lambda tangle: tangle.opened_at, watch=self._index_tangle
        )
        self.materials: Shelf[MaterialId, Material] = Shelf(
            "materials", ledger, watch=self._index_material
        )
        self.links: Shelf[MaterialId, tuple[Link, ...]] = Shelf(
            "links", ledger, watch=self._index_links
        )
        self.files: Shelf[FileId, File] = Shelf("files", ledger)
        self.projects: Shelf[ProjectId, Project] = Shelf("projects", ledger)
        self.tasks: Shelf[TaskId, Task] = Shelf("tasks", ledger)
        self.doubts: Shelf[DoubtKey, tuple[Doubt, ...]] = Shelf("doubts", ledger, complete=True)
        self.history: list[ProjectStatus] = []
        self.corrections: list[Correction] = []
        self.samples: list[Sample] = []
        self.corrections_mark = 0
        self._history_mark = 0
        self._samples_mark = 0
        self._trees: dict[Owner, dict[str, ClassId]] = {}
        self._children: dict[ClassId, dict[ClassId, None]] = {}
        self._departed: dict[ClassId, dict[Place, None]] = {}
        self._tangled = Mentions()
        self._members: Index = {}
        self._placed: Index = {}
        self._whole: set[ClassId] = set()
        self.all_projects_loaded = False
        self.holds_everything = False  # there is no row that is not in memory
        self._memories = (self.departures, self.deletions, self.heard, self.tangles)
        self._light = (self.materials, self.links, self.files, self.projects, self.tasks)

    # ------------------------------------------------------------------ one delivery

    def begin(self, seq: Seq, received_at: Micros) -> None:
        """Turn to a delivery: logical time goes on, never back, and memories older than the horizon lapse.

        Calling it again for the same delivery changes nothing more.
        """
        self.seq = self.as_of = seq
        self.now = max(self.now, received_at)
        self.ledger.entries.clear()
        self._history_mark = len(self.history)
        self.corrections_mark = len(self.corrections)
        self._samples_mark = len(self.samples)
        for memories in self._memories:
            memories.lapse(self.now - self.rules.horizon)
        self.ledger.entries.clear()

    def undo(self) -> None:
        """Take back all that the current delivery changed."""
        self.ledger.undo()
        del self.history[self._history_mark :]
        del self.corrections[self.corrections_mark :]
        del self.samples[self._samples_mark :]

    def within_horizon(self, at: Micros | None) -> bool:
        """Tell whether a logical time is at most one horizon ago."""
        return at is not None and self.now - at <= self.rules.horizon

    # ------------------------------------------------------------------ classes

    def tree(self, owner: Owner) -> dict[str, ClassId]:
        """Return the owner's classes by path; raise `NotLoaded` if nobody knows them."""
        if owner not in self.owners.rows:
            raise NotLoaded("owners", (owner,))
        return self._trees.setdefault(owner, {})

    def standing(self, place: Place) -> MediaClass | None:
        """Return the class that stands at a place."""
        tree = self._trees.get(place.owner)
        class_id = (self.tree(place.owner) if tree is None else tree).get(place.path)
        return None if class_id is None else self.classes.rows[class_id]

    def children(self, class_id: ClassId) -> list[MediaClass]:
        """Return the direct subclasses in the order of their ids."""
        rows = self.classes.rows
        return [c for i in sorted(self._children.get(class_id, ())) if (c := rows[i]) is not None]

    def subtree(self, top: MediaClass) -> list[MediaClass]:
        """Return a class and all beneath it, parents first."""
        found = [top]
        for node in found:
            found.extend(self.children(node.class_id))
        return found

    def new_class_id(self) -> ClassId:
        """Take the next class id; ids are never used again."""
        class_id = self.next_class_id.get("next")
        if class_id is None:  # pragma: no cover - the counter always stands
            raise AssertionError
        self.next_class_id.put("next", class_id + 1)
        self._whole.add(ClassId(class_id))  # nothing in the database refers to it yet
        return ClassId(class_id)

    def _index_class(self, key: ClassId, old: MediaClass | None, new: MediaClass | None) -> None:
        if old is not None:
            tree = self._trees.get(old.owner)
            if tree is not None and tree.get(old.path) == key:
                del tree[old.path]
            if old.parent_id is not None:
                self._children[old.parent_id].pop(key, None)
        if new is not None:
            if new.path:  # a class without a path is unhooked, in the middle of a move
                self._trees.setdefault(new.owner, {})[new.path] = key
            if new.parent_id is not None:
                self._children.setdefault(new.parent_id, {})[key] = None

    # ------------------------------------------------------------------ memories

    def departures_of(self, class_id: ClassId) -> list[Departure]:
        """Return the memories of where a class left."""
        places = list(self._departed.get(class_id, ()))
        return [left for place in places if (left := self.departures.get(place)) is not None]

    def tangles_at(self, place: Place) -> list[Tangle]:
        """Return the open tangles that name a place or one beneath it."""
        ids = self._tangled.at_or_beneath(place)
        return [tangle for i in ids if (tangle := self.tangles.get(i)) is not None]

    def _index_departure(self, key: Place, old: Departure | None, new: Departure | None) -> None:
        if old is not None:
            self._departed[old.class_id].pop(key)
            if not self._departed[old.class_id]:
                del self._departed[old.class_id]
        if new is not None:
            self._departed.setdefault(new.class_id, {})[key] = None

    def _index_tangle(self, key: MaterialId, old: Tangle | None, new: Tangle | None) -> None:
        before = set() if old is None else old.places
        self._tangled.replace(key, before, set() if new is None else new.places)

    # ------------------------------------------------------------------ materials of classes

    def members(self, class_ids: Iterable[ClassId]) -> list[Material]:
        """Return the live materials in the classes, sorted by id."""
        return self._inside(class_ids, self._members)

    def placed(self, class_ids: Iterable[ClassId]) -> list[Material]:
        """Return the materials that a placement link shows in one of the classes, sorted by id."""
        return self._inside(class_ids, self._placed)

    def _inside(self, class_ids: Iterable[ClassId], index: Index) -> list[Material]:
        wanted = list(class_ids)
        unknown = [class_id for class_id in wanted if class_id not in self._whole]
        if unknown:
            raise NotLoaded("members", unknown)
        ids = sorted({m for class_id in wanted for m in index.get(class_id, ())})
        return [m for i in ids if (m := self.materials.get(i)) is not None]

    def members_loaded(self, class_ids: Iterable[ClassId]) -> None:
        """Note that every material in or placed in these classes is in memory."""
        self._whole.update(class_ids)

    def _index_material(self, key: MaterialId, old: Material | None, new: Material | None) -> None:
        before = old.class_id if old is not None else None
        after = new.class_id if new is not None else None
        if before == after:
            return
        if before is not None:
            self._members[before].pop(key, None)
        if after is not None:
            self._members.setdefault(after, {})[key] = None

    def _index_links(
        self, key: MaterialId, old: tuple[Link, ...] | None, new: tuple[Link, ...] | None
    ) -> None:
        for link in old or ():
            if link.class_id is not None:
                self._placed[link.class_id].pop(key, None)
        for link in new or ():
            if link.class_id is not None:
                self._placed.setdefault(link.class_id, {})[key] = None

    # ------------------------------------------------------------------ doubts

    def doubts_of(self, kind: DoubtKind, key: str) -> tuple[Doubt, ...]:
        """Return the open doubts about one thing, which must be loaded."""
        return self.doubts.get(DoubtKey(kind, key)) or ()

    def doubt(self, kind: DoubtKind, key: str, reason: str) -> None:
        """Record a doubt; one that is open already keeps its first delivery."""
        known = self.doubts_of(kind, key)
        old = next((doubt for doubt in known if doubt.reason == reason), None)
        first = old or Doubt(kind, key, reason, self.now, self.seq)
        others = tuple(doubt for doubt in known if doubt is not old)
        self.doubts.put(DoubtKey(kind, key), (*others, replace(first, last_seq=self.seq)))

    def settle(self, kind: DoubtKind, key: str, *reasons: str) -> None:
        """End the doubts about one thing: those named, or all."""
        if known := self.doubts_of(kind, key):
            left = tuple(d for d in known if reasons and d.reason not in reasons)
            if left != known:
                self.doubts.put(DoubtKey(kind, key), left or None)

    def settle_older(self, kind: DoubtKind, key: str, until: Seq) -> None:
        """End the doubts about one thing that no delivery after `until` has raised again."""
        known = self.doubts_of(kind, key)
        left = tuple(doubt for doubt in known if doubt.last_seq > until)
        if left != known:
            self.doubts.put(DoubtKey(kind, key), left or None)

    def class_doubts(self, class_id: ClassId) -> tuple[Doubt, ...]:
        """Return the open doubts about a class itself."""
        return self.doubts_of("class", str(class_id))

    # ------------------------------------------------------------------ batches

    def refresh_class_doubt(self) -> None:
        """Set `in_doubt` of every class whose own doubts, or a class above it, changed in this batch."""
        heap: list[tuple[int, ClassId]] = []
        seen: set[ClassId] = set()

        def push(class_id: ClassId) -> None:
            row = self.classes.rows.get(class_id)
            if row is not None and class_id not in seen:
                seen.add(class_id)
                heapq.heappush(heap, (paths.depth(row.path), class_id))

        for class_id in self.classes.dirty:
            push(class_id)
        for doubt_key in self.doubts.dirty:
            if doubt_key.kind == "class":
                push(ClassId(int(doubt_key.key)))
        while heap:
            _, class_id = heapq.heappop(heap)
            row = self.classes.rows[class_id]
            if row is None:
                continue
            above = None if row.parent_id is None else self.classes.rows[row.parent_id]
            flag = bool(self.class_doubts(class_id)) or (above is not None and above.in_doubt)
            if flag != row.in_doubt:
                self.classes.put(class_id, replace(row, in_doubt=flag))
                for child in self.children(class_id):
                    push(child.class_id)
        self.ledger.entries.clear()

    def shelves(self) -> Iterator[Shelf[object, object]]:
        """Yield every shelf."""
        for value in vars(self).values():
            if isinstance(value, Shelf):
                yield value

    def written(self) -> None:
        """Note that all changes so far are in the database."""
        for shelf in self.shelves():
            shelf.dirty.clear()
        self.history.clear()
        self.corrections.clear()
        self.samples.clear()
        self._history_mark = self.corrections_mark = self._samples_mark = 0

    def holds_over(self, most: int) -> bool:
        """Tell whether more than `most` rows are held of what can be loaded again."""
        return sum(len(shelf.rows) for shelf in self._light) > most or len(self.classes.rows) > most

    def shrink(self, most: int) -> None:
        """Forget what is cheap to load again, for more than `most` rows are held. Only between batches.

        What is forgotten must be in the database by now.
        """
        self.holds_everything = False
        for shelf in self._light:
            shelf.forget()
        self._members.clear()
        self._placed.clear()
        self._whole.clear()
        self.all_projects_loaded = False
        about_classes = len(self.classes.rows) <= most
        if not about_classes:
            self.owners.forget()
            self.classes.forget()
            self._trees.clear()
            self._children.clear()
        for key in [k for k in self.doubts.rows if k.kind != "class" or not about_classes]:
            del self.doubts.rows[key]
