"""The login page, the link that `mirror serve` prints, and the way out.

The link is answered by a page that goes on by itself, not by a redirect: a browser that came from
elsewhere would not send a SameSite=Strict cookie along with a redirect.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mirror.web.auth import LOGIN_SECONDS, LoginLinks, Readers
from mirror.web.guard import READER, Cookies, Guard
from mirror.web.pages.render import render_outside
from mirror.web.pages.words import has, language_of, say
from mirror.web.problems import Problem
from mirror.web.security import header

LONGEST_FORM = 4096


class Doors(Struct, frozen=True):
    """What logging in takes."""

    readers: Readers
    guard: Guard
    cookies: Cookies
    links: LoginLinks

    def routes(self) -> list[Route]:
        """The routes `/login` and `/logout`."""
        return [
            Route("/login", self.login, methods=["GET", "POST"]),
            Route("/logout", self.logout, methods=["POST"]),
        ]

    async def login(self, request: Request) -> Response:
        """Shows the form, takes it, or takes a link."""
        wanted = local(request.query_params.get("next", "/"))
        if request.method == "POST":
            return await self._by_token(request)
        if request.method == "HEAD" or "key" not in request.query_params:
            return _form(request, wanted)
        if self.links.use(request.query_params["key"]):
            return await self._let_in(request, wanted)
        return _form(request, wanted, 403)

    async def logout(self, request: Request) -> Response:
        """Ends the login of this browser."""
        _refuse_strangers(request)
        await self.readers.log_out(request.scope[READER])
        response = _going_on(request, "/login", "login.left")
        self.cookies.set(request.scope, response, "", 0)
        return response

    async def _by_token(self, request: Request) -> Response:
        _refuse_strangers(request)
        form = parse_qs((await _body(request)).decode("utf-8", "replace"))
        wanted = local(form.get("next", ["/"])[0])
        try:
            await self.guard.check(request.scope, form.get("token", [""])[0].strip())
        except Problem as problem:
            return _form(request, wanted, problem.status, problem.headers)
        return await self._let_in(request, wanted)

    async def _let_in(self, request: Request, wanted: str) -> Response:
        token = await self.readers.log_in()
        response = _going_on(request, wanted, "login.done")
        self.cookies.set(request.scope, response, token, LOGIN_SECONDS)
        return response


def local(wanted: str) -> str:
    """`wanted` if it is a path of this server, else the front page."""
    parts = urlsplit(wanted)
    strange = parts.scheme or parts.netloc or "\\" in wanted or not wanted.isprintable()
    return "/" if strange or not wanted.startswith("/") or wanted.startswith("//") else wanted


def _refuse_strangers(request: Request) -> None:
    """Another site may not log anybody in or out."""
    if header(request.scope, b"sec-fetch-site") in {"cross-site", "same-site"}:
        raise Problem(403, "Another site may not do this.")


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_FORM:
            raise Problem(400, "This is no login.")
    return body


def _form(
    request: Request, wanted: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Where a token is asked for; the status says what was wrong with the last try."""
    language, key = language_of(request), f"login.said_{status}"
    wrong = say(language, key) if has(language, key) else ""
    page = render_outside(language, "login.html", wrong=wrong, wanted=wanted)
    kept = {name: text for name, text in (headers or {}).items() if name == "Retry-After"}
    return HTMLResponse(page, status, kept)


def _going_on(request: Request, wanted: str, key: str) -> Response:
    page = render_outside(language_of(request), "going_on.html", wanted=wanted, key=key)
    return HTMLResponse(page)
