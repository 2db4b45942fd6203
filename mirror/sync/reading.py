"""What reconciliation needs of the platform, and what it does with what it learns: two small interfaces.

The client of `mirror.platform` is a `Reader`. Observations go into the journal (`JournalSink`), or, for a dry run, are
folded in memory and thrown away (`DrySink`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from mirror.core.encode import encode
from mirror.core.events import Decoded, Observation, ObservedMaterial, ObservedProject, ObservedTask
from mirror.core.fold import Inbound, fold
from mirror.core.library import Library
from mirror.core.model import Correction, MaterialId, Owner, ProjectId, Seq, TaskId
from mirror.core.rules import Rules
from mirror.core.shelf import NotLoaded
from mirror.store import checkpoints, journal
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.store.state import Loader

RECONCILE: Final = "reconcile"


class Answer(Protocol):
    """What the platform said of materials asked for by id. One that is neither could not be read."""

    @property
    def found(self) -> tuple[ObservedMaterial, ...]:
        """Those that are there."""

    @property
    def missing(self) -> tuple[MaterialId, ...]:
        """Those that are not."""


class Listing(Protocol):
    """All projects. If it is not `complete`, others may have been there while it was read."""

    @property
    def projects(self) -> tuple[ObservedProject, ...]:
        """Those that were listed."""

    @property
    def complete(self) -> bool:
        """Whether there were no others."""


class Reader(Protocol):
    """Reads of the platform. Every method may raise PlatformUnavailable; nothing it returns is a guess."""

    @property
    def calls(self) -> int:
        """How many calls were sent so far, repeated ones included."""

    def owners(self) -> Iterator[Owner]:
        """Yield the teams and accounts that the platform lists; not all that there are."""

    def class_paths(self, owner: Owner) -> Sequence[str]:
        """Return every class of an owner; none for an owner that the platform does not know."""

    def media_ids(self, owner: Owner) -> Iterator[Sequence[MaterialId]]:
        """Yield the ids of all media of an owner, page by page. Pages shift while others write."""

    def materials(self, material_ids: Sequence[MaterialId]) -> Answer:
        """Return the details of at most 20 materials."""

    def projects(self) -> Listing:
        """Return all projects."""

    def projects_by_id(self, project_ids: Sequence[ProjectId]) -> Sequence[ObservedProject]:
        """Return those of at most 20 projects that exist."""

    def tasks(self, task_ids: Sequence[TaskId]) -> Sequence[ObservedTask]:
        """Return those of at most 20 export tasks that the platform remembers."""


class Sink(Protocol):
    """Where observations go."""

    def head(self) -> Seq:
        """Return the journal's head: what an API read that begins now is as of."""

    def put(self, event: Observation) -> None:
        """Take an observation in."""

    def settle(self) -> None:
        """Wait until all that was put is applied."""


class JournalSink:
    """Appends observations to the journal, like any delivery; `apply_up_to` sees to it that they are applied."""

    def __init__(
        self, database: Database, platform: str, apply_up_to: Callable[[Seq], None]
    ) -> None:
        """Bind the database, and how its state is brought up to a place."""
        self._database = database
        self._platform = platform
        self._apply_up_to = apply_up_to
        self._last = Seq(0)

    def head(self) -> Seq:
        """Return the journal's head."""
        with self._database.read() as connection:
            return journal.head(connection, self._platform)

    def put(self, event: Observation) -> None:
        """Append an observation; it is durable when this returns."""
        with self._database.write() as connection:
            arrival = Arrival(encode(event), self._database.now(connection), RECONCILE)
            self._last = journal.append(connection, self._platform, [arrival])[-1]

    def settle(self) -> None:
        """Wait until the last observation is applied."""
        self._apply_up_to(self._last)


class DrySink:
    """Folds observations over the state as it is, in memory, and keeps only what they would correct."""

    def __init__(self, database: Database, platform: str, rules: Rules) -> None:
        """Bind the state as of now; deliveries that arrive meanwhile are not seen."""
        self._database = database
        self._platform = platform
        self._library = Library(rules)
        self.corrections: list[Correction] = []
        with database.read() as connection:
            live = checkpoints.current(connection, platform)
            self._generation = checkpoints.live_generation(connection, platform)
            self._seq = Seq(0) if live is None else live.seq
            if live is not None:
                self._library.now = live.logical_at
                self._library.next_class_id.rows["next"] = live.next_class_id
            self._loader(connection).memories()
        self._head = self._seq

    def _loader(self, connection: object) -> Loader:
        return Loader(connection, self._platform, self._generation, self._library)  # type: ignore[arg-type]

    def head(self) -> Seq:
        """Return the place in the journal that this state is as of."""
        return self._head

    def put(self, event: Observation) -> None:
        """Fold an observation as the next delivery, without writing it."""
        self._seq = Seq(self._seq + 1)
        inbound = Inbound(self._seq, self._library.now, Decoded(RECONCILE, event))
        before = len(self._library.corrections)
        with self._database.read() as connection:
            loader = self._loader(connection)
            while True:
                try:
                    fold(self._library, inbound)
                    break
                except NotLoaded as request:
                    loader.supply(request)
        self.corrections.extend(self._library.corrections[before:])

    def settle(self) -> None:
        """There is nothing to wait for."""
