"""The dashboard: pages for people, made on the server from `templates/`, livened up by `static/`.

A page is a path and a function: a `Look` goes in, the name of a template and what it shows come out.
Each family of pages is a module with a tuple `PAGES`; paths below `/parts/` are pieces of pages,
which a browser asks for again when something in them has changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from mirror.store.queries import Connection
from mirror.web.pages import (
    deliveries,
    doubts,
    exports,
    find,
    health,
    library,
    material,
    moments,
    projects,
    static,
    strip,
)
from mirror.web.pages.look import Page, Shown, look
from mirror.web.pages.render import render
from mirror.web.pages.words import COOKIE, KEPT_SECONDS, chosen, language_of
from mirror.web.reads import Reads

PAGES: tuple[Page, ...] = (
    *library.PAGES,
    *material.PAGES,
    *find.PAGES,
    *projects.PAGES,
    *exports.PAGES,
    *deliveries.PAGES,
    *doubts.PAGES,
    *health.PAGES,
    *moments.PAGES,
    *strip.PAGES,
)

Answering = Callable[[Request], Awaitable[Response]]


def routes(reads: Reads) -> list[BaseRoute]:
    """The routes of every page, and of what pages are made of."""
    return [
        *(Route(page.path, _answering(page, reads)) for page in PAGES),
        *static.routes(),
    ]


def _answering(page: Page, reads: Reads) -> Answering:
    async def answering(request: Request) -> Response:
        switched = _switched(request)
        if switched is not None:
            return switched

        def read(connection: Connection) -> str:
            looked = look(connection, request, language_of(request))
            shown: Shown = page.show(looked)
            return render(looked, shown)

        return HTMLResponse(await reads.ask(read))

    return answering


def _switched(request: Request) -> Response | None:
    """Keeps the language that `?language=` asks for, and shows the page again without that."""
    language = chosen(request.query_params.get("language"))
    if language is None:
        return None
    url = request.url.remove_query_params("language")
    response = RedirectResponse(f"{url.path}?{url.query}" if url.query else url.path, 303)
    response.set_cookie(
        COOKIE, language, max_age=KEPT_SECONDS, httponly=True, samesite="strict", path="/"
    )
    return response
