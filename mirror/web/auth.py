"""Who reads: tokens and logins are recognised, login links work once, and guessing is slow.

Tokens come from the database by way of a `Vault`, and are looked up anew every few seconds, so that
one that was revoked ends while the server runs. Every comparison takes the same time.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Protocol

from msgspec import Struct

from mirror.errors import MirrorError
from mirror.web.problems import Problem
from mirror.web.reads import Reads

FRESH = 2.0
"""Seconds for which what was read of the tokens is believed."""
PAUSE = 0.1
"""Seconds between two looks into the database, however many unknown tokens come."""
TELL_EVERY = 60.0
"""Seconds between two notes of when a token was used."""
LINK_SECONDS = 600.0
LOGIN_SECONDS = 7 * 86400
ATTEMPTS, WINDOW = 10, 60.0
"""So many wrong tokens may one address offer within so many seconds."""
MOST_ADDRESSES = 10_000

log = logging.getLogger(__name__)


class Key(Protocol):
    """What a token is recognised by, until it ends (in microseconds since 1970)."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def digest(self) -> bytes:
        """The token's SHA-256."""
        ...

    @property
    def expires_at(self) -> int | None:
        """When it ends by itself."""
        ...


class Vault(Protocol):
    """Where tokens are kept. Each method may take a while: call it in a thread."""

    def load(self) -> Sequence[Key]:
        """All that open now."""
        ...

    def touch(self, uses: Mapping[str, int]) -> None:
        """Notes when they were last used, by name."""
        ...

    def log_in(self, seconds: int) -> str:
        """A new token that ends by itself after so many seconds."""
        ...

    def log_out(self, name: str) -> None:
        """Ends one, if it is there."""
        ...


class Reader(Struct, frozen=True):
    """Somebody who may read: by which token."""

    name: str
    digest: bytes


SETTING = "MIRROR_READ_TOKEN"


class Readers:
    """Tells who somebody is by the token that is shown."""

    def __init__(self, vault: Vault, reads: Reads, read_token: str | None) -> None:
        self._vault = vault
        self._reads = reads
        # Without the setting, a digest that no token has, so that there is always one to compare.
        self._setting = bytes(32) if read_token is None else digest_of(read_token)
        self._keys: Sequence[Key] = ()
        self._loaded = float("-inf")
        self._look: asyncio.Task[None] | None = None
        self._told: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def recognise(self, token: str) -> Reader | None:
        """Who shows `token`; None for nobody. Raises what reading the database does."""
        found = self._match(token)
        age = time.monotonic() - self._loaded
        if age > FRESH or (found is None and age > PAUSE):
            await self._refresh()
            found = self._match(token)
        if found is not None and found.name != SETTING:
            self._note(found.name)
        return found

    async def still(self, reader: Reader) -> bool:
        """Whether a reader of before may go on."""
        if time.monotonic() - self._loaded > FRESH:
            await self._refresh()
        return self._find(reader.digest) is not None

    async def log_in(self) -> str:
        """The token of a new login."""
        token = await self._reads.run(lambda: self._vault.log_in(LOGIN_SECONDS))
        self._loaded = float("-inf")
        return token

    async def log_out(self, reader: Reader) -> None:
        """Ends a login; other tokens stay."""
        ends = {key.name for key in self._keys if key.expires_at is not None}
        if reader.name in ends:
            await self._reads.run(lambda: self._vault.log_out(reader.name))
            self._loaded = float("-inf")

    def _match(self, token: str) -> Reader | None:
        return self._find(digest_of(token))

    def _find(self, digest: bytes) -> Reader | None:
        found = Reader(SETTING, digest) if compare_digest(digest, self._setting) else None
        now = time.time_ns() // 1000
        for key in self._keys:
            if compare_digest(digest, key.digest) and (key.expires_at or now + 1) > now:
                found = Reader(key.name, digest)
        return found

    async def _refresh(self) -> None:
        """Looks the tokens up anew; all who ask meanwhile share it."""
        if self._look is None:
            self._look = asyncio.create_task(self._load())
        await asyncio.shield(self._look)

    async def _load(self) -> None:
        try:
            keys = await self._reads.run(self._vault.load)
        finally:
            self._look = None
        self._keys = keys
        self._loaded = time.monotonic()

    def _note(self, name: str) -> None:
        if time.monotonic() - self._told.get(name, float("-inf")) <= TELL_EVERY:
            return
        known = {key.name for key in self._keys}
        self._told = {told: when for told, when in self._told.items() if told in known}
        self._told[name] = time.monotonic()
        task = asyncio.create_task(self._tell({name: time.time_ns() // 1000}))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, uses: Mapping[str, int]) -> None:
        try:
            await self._reads.run(lambda: self._vault.touch(uses))
        except (MirrorError, Problem) as error:
            log.warning("Could not note when a reading token was used: %s", error)


def digest_of(token: str) -> bytes:
    """What a token is recognised by. It is random enough to need no salt and no slow hash."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


class LoginLinks:
    """Keys that log somebody in, once and for ten minutes; they live in this process alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[bytes, float] = {}

    def make(self) -> str:
        """A new key."""
        key = secrets.token_urlsafe(32)
        self._open[digest_of(key)] = self._clock() + LINK_SECONDS
        return key

    def use(self, key: str) -> bool:
        """Whether the key opens; it does not do so again."""
        offered, now = digest_of(key), self._clock()
        found = None
        for digest, until in self._open.items():
            if compare_digest(digest, offered) and now < until:
                found = digest
        self._open = {
            digest: until
            for digest, until in self._open.items()
            if now < until and digest is not found
        }
        return found is not None


class Attempts:
    """Counts what an address got wrong lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0 if it may now."""
        self._forget(address)
        times = self._wrong.get(address, ())
        return max(0.0, times[-ATTEMPTS] + WINDOW - self._clock()) if len(times) >= ATTEMPTS else 0

    def add(self, address: str) -> None:
        """It was wrong once more."""
        self._forget(address)
        self._wrong.setdefault(address, []).append(self._clock())
        self._wrong.move_to_end(address)
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def _forget(self, address: str) -> None:
        since = self._clock() - WINDOW
        times = [when for when in self._wrong.get(address, ()) if when > since]
        if times:
            self._wrong[address] = times[-ATTEMPTS:]
        else:
            self._wrong.pop(address, None)
