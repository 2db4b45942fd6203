"""Lets nobody read without a token: whatever is not listed here as public needs one.

A program shows it as `Authorization: Bearer TOKEN`, a browser as the cookie of its login.
"""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from mirror.errors import MirrorError
from mirror.web.auth import SETTING, Attempts, Reader, Readers
from mirror.web.problems import Problem, answer, problem_of
from mirror.web.security import Application, Hosts, Message, Receive, Send, header

PUBLIC = frozenset({"/healthz", "/readyz", "/login"})
PUBLIC_FOLDER = "/static/"
"""What the login page is made of; nothing in it tells anything of a library."""
API = "/api/"
READER = "mirror.reader"
"""Where a request says who reads: `scope[READER]` is a `Reader`."""

COOKIE = "mirror"


class Cookies:
    """The cookie of a login: how it is named, set and found again.

    Cookies do not tell ports apart, so its name does; `__Host-` keeps other hosts from setting it.
    """

    def __init__(self, hosts: Hosts, port: int) -> None:
        self._hosts = hosts
        self._plain = f"{COOKIE}-{port}"

    def find(self, scope: Message) -> str | None:
        """The token that a browser sent."""
        try:
            sent = SimpleCookie(header(scope, b"cookie"))
        except CookieError:
            return None
        found = sent.get(self._name(scope))
        return None if found is None else found.value

    def set(self, scope: Message, response: Response, token: str, seconds: int) -> None:
        """Lets the browser keep a token; with 0 seconds, forget it."""
        response.set_cookie(
            self._name(scope),
            token,
            max_age=seconds,
            path="/",
            secure=self._secure(scope),
            httponly=True,
            samesite="strict",
        )

    def _secure(self, scope: Message) -> bool:
        return scope.get("scheme") == "https" or self._hosts.secure(header(scope, b"host"))

    def _name(self, scope: Message) -> str:
        return f"__Host-{COOKIE}" if self._secure(scope) else self._plain


class Guard:
    """Recognises who asks, or says why that is nobody who may."""

    def __init__(
        self,
        readers: Readers,
        attempts: Attempts,
        cookies: Cookies,
        sender: Callable[[Message], str],
    ) -> None:
        self._readers = readers
        self._attempts = attempts
        self._cookies = cookies
        self._sender = sender

    def before(self, inner: Application) -> Application:
        """The application that only readers reach, but for what is public."""

        async def guarded(scope: Message, receive: Receive, send: Send) -> None:
            path = scope.get("path", "")
            public = path in PUBLIC or path.startswith(PUBLIC_FOLDER)
            if scope["type"] == "http" and not public:
                try:
                    scope[READER] = await self._admit(scope)
                except Problem as problem:
                    await _refusal(scope, problem)(scope, receive, send)
                    return
            await inner(scope, receive, send)

        return guarded

    async def check(self, scope: Message, token: str) -> Reader:
        """Who shows `token`. Raises Problem: 401, or 429 after too many wrong ones.

        A token from the database cannot be guessed, so it works even then; one that somebody
        thought up does not.
        """
        address = self._sender(scope)
        wait = self._attempts.wait(address)
        reader = await self._recognise(token)
        if wait and (reader is None or reader.name == SETTING):
            seconds = str(round(wait) + 1)
            raise Problem(
                429,
                "Too many wrong tokens from this address.",
                next=f"Wait {seconds} s.",
                headers={"Retry-After": seconds},
            )
        if reader is None:
            self._attempts.add(address)
            raise _nobody("This token is not valid.")
        return reader

    async def by_cookie(self, scope: Message) -> Reader | None:
        """Who is logged in, in this browser."""
        token = self._cookies.find(scope)
        return None if token is None else await self._recognise(token)

    async def _admit(self, scope: Message) -> Reader:
        scheme, _, token = header(scope, b"authorization").partition(" ")
        if scheme.lower() == "bearer":
            return await self.check(scope, token.strip())
        reader = await self.by_cookie(scope)
        if reader is None:
            raise _nobody("Reading needs a token.")
        return reader

    async def _recognise(self, token: str) -> Reader | None:
        try:
            return await self._readers.recognise(token)
        except MirrorError as error:
            raise problem_of(error) from error


def _nobody(message: str) -> Problem:
    return Problem(
        401,
        message,
        next="Send `Authorization: Bearer TOKEN`; `mirror token add NAME` makes one.",
        headers={"WWW-Authenticate": 'Bearer realm="mirror"'},
    )


def _refusal(scope: Message, problem: Problem) -> Response:
    """Programs are told; a browser that wants a page is shown where to log in."""
    wants_page = "text/html" in header(scope, b"accept") and not scope["path"].startswith(API)
    if wants_page and problem.status == 401 and scope["method"] in {"GET", "HEAD"}:  # noqa: PLR2004
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)
    return answer(problem)
