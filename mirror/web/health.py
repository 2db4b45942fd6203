"""Says whether the server lives, and whether it can take callbacks.

Neither needs a token, so neither tells anything about a library.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

WhyNot = Callable[[], Awaitable[str | None]]


def routes(why_not_ready: WhyNot) -> list[Route]:
    """The routes; `why_not_ready` tells why a callback could not be made durable now, if so."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        reason = await why_not_ready()
        if reason is None:
            return JSONResponse({"status": "ready"})
        content = {"status": "not ready", "reason": reason}
        return JSONResponse(content, status_code=503, headers={"Retry-After": "5"})

    return [Route("/healthz", alive), Route("/readyz", ready)]
