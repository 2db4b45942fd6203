"""Invariant 6 on the real fold: one material's creation and moves, in every order they may arrive in."""

from itertools import pairwise

import pytest

from tests.naive.bodies import ANN, materials_observed, seen
from tests.support.backtracking import BacktrackingMirror, in_every_order
from tests.support.walks import Walk, body_of, history, walks


def check_orders(walk: Walk, bodies: list[bytes], *, complete: bool, observed: bool = False) -> int:
    """Right, or in doubt. If complete: right whenever no two equal moves arrive next to each other."""
    mirror = BacktrackingMirror()
    if observed:
        mirror.push(materials_observed(0, seen("m", ANN, walk[0])), "reconcile")
    orders = 0

    def arrived(order: tuple[bytes, ...]) -> None:
        nonlocal orders
        orders += 1
        place = mirror.place_of("m")
        assert place is not None
        if place.path != walk[-1]:
            assert mirror.doubts("m"), order
            assert not complete or any(one == other for one, other in pairwise(order)), order

    in_every_order(mirror, bodies, arrived)
    return orders


def bodies_of(walk: Walk) -> list[bytes]:
    return [body_of(step) for step in history(walk)]


def check_one_move_doubled(walk: Walk) -> None:
    bodies = bodies_of(walk)
    for doubled in dict.fromkeys(bodies[1:]):
        check_orders(walk, [*bodies, doubled], complete=False)


def few_places(moves: int, places: int) -> list[Walk]:
    return [walk for walk in walks(moves) if len(set(walk)) <= places]


@pytest.mark.parametrize("moves", range(6))
def test_in_every_order_of_up_to_five_moves_the_place_is_right_or_doubted(moves: int) -> None:
    for walk in walks(moves):
        assert check_orders(walk, bodies_of(walk), complete=True) > 0


@pytest.mark.parametrize("walk", few_places(6, 3), ids="".join)
def test_in_every_order_of_six_moves_over_three_places_it_is_right_or_doubted(walk: Walk) -> None:
    check_orders(walk, bodies_of(walk), complete=True)


@pytest.mark.parametrize("moves", range(1, 5))
def test_with_one_of_up_to_four_moves_doubled_anywhere_it_is_right_or_doubted(moves: int) -> None:
    for walk in walks(moves):
        check_one_move_doubled(walk)


@pytest.mark.parametrize("moves", range(1, 5))
def test_from_where_it_was_observed_every_order_of_its_moves_ends_right_or_doubted(
    moves: int,
) -> None:
    for walk in walks(moves):
        check_orders(walk, bodies_of(walk)[1:], complete=False, observed=True)


def test_an_order_tried_by_taking_back_is_as_one_that_nothing_was_taken_back_from() -> None:
    walk = ("/媒资", "/模板", "/媒资", "/成片")
    mirror = BacktrackingMirror()

    def arrived(order: tuple[bytes, ...]) -> None:
        straight = BacktrackingMirror()
        for body in order:
            straight.push(body)
        assert mirror.rows() == straight.rows()

    in_every_order(mirror, bodies_of(walk), arrived)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("walk", list(walks(6)), ids="".join)
def test_in_every_order_of_six_moves_the_place_is_right_or_doubted(walk: Walk) -> None:
    check_orders(walk, bodies_of(walk), complete=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("walk", list(walks(5)), ids="".join)
def test_with_one_of_five_moves_doubled_anywhere_it_is_right_or_doubted(walk: Walk) -> None:
    check_one_move_doubled(walk)
