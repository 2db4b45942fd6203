"""How far each platform's mirror is, and what is in it."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.decode import EVENT_TYPES
from mirror.core.model import Micros, Seq
from mirror.store import checkpoints, journal, platforms, schema, sweeps
from mirror.store.schema import (
    classes,
    doubts,
    files,
    links,
    materials,
    outcomes,
    projects,
    tasks,
)


class Progress(Struct, frozen=True):
    """Where a platform's journal ends, and how much of it is applied."""

    platform: str
    head_seq: Seq
    head_digest: str  # hexadecimal: to be anchored where nobody can rewrite it
    applied_seq: Seq
    lag: int
    last_received_at: Micros | None
    last_reconciled_at: Micros | None


class Counts(Struct, frozen=True):
    """How many of each a platform has."""

    owners: int
    classes: int
    live: int
    detached: int
    deleted: int
    files: int
    links: int
    projects: int
    tasks: int


class Status(Struct, frozen=True):
    """What there is to know about one platform's mirror."""

    progress: Progress
    counts: Counts
    doubts: dict[str, int]  # by reason
    quarantined: int
    unrecognised: int
    never_received: tuple[str, ...]  # event types of the platform that no delivery has had yet
    bootstrapped: bool  # every owner was read completely, at least once
    rules: str | None  # which rules made the state; None before the first delivery is applied
    generation: int
    feed_generation: int
    platform_id: str
    removed_at: Micros | None = None


def progress(connection: sa.Connection, platform: str) -> Progress:
    """Where the platform is; cheap enough to ask for every second. Raises NotFound."""
    head = journal.head_of(connection, platform)
    checkpoint = checkpoints.current(connection, platform)
    applied = Seq(0) if checkpoint is None else checkpoint.seq
    return Progress(
        platform,
        head.seq,
        head.digest.hex(),
        applied,
        head.seq - applied,
        head.last_received_at,
        head.last_reconciled_at,
    )


def status(connection: sa.Connection, platform: str) -> Status:
    """Everything about a platform, counted: a tenth of a second for a million materials."""
    found = platforms.resolve(connection, platform)
    checkpoint = checkpoints.current(connection, platform)
    count = _Counter(connection, platform)
    reasons = count.by(doubts.c.reason)
    return Status(
        progress(connection, platform),
        count.everything(),
        reasons,
        count.of(outcomes, outcomes.c.outcome == "quarantined"),
        count.of(outcomes, outcomes.c.outcome == "unrecognised"),
        count.never_received(),
        sweeps.round_finished_at(connection, platform) is not None,
        None if checkpoint is None else checkpoint.rules,
        count.generation,
        count.feed_generation,
        found.platform_id,
        found.removed_at,
    )


class _Counter:
    """Counts rows of one platform's live generation."""

    def __init__(self, connection: sa.Connection, platform: str) -> None:
        table = schema.platforms
        generations = sa.select(table.c.generation, table.c.feed_generation)
        row = connection.execute(generations.where(table.c.platform == platform)).one()
        self.generation: int = row.generation
        self.feed_generation: int = row.feed_generation
        self._connection = connection
        self._platform = platform

    def of(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table)
        return self._connection.execute(query.where(self._mine(table), *conditions)).scalar_one()

    def by(self, column: sa.Column[str], *conditions: sa.ColumnElement[bool]) -> dict[str, int]:
        query = sa.select(column, sa.func.count()).where(self._mine(column.table), *conditions)
        return dict(self._connection.execute(query.group_by(column).order_by(column)).all())

    def everything(self) -> Counts:
        placeless = self.of(materials, materials.c.class_id.is_(None))
        detached = self.of(materials, materials.c.state == sa.literal_column("'detached'"))
        return Counts(
            owners=self.of(classes, classes.c.parent_id.is_(None)),  # each has one root
            classes=self.of(classes),
            live=self.of(materials, materials.c.class_id.is_not(None)),
            detached=detached,
            deleted=placeless - detached,
            files=self.of(files),
            links=self.of(links),
            projects=self.of(projects, sa.not_(projects.c.gone)),
            tasks=self.of(tasks),
        )

    def never_received(self) -> tuple[str, ...]:
        query = sa.select(outcomes.c.seq).where(
            self._mine(outcomes), outcomes.c.event_type == sa.bindparam("name")
        )
        return tuple(
            name
            for name in EVENT_TYPES
            if self._connection.execute(query.limit(1), {"name": name}).first() is None
        )

    def _mine(self, table: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.platform == self._platform, table.c.generation == self.generation)
