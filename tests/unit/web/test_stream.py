"""The event stream, event by event: bounded, resumable, and never in anybody's way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from mirror.cli.events import Event, read
from mirror.store.engine import Database
from mirror.store.schema import platforms
from mirror.web import hub, stream
from mirror.web.security import Message
from tests.naive.bodies import ANN, created
from tests.support.web import Web
from tests.unit.web.test_api import put

Story = Callable[["Client"], Awaitable[None]]


class Client:
    """One who listens without a socket; it takes in what it wants when it wants."""

    def __init__(self, web: Web, query: str = "", **headers: str) -> None:
        self.status = 0
        self.ended = asyncio.Event()
        self.open_gate = asyncio.Event()
        self.open_gate.set()
        self._left = asyncio.Event()
        self._data = b""
        self._news = asyncio.Event()
        self._asked = False
        named = {"authorization": f"Bearer {web.token}", "host": "127.0.0.1:8000", **headers}
        self._scope: Message = {
            "type": "http",
            "method": "GET",
            "path": "/api/v1/changes",
            "raw_path": b"/api/v1/changes",
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").encode(), text.encode())
                for name, text in {"accept": "text/event-stream", **named}.items()
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "scheme": "http",
            "root_path": "",
        }
        self._task = asyncio.create_task(self._run(web))

    async def _run(self, web: Web) -> None:
        try:
            await web.site.application(self._scope, self._receive, self._send)
        finally:
            self.ended.set()
            self._news.set()

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self.open_gate.wait()
        self.status = message.get("status", self.status)
        self._data += message.get("body", b"")
        self._news.set()

    def events(self) -> list[Event]:
        """All events so far; the last one may come twice if it was cut."""
        return list(read(iter(self._data.splitlines(keepends=True))))

    def ids(self) -> list[str]:
        """The ids of all changes so far."""
        return [event.id for event in self.events() if event.name == "message" and event.data]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds of what came."""
        async with asyncio.timeout(20):
            while not holds():
                self._news.clear()
                try:
                    async with asyncio.timeout(0.05):
                        await self._news.wait()
                except TimeoutError:
                    pass

    async def leave(self) -> None:
        """Hangs up."""
        self._left.set()
        async with asyncio.timeout(20):
            await self.ended.wait()


def play(web: Web, story: Callable[[], Awaitable[None]]) -> None:
    async def played() -> None:
        try:
            await story()
        finally:
            web.site.close()

    asyncio.run(played())


async def make(database: Database, *paths: str) -> None:
    await asyncio.to_thread(put, database, *(created(ANN, path) for path in paths))


def test_what_was_missed_comes_first_and_then_what_comes(web: Web) -> None:
    async def story() -> None:
        await make(web.database, "/a", "/b")
        client = Client(web, "after=0")
        await client.until(lambda: client.ids() == ["1:1:1", "1:1:2", "1:2:1"])
        await make(web.database, "/c")
        await client.until(lambda: client.ids()[3:] == ["1:3:1"])
        await client.leave()
        assert web.site.hub.count == 0

    play(web, story)


def test_it_begins_with_now_and_says_where_that_is(web: Web) -> None:
    async def story() -> None:
        await make(web.database, "/a")
        client = Client(web)
        await client.until(lambda: bool(client.events()))
        assert client.events() == [Event("message", "1:2:0", "")]
        await make(web.database, "/b")
        await client.until(lambda: client.ids() == ["1:2:1"])
        assert b"retry: " in client._data
        await client.leave()

    play(web, story)


def test_the_last_id_goes_before_what_the_query_says(web: Web) -> None:
    async def story() -> None:
        await make(web.database, "/a", "/b", "/c")
        client = Client(web, "after=0", last_event_id="1:2:1")
        await client.until(lambda: client.ids() == ["1:3:1"])
        await client.leave()

    play(web, story)


def test_listeners_get_what_each_wants(web: Web) -> None:
    async def story() -> None:
        wanted = {
            "entity=class": ["1:1:1", "1:1:2", "1:2:1"],
            "class_path=/b": ["1:2:1"],
            f"owner={ANN[0]}:{ANN[1]}&class_path=/a": ["1:1:2"],
            "entity=task": [],
        }
        clients = {query: Client(web, query) for query in wanted}
        for client in clients.values():
            await client.until(lambda client=client: bool(client.events()))  # type: ignore[misc]
        await make(web.database, "/a", "/b")
        first = clients["entity=class"]
        await first.until(lambda: len(first.ids()) == 3)
        for query, client in clients.items():
            await client.until(lambda client=client, query=query: client.ids() == wanted[query])  # type: ignore[misc]
            await client.leave()

    play(web, story)


