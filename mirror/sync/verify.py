"""Proves a mirror, or names what is wrong with it: the journal's chain, the invariants, live state against a rebuild.

The rebuild goes into a scratch database; the live one is only read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, assert_never

from msgspec import Struct

from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.store import checkpoints, compare, journal
from mirror.store.checkpoints import Checkpoint
from mirror.store.compare import Breach, Mismatch
from mirror.store.engine import Database, open_database
from mirror.sync.apply import Progress
from mirror.sync.rebuild import Copy

Kind = Literal["journal", "rules", "invariant", "state"]


class Difference(Struct, frozen=True):
    """One thing that is not as it should be: where, what, and what to do about it."""

    kind: Kind
    where: str
    what: str
    remedy: str

    def describe(self) -> str:
        """Return it as one line."""
        return f"{self.where}: {self.what} {self.remedy}"


def verify(
    database: Database, platform: str, rules: Rules, *, progress: Progress | None = None
) -> Iterator[Difference]:
    """Yield every difference found for one platform; none means that the mirror is proven.

    `progress` is told of each batch of deliveries that was rebuilt.
    """
    sound = True
    with database.read() as connection:
        for fault in journal.check_chain(connection, platform):
            sound = False
            yield Difference(
                "journal",
                f"journal of '{platform}', seq {fault.seq}",
                f"{fault.what}.",
                "The journal was changed outside mirror: restore it from a backup or an envelope export.",
            )
        live = checkpoints.current(connection, platform)
    if live is None:
        return
    if live.rules != rules.stamp:
        yield Difference(
            "rules",
            f"state of '{platform}'",
            f"made by other rules ({live.rules}) than these ({rules.stamp}).",
            _REBUILD,
        )
        return
    with database.read() as connection:
        for breach in compare.breaches(connection, platform, live.generation):
            yield _breached(platform, breach)
    if sound:  # a rebuild of a broken journal proves nothing
        yield from _against_rebuild(database, platform, rules, live.seq, progress)


def _against_rebuild(
    database: Database, platform: str, rules: Rules, until: Seq, progress: Progress | None
) -> Iterator[Difference]:
    with tempfile.TemporaryDirectory(prefix="mirror-verify-") as scratch:
        target = open_database(f"sqlite:///{Path(scratch) / 'rebuilt.db'}", replayable=True)
        try:
            copy = Copy(database, target, platform, rules)
            copy.extend(until, progress)
            yield from _compared(database, target, copy, platform)
        finally:
            target.close()


def _compared(
    database: Database, target: Database, copy: Copy, platform: str
) -> Iterator[Difference]:
    with database.read() as connection:
        live = checkpoints.current(connection, platform)
        if live is None:
            return
        copy.extend(live.seq)  # what was applied while the rest was rebuilt
        with target.read() as rebuilt:
            generation = checkpoints.live_generation(rebuilt, platform)
            for mismatch in compare.mismatches(
                (connection, platform, live.generation), (rebuilt, platform, generation)
            ):
                yield _mismatched(platform, mismatch)
            made = checkpoints.current(rebuilt, platform, generation)
            if made is not None:
                yield from _checkpoints(platform, live, made)


def _checkpoints(platform: str, live: Checkpoint, made: Checkpoint) -> Iterator[Difference]:
    for name in ("logical_at", "next_class_id"):
        mine, theirs = getattr(live, name), getattr(made, name)
        if mine != theirs:
            what = f"{name} is {mine!r}, a rebuild says {theirs!r}."
            yield Difference("state", f"checkpoint of '{platform}'", what, _REBUILD)


def _breached(platform: str, breach: Breach) -> Difference:
    return Difference(
        "invariant",
        f"state of '{platform}', {breach.key}",
        f"{breach.detail} (invariant: {breach.invariant}).",
        _REBUILD,
    )


def _mismatched(platform: str, mismatch: Mismatch) -> Difference:
    key = ", ".join(map(str, mismatch.key))
    match mismatch.kind:
        case "missing":
            what = "the row is missing; a rebuild has it."
        case "extra":
            what = "the row stands in the live state only; a rebuild does not have it."
        case "differs":
            what = "; ".join(
                f"{name} is {mine!r}, a rebuild says {theirs!r}"
                for name, (mine, theirs) in mismatch.columns.items()
            )
            what += "."
        case _:
            assert_never(mismatch.kind)
    return Difference("state", f"{mismatch.table} of '{platform}', {key}", what, _REBUILD)


_REBUILD = "Run `mirror rebuild`."
