"""What must hold after any fault, looked for in what is left: a database file, and a client's memory.

Each complaint has a name, so that a test can say which one a mistake must raise:

- `lost`: acknowledged, and not in the journal with these bytes
- `invented`: in the journal, and never sent, or oftener than it was
- `gap`: seqs that are not 1, 2, 3 …
- `integrity`: what SQLite itself says of the file
- `proof`: what `mirror verify` finds: the chain, the invariants, live state against a rebuild
- `unapplied`: the journal goes on where the state ends
- `outcome`: a delivery that has not exactly one outcome, or not that of the naive model
- `feed`: changes of a delivery that are not 1, 2, 3 … up to the number its outcome tells
- `naive`: rows that the independent naive model does not have, or the other way round
- `doubled`: one operation that counts as several
- `swallowed`: an operation that was taken for a redelivery of another one
- `redelivery`: a redelivery of something else than the first delivery of that body
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from mirror.core.rules import Rules
from mirror.store import sqlite
from mirror.store.engine import Database, open_database
from mirror.sync.verify import verify
from tests.faults.client import Operation
from tests.naive.model import NaiveMirror
from tests.support.database_rows import database_rows
from tests.support.naive_rows import naive_rows

MOST_NAMED = 5


class Complaint(NamedTuple):
    """One thing that is not as promised."""

    name: str
    what: str


class Row(NamedTuple):
    """A delivery as the file has it."""

    seq: int
    received_at: int
    source: str
    body: bytes
    redelivery_of: int | None


class Verdict(NamedTuple):
    """All complaints, and what was looked at."""

    complaints: list[Complaint]
    deliveries: int
    redeliveries: int
    operations: int
    acknowledged: int
    lost: int
    doubled: int
    kills: int = 0

    @property
    def names(self) -> set[str]:
        """The names of the complaints."""
        return {complaint.name for complaint in self.complaints}

    def check(self) -> Verdict:
        """Fails with all complaints, if there are any."""
        TALLY.append(self)
        assert not self.complaints, "\n".join(f"{name}: {what}" for name, what in self.complaints)
        return self


TALLY: list[Verdict] = []
"""Every verdict that had to be without complaints, for the figures of a run."""


def figures(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """What a reader wants to know of many verdicts."""
    return {
        "verdicts": len(verdicts),
        "kills": sum(one.kills for one in verdicts),
        "sent": sum(one.operations for one in verdicts),
        "acknowledged": sum(one.acknowledged for one in verdicts),
        "journaled": sum(one.deliveries for one in verdicts),
        "redeliveries": sum(one.redeliveries for one in verdicts),
        "lost": sum(one.lost for one in verdicts),
        "applied_twice": sum(one.doubled for one in verdicts),
        "complaints": sum(len(one.complaints) for one in verdicts),
    }


def judge(
    where: Path | str,
    operations: Iterable[Operation],
    *,
    platform: str = "default",
    applied: bool = True,
    before: int = 0,
) -> Verdict:
    """Judges a SQLite file or a database URL that nobody uses any more, by what a client remembers.

    `applied`: the server was stopped in peace, so all must be applied; otherwise as much as was.
    The first `before` deliveries, and those of other sources, came from elsewhere.
    """
    operations = list(operations)
    complaints = [] if isinstance(where, str) else list(_integrity(where))
    url = where if isinstance(where, str) else f"sqlite:///{where}"
    with closing(open_database(url, create=False, read_only=True)) as database:
        rows = _journal(database, platform)
        received = [row for row in rows[before:] if row.source == "callback"]
        complaints += _gaps(rows)
        complaints += _acknowledged(received, operations)
        complaints += _told_apart(received, operations)
        complaints += _redeliveries(rows)
        for difference in verify(database, platform, Rules()):
            complaints.append(Complaint("proof", difference.describe()))
        complaints += _state(database, platform, rows, all_applied=applied)
    names = Counter(complaint.name for complaint in complaints)
    return Verdict(
        complaints,
        deliveries=len(rows),
        redeliveries=sum(row.redelivery_of is not None for row in rows),
        operations=len(operations),
        acknowledged=sum(operation.acknowledged for operation in operations),
        lost=names["lost"],
        doubled=names["doubled"],
    )


def _integrity(file: Path) -> Iterator[Complaint]:
    driver = sqlite.library()
    with closing(driver.connect(file)) as connection:
        for (said,) in connection.execute("PRAGMA integrity_check"):
            if said != "ok":
                yield Complaint("integrity", said)


def _journal(database: Database, platform: str) -> list[Row]:
    asked = (
        "SELECT seq, received_at, source, body, redelivery_of FROM journal "
        "WHERE platform = :platform ORDER BY seq"
    )
    with database.read() as connection:
        return [Row(*row) for row in connection.execute(sa.text(asked), {"platform": platform})]


def _gaps(rows: Sequence[Row]) -> Iterator[Complaint]:
    for expected, row in enumerate(rows, start=1):
        if row.seq != expected:
            yield Complaint("gap", f"delivery {row.seq} stands where {expected} should")
            return


def _acknowledged(rows: Sequence[Row], operations: Sequence[Operation]) -> Iterator[Complaint]:
    journaled = Counter(row.body for row in rows)
    acknowledged = Counter(op.body for op in operations if op.acknowledged)
    attempts: Counter[bytes] = Counter()
    for operation in operations:
        attempts[operation.body] += operation.attempts
    for body, count in acknowledged.items():
        for _ in range(count - journaled[body]):
            yield Complaint("lost", f"acknowledged, and not in the journal: {body!r}")
    for body, count in journaled.items():
        if count > attempts[body]:
            yield Complaint("invented", f"{count} times, sent {attempts[body]} times: {body!r}")


def _told_apart(rows: Sequence[Row], operations: Sequence[Operation]) -> Iterator[Complaint]:
    """Each operation counts once: neither twice, nor as the redelivery of an equal one."""
    journaled = Counter(row.body for row in rows)
    counted = Counter(row.body for row in rows if row.redelivery_of is None)
    performed = Counter(operation.body for operation in operations)
    acknowledged = Counter(operation.body for operation in operations if operation.acknowledged)
    repeated = {operation.body for operation in operations if operation.attempts > 1}
    for body, count in performed.items():
        if counted[body] > count:
            yield Complaint("doubled", f"{counted[body]} times, not {count}: {body!r}")
        # Where an answer was lost, an equal operation that follows cannot be told from a retry.
        there = min(journaled[body], acknowledged[body])
        if body not in repeated and counted[body] < there:
            what = f"{counted[body]} of {acknowledged[body]} count: {body!r}"
            yield Complaint("swallowed", what)


def _redeliveries(rows: Sequence[Row]) -> Iterator[Complaint]:
    by_seq = {row.seq: row for row in rows}
    for row in rows:
        if row.redelivery_of is None:
            continue
        first = by_seq.get(row.redelivery_of)
        if (
            first is None
            or first.seq >= row.seq
            or first.body != row.body
            or first.redelivery_of is not None
        ):
            yield Complaint("redelivery", f"{row.seq} is none of {row.redelivery_of}")


def _state(
    database: Database, platform: str, rows: Sequence[Row], *, all_applied: bool
) -> Iterator[Complaint]:
    """What was applied, and the same journal as far as it was, folded by the naive model."""
    with database.read() as connection:
        asked = "SELECT applied_seq FROM mirror_status WHERE platform = :platform"
        applied = connection.execute(sa.text(asked), {"platform": platform}).scalar_one() or 0
        if applied > len(rows) or (all_applied and applied < len(rows)):
            yield Complaint("unapplied", f"{applied} of {len(rows)} deliveries are applied")
        rows = rows[:applied]
        naive = NaiveMirror()
        outcomes = [
            naive.deliver(row.body, row.received_at, row.source, row.redelivery_of) for row in rows
        ]
        yield from _outcomes(connection, platform, outcomes)
        mine, theirs = database_rows(connection, platform), naive_rows(naive)
        for table, found in mine.items():
            for sign, some in (("+", found - theirs[table]), ("-", theirs[table] - found)):
                for row in sorted(some, key=repr)[:MOST_NAMED]:
                    yield Complaint("naive", f"{table} {sign} {row}")


def _outcomes(
    connection: sa.Connection, platform: str, expected: Sequence[str]
) -> Iterator[Complaint]:
    here = {"platform": platform, "applied": len(expected)}
    asked = (
        "SELECT seq, outcome, change_count FROM delivery_log "
        "WHERE platform = :platform AND seq <= :applied ORDER BY seq"
    )
    found = [tuple(row) for row in connection.execute(sa.text(asked), here)]
    said = Counter((seq, outcome) for seq, outcome, _ in found)
    wanted = Counter(enumerate(expected, start=1))
    for seq, outcome in sorted(((said - wanted) + (wanted - said)).keys(), key=repr)[:MOST_NAMED]:
        yield Complaint("outcome", f"delivery {seq}: {outcome} on one side only")
    asked = "SELECT seq, ordinal FROM change_log WHERE platform = :platform ORDER BY seq, ordinal"
    ordinals: dict[int, list[int]] = {}
    for seq, ordinal in connection.execute(sa.text(asked), here):
        ordinals.setdefault(seq, []).append(ordinal)
    counts = {seq: count or 0 for seq, _, count in found}
    for seq in sorted(counts.keys() | ordinals.keys()):
        if ordinals.get(seq, []) != list(range(1, counts.get(seq, 0) + 1)):
            yield Complaint("feed", f"delivery {seq}: changes {ordinals.get(seq, [])}")
