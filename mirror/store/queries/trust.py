"""How far the copy can be trusted: what reconciliation put right so far, and what samples say of the rest."""

from __future__ import annotations

from msgspec import Struct

from mirror.core.estimate import Estimate, estimate
from mirror.core.model import Micros
from mirror.store import reconciling, sweeps
from mirror.store.engine import Connection
from mirror.store.reconciling import Tally

PAGE = 50
TOGETHER = 20


class Trust(Struct, frozen=True):
    """What reconciliation found of one platform."""

    corrections: tuple[Tally, ...]  # since the beginning, by kind
    wrong: Estimate  # share of materials that are wrong
    wrong_undoubted: Estimate  # share of those that are wrong without a doubt
    owners: int
    owners_read: int  # completely, at least once
    oldest_read_at: Micros | None  # the owner that was read longest ago; None while one never was
    calls_to_read_all: int  # API calls that a reading of everything takes, at least


def trust(connection: Connection, platform: str, media: int) -> Trust:
    """Return it; `media` is how many materials there are. Raises NotFound."""
    samples = reconciling.sampled(connection, platform)
    found = sweeps.listed(connection, platform)
    read = [sweep.finished_at for sweep in found if sweep.finished_at is not None]
    return Trust(
        tuple(reconciling.tallies(connection, platform)),
        estimate(samples.wrong, samples.drawn),
        estimate(samples.wrong_undoubted, samples.drawn),
        len(found),
        len(read),
        min(read) if read and len(read) == len(found) else None,
        -(-media // PAGE) + -(-media // TOGETHER) + 2 * len(found),
    )
