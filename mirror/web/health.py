"""Says whether the server lives, whether it can take callbacks, and, on the front page, what it is.

None of these needs a token, so none tells anything about a library.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>mirror</title>
<h1>mirror</h1>
<p>This server receives the callbacks of a media library and keeps a copy of it.</p>
<p><code>mirror status</code> on its machine tells how it is doing;
<a href="/healthz">healthz</a> and <a href="/readyz">readyz</a> tell machines.</p>
</html>
"""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

WhyNot = Callable[[], Awaitable[str | None]]


def routes(why_not_ready: WhyNot) -> list[Route]:
    """The routes; `why_not_ready` tells why a callback could not be made durable now, if so."""

    async def front(_: Request) -> Response:
        return HTMLResponse(PAGE, headers=HEADERS)

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"}, headers=HEADERS)

    async def ready(_: Request) -> Response:
        reason = await why_not_ready()
        if reason is None:
            return JSONResponse({"status": "ready"}, headers=HEADERS)
        content = {"status": "not ready", "reason": reason}
        return JSONResponse(content, status_code=503, headers={**HEADERS, "Retry-After": "5"})

    return [
        Route("/", front),
        Route("/healthz", alive),
        Route("/readyz", ready),
    ]
