"""Holds the mirror against the platform: settles doubts, then reads owner by owner, least recently read first.

Whatever is learnt becomes an observation, as of the journal's head when its read began. A deletion is concluded only
from an answer by id. Stopping at any moment loses nothing: what was read is journaled, and the next run goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from mirror.core import paths
from mirror.core.events import (
    ClassesObserved,
)
from mirror.core.model import MaterialId, Micros, Owner, Seq
from mirror.errors import PlatformRefused
from mirror.store import journal, reconciling, sweeps
from mirror.store.sweeps import ROUND
from mirror.sync.observing import BudgetSpent, Observing, twenties

ROUNDS = 5
"""Times that doubts are looked at, since settling one may raise others, and that classes are listed anew."""

MANY = 10_000

log = logging.getLogger(__name__)

LIGHT = frozenset(
    {"inferred-class", "rename-guessed", "impossible-move", "creation-dropped", "deleted-again"}
)
"""Doubts that only ask whether classes are there: where the class lists agree, they were unfounded."""


class Outcome(Struct, frozen=True):
    """What a run did: calls made, owners read completely, and whether it came to its end."""

    calls: int
    owners: int
    complete: bool
    refused: tuple[Owner, ...] = ()  # owners that the platform would not tell of


class Reconciler(Observing):
    """One platform's reconciliation: what to read, in which order, and what to make of it."""

    # ------------------------------------------------------------------ runs

    def run(self, *, only: Sequence[Owner] = (), full: bool = False) -> Outcome:
        """Settle doubts, then read everything, or these owners only; `full` forgets what was read before."""
        if full and not self._dry:
            with self._database.write() as connection:
                sweeps.forget(connection, self._platform)
        try:
            self.settle_doubts()
            self.confirm_deletions(MANY)
            if not only:
                self.read_projects()
                self.read_tasks()
            self.sweep(only)
            self._sink.settle()
            self.settle_doubts()
        except BudgetSpent:
            self._sink.settle()
            return self._outcome(complete=False)
        return self._outcome(complete=not self._refused)

    def _outcome(self, *, complete: bool) -> Outcome:
        return Outcome(self.calls, self._owners, complete, tuple(dict.fromkeys(self._refused)))

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
            for some in twenties(projects):
                self.read_projects_by_id(some)
            self._sink.settle()
            for owner in owners:
                with self._others_go_on(owner):
                    self._settle_classes(owner)
            self._sink.settle()

    @contextmanager
    def _others_go_on(self, owner: Owner) -> Iterator[None]:
        """Let an owner that the platform won't tell of not keep the others waiting."""
        try:
            yield
        except PlatformRefused as refused:
            log.warning(
                "Owner not read: %s",
                refused,
                extra={"action": "reconcile", "owner": f"{owner.type}:{owner.id}"},
            )
            self._refused.append(owner)

    def _settle_classes(self, owner: Owner) -> None:
        """Settle doubts about classes: by one listing where that is enough, else media first."""
        with self._database.read() as connection:
            mine = reconciling.class_paths(connection, self._platform, owner)
            reasons = reconciling.class_doubt_reasons(connection, self._platform, owner)
            as_of = reconciling.applied_seq(connection, self._platform)
        theirs = self.call(self._reader.class_paths, owner)
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

    def sweep(self, only: Sequence[Owner] = ()) -> None:
        """Read owners completely: those given, or all that this round has not read yet, least recently read first.

        An owner that the platform won't tell of does not keep the others waiting.
        """
        began = None if only else self._begin(ROUND)
        for owner in only or self._all_owners(began):
            with self._others_go_on(owner):
                self.sweep_owner(owner)
        if not only and not self._refused:
            self._end(ROUND)

    def end_round(self) -> None:
        """Note that every owner has been read."""
        self._begin(ROUND)
        self._end(ROUND)

    def sweep_owner(self, owner: Owner, aside: Callable[[], object] = lambda: None) -> None:
        """Read an owner's media, then what the mirror has beyond them, then the classes.

        Between two pages `aside` may do what is more urgent: a large owner takes hours.
        """
        started = self._begin(owner)
        with self._database.read() as connection:
            # Doubts raised since are not answered by what was read first, perhaps in an earlier run.
            began = journal.seq_at(connection, self._platform, started)
            media_as_of = min(began, reconciling.applied_seq(connection, self._platform))
        for page in self.pages(self._reader.media_ids(owner)):
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
            return sweeps.begin(connection, self._platform, owner, now)

    def _end(self, owner: Owner) -> None:
        if not self._dry:
            with self._database.write() as connection:
                now = self._database.now(connection)
                sweeps.end(connection, self._platform, owner, now)

    def _observe_classes(self, owner: Owner, media_as_of: Seq) -> bool:
        """List an owner's classes, anew while they change meanwhile; return whether a list was taken."""
        for _ in range(ROUNDS):
            as_of = self._sink.head()
            theirs = self.call(self._reader.class_paths, owner)
            self._sink.put(ClassesObserved(as_of, owner, tuple(theirs), media_as_of))
            self._sink.settle()
            with self._database.read() as connection:
                if reconciling.structure_seq(connection, self._platform, owner) <= as_of:
                    return True
        return False

    def _all_owners(self, began: Micros | None) -> Iterator[Owner]:
        """Yield the owners that were not read since the round began."""
        with self._database.read() as connection:
            found = sweeps.listed(connection, self._platform)
        read = {s.owner for s in found if began and s.finished_at and s.finished_at >= began}
        known = [sweep.owner for sweep in found]
        listed = self.listed_owners()
        first = (owner for owner in listed if owner not in set(known))
        yield from (owner for owner in dict.fromkeys([*first, *known]) if owner not in read)

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
