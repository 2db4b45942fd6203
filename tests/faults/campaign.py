"""Processes killed at random moments under load, again and again; everything follows from a seed but the moment.

A seed decides about the work, the connections, who is killed, how often, and after how long. Where a
process is by then is the machine's affair, so a seed that fails may pass the next time: what it
left behind is kept.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.faults.client import Load
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted, Serving
from tests.faults.nursery import Nursery
from tests.faults.verdict import Verdict

LONGEST, SHORTEST = 0.25, 0.06
"""Seconds of traffic at most until somebody is killed: of a steady trickle, or of a burst."""


class Size(NamedTuple):
    """How large one run is: rounds that end with a kill, and bodies for each."""

    fewest: int
    most: int
    bodies: int


SHORT = Size(1, 2, 20)
LONG = Size(1, 4, 40)


class Run(NamedTuple):
    """What one seed did: how many of each were killed, and the verdict."""

    seed: int
    killed: Counter[str]
    amid: int
    """Kills while bodies were still being posted."""
    verdict: Verdict
    failed: Counter[str]
    """What became of the attempts at those bodies that were never acknowledged."""


def run(seed: int, folder: Path, nursery: Nursery, template: Path, size: Size = SHORT) -> Run:
    """Does what the seed says in an empty folder, and judges what is left."""
    random = Random(seed)
    mirror = Faulted(folder, nursery, template)
    # Several transactions for a rebuild that is small.
    mirror.tune(rebuild__BATCH=random.choice((7, 40, 20_000)), rebuild__NEARLY=5)
    rounds = random.randint(size.fewest, size.most)
    connections = random.choice((1, 2, 4, 8, 16))
    in_bursts = random.random() < 0.5
    longest = SHORTEST if in_bursts else LONGEST
    client = mirror.client(
        connections=connections,
        # A trickle lasts for about a round; a burst is as fast as it goes.
        gap=0 if in_bursts else random.uniform(0.5, 1.5) * LONGEST * connections / size.bodies,
        keep=random.random() < 0.7,
        pieces=random.random() < 0.2,
        patience=30.0,
    )
    arguments = ("--single-process",) if random.random() < 0.2 else ()
    bodies = unique(rounds * size.bodies, seed)
    killed: Counter[str] = Counter()
    loads: list[Load] = []
    amid = 0
    with ExitStack() as stack:
        stack.callback(client.stop)
        for number in range(rounds):
            victim = random.choice(tuple(VICTIMS))
            delay = random.uniform(0.0, longest)
            settle = random.random() < 0.5
            with mirror.serving(*arguments, listen=False, settle=settle) as server:
                if victim != "receiver at its start":
                    assert mirror.listens(server.process), mirror.log_text()
                loads.append(
                    client.begin(bodies[number * size.bodies : (number + 1) * size.bodies])
                )
                VICTIMS[victim](mirror, server, delay)
                killed[victim] += 1
                amid += any(load.is_on for load in loads)
                server.kill()  # the round ends, whoever was its victim
        again = stack.enter_context(mirror.serving(*arguments))
        for load in loads:
            load.wait()
        again.stop()
    failed = Counter(str(operation.statuses) for operation in client.failed)
    return Run(seed, killed, amid, mirror.judge(), failed)


def _receiver(_: Faulted, server: Serving, delay: float) -> None:
    time.sleep(delay)
    server.kill()


def _applier(_: Faulted, server: Serving, delay: float) -> None:
    time.sleep(delay / 2)
    server.kill_applier()
    time.sleep(delay / 2)  # the receiver goes on, and another applier begins


def _both(_: Faulted, server: Serving, delay: float) -> None:
    time.sleep(delay)
    server.kill_both()


def _rebuild(mirror: Faulted, _: Serving, delay: float) -> None:
    with mirror.running("rebuild") as process:
        time.sleep(delay / 2)
        mirror.kills += process.poll() is None
        process.kill()


VICTIMS: dict[str, Callable[[Faulted, Serving, float], None]] = {
    "receiver": _receiver,
    "receiver at its start": _receiver,
    "applier": _applier,
    "both": _both,
    "rebuild": _rebuild,
}
