"""Everything on the web but callbacks, as one application: hardened, guarded, routed.

Host and headers (security.py) → who reads (guard.py) → login.py, health.py, pages/, api/
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mirror.errors import MirrorError
from mirror.web import api, health, pages
from mirror.web.auth import Attempts, LoginLinks, Readers, Vault
from mirror.web.guard import Cookies, Guard
from mirror.web.health import WhyNot
from mirror.web.hub import Hub
from mirror.web.login import Doors
from mirror.web.metrics import Metrics
from mirror.web.pages.failures import respond
from mirror.web.problems import STATUSES, Problem, problem_of
from mirror.web.reads import Reads
from mirror.web.security import Application, Hardened, Hosts, Message

log = logging.getLogger(__name__)


class Parts(Struct, frozen=True):
    """What the web is built from; `sender` tells the address that a request came from."""

    reads: Reads
    hub: Hub
    vault: Vault
    links: LoginLinks
    hosts: Hosts
    port: int
    read_token: str | None
    sender: Callable[[Message], str]
    why_not_ready: WhyNot
    metrics: Metrics
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]]


def build(parts: Parts) -> Application:
    """The ASGI application."""
    readers = Readers(parts.vault, parts.reads, parts.read_token)
    cookies = Cookies(parts.hosts, parts.port)
    guard = Guard(readers, Attempts(), cookies, parts.sender)
    inside = Starlette(
        routes=[
            *health.routes(parts.why_not_ready),
            *parts.metrics.routes(),
            *Doors(readers, guard, cookies, parts.links).routes(),
            *pages.routes(parts.reads),
            *api.routes(parts.reads, readers, parts.hub),
        ],
        lifespan=parts.lifespan,
        exception_handlers={
            HTTPException: _http,
            Problem: _problem,
            MirrorError: _ours,
            Exception: _unexpected,
        },
    )
    inside.router.redirect_slashes = False  # `/x/` is another thing than `/x`: it is not there
    return Hardened(guard.before(inside), parts.hosts)


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - it is registered for that
    return respond(request, problem)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, MirrorError)  # noqa: S101 - it is registered for that
    return respond(request, problem_of(error))


async def _http(request: Request, error: Exception) -> Response:
    """What the router refuses: an unknown path, or a method that a path does not have."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for that
    status = error.status_code if error.status_code in STATUSES else 400
    message = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.url.path} does not take {request.method}.",
    }.get(status, error.detail)
    follow = "/api/v1/openapi.json lists what there is." if status == 404 else None  # noqa: PLR2004
    return respond(request, Problem(status, message, next=follow, headers=error.headers))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("Could not answer %s", request.url.path, exc_info=error)
    return respond(request, Problem(500, "Something went wrong here. The server's log says what."))
