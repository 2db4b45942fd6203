"""What `mirror status` says about reconciliation: what was read, what was put right, what may be wrong."""

import pytest

from mirror.cli.status import _corrected, _read, _share
from mirror.core.estimate import estimate
from mirror.core.model import Micros
from mirror.store.queries import Trust
from mirror.store.reconciling import Tally
from tests.unit.cli.conftest import Command

NEW_YEAR = Micros(1_767_225_600_000_000)  # 2026-01-01T00:00:00Z
NOTHING = estimate(0, 0)


def trust(*corrections: Tally, read: int = 0, oldest: Micros | None = None) -> Trust:
    return Trust(corrections, NOTHING, NOTHING, 3, read, oldest, 54_000)


def test_an_empty_mirror_claims_nothing(mirror: Command) -> None:
    shown = mirror("status")
    for line in (
        "bootstrapped    no",
        "last reconciled never",
        "read wholly     0 of 0 owners",
        "corrected       nothing",
        "wrong           not known: no materials were drawn yet",
    ):
        assert line in shown
    [found] = mirror.json("status")["platforms"]
    assert found["trust"]["wrong"] == {"drawn": 0, "share": 0.0, "low": 0.0, "high": 1.0}


def test_a_reading_of_everything_takes_four_times_as_long_beside_a_server() -> None:
    again = "all anew takes 54,000 calls: 4.0 h beside a server"
    assert _read(trust(read=2), 15.0) == f"2 of 3 owners; {again}"
    shown = _read(trust(read=3, oldest=NEW_YEAR), 15.0)
    assert shown == f"3 of 3 owners, the oldest 2026-01-01 00:00:00Z; {again}"


def test_corrections_are_told_by_label_whatever_their_event_type() -> None:
    assert _corrected(trust()) == "nothing"
    tallies = (
        Tally("never-received", "Material.Moved", 1_000),
        Tally("misread", "Class.Moved", 2),
        Tally("never-received", "Material.Added", 1),
    )
    assert _corrected(trust(*tallies)) == "misread 2, never-received 1,001"


@pytest.mark.parametrize(
    ("found", "drawn", "shown"),
    [
        (0, 0, "not known: no materials were drawn yet"),
        (0, 100, "0.00% (0.00% to 3.70%, of 100 drawn)"),
        (10, 2_000, "0.50% (0.27% to 0.92%, of 2,000 drawn)"),
    ],
)
def test_a_share_comes_with_its_interval(found: int, drawn: int, shown: str) -> None:
    assert _share(estimate(found, drawn)) == shown
