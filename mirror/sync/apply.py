"""Applies journaled deliveries to the state, in batches: load, fold in memory, write, move the checkpoint.

State, checkpoint, outcomes, doubts and changes of a batch commit together. Rows stay in memory between batches; if
the checkpoint has moved without this applier, it forgets them and starts over from the database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mirror.core.decode import decode
from mirror.core.events import Decoded
from mirror.core.fold import Inbound, Verdict, fold
from mirror.core.library import Library
from mirror.core.model import Correction, Seq
from mirror.core.names import named
from mirror.core.rules import Rules
from mirror.core.shelf import NotLoaded
from mirror.errors import LeaseLost
from mirror.store import journal
from mirror.store.checkpoints import Checkpoint, claim, current
from mirror.store.engine import Connection, Database
from mirror.store.journal import Delivery
from mirror.store.net import Net, net
from mirror.store.state import Loader
from mirror.store.writes import write
from mirror.sync.sinks import Direct, Sink

BATCH = 5_000
"""Deliveries folded before a write, at most: large enough to share its cost, small enough to stay in memory."""

HELD_ROWS = 200_000
"""Rows kept in memory between batches, at most."""

Progress = Callable[[int], None]


class Applier:
    """Applies one platform's deliveries. Not thread-safe: one for each thread or process."""

    def __init__(
        self,
        database: Database,
        platform: str,
        rules: Rules,
        *,
        generation: int | None = None,
        batch: int = BATCH,
        sink: Sink | None = None,
        on_correction: Callable[[Correction], None] = lambda _: None,
    ) -> None:
        """Bind a platform's live generation, or the one given; nothing is read yet.

        Batches are written into `sink`, or here.
        """
        self._database = database
        self._sink = sink or Direct(database)
        self._platform = platform
        self._rules = rules
        self._generation = generation
        self.batch = batch
        self._on_correction = on_correction
        self._checkpoint: Checkpoint | None = None
        self._settled = Seq(0)
        self._library = Library(rules)

    @property
    def seq(self) -> Seq:
        """Where this applier believes the checkpoint to be."""
        return Seq(0) if self._checkpoint is None else self._checkpoint.seq

    def run_once(self, *, until: Seq | None = None) -> int:
        """Apply the next batch and return how many deliveries it held; 0 when there are none, and all is committed.

        Raises `LeaseLost` if another applier or a rebuild went first; the next call starts from the database.
        """
        checkpoint = self._checkpoint or self._claim()
        try:
            with self._database.read() as connection:
                verdicts = self._fold(connection, checkpoint, until)
            if verdicts:
                settled = self._sink.write(self._net(checkpoint, verdicts))
                self._settled = max(self._settled, settled)
                self._written(checkpoint, verdicts)
            else:
                self.settle()
        except BaseException:
            self.reset()
            raise
        return len(verdicts)

    def settle(self) -> None:
        """Return once everything applied so far is committed; raises as `run_once` does."""
        self._sink.settle()
        self._settled = self.seq

    def finish_in(self, connection: Connection) -> int:
        """Apply all that is left within the caller's write transaction; return how many deliveries that were.

        All before must be settled. After it this applier is done: whether the transaction commits is not its to know.
        """
        checkpoint = self._checkpoint
        if checkpoint is None:
            raise LeaseLost("This applier holds no checkpoint; run it once before it finishes.")
        total = 0
        while verdicts := self._fold(connection, checkpoint, None):
            write(connection, self._net(checkpoint, verdicts), self._database.now(connection))
            checkpoint = self._written(checkpoint, verdicts)
            self._settled = checkpoint.seq
            total += len(verdicts)
        self.reset()
        return total

    def reset(self) -> None:
        """Forget everything; the next call starts from the database."""
        self._checkpoint = None
        self._library = Library(self._rules)

    def _claim(self) -> Checkpoint:
        with self._database.write() as connection:
            now = self._database.now(connection)
            checkpoint = claim(
                connection, self._platform, self._rules.stamp, now, generation=self._generation
            )
        library = self._library = Library(self._rules)
        library.now = checkpoint.logical_at
        library.next_class_id.rows["next"] = checkpoint.next_class_id
        with self._database.read() as connection:
            Loader(connection, self._platform, checkpoint.generation, library).memories()
        if checkpoint.seq == 0:
            library.holds_everything = True
        self._checkpoint = checkpoint
        self._settled = checkpoint.seq
        return checkpoint

    def _fold(
        self, connection: Connection, checkpoint: Checkpoint, until: Seq | None
    ) -> list[Verdict]:
        deliveries = journal.read(connection, self._platform, checkpoint.seq, self.batch, until)
        if not deliveries:
            return []
        known = current(connection, self._platform, checkpoint.generation)
        if (
            known is None
            or known.epoch != checkpoint.epoch
            or not self._settled <= known.seq <= checkpoint.seq
        ):
            # Its rows are further on than those in memory; together they would be a library that never was.
            raise LeaseLost(
                f"Platform '{self._platform}': another applier or a rebuild took over at delivery "
                f"{checkpoint.seq}; nothing was written here."
            )
        loader = Loader(connection, self._platform, checkpoint.generation, self._library)
        return fold_all(self._library, loader, deliveries)

    def _net(self, checkpoint: Checkpoint, verdicts: Sequence[Verdict]) -> Net:
        return net(
            self._library,
            verdicts,
            platform=self._platform,
            generation=checkpoint.generation,
            seq=checkpoint.seq,
            epoch=checkpoint.epoch,
        )

    def _written(self, checkpoint: Checkpoint, verdicts: Sequence[Verdict]) -> Checkpoint:
        for correction in self._library.corrections:
            self._on_correction(correction)
        self._library.written()
        self._checkpoint = checkpoint.at(verdicts[-1].seq)
        if self._library.holds_over(HELD_ROWS):
            self.settle()  # what is forgotten here must be found there
            self._library.shrink(HELD_ROWS)
        return self._checkpoint


def fold_all(library: Library, loader: Loader, deliveries: Sequence[Delivery]) -> list[Verdict]:
    """Fold deliveries in order, loading what they name at once and what they turn out to need as they go."""
    inbound = [
        Inbound(d.seq, d.received_at, decode(d.body, d.source), d.redelivery_of) for d in deliveries
    ]
    _prefetch(loader, inbound)
    verdicts: list[Verdict] = []
    for delivery in inbound:
        while True:
            try:
                verdicts.append(fold(library, delivery))
                break
            except NotLoaded as request:
                loader.supply(request)
    return verdicts


def _prefetch(loader: Loader, deliveries: Sequence[Inbound]) -> None:
    meanings = (d.meaning for d in deliveries)
    names = [named(meaning.event) for meaning in meanings if isinstance(meaning, Decoded)]
    loader.owners(list(dict.fromkeys(o for n in names for o in n.owners)))
    loader.materials(list(dict.fromkeys(m for n in names for m in n.material_ids)))
    loader.files(list(dict.fromkeys(f for n in names for f in n.file_ids)))
    loader.projects(list(dict.fromkeys(p for n in names for p in n.project_ids)))
    loader.tasks(list(dict.fromkeys(t for n in names for t in n.task_ids)))


def apply_all(
    applier: Applier, *, until: Seq | None = None, progress: Progress | None = None
) -> int:
    """Apply until nothing is left; return how many deliveries that were. `progress` is told of each batch."""
    total = 0
    while count := applier.run_once(until=until):
        total += count
        if progress is not None:
            progress(count)
    return total
