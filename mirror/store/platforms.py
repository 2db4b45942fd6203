"""Platforms and the tokens in their callback URLs: add, list, rotate, revoke, remove, recognise.

A token is shown once and kept as its SHA-256. Whoever asks learns nothing from the time an answer
takes: an unknown platform and a wrong token go the same way.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Micros, Seq
from mirror.errors import InputError, NotFound
from mirror.store.chain import GENESIS
from mirror.store.engine import Speaker, run
from mirror.store.schema import callback_tokens, checkpoints, heads, platforms

DEFAULT = "default"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NOBODY = (bytes(32),)  # no token has this digest, as far as anybody knows


class Token(Struct, frozen=True):
    """A token as it can be listed: not itself."""

    created_at: Micros
    last_used_at: Micros | None


class PlatformRow(Struct, frozen=True):
    """A platform; `platform_id` is what API calls send. A removed one keeps its history."""

    name: str
    platform_id: str
    created_at: Micros
    removed_at: Micros | None = None
    tokens: tuple[Token, ...] = ()  # oldest first


class Keys(Struct, frozen=True):
    """The digests of all valid tokens, as they were when they were loaded."""

    digests: dict[str, tuple[bytes, ...]]

    def match(self, platform: str, token: str) -> bytes | None:
        """The digest of `token`, if it opens `platform`; the same work whether or not it does."""
        offered = digest_of(token)
        found: bytes | None = None
        for digest in self.digests.get(platform, _NOBODY):
            if compare_digest(digest, offered):
                found = digest
        return found


def digest_of(token: str) -> bytes:
    """What is stored for a token. It is random enough to need no salt and no slow hash."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def callback_path(platform: str, token: str) -> str:
    """The secret path of a platform's callback URL."""
    return f"/callback/{platform}/{token}"


def add(
    connection: sa.Connection, name: str, platform_id: str | None = None, *, now: Micros
) -> PlatformRow:
    """Adds a platform without a token, or brings a removed one back; its journal goes on.

    Raises InputError for a name that is taken or cannot be one.
    """
    if not NAME.fullmatch(name):
        raise InputError(
            f"Platform name {name!r} cannot be used: up to 64 of a-z, 0-9, - and _, "
            "a letter or digit first."
        )
    if platform_id is not None and not _is_id(platform_id):
        raise InputError(
            f"Platform ID {platform_id!r} cannot be used: 1 to 255 bytes of printable text."
        )
    known = _find(connection, name)
    if known is not None and known.removed_at is None:
        raise InputError(f"Platform '{name}' exists already: choose another name.")
    if known is None:
        _insert(connection, PlatformRow(name, platform_id or name, now))
    else:
        connection.execute(
            sa.update(platforms)
            .where(platforms.c.platform == name)
            .values(removed_at=None, platform_id=platform_id or known.platform_id)
        )
    return resolve(connection, name)


def adopt(connection: sa.Connection, source: PlatformRow) -> None:
    """Makes a platform of another database exist here, without its tokens."""
    if _find(connection, source.name) is None:
        _insert(connection, source)
        return
    connection.execute(
        sa.update(platforms)
        .where(platforms.c.platform == source.name)
        .values(
            platform_id=source.platform_id,
            created_at=source.created_at,
            removed_at=source.removed_at,
        )
    )


def holds_anything(connection: sa.Connection) -> bool:
    """Tells whether the database is in use: a delivery, a token, or a platform besides `default`."""
    used = sa.union_all(
        sa.select(heads.c.platform).where(heads.c.head_seq > 0),
        sa.select(callback_tokens.c.platform),
        sa.select(platforms.c.platform).where(platforms.c.platform != DEFAULT),
    )
    return connection.execute(used.limit(1)).first() is not None


def listed(connection: sa.Connection) -> list[PlatformRow]:
    """Every platform by name, removed ones included, each with its tokens."""
    tokens: dict[str, list[Token]] = {}
    for platform, *facts in connection.execute(
        sa.select(
            callback_tokens.c.platform, callback_tokens.c.created_at, callback_tokens.c.last_used_at
        ).order_by(callback_tokens.c.created_at, callback_tokens.c.digest)
    ):
        tokens.setdefault(platform, []).append(Token(*facts))
    rows = connection.execute(_PLATFORM.order_by(platforms.c.platform))
    return [PlatformRow(*row, tuple(tokens.get(row[0], ()))) for row in rows]


def resolve(connection: sa.Connection, name: str | None = None) -> PlatformRow:
    """The platform of that name, removed or not; without a name `default`, or the only one.

    Raises NotFound.
    """
    known = {platform.name: platform for platform in listed(connection)}
    if name is not None:
        if name not in known:
            raise NotFound(f"There is no platform '{name}': `mirror platform list` names them.")
        return known[name]
    present = {name: platform for name, platform in known.items() if platform.removed_at is None}
    if DEFAULT in present:
        return present[DEFAULT]
    if len(present) == 1:
        return next(iter(present.values()))
    if present:
        raise NotFound(f"Which platform? Name one with --platform: {', '.join(present)}.")
    raise NotFound("There is no platform: `mirror platform add NAME` makes one.")


