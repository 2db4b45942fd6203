"""Power loss at many more instants: larger logs, Python's own SQLite, one process, all at once."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mirror.errors import LeaseLost
from tests.faults.power.campaign import lose
from tests.faults.power.examine import Examiner
from tests.faults.power.recorder import Acknowledged, Traced, post_all, serve
from tests.support.lifelike import feed
from tests.support.processes import eventually

pytestmark = [pytest.mark.compiler, pytest.mark.slow, pytest.mark.timeout(900)]

INSTANTS, SEEDS = 120, 4
LEASE_LOST = LeaseLost.exit_code


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "how",
    [
        "",
        "checkpoint=1",
        "checkpoint=30",
        "tidy=30",
        "checkpoint=30 limit=40000",
        "checkpoint=30 --single-process",
        "checkpoint=30 library=stdlib",
    ],
)
def test_nothing_acknowledged_is_lost(
    traced: Callable[..., Traced], examiner: Examiner, how: str, seed: int
) -> None:
    bodies = list(dict.fromkeys(arrival.body for arrival in feed(900, seed)))
    words = how.split()
    options = [word for word in words if word.startswith("--")]
    history = serve(traced(*(word for word in words if word not in options)), bodies, *options)
    what = f"{how or 'as it is'}, seed {seed}"
    figures, _ = lose(history, examiner, what, instants=INSTANTS, seeds=SEEDS, seed=seed)
    assert figures.wrong == {}
    assert figures.lost == set()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_while_all_is_done_at_once(
    traced: Callable[..., Traced], examiner: Examiner, tmp_path: Path, seed: int
) -> None:
    """Callbacks, an applier, an import and rebuilds, on one file."""
    bodies = list(dict.fromkeys(arrival.body for arrival in feed(600, seed)))
    half = len(bodies) // 2
    archive = tmp_path / "archive.jsonl"
    archive.write_bytes(b"\n".join(bodies[half:]))
    mirror = traced("tidy=30", "batch=50")
    told: list[Acknowledged] = []
    with mirror.announced() as (server, announced):
        told += post_all(server, announced[1], bodies[:20])
        assert eventually(lambda: mirror.progress().applied_seq > 0)
        beside = [mirror.start("import", str(archive)), mirror.start("rebuild")]
        for start in range(20, half, 10):  # slowly, so that the others come between
            told += post_all(server, announced[1], bodies[start : min(start + 10, half)])
            time.sleep(0.05)
        mirror.done("rebuild")
        assert [process.wait(50) for process in beside] in ([0, 0], [0, LEASE_LOST])
        told += [Acknowledged(time.monotonic_ns(), body) for body in bodies[half:]]
        assert server.terminate() == 0
    history = mirror.history(told, announced)
    figures, _ = lose(history, examiner, f"at once, seed {seed}", instants=INSTANTS, seeds=SEEDS)
    assert figures.wrong == {}
    assert figures.lost == set()
