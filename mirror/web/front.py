"""The front page, for whoever is logged in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mirror</title>
</head>
<body>
<main>
<h1>mirror</h1>
<p>This server receives the callbacks of a media library and keeps a copy of it.</p>
<ul>
<li><a href="/api/v1/status">How it is doing</a></li>
<li><a href="/api/v1/tree">The tree</a></li>
<li><a href="/api/v1/deliveries">The newest deliveries</a></li>
<li><a href="/api/v1/openapi.json">The whole API</a></li>
</ul>
<form method="post" action="/logout"><button>Log out</button></form>
</main>
</body>
</html>
"""


def routes() -> list[Route]:
    """The route `/`."""

    async def front(_: Request) -> Response:
        return HTMLResponse(PAGE)

    return [Route("/", front)]