def rotate(connection: sa.Connection, name: str, *, now: Micros) -> str:
    """Adds a token and returns it, the only time it is seen; earlier ones go on to work.

    Raises NotFound for a platform that is unknown or removed.
    """
    platform = _present(connection, name)
    token = secrets.token_urlsafe(32)
    newest = max((known.created_at for known in platform.tokens), default=Micros(0))
    connection.execute(
        sa.insert(callback_tokens).values(
            platform=name, digest=digest_of(token), created_at=max(now, newest + 1)
        )
    )
    return token


def revoke(connection: sa.Connection, name: str) -> int:
    """Ends every token but the newest; returns how many that were.

    Raises InputError where there is no older one, NotFound for an unknown or removed platform.
    """
    platform = _present(connection, name)
    if len(platform.tokens) <= 1:
        raise InputError(
            f"Platform '{name}' has no older token: `mirror platform rotate {name}` adds one, and "
            f"`mirror platform remove {name}` ends the last."
        )
    connection.execute(
        sa.delete(callback_tokens).where(
            callback_tokens.c.platform == name,
            callback_tokens.c.created_at < platform.tokens[-1].created_at,
        )
    )
    return len(platform.tokens) - 1


def remove(connection: sa.Connection, name: str, *, now: Micros) -> None:
    """Ends a platform's URLs; its journal and state stay. Raises NotFound."""
    _present(connection, name)
    connection.execute(sa.delete(callback_tokens).where(callback_tokens.c.platform == name))
    connection.execute(
        sa.update(platforms).where(platforms.c.platform == name).values(removed_at=now)
    )


def load_keys(connection: Speaker) -> Keys:
    """The tokens that open a platform now; a receiver loads them anew every so often."""
    digests: dict[str, tuple[bytes, ...]] = {}
    for platform, digest in map(tuple, run(connection, _KEYS, ())):
        digests[platform] = (*digests.get(platform, ()), digest)
    return Keys(digests)


def applied(connection: sa.Connection) -> dict[str, Seq]:
    """How far the live state of each platform is applied; one that has no state yet is left out."""
    return dict(map(tuple, run(connection, _APPLIED, ())))


def authenticate(connection: sa.Connection, platform: str, token: str) -> bytes | None:
    """The digest of `token`, if it opens `platform`; to be handed to `touch` later on."""
    return load_keys(connection).match(platform, token)


def touch(connection: Speaker, uses: Mapping[tuple[str, bytes], Micros]) -> None:
    """Notes when tokens were last used, by platform and digest; with appends, now and then."""
    for (platform, digest), used_at in uses.items():
        run(connection, _TOUCH, (used_at, platform, digest, used_at))


_KEYS = sa.select(callback_tokens.c.platform, callback_tokens.c.digest).order_by(
    callback_tokens.c.platform, callback_tokens.c.digest
)
_TOUCH = (
    sa.update(callback_tokens)
    .values(last_used_at=sa.bindparam("used_at"))
    .where(
        callback_tokens.c.platform == sa.bindparam("of"),
        callback_tokens.c.digest == sa.bindparam("with"),
        sa.func.coalesce(callback_tokens.c.last_used_at, sa.literal_column("0"))
        < sa.bindparam("before"),
    )
)
_APPLIED = sa.select(checkpoints.c.platform, checkpoints.c.seq).where(
    checkpoints.c.platform == platforms.c.platform,
    checkpoints.c.generation == platforms.c.generation,
)
_PLATFORM = sa.select(
    platforms.c.platform,
    platforms.c.platform_id,
    platforms.c.created_at,
    platforms.c.removed_at,
)


def _find(connection: sa.Connection, name: str) -> PlatformRow | None:
    row = connection.execute(_PLATFORM.where(platforms.c.platform == name)).first()
    return None if row is None else PlatformRow(*row)


def _present(connection: sa.Connection, name: str) -> PlatformRow:
    platform = resolve(connection, name)
    if platform.removed_at is not None:
        raise NotFound(
            f"Platform '{name}' was removed: `mirror platform add {name}` brings it back."
        )
    return platform


def _insert(connection: sa.Connection, platform: PlatformRow) -> None:
    connection.execute(
        sa.insert(platforms).values(
            platform=platform.name,
            platform_id=platform.platform_id,
            generation=1,
            feed_generation=1,
            created_at=platform.created_at,
            removed_at=platform.removed_at,
        )
    )
    connection.execute(
        sa.insert(heads).values(
            platform=platform.name, head_seq=0, head_digest=GENESIS, confirmed_seq=0
        )
    )


def _is_id(text: str) -> bool:
    return text.isprintable() and 0 < len(text.encode("utf-8", "replace")) <= 255  # noqa: PLR2004
