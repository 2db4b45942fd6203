"""What holds for every answer but a callback's: which Host it is for, and what a browser may do with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders

from mirror.web.problems import Problem, answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

PROBES = frozenset({"/healthz", "/readyz"})
"""What machines ask, under whatever name they know this one by."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Sent with every answer, unless it says otherwise itself."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - what is compared with


class Hosts:
    """The names this server answers to, so that no page elsewhere can name it otherwise and read it."""

    def __init__(self, host: str, public_url: str | None) -> None:
        names = [*LOOPBACK, host.strip("[]")]
        self._public = urlsplit(public_url or "")
        if self._public.hostname:
            names.append(self._public.hostname)
        self._names = {name.lower() for name in names if name not in ANYWHERE}
        self._addresses = host.strip("[]") in ANYWHERE

    def allow(self, header: str) -> bool:
        """Whether a Host header names this server.

        Where it listens on every address, any address does: only a name can be made to mislead.
        """
        name = _name(header)
        return name in self._names or (self._addresses and _is_address(name))

    def secure(self, header: str) -> bool:
        """Whether a browser that sent this Host header came by TLS."""
        return self._public.scheme == "https" and _name(header) == self._public.hostname


def _name(header: str) -> str:
    """A Host header without its port."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def header(scope: Message, name: bytes) -> str:
    """A header of a request; empty if it is not there."""
    found: Iterable[bytes] = (value for key, value in scope["headers"] if key == name)
    return next(iter(found), b"").decode("latin-1")


class Hardened:
    """Checks the Host of each request, and adds the headers to each answer."""

    def __init__(self, inner: Application, hosts: Hosts) -> None:
        self._inner = inner
        self._hosts = hosts

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Is the ASGI application."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, text in HEADERS.items():
                    headers.setdefault(name, text)
            await send(message)

        if scope["path"] not in PROBES and not self._hosts.allow(header(scope, b"host")):
            refused = Problem(
                421,
                "This server does not answer to that Host.",
                next="Use its address, or set MIRROR_PUBLIC_URL to the name that people use.",
            )
            await answer(refused)(scope, receive, send_hardened)
            return
        await self._inner(scope, receive, send_hardened)
