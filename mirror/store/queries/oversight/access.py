"""Who may send and who may read: platforms and tokens by name, and when each was last used."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Micros
from mirror.store import platforms, reading_tokens
from mirror.store.platforms import PlatformRow
from mirror.store.reading_tokens import ReadingToken


class Login(Struct, frozen=True):
    """Somebody logged in by a browser, until it ends."""

    last_used_at: Micros | None
    expires_at: Micros


class Access(Struct, frozen=True):
    """Nothing in it opens anything: tokens themselves are kept nowhere."""

    platforms: tuple[PlatformRow, ...]
    tokens: tuple[ReadingToken, ...]
    logins: tuple[Login, ...]  # that have not ended; the one used last first


def access(connection: sa.Connection, now: Micros) -> Access:
    """Everybody who has any at `now`."""
    known = reading_tokens.listed(connection)
    logins = [
        Login(each.last_used_at, each.expires_at)
        for each in known
        if each.expires_at is not None and each.expires_at > now
    ]
    return Access(
        tuple(platforms.listed(connection)),
        tuple(each for each in known if each.expires_at is None),
        tuple(sorted(logins, key=lambda each: -(each.last_used_at or 0))),
    )
