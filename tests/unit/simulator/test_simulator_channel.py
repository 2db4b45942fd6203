"""What a channel may do to callbacks on their way, and what it never does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mirror.platform.simulator import Callback, Channel

TYPES = ("Class.Moved", "Material.Moved")
SECOND = 1_000_000


def feed(count: int) -> list[Callback]:
    return [Callback(b"%d" % n, TYPES[n % 2], n) for n in range(count)]


def order(channel: Channel, callbacks: list[Callback]) -> list[int]:
    return [delivery.of for delivery in channel.deliver(callbacks)]


def test_a_perfect_channel_delivers_all_in_order_and_evenly() -> None:
    channel = Channel(start_us=5 * SECOND, spacing_us=200_000)
    assert [tuple(delivery) for delivery in channel.deliver(feed(3))] == [
        (b"0", 5_000_000, 1, 0),
        (b"1", 5_200_000, 1, 1),
        (b"2", 5_400_000, 1, 2),
    ]
    assert channel.deliver(feed(1), start_us=7)[0].at_us == 7
    assert channel.deliver([]) == []


def test_loss_takes_about_its_share() -> None:
    assert 800 < len(Channel(loss=0.1).deliver(feed(1_000))) < 950
    assert Channel(loss=1.0).deliver(feed(10)) == []


def test_a_duplicate_is_a_second_attempt_after_the_first() -> None:
    deliveries = Channel(duplicate=1.0, duplicate_within_us=SECOND).deliver(feed(50))
    assert len(deliveries) == 100
    first = {delivery.of: delivery for delivery in deliveries if delivery.attempt == 1}
    for again in deliveries:
        if again.attempt == 2:
            original = first[again.of]
            assert again.body == original.body
            assert 0 < again.at_us - original.at_us <= SECOND


@given(st.integers(0, 1_000), st.floats(0, 1), st.integers(1, 5))
def test_no_callback_is_later_than_its_places(seed: int, reorder: float, places: int) -> None:
    arrived = order(Channel(seed, reorder=reorder, places=places), feed(60))
    assert sorted(arrived) == list(range(60))
    for position, of in enumerate(arrived):
        assert all(later >= of - places for later in arrived[position + 1 :])


def test_reordering_does_reorder() -> None:
    assert order(Channel(reorder=0.3, places=5), feed(60)) != list(range(60))


def test_only_what_is_named_is_disturbed() -> None:
    callbacks = feed(200)
    for channel in (
        Channel(loss=1.0, only=("Class.",)),
        Channel(loss=1.0, excluding=("Material.",)),
        Channel(loss=1.0, only=("Class.", "Material."), excluding=("Material.M",)),
    ):
        arrived = [callbacks[of].event_type for of in order(channel, callbacks)]
        assert arrived == ["Material.Moved"] * 100


def test_class_operations_alone_are_late() -> None:
    callbacks = feed(200)
    arrived = order(Channel(reorder=0.5, places=9, only=("Class.",)), callbacks)
    media = [of for of in arrived if callbacks[of].event_type == "Material.Moved"]
    assert media == sorted(media)
    assert arrived != sorted(arrived)


@given(st.integers(0, 1_000))
def test_delays_stay_within_their_bound_and_arrivals_in_time_order(seed: int) -> None:
    channel = Channel(seed, delay_us=3 * SECOND, start_us=0, spacing_us=SECOND)
    deliveries = channel.deliver(feed(40))
    times = [delivery.at_us for delivery in deliveries]
    assert times == sorted(times)
    for delivery in deliveries:
        assert 0 <= delivery.at_us - delivery.of * SECOND <= 3 * SECOND


def test_equal_channels_treat_equal_feeds_equally_and_others_do_not() -> None:
    callbacks = feed(100)
    channel = Channel(4, loss=0.2, duplicate=0.2, reorder=0.2)
    assert channel.deliver(callbacks) == Channel(4, loss=0.2, duplicate=0.2, reorder=0.2).deliver(
        callbacks
    )
    assert channel.deliver(callbacks) != Channel(5, loss=0.2, duplicate=0.2, reorder=0.2).deliver(
        callbacks
    )
    parts = [Channel(loss=0.5, start_us=0).deliver(callbacks[at : at + 20]) for at in (0, 20)]
    assert [delivery.of for delivery in parts[0]] != [delivery.of for delivery in parts[1]]
