"""Who may read over HTTP: tokens that are given out by name, and logins, which end by themselves.

A token is shown once and kept as its SHA-256. It opens every platform for reading, and nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Micros
from mirror.errors import InputError, NotFound
from mirror.store.platforms import NAME, digest_of
from mirror.store.schema import reading_tokens

LOGIN = "login."
"""What the names of logins begin with; no token's name can."""


class ReadingToken(Struct, frozen=True):
    """A token as it can be listed: not itself. A login has a time at which it ends."""

    name: str
    created_at: Micros
    last_used_at: Micros | None
    expires_at: Micros | None


class ReadingKey(Struct, frozen=True):
    """What a token is recognised by, until it ends."""

    name: str
    digest: bytes
    expires_at: Micros | None = None


def add(connection: sa.Connection, name: str, *, now: Micros) -> str:
    """Makes a token and returns it, this once. Raises InputError for a name that is taken or bad."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"Token name {name!r} cannot be used: up to 64 of a-z, 0-9, - and _, "
            "a letter or digit first."
        )
    if any(token.name == name for token in listed(connection)):
        raise InputError(
            f"Token '{name}' exists already: choose another name, or end it with "
            f"`mirror token revoke {name}` first."
        )
    return _insert(connection, name, now, None)


def log_in(connection: sa.Connection, *, now: Micros, until: Micros) -> str:
    """Makes a token that ends at `until`, and drops those that have ended. Returns it."""
    expires = reading_tokens.c.expires_at
    connection.execute(sa.delete(reading_tokens).where(expires <= now))
    return _insert(connection, LOGIN + secrets.token_hex(4), now, until)


def listed(connection: sa.Connection) -> list[ReadingToken]:
    """Every token and login by name."""
    columns = [reading_tokens.c[name] for name in ReadingToken.__struct_fields__]
    rows = connection.execute(sa.select(*columns).order_by(reading_tokens.c.name))
    return [ReadingToken(*row) for row in rows]


def revoke(connection: sa.Connection, name: str) -> None:
    """Ends a token or a login. Raises NotFound."""
    gone = connection.execute(sa.delete(reading_tokens).where(reading_tokens.c.name == name))
    if not gone.rowcount:
        raise NotFound(f"There is no token '{name}': `mirror token list` names them.")


def load(connection: sa.Connection) -> tuple[ReadingKey, ...]:
    """What every token is recognised by."""
    columns = [reading_tokens.c[name] for name in ReadingKey.__struct_fields__]
    rows = connection.execute(sa.select(*columns).order_by(reading_tokens.c.name))
    return tuple(ReadingKey(*row) for row in rows)


def touch(connection: sa.Connection, uses: Mapping[str, Micros]) -> None:
    """Notes when tokens were last used, by name."""
    for name, used_at in uses.items():
        connection.execute(
            sa.update(reading_tokens)
            .where(reading_tokens.c.name == name)
            .where(sa.func.coalesce(reading_tokens.c.last_used_at, 0) < used_at)
            .values(last_used_at=used_at)
        )


def _insert(connection: sa.Connection, name: str, now: Micros, until: Micros | None) -> str:
    token = secrets.token_urlsafe(32)
    connection.execute(
        sa.insert(reading_tokens).values(
            name=name, digest=digest_of(token), created_at=now, expires_at=until
        )
    )
    return token
