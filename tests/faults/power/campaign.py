"""Takes the power away at many instants, lets many adversaries loose on each, and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from msgspec.structs import replace

from mirror.store.platforms import DEFAULT
from tests.faults.power.examine import Examiner, Found
from tests.faults.power.losses import losses
from tests.faults.power.recorder import History
from tests.faults.power.trace import Instant, boundaries

DAY = 86_400 * 1_000_000_000


class Outcome(NamedTuple):
    """One image: when the power went, what there was, and which acknowledged bodies it lacks."""

    at: Instant
    found: Found
    lost: tuple[bytes, ...]


class Figures:
    """What a campaign came to. `wrong` says what was found wrong, and how often."""

    def __init__(self) -> None:
        self.instants = self.images = self.acknowledged = 0
        self.lost: set[bytes] = set()
        self.wrong: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Counts an image."""
        self.images += 1
        self.lost |= set(outcome.lost)
        self.wrong.update(outcome.found.wrong)

    def show(self, what: str, examiner: Examiner) -> str:
        """A line for people."""
        return (
            f"{what}: {self.instants} instants, {self.images} images ({examiner.distinct} distinct, "
            f"{examiner.proven} states proven), {self.acknowledged} acknowledged, "
            f"{len(self.lost)} lost, {self.wrong.total()} faults"
        )


def moments(history: History, most: int, random: Random) -> list[Instant]:
    """When the power goes: around syncs, when somebody has just been told something, and at random."""
    edges = boundaries(history.records)
    told = [one.at for one in history.acknowledged]
    first, last = history.records[0].begun, history.records[-1].ended
    chosen = {first - 1, last, last + DAY}
    chosen |= set(_spread(edges, most // 2, random)) | set(_spread(told, most // 4, random))
    while len(chosen) < most:
        chosen.add(random.randint(first, last))
    return sorted(chosen)


def _spread(of: Sequence[Instant], most: int, random: Random) -> Iterator[Instant]:
    """So many of them, one from each stretch of equally many."""
    stretch = len(of) / most
    return (of[int((number + random.random()) * stretch)] for number in range(most) if of)


def outcomes(
    history: History, examiner: Examiner, when: Iterable[Instant], seeds: int
) -> Iterator[Outcome]:
    """Each image of each instant, examined."""
    disk = history.disk()
    for at in when:
        image_after = disk.at(at)
        told = Counter(history.told(at))
        for loss in losses(seeds, of=str(at - history.records[0].begun)):
            found = examiner.examine(image_after(loss))
            missing = told - Counter(found.bodies)
            if history.announced is not None and history.announced[0] <= at:
                path = history.announced[1]
                if found.keys.match(DEFAULT, path.rpartition("/")[2]) is None:
                    wrong = (*found.wrong, "the callback URL that was shown is lost")
                    found = replace(found, wrong=wrong)
            yield Outcome(at, found, tuple(missing))


def lose(
    history: History, examiner: Examiner, what: str, *, instants: int, seeds: int, seed: int = 1
) -> tuple[Figures, list[Outcome]]:
    """Takes the power away so often, and prints what came of it; also each image's outcome."""
    figures, found = Figures(), list[Outcome]()
    when = moments(history, instants, Random(seed))
    figures.instants, figures.acknowledged = len(when), len(history.acknowledged)
    for outcome in outcomes(history, examiner, when, seeds):
        if (outcome.lost or outcome.found.wrong) and not (figures.lost or figures.wrong):
            print(f"left for you to see: {examiner.keep(outcome.found.image)}")
        figures.add(outcome)
        found.append(outcome)
    print(figures.show(what, examiner))
    return figures, found
