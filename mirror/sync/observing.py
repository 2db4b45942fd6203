"""Reads of the platform, bounded, and what they show as observations: the pieces that reconciliation is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import TypeVar

from mirror.core.events import (
    MaterialsMissing,
    MaterialsObserved,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.model import MaterialId, Owner, ProjectId
from mirror.store import reconciling
from mirror.store.engine import Database
from mirror.sync.reading import Reader, Sink

T = TypeVar("T")

TOGETHER = 20
"""Ids in one DescribeMaterials, DescribeProjects or DescribeTasks call (API pages 1156/43264, 43244)."""


class BudgetSpent(Exception):
    """The calls that this run may make are used up, or it was told to stop."""


Tell = Callable[[str, int], None]
"""Told of progress: what was read, and how many of it."""


class Observing:
    """Reads one platform. `budget` bounds the calls, about; None is no bound.

    Every observation is as of the journal's head when its read began.
    """

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
        self._calls_before = reader.calls
        self._owners = 0
        self._refused: list[Owner] = []  # owners that the platform would not tell of
        self._read: set[MaterialId] = set()  # by a dry run, which leaves no trace in the database

    @property
    def calls(self) -> int:
        """How many calls were made so far."""
        return self._reader.calls - self._calls_before

    def read_materials(self, ids: Iterable[MaterialId], *, sample: bool = False) -> int:
        """Ask for materials by id, in twenties; what is not there is missing. Return how many could be told of."""
        told = 0
        for some in twenties(ids):
            as_of = self._sink.head()
            answer = self.call(self._reader.materials, some)
            if answer.found:
                self._sink.put(MaterialsObserved(as_of, answer.found, sample))
            if answer.missing:
                self._sink.put(MaterialsMissing(as_of, answer.missing, sample))
            told += len(answer.found) + len(answer.missing)
            if self._dry:
                self._read.update(some)
            self._tell("materials", len(some))
        return told

    def listed_owners(self) -> list[Owner]:
        """Return the owners that the platform lists."""
        return self.call(lambda: list(self._reader.owners()))

    def read_projects(self) -> None:
        """Read the list of all projects; what it lacks is gone."""
        as_of = self._sink.head()
        listing = self.call(self._reader.projects)
        self._sink.put(ProjectsObserved(as_of, listing.complete, listing.projects))
        self._tell("projects", len(listing.projects))

    def read_projects_by_id(self, ids: Sequence[ProjectId]) -> None:
        """Ask for at most 20 projects by id."""
        as_of = self._sink.head()
        found = self.call(self._reader.projects_by_id, ids)
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
            found = self.call(self._reader.tasks, ids)
            if found:
                self._sink.put(TasksObserved(as_of, tuple(found)))
            after = ids[-1]
            self._tell("tasks", len(ids))

    def call(self, read: Callable[..., T], *arguments: object) -> T:
        """Read, unless the calls are used up or this is to stop: then raise BudgetSpent."""
        if self._stopping() or (self._budget is not None and self.calls >= self._budget):
            raise BudgetSpent
        return read(*arguments)

    def pages(self, pages: Iterator[Sequence[T]]) -> Iterator[Sequence[T]]:
        """Read page after page, each as `call` does."""
        while True:
            page = self.call(lambda: next(pages, None))
            if page is None:
                return
            yield page


def twenties(ids: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Cut ids into as many as one call takes."""
    wanted = list(ids)
    for start in range(0, len(wanted), TOGETHER):
        yield tuple(wanted[start : start + TOGETHER])
