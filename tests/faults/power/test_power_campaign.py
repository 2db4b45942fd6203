"""Power loss at many more instants: larger logs, Python's own SQLite, one process, a log that is cut."""

from collections.abc import Callable

import pytest

from tests.faults.power.campaign import lose
from tests.faults.power.examine import Examiner
from tests.faults.power.recorder import Traced, serve
from tests.support.lifelike import feed

pytestmark = [pytest.mark.compiler, pytest.mark.slow, pytest.mark.timeout(900)]

INSTANTS, SEEDS = 250, 6


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "how",
    [
        "",
        "checkpoint=1",
        "checkpoint=30",
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
