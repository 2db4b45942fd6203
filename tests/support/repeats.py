"""Callbacks that a proxy lets through while it hides that they were answered: some come again, later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from random import Random

from mirror.core.model import DoubtKind
from mirror.platform.simulator import Platform
from tests.properties.feeds import START, Arrival
from tests.support import truth
from tests.support.memory import MemoryMirror

SPACING = 200_000
"""Microseconds between arrivals, so that a few hundred callbacks lie within the horizon."""
RETRIES = 3


def repeated(bodies: Sequence[bytes], *, apart: int, rate: float, seed: int) -> list[Arrival]:
    """Each body, and at a rate up to three repeats of it, each so many bodies after the one before."""
    random = Random(seed)
    due: defaultdict[int, list[bytes]] = defaultdict(list)
    sent: list[bytes] = []
    for number, body in enumerate(bodies):
        sent.append(body)
        if random.random() < rate:
            for attempt in range(1, random.randint(1, RETRIES) + 1):
                due[number + attempt * apart].append(body)
        sent.extend(due.pop(number, ()))
    sent.extend(body for number in sorted(due) for body in due[number])
    return [Arrival(body, START + number * SPACING) for number, body in enumerate(sent)]


def wrong_without_doubt(
    mirror: MemoryMirror, platform: Platform, *, observed: bool, named: frozenset[str] = frozenset()
) -> dict[str, set[str]]:
    """What is wrong and not in doubt, by kind of row. `named`: materials of which all was observed."""
    rows = mirror.rows()
    doubted = truth.doubted(rows)
    mine, theirs = truth.places(rows), truth.true_places(platform)
    said, known = truth.said(rows), truth.known(platform, named)
    classes = {
        (*row.owner, row.path): row.in_doubt
        for row in mirror.library.classes.rows.values()
        if row is not None
    }
    some_doubt = {place[:2] for place, in_doubt in classes.items() if in_doubt}
    extra = classes.keys() - truth.true_class_places(platform, observed=True)
    missing = truth.true_class_places(platform, observed=observed) - classes.keys()
    states = truth.project_states(rows) ^ truth.true_project_states(platform)
    return {
        "media": {key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)}
        - doubted,
        "names": {key for key in said.keys() & known.keys() if said[key] != known[key]} - doubted,
        "classes": {"".join(place) for place in extra if not classes[place]},
        "missing classes": {"".join(place) for place in missing if place[:2] not in some_doubt},
        "projects": {str(row[0]) for row in states if row[2] != "Idle"} - _about(rows, "project"),
        "tasks": {str(row[0]) for row in truth.tasks(rows) ^ truth.true_tasks(platform)},
    }


def _about(rows: truth.Rows, kind: DoubtKind) -> set[str]:
    return {row[1] for row in rows["doubts"] if row[0] == kind}
