"""Who may post callbacks: addresses that are allowed, tokens that open a platform.

An unknown platform and a wrong token take the same way and the same time. Tokens are kept in memory
and looked up anew when one is unknown, so a new token works at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from mirror.store.platforms import Keys

Network = IPv4Network | IPv6Network
Headers = Iterable[tuple[bytes, bytes]]

PAUSE = 0.05
"""Seconds between two looks at the tokens in the database, however many unknown ones come."""


class Sources:
    """The addresses that may post; none given means all. `proxies` may speak for others."""

    def __init__(self, allowed: tuple[Network, ...], proxies: tuple[Network, ...]) -> None:
        self._allowed = allowed
        self._proxies = proxies
        self._is_allowed = lru_cache(maxsize=4096)(self._find_allowed)

    def admit(self, peer: str | None, headers: Headers) -> bool:
        """Whether the sender may post: the peer, or the one for whom a trusted proxy speaks."""
        return not self._allowed or self._is_allowed(self.sender(peer, headers))

    def sender(self, peer: str | None, headers: Headers) -> str:
        """The address that a request came from: the right-most one that is no trusted proxy."""
        address = peer or ""
        if not self._proxies or not _within(address, self._proxies):
            return address
        forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for")
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            if not hop.strip():
                continue
            address = hop.strip()
            if not _within(address, self._proxies):
                break
        return address

    def _find_allowed(self, address: str) -> bool:
        return _within(address, self._allowed)


def _within(text: str, networks: tuple[Network, ...]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    if text.count(":") == 1:
        text = text.partition(":")[0]  # some proxies add the port
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    # A socket for both families shows IPv4 senders this way.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


class Gate:
    """The tokens that open a platform. `load` reads them from the database, in another thread."""

    def __init__(self, load: Callable[[], Keys]) -> None:
        self._load = load
        self._keys = Keys({})
        self._next_look: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Looks the tokens up anew; all who ask before the look begins share it.

        Raises what `load` does.
        """
        if self._next_look is None:
            self._next_look = asyncio.create_task(self._look())
        await asyncio.shield(self._next_look)

    def known(self, platform: str, token: str) -> bytes | None:
        """The digest of a token that opens the platform, as far as is known without a look."""
        return self._keys.match(platform, token)

    async def match(self, platform: str, token: str) -> bytes | None:
        """The digest of a token that opens the platform, else None. Raises what `load` does."""
        found = self.known(platform, token)
        if found is None:
            await self.refresh()
            found = self.known(platform, token)
        return found

    def learn(self, keys: Keys) -> None:
        """Takes over the tokens as somebody else has just read them."""
        self._keys = keys

    async def _look(self) -> None:
        await asyncio.sleep(PAUSE)
        # Whoever asks from here on may know of a token that this look misses.
        self._next_look = None
        self._keys = await asyncio.to_thread(self._load)
