"""Follows the change feed of a running server: goes on by itself after the connection was lost."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec

from mirror.cli.output import warn
from mirror.core.paths import ROOT
from mirror.errors import ConfigurationError, FeedReset, InputError, Unavailable
from mirror.store.feed import Scope
from mirror.web.api.types import Change
from mirror.web.problems import Failure

SILENCE = 60.0
"""Seconds without a sign of life after which a connection is taken for lost."""
SHORTEST, LONGEST = 0.5, 30.0
REFUSED = range(400, 500)


class Event(NamedTuple):
    """A server-sent event; without data it only says how far the feed is."""

    name: str
    id: str
    data: str


def read(lines: Iterator[bytes]) -> Iterator[Event]:
    """The events of a stream, as the standard of server-sent events has them."""
    name, place = "message", ""
    data: list[str] = []
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            if data or place:
                yield Event(name, place, "\n".join(data))
            name, place, data = "message", "", []
            continue
        field, _, value = text.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                name = value
            case "id":
                place = value
            case "data":
                data.append(value)
            case _:
                pass  # a comment, or something newer


class Server:
    """A running `mirror serve`, elsewhere or here."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = urlsplit(url.rstrip("/"))
        if self._url.scheme not in {"http", "https"} or not self._url.hostname:
            raise ConfigurationError(f"{url!r} is no address such as http://127.0.0.1:8000.")
        if token is None:
            raise ConfigurationError(
                "Reading a server needs a token: give --token, or set MIRROR_READ_TOKEN. "
                "`mirror token add NAME` makes one on the server's machine."
            )
        self._token = token

    def changes(self, platform: str | None, scope: Scope, after: str | None) -> Iterator[Change]:
        """Changes as they come, without end.

        Raises FeedReset once the feed begins anew, ConfigurationError where the server refuses, and
        Unavailable where it cannot be reached at first.
        """
        query: list[tuple[str, str]] = [("entity", each) for each in scope.entities]
        query += [] if platform is None else [("platform", platform)]
        query += [] if scope.owner is None else [("owner", ":".join(scope.owner))]
        query += [] if scope.path == ROOT else [("class_path", scope.path)]
        pause, reached = SHORTEST, False
        while True:
            try:
                for event in self._events(query, after):
                    reached, pause = True, SHORTEST
                    after = event.id or after
                    if event.name == "reset":
                        raise FeedReset(
                            f"The change feed of {self._url.netloc} begins anew. Drop what was made "
                            "from it, and follow it with --after 0."
                        )
                    if event.name == "message" and event.data:
                        yield msgspec.json.decode(event.data, type=Change)
            except (OSError, http.client.HTTPException) as error:
                if not reached:
                    raise Unavailable(f"{self._url.netloc} cannot be reached: {error}.") from error
                warn(f"mirror: {self._url.netloc} does not answer; trying again in {pause:.1f} s")
            time.sleep(pause)
            pause = min(LONGEST, pause * 2)

    def _events(self, query: list[tuple[str, str]], after: str | None) -> Iterator[Event]:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "text/event-stream"}
        if after == "0":
            query = [*query, ("after", "0")]
        elif after is not None:
            headers["Last-Event-ID"] = after
        connection = _connection(self._url)
        try:
            path = f"{self._url.path}/api/v1/changes?{urlencode(query)}"
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            if answer.status in REFUSED:
                raise _refusal(answer.read())
            if answer.status != http.client.OK:
                raise http.client.HTTPException(f"it answered {answer.status}")
            yield from read(iter(answer.readline, b""))
        finally:
            connection.close()


def _connection(url: SplitResult) -> http.client.HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, url.port, timeout=SILENCE, context=context)
    return http.client.HTTPConnection(host, url.port, timeout=SILENCE)


def _refusal(body: bytes) -> Exception:
    try:
        error = msgspec.json.decode(body, type=Failure).error
    except msgspec.DecodeError:
        return InputError("The server refused, and did not say why: is it a mirror?")
    return ConfigurationError(f"{error.message} {error.next or ''}".rstrip())