def test_an_idle_listener_gets_signs_of_life_and_its_place(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.1)

    async def story() -> None:
        client = Client(web, "entity=task")
        await client.until(lambda: client._data.count(b":\n\n") >= 2)
        await make(web.database, "/a")
        # It gets no change, but goes on behind it when it comes again.
        await client.until(lambda: client.events()[-1].id == "1:2:0")
        await client.leave()

    play(web, story)


def test_who_is_too_slow_is_let_go_and_told_where_to_go_on(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "QUEUE_ENTRIES", 2)

    async def story() -> None:
        slow, quick = Client(web), Client(web)
        await slow.until(lambda: bool(slow.events()))
        await quick.until(lambda: bool(quick.events()))
        slow.open_gate.clear()
        for number in range(6):
            await make(web.database, f"/{number}")
            await quick.until(lambda number=number: f"1:{number + 1}:1" in quick.ids())  # type: ignore[misc]
        slow.open_gate.set()
        await slow.until(slow.ended.is_set)
        last = slow.events()[-1]
        assert last.name == "overflow"
        again = Client(web, last_event_id=last.id)
        await again.until(lambda: slow.ids() + again.ids() == quick.ids())
        await again.leave()
        await quick.leave()

    play(web, story)


def test_who_takes_nothing_in_for_long_is_let_go(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "STALLED", 0.1)
    monkeypatch.setattr(stream, "GOOD_BYE", 0.1)

    async def story() -> None:
        client = Client(web)
        await client.until(lambda: bool(client.events()))
        client.open_gate.clear()
        await make(web.database, "/a")
        await client.until(client.ended.is_set)
        assert web.site.hub.count == 0

    play(web, story)


def test_a_new_generation_resets_everybody(web: Web) -> None:
    async def story() -> None:
        await make(web.database, "/a")
        client = Client(web, "after=0")
        await client.until(lambda: len(client.ids()) == 2)

        def renew() -> None:
            with web.database.write() as connection:
                connection.execute(sa.update(platforms).values(feed_generation=2))

        await asyncio.to_thread(renew)
        await client.until(client.ended.is_set)
        assert client.events()[-1][:2] == ("reset", "2:0:0")
        late = Client(web, last_event_id="1:1:2")
        await late.until(late.ended.is_set)
        assert late.events()[-1][:2] == ("reset", "2:0:0")
        anew = Client(web, last_event_id="2:0:0")
        await anew.until(lambda: anew.ids() == ["2:1:1", "2:1:2"])
        await anew.leave()

    play(web, story)


def test_a_revoked_token_ends_its_streams(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.05)
    monkeypatch.setattr("mirror.web.auth.FRESH", 0.0)

    async def story() -> None:
        client = Client(web)
        await client.until(lambda: bool(client.events()))

        def revoke() -> None:
            with web.database.write() as connection:
                connection.execute(sa.text("DELETE FROM reading_tokens"))

        await asyncio.to_thread(revoke)
        await client.until(client.ended.is_set)

    play(web, story)


def test_only_so_many_may_listen(web: Web) -> None:
    web.site.hub._most = 1

    async def story() -> None:
        first = Client(web)
        await first.until(lambda: bool(first.events()))
        second = Client(web)
        await second.until(second.ended.is_set)
        assert second.status == 503
        await first.leave()
        third = Client(web)
        await third.until(lambda: bool(third.events()))
        await third.leave()

    play(web, story)


def test_however_many_listen_the_database_is_looked_at_by_one(web: Web) -> None:
    looks: list[Any] = []
    original = web.site.hub._read

    def counted() -> Any:  # noqa: ANN401 - a transaction
        looks.append(None)
        return original()

    web.site.hub._read = counted

    async def story() -> None:
        clients = [Client(web, "entity=task") for _ in range(40)]
        for client in clients:
            await client.until(lambda client=client: bool(client.events()))  # type: ignore[misc]
        await asyncio.sleep(0.5)
        looks.clear()
        await asyncio.sleep(1.0)
        # One look takes a quarter of a second at the longest; forty would have been 160.
        assert 0 < len(looks) < 40
        for client in clients:
            await client.leave()
        await asyncio.sleep(0.3)
        looks.clear()
        await asyncio.sleep(0.3)
        assert looks == []

    play(web, story)


def test_a_head_request_opens_no_stream(web: Web) -> None:
    answer = web.ask("HEAD", "/api/v1/changes", headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert web.site.hub.count == 0


def test_a_stream_of_a_place_that_cannot_be_is_refused(web: Web) -> None:
    for headers in ({"Last-Event-ID": "soon"}, {}):
        answer = web.get(
            "/api/v1/changes?after=x", headers={"Accept": "text/event-stream", **headers}
        )
        assert answer.status_code == 400
    assert web.site.hub.count == 0
