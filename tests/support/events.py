"""Listens to a server's change feed, as a program does."""

import http.client
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from mirror.cli import events
from mirror.cli.events import Event


class Listener:
    """An open stream; `events` yields what comes, marks of the place included."""

    def __init__(self, port: int, token: str, query: str = "", last: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        self._connection.request("GET", f"/api/v1/changes{query}", headers=headers)
        self.answer = self._connection.getresponse()
        self.place = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.answer.close()
        self._connection.close()

    def events(self) -> Iterator[Event]:
        """What comes, until the stream ends."""
        for event in events.read(iter(self.answer.readline, b"")):
            self.place = event.id or self.place
            yield event

    def ids(self, count: int) -> list[str]:
        """The ids of the next changes, so many."""
        found: list[str] = []
        for event in self.events():
            if event.name == "message" and event.data:
                found.append(event.id)
                if len(found) == count:
                    break
        return found

    def opened(self) -> str:
        """The place where the stream begins."""
        return next(self.events()).id
