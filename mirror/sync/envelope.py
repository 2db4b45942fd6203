"""Deliveries as JSON Lines that lose nothing: a header, then one line for each delivery.

A body that is UTF-8 stands as text, unless base64 is shorter; either gives back the same bytes.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct, field

from mirror.core.model import Micros, Seq
from mirror.errors import InputError
from mirror.store.journal import Arrival, Delivery, Source

VERSION = 1
OVERHEAD = 4096
"""Bytes that a line has at most besides its body, which takes 4/3 of its own."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Header(Struct, frozen=True):
    """What an envelope file holds: deliveries `first` to `last` of `platform`.

    `digest` is the journal's chain up to `last`.
    """

    mirror_journal: int
    platform: str
    first: Seq = field(name="from")
    last: Seq = field(name="to")
    digest: str


class Entry(Struct, frozen=True, omit_defaults=True):
    """One delivery; exactly one of the bodies is given."""

    seq: Seq
    received_at: str
    source: Source
    digest: str
    redelivery_of: Seq | None = None
    body: str | None = None
    body_base64: str | None = None


def longest_line(largest_body: int) -> int:
    """The most bytes that a line with such a body has."""
    return largest_body // 3 * 4 + OVERHEAD


def header(platform: str, first: Seq, last: Seq, digest: bytes) -> bytes:
    """The first line, without its end."""
    return msgspec.json.encode(Header(VERSION, platform, first, last, digest.hex()))


def line(delivery: Delivery) -> bytes:
    """A delivery's line, without its end."""
    coded = b64encode(delivery.body).decode()
    text = _as_text(delivery.body)
    if text is not None and len(msgspec.json.encode(text)) > len(coded) + OVERHEAD // 4:
        text = None
    return msgspec.json.encode(
        Entry(
            seq=delivery.seq,
            received_at=timestamp(delivery.received_at),
            source=delivery.source,
            digest=delivery.digest.hex(),
            redelivery_of=delivery.redelivery_of,
            body=text,
            body_base64=coded if text is None else None,
        )
    )


def read_header(text: bytes) -> Header | None:
    """The header, if the first line of a file is one. Raises InputError for a newer version's."""
    try:
        found = msgspec.json.decode(text, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if found.mirror_journal != VERSION:
        raise InputError(
            f"The file is an export of version {found.mirror_journal}, and this mirror reads "
            f"version {VERSION}: use the mirror that made it, or a newer one."
        )
    return found


def read_line(text: bytes) -> tuple[Seq, bytes, Arrival]:
    """A delivery's seq, its digest, and itself. Raises InputError with what is wrong."""
    try:
        entry = msgspec.json.decode(text, type=Entry)
        if entry.body_base64 is not None:
            body = b64decode(entry.body_base64, validate=True)
        else:
            body = (entry.body or "").encode()
        at = micros(entry.received_at)
        arrival = Arrival(body, at, entry.source, entry.redelivery_of)
        return entry.seq, bytes.fromhex(entry.digest), arrival
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"it is no delivery of an export: {error}") from error


def timestamp(at: Micros) -> str:
    """Microseconds since 1970 as ISO 8601 in UTC, to the microsecond."""
    when = _EPOCH + timedelta(microseconds=at)
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def micros(text: str) -> Micros:
    """What `timestamp` wrote. Raises ValueError."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("a time has no offset")
    return Micros((when - _EPOCH) // timedelta(microseconds=1))


def _as_text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
