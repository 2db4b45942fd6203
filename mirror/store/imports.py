"""How far the content of each imported file was taken, recorded with the lines themselves.

A content is known by a hash of what was taken, so a file may be renamed, compressed or grow.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from msgspec import Struct

from mirror.core.model import Micros, Seq
from mirror.errors import InputError
from mirror.store.schema import imports


class Import(Struct, frozen=True):
    """What was taken of one content: so many lines and bytes, whose hash is `fingerprint`."""

    fingerprint: bytes
    file_name: str
    lines: int
    bytes: int
    started_seq: Seq
    finished: bool
    updated_at: Micros


_KNOWN = sa.select(*(imports.c[name] for name in Import.__struct_fields__))


def known(connection: sa.Connection, platform: str) -> list[Import]:
    """Every content that something was taken of, in the order of its size."""
    query = _KNOWN.where(imports.c.platform == platform)
    rows = connection.execute(query.order_by(imports.c.bytes, imports.c.fingerprint))
    return [Import(*row) for row in rows]


def advance(connection: sa.Connection, platform: str, now: Import, before: Sequence[bytes]) -> None:
    """Records that a content was taken further; the records with fingerprints `before` go.

    Raises InputError if another import of the same content went first: its lines are there already.
    """
    mine = imports.c.platform == platform
    gone = connection.execute(sa.delete(imports).where(mine, imports.c.fingerprint.in_(before)))
    taken = sa.select(imports.c.lines).where(mine, imports.c.fingerprint == now.fingerprint)
    if gone.rowcount != len(before) or connection.execute(taken).first() is not None:
        raise InputError(
            f"{now.file_name}: another import of the same content is running. "
            "Wait until it has ended, then run this one again."
        )
    values = {name: getattr(now, name) for name in Import.__struct_fields__}
    connection.execute(sa.insert(imports).values(platform=platform, **values))


def finish(connection: sa.Connection, platform: str, fingerprint: bytes) -> None:
    """Records that a content was taken as a whole."""
    connection.execute(
        sa.update(imports)
        .where(imports.c.platform == platform, imports.c.fingerprint == fingerprint)
        .values(finished=True)
    )
