"""Invariant 6, exhaustively: one material's creation and moves in every order they may arrive in."""

from itertools import pairwise

import pytest

from tests.naive.bodies import ANN, materials_observed, seen
from tests.naive.model import NaiveMirror
from tests.support.walks import NOWHERE, Step, Walk, body_of, history, orders, walks

SECOND = 1_000_000


def arrive(steps: tuple[Step, ...], *, observed_at: str | None = None) -> tuple[str, bool]:
    """Where the mirror has the material once all steps have arrived, and whether it doubts it."""
    mirror = NaiveMirror()
    if observed_at is not None:
        mirror.deliver(materials_observed(0, seen("m", ANN, observed_at)), 0, "reconcile")
    for number, step in enumerate(steps, start=1):
        mirror.deliver(body_of(step), number * SECOND)
    (row,) = mirror.media_tree()
    return row["class_path"], row["in_doubt"]


def check_every_order(walk: Walk) -> None:
    """Right, or in doubt; right whenever no two equal moves arrive next to each other."""
    for steps in orders(history(walk)):
        place, doubted = arrive(steps)
        assert place == walk[-1] or doubted, steps
        assert place == walk[-1] or any(one == other for one, other in pairwise(steps)), steps


def check_one_move_doubled(walk: Walk) -> None:
    """Right, or in doubt."""
    steps = history(walk)
    for doubled in dict.fromkeys(steps[1:]):
        for order in orders([*steps, doubled]):
            place, doubted = arrive(order)
            assert place == walk[-1] or doubted, order


@pytest.mark.parametrize(("moves", "number"), [(0, 1), (1, 1), (2, 2), (3, 5), (4, 15), (5, 52)])
def test_walks_differ_in_which_of_their_places_are_the_same(moves: int, number: int) -> None:
    assert len(set(walks(moves))) == number


def test_orders_are_all_there_and_differ() -> None:
    steps = [(NOWHERE, "/a"), ("/a", "/b"), ("/b", "/a"), ("/a", "/b")]
    assert len(list(orders(steps))) == len(set(orders(steps))) == 12


@pytest.mark.parametrize("moves", range(6))
def test_a_history_in_order_ends_right_and_doubts_nothing_but_moves_made_again(moves: int) -> None:
    for walk in walks(moves):
        steps = history(walk)
        made_again = len(set(steps)) < len(steps)
        assert arrive(tuple(steps)) == (walk[-1], made_again), walk


@pytest.mark.parametrize("moves", range(5))
def test_in_every_order_of_up_to_four_moves_the_place_is_right_or_doubted(moves: int) -> None:
    for walk in walks(moves):
        check_every_order(walk)


@pytest.mark.parametrize("walk", list(walks(5)), ids="".join)
def test_in_every_order_of_five_moves_the_place_is_right_or_doubted(walk: Walk) -> None:
    check_every_order(walk)


@pytest.mark.parametrize("moves", range(1, 4))
def test_with_one_of_three_moves_doubled_anywhere_the_place_is_right_or_doubted(
    moves: int,
) -> None:
    for walk in walks(moves):
        check_one_move_doubled(walk)


@pytest.mark.parametrize("walk", list(walks(4)), ids="".join)
def test_with_one_of_four_moves_doubled_anywhere_the_place_is_right_or_doubted(walk: Walk) -> None:
    check_one_move_doubled(walk)


@pytest.mark.slow
@pytest.mark.parametrize("walk", list(walks(5)), ids="".join)
def test_with_one_of_five_moves_doubled_anywhere_the_place_is_right_or_doubted(walk: Walk) -> None:
    check_one_move_doubled(walk)


@pytest.mark.parametrize("moves", range(1, 5))
def test_from_where_it_was_observed_every_order_of_its_moves_ends_right_or_doubted(
    moves: int,
) -> None:
    for walk in walks(moves):
        for steps in orders(history(walk)[1:]):
            place, doubted = arrive(steps, observed_at=walk[0])
            assert place == walk[-1] or doubted, steps
