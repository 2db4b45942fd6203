"""Bodies are bounded each, together and in time, and nothing is kept of one that is too large."""

import asyncio
from collections.abc import Iterator

import pytest

from mirror.sync import bodies
from mirror.sync.bodies import Bodies, HungUp, Message, Receive, TooLarge, TooMuch

LIMIT = 10


def streamed(*chunks: bytes, ends: bool = True) -> Receive:
    """A client that sends `chunks`, and then nothing or, if it does not end, hangs up."""

    def messages() -> Iterator[Message]:
        for place, chunk in enumerate(chunks, start=1):
            more = not ends or place < len(chunks)
            yield {"type": "http.request", "body": chunk, "more_body": more}
        yield {"type": "http.disconnect"}

    left = messages()

    async def receive() -> Message:
        return next(left)

    return receive


def read(held: Bodies, receive: Receive, **headers: str) -> bytes:
    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return asyncio.run(held.read(pairs, receive))


@pytest.mark.parametrize("chunks", [(b"0123456789",), (b"01234", b"", b"56789"), (b"",)])
def test_a_body_up_to_the_limit_is_held_until_it_is_released(chunks: tuple[bytes, ...]) -> None:
    held = Bodies(LIMIT)
    body = read(held, streamed(*chunks))
    assert body == b"".join(chunks)
    assert held.held == len(body)
    held.release(body)
    assert held.held == 0


@pytest.mark.parametrize("chunks", [(b"0123456789a",), (b"01234", b"56789", b"a"), (b"a" * 1000,)])
def test_nothing_is_held_of_a_body_above_the_limit(chunks: tuple[bytes, ...]) -> None:
    held = Bodies(LIMIT)
    with pytest.raises(TooLarge):
        read(held, streamed(*chunks))
    assert held.held == 0


def test_a_body_that_never_ends_is_given_up_while_it_streams() -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"0123456789", "more_body": True}

    held = Bodies(LIMIT)
    with pytest.raises(TooLarge):
        read(held, receive)
    assert held.held == 0


def test_a_client_that_waits_for_leave_is_told_at_once_that_its_body_is_too_large() -> None:
    held = Bodies(LIMIT)
    with pytest.raises(TooLarge):
        read(held, streamed(), content_length="11", expect="100-continue")
    assert read(held, streamed(b"x"), content_length="1", expect="100-continue") == b"x"


@pytest.mark.parametrize("chunks", [(), (b"0123",)])
def test_a_client_that_hangs_up_leaves_nothing(chunks: tuple[bytes, ...]) -> None:
    held = Bodies(LIMIT)
    with pytest.raises(HungUp):
        read(held, streamed(*chunks, ends=False))
    assert held.held == 0


def test_all_bodies_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "TOGETHER", 0)
    held = Bodies(LIMIT)
    for _ in range(4):
        read(held, streamed(b"01234", b"56789"))
    with pytest.raises(TooMuch):
        read(held, streamed(b"a"))
    with pytest.raises(TooMuch):
        read(held, streamed(b"a", b"b"))
    assert held.held == 4 * LIMIT


def test_a_body_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0.01)
    held = Bodies(LIMIT)

    async def receive() -> Message:
        await asyncio.sleep(0.005)
        return {"type": "http.request", "body": b"a", "more_body": True}

    with pytest.raises(TimeoutError):
        read(held, receive)
    assert held.held == 0
