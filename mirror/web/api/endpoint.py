"""One endpoint: a path, its parameters and its answer as types, and the read that makes one of the other.

Answering is the same for all: read in one short transaction in a thread, written down and compressed
there as well, and not at all where the client has it already.
"""

from __future__ import annotations

import gzip
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from mirror.core.model import Seq
from mirror.store.queries import Connection, lists
from mirror.store.queries.lists import Place, Stamp
from mirror.web.api.params import bad_cursor, parse, seq_of, time_of
from mirror.web.api.types import Page
from mirror.web.problems import Problem
from mirror.web.reads import Reads

T = TypeVar("T")
VERSION = version("cme-mirror")
SMALL = 1_000
"""Bytes below which compressing is not worth its while."""
FASTEST = 1

Given = list[tuple[str, str]]
"""The query of a request, in its order."""
Fresh = Literal["state", "journal", "always"]


class Asked(Struct, frozen=True):
    """A question to one platform, in one transaction."""

    connection: Connection
    stamp: Stamp
    path: Mapping[str, str]
    at: Seq | None = None


class Endpoint(Struct, frozen=True):
    """What is at a path of the API. `fresh` says what its answer changes with."""

    path: str
    name: str
    summary: str
    params: type[Struct]
    answer: Any  # a type that msgspec knows
    read: Callable[[Asked, Any], Struct]
    fresh: Fresh = "state"
    streams: bool = False


async def respond(
    endpoint: Endpoint, reads: Reads, request: Request, given: Given | None = None
) -> Response:
    """The answer to a request; `given` stands for its query where a header says a part of it."""
    params = parse(endpoint.params, request.query_params.multi_items() if given is None else given)
    known = request.headers.get("if-none-match", "")
    compress = _takes_gzip(request.headers.get("accept-encoding", ""))
    path = dict(request.path_params)

    def read(connection: Connection) -> Response:
        return _read(endpoint, connection, params, path, known, compress=compress)

    return await reads.ask(read)


def _read(
    endpoint: Endpoint,
    connection: Connection,
    params: Struct,
    path: Mapping[str, str],
    known: str,
    *,
    compress: bool,
) -> Response:
    stamp = lists.stamp(connection, getattr(params, "platform", None))
    asked = Asked(connection, stamp, path, moment(connection, stamp, "at", params))
    tag = _tag(endpoint, asked)
    if tag is not None and _is_known(tag, known):
        return Response(status_code=304, headers=_headers(tag))
    body = msgspec.json.encode(endpoint.read(asked, params))
    if tag is None:
        tag = f'W/"{sha256(body).hexdigest()[:24]}"'
        if _is_known(tag, known):
            return Response(status_code=304, headers=_headers(tag))
    headers = _headers(tag)
    if compress and len(body) > SMALL:
        body = gzip.compress(body, FASTEST, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)


def moment(connection: Connection, stamp: Stamp, name: str, params: Struct) -> Seq | None:
    """The delivery that a parameter such as `at` means; None where it is not given.

    Raises Problem 400, or 404 for a moment that is not there to be looked at.
    """
    text: str | None = getattr(params, name, None)
    if text is None:
        return None
    found = seq_of(text)
    if found is None:
        found = lists.seq_at(connection, stamp.platform, time_of(name, text))
    return found


def _tag(endpoint: Endpoint, asked: Asked) -> str | None:
    """What changes whenever the answer may; None where only the answer itself can tell."""
    if endpoint.fresh == "always":
        return None
    stamp = asked.stamp
    parts = [VERSION, stamp.platform, stamp.generation, stamp.feed_generation, stamp.applied_seq]
    if endpoint.fresh == "journal":
        parts.append(stamp.head_seq)
    if asked.at is not None:
        parts[-1] = f"at{asked.at}"
    return f'W/"{".".join(map(str, parts))}"'


def _is_known(tag: str, known: str) -> bool:
    return known.strip() == "*" or tag.removeprefix("W/") in {
        one.strip().removeprefix("W/") for one in known.split(",")
    }


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Vary": "Accept, Accept-Encoding"}


def _takes_gzip(header: str) -> bool:
    for part in header.split(","):
        name, _, quality = part.partition(";")
        if name.strip().lower() in {"gzip", "*"}:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


# ------------------------------------------------------------------------------------- cursors


def place_of(asked: Asked, params: Struct) -> Place | None:
    """Where a page begins. Raises Problem 400 for a cursor of other filters."""
    cursor: str | None = getattr(params, "cursor", None)
    if cursor is None:
        return None
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        check, *place = msgspec.json.decode(raw, type=list[str | int])
    except (ValueError, msgspec.DecodeError):
        raise bad_cursor() from None
    if check != _check(asked, params):
        raise bad_cursor()
    return tuple(place)


def cursor_of(asked: Asked, params: Struct, place: Place | None) -> str | None:
    """`next` of a page that ended at `place`."""
    if place is None:
        return None
    raw = msgspec.json.encode([_check(asked, params), *place])
    return urlsafe_b64encode(raw).decode().rstrip("=")


def paged(
    asked: Asked,
    params: Struct,
    items: list[T],
    place: Place | None,
) -> Page[T]:
    """A page as it is answered; `place` is where it ended, None if nothing is behind it."""
    return Page(
        platform=asked.stamp.platform,
        applied_seq=asked.stamp.applied_seq,
        at_seq=asked.at,
        items=items,
        next=cursor_of(asked, params, place),
    )


def _check(asked: Asked, params: Struct) -> int:
    """Tells the filters of one list from those of another."""
    filters = {
        name: value
        for name, value in msgspec.structs.asdict(params).items()
        if name not in {"cursor", "limit", "platform", "at"}
    }
    what = (type(params).__name__, asked.stamp.platform, asked.at, sorted(filters.items()))
    return zlib.crc32(repr(what).encode("utf-8", "surrogatepass"))


def refuse_when_past(asked: Asked, name: str) -> None:
    """Raises Problem 400: this cannot be asked of an earlier moment."""
    if asked.at is not None:
        raise Problem(
            400,
            f"Parameter {name!r} is known of the present only.",
            code="bad_parameter",
            parameter=name,
            next="Leave out `at`, or leave this out.",
        )
