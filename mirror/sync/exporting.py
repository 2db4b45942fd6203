"""Writes the journal as JSON Lines: the bodies alone, or everything in envelopes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from mirror.core.model import Seq
from mirror.store import journal
from mirror.store.engine import Database
from mirror.store.journal import Delivery
from mirror.sync import envelope

MOST, LEAST = 1_000, 1
LARGE = 32 * 1024**2
"""Bytes of bodies beyond which fewer deliveries are read at once."""


START = Seq(1)


class Skipped(Struct):
    """How many deliveries the bodies alone cannot tell of."""

    no_line: int = 0  # not a single line of JSON
    ours: int = 0  # observations: `Mirror.*`, which no platform sends


class _Typed(Struct):
    EventType: object = None


def deliveries(
    database: Database, platform: str, first: Seq = START, last: Seq | None = None
) -> Iterator[Delivery]:
    """Yields deliveries in order, up to the end that the journal has now; reads are short."""
    with database.read() as connection:
        head = journal.head(connection, platform)
    until = head if last is None else min(last, head)
    after, limit = Seq(max(first, 1) - 1), MOST // 10
    while after < until:
        with database.read() as connection:
            some = journal.read(connection, platform, after, limit, until)
        if not some:
            return
        yield from some
        after = some[-1].seq
        large = sum(len(delivery.body) for delivery in some) > LARGE
        limit = max(LEAST, limit // 4) if large else min(MOST, limit * 2)


def bodies(found: Iterator[Delivery], skipped: Skipped) -> Iterator[bytes]:
    """Yields lines without their ends; counts what cannot be one."""
    for delivery in found:
        body = delivery.body
        if b"\n" in body or body.endswith(b"\r"):  # it would not be read back as it is
            skipped.no_line += 1
            continue
        try:
            event_type = _event_type(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            skipped.no_line += 1
            continue
        if isinstance(event_type, str) and event_type.lower().startswith("mirror."):
            skipped.ours += 1
        else:
            yield body


def _event_type(body: bytes) -> object:
    """The event type of a body, if it has one. Raises an error if it is no JSON."""
    body.decode()
    try:
        return msgspec.json.decode(body, type=_Typed).EventType
    except msgspec.ValidationError:  # no object
        msgspec.json.decode(body, type=msgspec.Raw)
        return None


def envelopes(
    database: Database, platform: str, first: Seq = START, last: Seq | None = None
) -> Iterator[bytes]:
    """Yields a header, then a line for each delivery, all without their ends."""
    with database.read() as connection:
        end = journal.head_of(connection, platform)
        until = end.seq if last is None else min(last, end.seq)
        digest = end.digest
        if until != end.seq and until > 0:
            digest = journal.at(connection, platform, until).digest
    yield envelope.header(platform, first, until, digest)
    for delivery in deliveries(database, platform, first, until):
        yield envelope.line(delivery)
