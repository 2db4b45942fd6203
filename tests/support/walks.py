"""Walks of one material over places, and every order in which their steps may arrive.

Walks that differ only in the names of their places are one, so "every walk" is: every way in which
its places may be the same. The places are presets, which exist undoubted.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import TypeVar

from tests.naive.bodies import ANN, moved, uploaded

Walk = tuple[str, ...]
Step = tuple[str, str]  # from, to; a creation comes from nowhere
T = TypeVar("T")

PLACES = ("/媒资", "/模板", "/成片", "/收藏", "/发布通道", "/素材", "/效果素材")
NOWHERE = ""


def walks(moves: int) -> Iterator[Walk]:
    """Every walk of so many moves, each naming its places in the order it first meets them."""

    def longer(walk: Walk) -> Iterator[Walk]:
        if len(walk) == moves + 1:
            yield walk
            return
        met = len(set(walk))
        for place in PLACES[: met + 1]:
            if place != walk[-1]:
                yield from longer((*walk, place))

    yield from longer(PLACES[:1])


def history(walk: Walk) -> list[Step]:
    """The creation at the walk's first place, and its moves."""
    return [(NOWHERE, walk[0]), *pairwise(walk)]


def orders(steps: list[T]) -> Iterator[tuple[T, ...]]:
    """Every order of arrival; orders that only exchange equal steps are one."""
    left = Counter(steps)

    def longer(order: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
        if len(order) == len(steps):
            yield order
            return
        for step in list(left):
            if left[step]:
                left[step] -= 1
                yield from longer((*order, step))
                left[step] += 1

    yield from longer(())


@cache
def body_of(step: Step) -> bytes:
    """The callback of a step of material `m`."""
    source, destination = step
    if source == NOWHERE:
        return uploaded("m", ANN, destination)
    return moved(["m"], ANN, source, destination)
