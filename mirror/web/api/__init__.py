"""`/api/v1`: one table of endpoints, from which routes, OpenAPI and the documentation are made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mirror.store.feed import Position
from mirror.store.queries import Connection, lists
from mirror.web.api import board, journal, library
from mirror.web.api.endpoint import Asked, Endpoint, Given, respond
from mirror.web.api.openapi import document
from mirror.web.api.params import parse
from mirror.web.auth import Readers
from mirror.web.guard import READER
from mirror.web.hub import Hub
from mirror.web.reads import Reads
from mirror.web.stream import EventStream

PREFIX = "/api/v1"
ENDPOINTS: tuple[Endpoint, ...] = (*library.ENDPOINTS, *board.ENDPOINTS, *journal.ENDPOINTS)
STREAM = "text/event-stream"

Answering = Callable[[Request], Awaitable[Response]]


def routes(reads: Reads, readers: Readers, hub: Hub) -> list[Route]:
    """The routes of the API."""
    description = document(PREFIX, ENDPOINTS)

    async def openapi(_: Request) -> Response:
        return Response(description, media_type="application/json")

    found = [Route(PREFIX + each.path, _answering(each, reads)) for each in ENDPOINTS]
    [changes] = (each for each in ENDPOINTS if each.streams)

    async def feed(request: Request) -> Response | EventStream:
        if STREAM in request.headers.get("accept", ""):
            return await _stream(request, reads, readers, hub)
        return await respond(changes, reads, request, _with_last_id(request))

    return [
        Route(PREFIX + changes.path, feed),
        *found,
        Route(f"{PREFIX}/openapi.json", openapi),
    ]


def _answering(endpoint: Endpoint, reads: Reads) -> Answering:
    async def answering(request: Request) -> Response:
        return await respond(endpoint, reads, request)

    return answering


async def _stream(request: Request, reads: Reads, readers: Readers, hub: Hub) -> EventStream:
    params = parse(journal.ChangesParams, _with_last_id(request))
    scope, reader = journal.scope_of(params), request.scope[READER]

    def begin(connection: Connection) -> tuple[str, Position | None]:
        stamp = lists.stamp(connection, params.platform)
        return stamp.platform, journal.begin(Asked(connection, stamp, {}), params)

    platform, after = await reads.ask(begin)
    hub.enter()
    return EventStream(hub, reads, platform, scope, after, lambda: readers.still(reader))


def _with_last_id(request: Request) -> Given:
    """The query, in which `Last-Event-ID` takes the place of what it began with."""
    given = request.query_params.multi_items()
    last = request.headers.get("last-event-id", "")
    if not last:
        return given
    parse(journal.ChangesParams, given)  # what gives way has to be right, too
    return [(name, text) for name, text in given if name not in {"after", "since"}] + [
        ("after", last)
    ]
