"""Who may post: the address behind trusted proxies, and tokens as the database has them now."""

import asyncio
import time
from ipaddress import ip_network

import pytest

from mirror.errors import DatabaseUnavailable
from mirror.store.platforms import Keys, digest_of
from mirror.sync.gate import PAUSE, Gate, Sources

OFFICE = (ip_network("10.1.0.0/16"), ip_network("2001:db8::/32"))
PROXIES = (ip_network("127.0.0.0/8"), ip_network("192.0.2.1/32"))
KEYS = Keys({"studio": (digest_of("old"), digest_of("new"))})


def forwarded(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), *((b"x-forwarded-for", value.encode()) for value in values)]


def test_without_a_list_every_address_may_post() -> None:
    assert Sources((), PROXIES).admit("203.0.113.9", [])
    assert Sources((), ()).admit(None, [])


@pytest.mark.parametrize(
    ("peer", "admitted"),
    [
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("2001:db8::7", True),
        ("::ffff:10.1.2.3", True),
        ("not an address", False),
        (None, False),
    ],
)
def test_an_address_outside_the_list_may_not_post(peer: str | None, *, admitted: bool) -> None:
    assert Sources(OFFICE, ()).admit(peer, []) is admitted


def test_a_forwarded_address_from_an_untrusted_peer_counts_for_nothing() -> None:
    sources = Sources(OFFICE, PROXIES)
    assert not sources.admit("203.0.113.9", forwarded("10.1.2.3"))


def test_behind_trusted_proxies_the_right_most_untrusted_address_counts() -> None:
    sources = Sources(OFFICE, PROXIES)
    assert sources.sender("127.0.0.1", forwarded("10.1.2.3")) == "10.1.2.3"
    assert sources.sender("127.0.0.1", forwarded("10.1.9.9, 203.0.113.9, 192.0.2.1")) == (
        "203.0.113.9"
    )
    assert sources.sender("127.0.0.1", forwarded("10.1.9.9", "203.0.113.9")) == "203.0.113.9"
    assert not sources.admit("127.0.0.1", forwarded("10.1.2.3, 203.0.113.9"))
    assert not sources.admit("127.0.0.1", forwarded("10.1.2.3, garbage"))
    assert sources.admit("127.0.0.1", forwarded("203.0.113.9, 10.1.2.3:5555"))


def test_a_proxy_that_names_nobody_speaks_for_itself() -> None:
    sources = Sources(OFFICE, PROXIES)
    assert sources.sender("127.0.0.1", []) == "127.0.0.1"
    assert sources.sender("127.0.0.1", forwarded("192.0.2.1")) == "192.0.2.1"


class Tokens:
    """Stands for the database."""

    def __init__(self) -> None:
        self.keys = Keys({})
        self.looks = 0

    def load(self) -> Keys:
        self.looks += 1
        return self.keys


def test_a_new_token_opens_its_platform_at_once_and_no_other() -> None:
    async def scenario() -> None:
        tokens = Tokens()
        gate = Gate(tokens.load)
        assert await gate.match("studio", "new") is None
        tokens.keys = KEYS
        assert await gate.match("studio", "new") == digest_of("new")
        assert await gate.match("other", "new") is None

    asyncio.run(scenario())


def test_a_known_token_asks_no_database() -> None:
    async def scenario() -> None:
        tokens = Tokens()
        gate = Gate(tokens.load)
        gate.learn(KEYS)
        assert await gate.match("studio", "old") == digest_of("old")
        assert tokens.looks == 0

    asyncio.run(scenario())


def test_many_unknown_tokens_share_one_look() -> None:
    async def scenario() -> None:
        tokens = Tokens()
        gate = Gate(tokens.load)
        found = await asyncio.gather(*(gate.match("studio", str(n)) for n in range(100)))
        assert set(found) == {None}
        assert tokens.looks == 1

    asyncio.run(scenario())


def test_an_unknown_platform_and_a_wrong_token_take_the_same_time() -> None:
    async def scenario() -> None:
        tokens = Tokens()
        tokens.keys = KEYS
        gate = Gate(tokens.load)
        for platform in ("studio", "nobody"):
            started = time.perf_counter()
            assert await gate.match(platform, "wrong") is None
            assert time.perf_counter() - started >= PAUSE * 0.9

    asyncio.run(scenario())


def test_without_the_database_nobody_is_told_that_a_token_is_wrong() -> None:
    def fail() -> Keys:
        raise DatabaseUnavailable("gone")

    async def scenario() -> None:
        with pytest.raises(DatabaseUnavailable):
            await Gate(fail).match("studio", "new")

    asyncio.run(scenario())
