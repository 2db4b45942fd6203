"""The login page, the link that `mirror serve` prints, and the way out.

The link is answered by a page that goes on by itself, not by a redirect: a browser that came from
elsewhere would not send a SameSite=Strict cookie along with a redirect.
"""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mirror.web.auth import LOGIN_SECONDS, LoginLinks, Readers
from mirror.web.guard import READER, Cookies, Guard
from mirror.web.problems import Problem
from mirror.web.security import header

LONGEST_FORM = 4096

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}
<title>mirror: log in</title>
</head>
<body>
<main>
<h1>mirror</h1>
{content}
</main>
</body>
</html>
"""
FORM = """\
<p role="status">{message}</p>
<form method="post" action="/login">
<input type="hidden" name="next" value="{next}">
<p><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus></p>
<p><button>Log in</button></p>
</form>
<p><code>mirror token add NAME</code> makes a token; <code>mirror serve</code> prints a link that
needs none.</p>"""
INSIDE = '<p>You are logged in. <a href="{next}">Go on</a></p>'


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
            return _form("Log in to see this mirror.", wanted)
        if self.links.use(request.query_params["key"]):
            return await self._let_in(request, wanted)
        return _form(
            "This link has been used, or is older than 10 minutes. A token logs you in, too.",
            wanted,
            403,
        )

    async def logout(self, request: Request) -> Response:
        """Ends the login of this browser."""
        _refuse_strangers(request)
        await self.readers.log_out(request.scope[READER])
        response = _going_on("/login")
        self.cookies.set(request.scope, response, "", 0)
        return response

    async def _by_token(self, request: Request) -> Response:
        _refuse_strangers(request)
        form = parse_qs((await _body(request)).decode("utf-8", "replace"))
        wanted = local(form.get("next", ["/"])[0])
        try:
            await self.guard.check(request.scope, form.get("token", [""])[0].strip())
        except Problem as problem:
            return _form(str(problem), wanted, problem.status, problem.headers)
        return await self._let_in(request, wanted)

    async def _let_in(self, request: Request, wanted: str) -> Response:
        token = await self.readers.log_in()
        response = _going_on(wanted)
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
    message: str, wanted: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    content = FORM.format(message=escape(message), next=escape(wanted))
    page = PAGE.format(refresh="", content=content)
    kept = {name: text for name, text in (headers or {}).items() if name == "Retry-After"}
    return HTMLResponse(page, status, kept)


def _going_on(wanted: str) -> Response:
    place = escape(wanted)
    refresh = f'\n<meta http-equiv="refresh" content="0; url={place}">'
    return HTMLResponse(PAGE.format(refresh=refresh, content=INSIDE.format(next=place)))
