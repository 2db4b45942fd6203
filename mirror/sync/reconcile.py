"""Holds the mirror against the platform: settles doubts, then reads owner by owner, least recently read first.

Whatever is learnt becomes an observation, as of the journal's head when its read began. A deletion is concluded only
from an answer by id. Stopping at any moment loses nothing: what was read is journaled, and the next run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import TypeVar

from msgspec import Struct

from mirror.core import paths
from mirror.core.events import (
    ClassesObserved,
    MaterialsMissing,
    MaterialsObserved,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.model import MaterialId, Micros, Owner, ProjectId, Seq
from mirror.store import journal, reconciling
from mirror.store.engine import Database
from mirror.sync.reading import Reader, Sink

T = TypeVar("T")

TOGETHER = 20
"""Ids in one DescribeMaterials, DescribeProjects or DescribeTasks call (API pages 1156/43264, 43244)."""

ROUNDS = 5
"""Times that doubts are looked at, since settling one may raise others, and that classes are listed anew."""

MANY = 10_000

LIGHT = frozenset({"inferred-class", "rename-guessed", "impossible-move", "creation-dropped"})
"""Doubts that only ask whether classes are there: where the class lists agree, they were unfounded."""


class BudgetSpent(Exception):
    """The calls that this run may make are used up, or it was told to stop."""


class Outcome(Struct, frozen=True):
    """What a run did: calls made, owners read completely, and whether it came to its end."""

    calls: int
    owners: int
    complete: bool


Tell = Callable[[str, int], None]
"""Told of progress: what was read, and how many of it."""


class Reconciler:
    """One platform's reconciliation. `budget` bounds the calls of a run; None is no bound."""

    def __init__(  # noqa: PLR0913 - its parts, wired by the service
        self,
        database: Database,
        platform: str,
        reader: Reader,
        sink: Sink,
        *,
        budget: int | None = None,
        tell: Tell = lambda _what, _count: None,
        stopping: Callable[[], bool] = lambda: False,
        dry: bool = False,
        random: Random | None = None,
    ) -> None:
        """Bind the parts; nothing is read yet."""
        self._database = database
        self._platform = platform
        self._reader = reader
        self._sink = sink
        self._budget = budget
        self._tell = tell
        self._stopping = stopping
        self._dry = dry
        self._random = random or Random()  # noqa: S311 - draws a sample, keeps no secret
        self._calls = 0
        self._owners = 0
        self._read: set[MaterialId] = set()  # by a dry run, which leaves no trace in the database

    @property
    def calls(self) -> int:
        """How many calls were made so far."""
        return self._calls

    # ------------------------------------------------------------------ runs

    def run(self, *, only: Sequence[Owner] = (), full: bool = False) -> Outcome:
        """Settle doubts, then read everything, or these owners only; `full` forgets what was read before."""
        if full and not self._dry:
            with self._database.write() as connection:
                reconciling.forget_sweeps(connection, self._platform)
        try:
            self.settle_doubts()
            self.confirm_deletions(MANY)
            self.sweep(only)
            if not only:
                self.read_projects()
                self.read_tasks()
            self._sink.settle()
            self.settle_doubts()
        except BudgetSpent:
            self._sink.settle()
            return Outcome(self._calls, self._owners, complete=False)
        return Outcome(self._calls, self._owners, complete=True)

    def settle_doubts(self) -> None:
        """Look at everything in doubt, until nothing is or looking again changes nothing."""
        before: object = None
        for _ in range(ROUNDS):
            with self._database.read() as connection:
                materials = reconciling.doubted_materials(connection, self._platform, MANY)
                projects = reconciling.doubted_projects(connection, self._platform, MANY)
                owners = reconciling.doubted_owners(connection, self._platform)
            now = (materials, projects, owners)
            if now == before or not any(now):
                return
            before = now
            self.read_materials(materials)
            for some in _twenties(projects):
                self._read_projects_by_id(some)
            self._sink.settle()
            for owner in owners:
                self._settle_classes(owner)
            self._sink.settle()

    def _settle_classes(self, owner: Owner) -> None:
        """Settle doubts about classes: by one listing where that is enough, else media first."""
        with self._database.read() as connection:
            mine = reconciling.class_paths(connection, self._platform, owner)
            reasons = reconciling.class_doubt_reasons(connection, self._platform, owner)
            as_of = reconciling.applied_seq(connection, self._platform)
        theirs = self._call(self._reader.class_paths, owner)
        listed = {paths.ROOT}.union(*(paths.upwards(paths.normalise(p)) for p in theirs))
        if reasons <= LIGHT and listed == set(mine):
            self._sink.put(ClassesObserved(min(as_of, self._sink.head()), owner, tuple(theirs)))
            return
        with self._database.read() as connection:
            gone = sorted(set(mine).difference(listed))
            doubted = reconciling.materials_to_place(connection, self._platform, owner, gone)
            media_as_of = reconciling.applied_seq(connection, self._platform)
        self.read_materials(doubted)
        self._sink.settle()
        self._observe_classes(owner, media_as_of)

    def confirm_deletions(self, most: int) -> None:
        """Ask for materials that were said to be deleted: whoever learns the address could have said so."""
        with self._database.read() as connection:
            said = reconciling.unconfirmed_materials(connection, self._platform, most, deleted=True)
        self.read_materials(said)

    def enrich(self, most: int) -> int:
        """Read the details of materials that no observation has shown yet; return how many could be told of."""
        with self._database.read() as connection:
            new = reconciling.unconfirmed_materials(connection, self._platform, most, deleted=False)
        told = self.read_materials(new)
        if told:
            self._sink.settle()  # or the next look would ask for them again
        return told

    def sample(self, count: int) -> None:
        """Read materials drawn at random, to estimate how many rows are wrong."""
        with self._database.read() as connection:
            drawn = reconciling.random_materials(connection, self._platform, count, self._random)
        self.read_materials(drawn, sample=True)

    # ------------------------------------------------------------------ reading

    def read_materials(self, ids: Iterable[MaterialId], *, sample: bool = False) -> int:
        """Ask for materials by id, in twenties; what is not there is missing. Return how many could be told of."""
        told = 0
        for some in _twenties(ids):
            as_of = self._sink.head()
            answer = self._call(self._reader.materials, some)
            if answer.found:
                self._sink.put(MaterialsObserved(as_of, answer.found, sample))
            if answer.missing:
                self._sink.put(MaterialsMissing(as_of, answer.missing, sample))
            told += len(answer.found) + len(answer.missing)
            if self._dry:
                self._read.update(some)
            self._tell("materials", len(some))
        return told

    def sweep(self, only: Sequence[Owner] = ()) -> None:
        """Read owners completely: those given, or all, least recently read first."""
        for owner in only or self._all_owners():
            self.sweep_owner(owner)

    def sweep_owner(self, owner: Owner, aside: Callable[[], object] = lambda: None) -> None:
        """Read an owner's media, then what the mirror has beyond them, then the classes.

        Between two pages `aside` may do what is more urgent: a large owner takes hours.
        """
        started = self._begin(owner)
        with self._database.read() as connection:
            # Doubts raised since are not answered by what was read first, perhaps in an earlier run.
            began = journal.seq_at(connection, self._platform, started)
            media_as_of = min(began, reconciling.applied_seq(connection, self._platform))
        for page in self._pages(self._reader.media_ids(owner)):
            self.read_materials(self._unread(page, started))
            aside()
        self._sink.settle()
        for known in self._known(owner):
            self.read_materials(self._unread(known, started))
            aside()
        self._sink.settle()
        if not self._observe_classes(owner, media_as_of):
            return  # it stays the next one to be read
        self._end(owner)
        self._owners += 1
        self._tell("owners", 1)

    def _begin(self, owner: Owner) -> Micros:
        """Return when this sweep began, perhaps in an earlier run."""
        if self._dry:
            with self._database.read() as connection:
                return self._database.now(connection)
        with self._database.write() as connection:
            now = reconciling.logical_now(
                connection, self._platform, self._database.now(connection)
            )
            return reconciling.begin_sweep(connection, self._platform, owner, now)

    def _end(self, owner: Owner) -> None:
        if not self._dry:
            with self._database.write() as connection:
                now = self._database.now(connection)
                reconciling.end_sweep(connection, self._platform, owner, now)

    def _observe_classes(self, owner: Owner, media_as_of: Seq) -> bool:
        """List an owner's classes, anew while they change meanwhile; return whether a list was taken."""
        for _ in range(ROUNDS):
            as_of = self._sink.head()
            theirs = self._call(self._reader.class_paths, owner)
            self._sink.put(ClassesObserved(as_of, owner, tuple(theirs), media_as_of))
            self._sink.settle()
            with self._database.read() as connection:
                if reconciling.structure_seq(connection, self._platform, owner) <= as_of:
                    return True
        return False

    def listed_owners(self) -> list[Owner]:
        """Return the owners that the platform lists."""
        return self._call(lambda: list(self._reader.owners()))

    def _all_owners(self) -> Iterator[Owner]:
        with self._database.read() as connection:
            known = [sweep.owner for sweep in reconciling.sweeps(connection, self._platform)]
        listed = self.listed_owners()
        yield from dict.fromkeys([*(o for o in listed if o not in set(known)), *known])

    def _unread(self, ids: Sequence[MaterialId], started: Micros) -> list[MaterialId]:
        """Leave out what this sweep has read before it was interrupted."""
        if not ids:
            return []
        if self._dry:
            return [material_id for material_id in ids if material_id not in self._read]
        with self._database.read() as connection:
            read = reconciling.confirmed_since(connection, self._platform, ids, started)
        return [material_id for material_id in ids if material_id not in read]

    def _known(self, owner: Owner) -> Iterator[list[MaterialId]]:
        after = ""
        while True:
            with self._database.read() as connection:
                page = reconciling.materials_of(connection, self._platform, owner, after, 500)
            if not page:
                return
            yield [material_id for material_id, _ in page]
            after = page[-1][0]

    def read_projects(self) -> None:
        """Read the list of all projects; what it lacks is gone."""
        as_of = self._sink.head()
        listing = self._call(self._reader.projects)
        self._sink.put(ProjectsObserved(as_of, listing.complete, listing.projects))
        self._tell("projects", len(listing.projects))

    def _read_projects_by_id(self, ids: Sequence[ProjectId]) -> None:
        as_of = self._sink.head()
        found = self._call(self._reader.projects_by_id, ids)
        self._sink.put(ProjectsObserved(as_of, complete=False, projects=tuple(found)))

    def read_tasks(self) -> None:
        """Read export tasks that no observation has shown; one that the platform has forgotten stays as told."""
        after = ""
        while True:
            with self._database.read() as connection:
                ids = reconciling.open_tasks(connection, self._platform, after, TOGETHER)
            if not ids:
                return
            as_of = self._sink.head()
            found = self._call(self._reader.tasks, ids)
            if found:
                self._sink.put(TasksObserved(as_of, tuple(found)))
            after = ids[-1]
            self._tell("tasks", len(ids))

    # ------------------------------------------------------------------ calls

    def _call(self, read: Callable[..., T], *arguments: object) -> T:
        if self._stopping() or (self._budget is not None and self._calls >= self._budget):
            raise BudgetSpent
        self._calls += 1
        return read(*arguments)

    def _pages(self, pages: Iterator[Sequence[T]]) -> Iterator[Sequence[T]]:
        while True:
            page = self._call(lambda: next(pages, None))
            if page is None:
                return
            yield page


def _twenties(ids: Iterable[T]) -> Iterator[tuple[T, ...]]:
    wanted = list(ids)
    for start in range(0, len(wanted), TOGETHER):
        yield tuple(wanted[start : start + TOGETHER])
