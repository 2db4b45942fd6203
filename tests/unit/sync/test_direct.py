"""The short way for callbacks: the same answers as the long way, on real connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
import uvicorn
from uvicorn.server import ServerState

from mirror.core.model import Seq
from mirror.errors import DatabaseUnavailable
from mirror.store import journal, platforms
from mirror.store.engine import Database
from mirror.sync import heads
from mirror.sync.bodies import Message, Receive
from mirror.sync.commit import Committer
from mirror.sync.direct import CallbackProtocol, protocol_for
from mirror.sync.gate import Gate, Sources
from mirror.sync.heads import Head, Heads
from mirror.sync.receive import Receiver, Send
from mirror.sync.writer import Writer

BODY = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/a"}}'
)
HEAD = "POST {path} HTTP/1.1\r\nHost: mirror\r\nContent-Length: {size}\r\n{more}\r\n"


class Reply(NamedTuple):
    """An answer as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes


class Site:
    """A receiver that listens, and how often the long way was gone."""

    def __init__(self, receiver: Receiver, token: str) -> None:
        self.receiver = receiver
        self.path = f"/callback/default/{token}"
        self.long_ways = 0
        self.state = ServerState()
        self.port = 0

    async def app(self, scope: Message, receive: Receive, send: Send) -> None:
        self.long_ways += 1
        await self.receiver(scope, receive, send)

    def request(self, body: bytes = BODY, path: str | None = None, more: str = "") -> bytes:
        head = HEAD.format(path=path or self.path, size=len(body), more=more)
        return head.encode() + body


class Connection:
    """A client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.02 if len(pieces) > 1 else 0)

    async def reply(self) -> Reply:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)
        first, *lines = head.decode().split("\r\n")[:-2]
        headers = dict(line.split(": ", 1) for line in lines)
        body = await self.reader.readexactly(int(headers["content-length"]))
        return Reply(int(first.split()[1]), headers, body)

    async def ends(self) -> bool:
        return await asyncio.wait_for(self.reader.read(1), 10) == b""


@asynccontextmanager
async def listening(database: Database, *, max_body: int = 1000) -> AsyncIterator[Site]:
    def load() -> platforms.Keys:
        with database.read() as connection:
            return platforms.load_keys(connection)

    with database.write() as connection:
        token = platforms.rotate(connection, "default", now=database.now(connection))
    gate = Gate(load)
    gate.learn(load())
    writer = Writer(Committer(database, 600_000_000, gate.learn))
    writer.start()
    receiver = Receiver(writer, gate, Sources((), ()), max_body=max_body, confirm_limit=3.0)
    site = Site(receiver, token)
    config = uvicorn.Config(
        site.app, interface="asgi3", proxy_headers=False, log_config=None, access_log=False
    )
    made = protocol_for(receiver)
    assert issubclass(made, CallbackProtocol)

    def connected() -> asyncio.Protocol:
        return made(config=config, server_state=site.state, app_state={})

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        yield site
        for left in list(site.state.connections):
            left.shutdown()
    await writer.stop()


@asynccontextmanager
async def connected(site: Site) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    yield Connection(reader, writer)
    writer.close()


def rows(database: Database) -> list[tuple[bytes, Seq | None]]:
    with database.read() as connection:
        found = journal.read(connection, "default", Seq(0), 1000)
    return [(row.body, row.redelivery_of) for row in found]


async def eventually(holds: Callable[[], bool], pause: float = 0.01) -> None:
    for _ in range(10_000):
        if holds():
            return
        await asyncio.sleep(pause)
    raise AssertionError


def test_a_callback_that_came_whole_goes_the_short_way(database: Database) -> None:
    async def scenario() -> None:
        async with listening(database) as site, connected(site) as client:
            for number in range(1, 4):
                await client.send(site.request())
                reply = await client.reply()
                assert (reply.status, reply.body) == (200, b'{"Code":"Success"}')
                assert reply.headers["content-type"] == "application/json"
                assert len(rows(database)) == number
            assert site.long_ways == 0
            assert site.state.total_requests == 3
            assert [repeats for _, repeats in rows(database)] == [None] * 3

    asyncio.run(scenario())


def test_both_ways_lead_to_the_same_answers(database: Database) -> None:
    async def scenario() -> None:
        async with listening(database, max_body=200) as site, connected(site) as client:
            requests = {
                "kept": (site.request(), 200),
                "quarantined": (site.request(b"no json"), 200),
                "empty": (site.request(b""), 200),
                "unknown token": (site.request(path="/callback/default/wrong"), 404),
                "unknown platform": (site.request(path="/callback/nobody/wrong"), 404),
                "not posted": (site.request().replace(b"POST", b"PUT", 1), 405),
                "expecting": (site.request(more="Expect: 100-continue\r\n"), 200),
                "encoded": (site.request(path=site.path.replace("/d", "/%64", 1)), 200),
            }
            for name, (request, status) in requests.items():
                await client.send(request)
                short = await client.reply()
                await client.send(request[:-5], request[-5:])
                if name == "expecting":
                    assert await client.reader.readuntil(b"\r\n\r\n") == (
                        b"HTTP/1.1 100 Continue\r\n\r\n"
                    )
                long = await client.reply()
                assert (name, short.status) == (name, status)
                assert (short.status, short.body) == (long.status, long.body)
                assert set(short.headers) == set(long.headers)
            # What is refused goes the long way in any case, an empty body always comes whole.
            assert site.long_ways == len(requests) + 3 - 1
            await client.send(site.request(b"x" * 201))
            assert (await client.reply()).status == 413
            assert await client.ends()

    asyncio.run(scenario())


def test_pipelined_callbacks_are_answered_in_their_order(database: Database) -> None:
    async def scenario() -> None:
        async with listening(database) as site, connected(site) as client:
            bodies = [b'{"EventType":"Later.%d"}' % number for number in range(5)]
            unknown = site.request(path="/callback/default/wrong")
            await client.send(unknown + b"".join(map(site.request, bodies)) + site.request()[:-1])
            await client.send(site.request()[-1:] + site.request(b"[]"))
            replies = [await client.reply() for _ in range(8)]
            assert [reply.status for reply in replies] == [404] + [200] * 7
            assert b"Quarantined" in replies[-1].body
            assert rows(database) == [(body, None) for body in (*bodies, BODY, b"[]")]

    asyncio.run(scenario())


@pytest.mark.parametrize("more", ["Connection: close\r\n", ""])
def test_a_connection_is_closed_when_the_client_wants_it(database: Database, more: str) -> None:
    async def scenario() -> None:
        async with listening(database) as site, connected(site) as client:
            request = site.request(more=more)
            await client.send(request if more else request.replace(b"HTTP/1.1", b"HTTP/1.0"))
            reply = await client.reply()
            assert (reply.status, reply.headers["connection"]) == (200, "close")
            assert await client.ends()
            assert site.long_ways == 0

    asyncio.run(scenario())


def test_a_repeat_after_the_client_had_gone_is_a_redelivery(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with listening(database) as site:
            asked, gone = asyncio.Event(), asyncio.Event()
            loop, load = asyncio.get_running_loop(), platforms.load_keys

            def slowly(connection: object) -> platforms.Keys:
                loop.call_soon_threadsafe(asked.set)
                asyncio.run_coroutine_threadsafe(gone.wait(), loop).result(10)
                return load(connection)  # type: ignore[arg-type]

            with monkeypatch.context() as patch:
                patch.setattr(platforms, "load_keys", slowly)
                async with connected(site) as client:
                    await client.send(site.request())
                    await asyncio.wait_for(asked.wait(), 10)
                await eventually(lambda: not site.state.connections)
                gone.set()
                await eventually(lambda: bool(rows(database)))
            async with connected(site) as client:
                await client.send(site.request())
                assert (await client.reply()).status == 200
            assert [repeats for _, repeats in rows(database)] == [None, 1]
            assert site.receiver._bodies.held == 0

    asyncio.run(scenario())


def test_a_failed_commit_is_a_503_and_the_connection_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DatabaseUnavailable("The disk is full.")

    async def scenario() -> None:
        async with listening(database) as site, connected(site) as client:
            with monkeypatch.context() as patch:
                patch.setattr(platforms, "touch", fail)
                await client.send(site.request())
                reply = await client.reply()
            assert (reply.status, reply.headers["retry-after"]) == (503, "5")
            assert b"full" not in reply.body
            await client.send(site.request())
            assert (await client.reply()).status == 200
            assert rows(database) == [(BODY, None)]
            assert site.receiver.refusals.counts == {503: 1}

    asyncio.run(scenario())


def test_a_token_that_is_revoked_while_its_callback_waits_opens_nothing(
    database: Database,
) -> None:
    async def scenario() -> None:
        async with listening(database) as site, connected(site) as client:
            with database.write() as connection:
                platforms.rotate(connection, "default", now=database.now(connection))
                platforms.revoke(connection, "default")
            await client.send(site.request())
            assert (await client.reply()).status == 404
            assert rows(database) == []
            assert site.receiver.refusals.counts == {404: 1}

    asyncio.run(scenario())


def test_an_open_request_is_answered_when_the_server_shuts_down(database: Database) -> None:
    async def scenario() -> None:
        async with listening(database) as site, connected(site) as client:
            await client.send(site.request())
            await eventually(lambda: site.receiver._writer.waiting > 0, pause=0)
            for connection in list(site.state.connections):
                connection.shutdown()
            reply = await client.reply()
            assert (reply.status, reply.headers["connection"]) == (200, "close")
            assert await client.ends()

    asyncio.run(scenario())


def test_a_head_that_is_known_is_not_parsed_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    on_url = CallbackProtocol.on_url

    def noted(self: CallbackProtocol, url: bytes) -> None:
        parsed.append(url)
        on_url(self, url)

    monkeypatch.setattr(CallbackProtocol, "on_url", noted)

    async def scenario() -> None:
        async with listening(database) as site, connected(site) as client:
            for more in ("", "Connection: keep-alive\r\n"):
                for number in range(3):
                    body = b'{"EventType":"Later.%d"}' % number
                    await client.send(site.request(body, more=more))
                    reply = await client.reply()
                    assert (reply.status, reply.body) == (200, b'{"Code":"Success"}')
            assert len(parsed) == 2
            await client.send(site.request(b'{"EventType":"Later.10"}'))  # of another size
            assert (await client.reply()).status == 200
            assert len(parsed) == 3
            async with connected(site) as other:  # what one has learnt serves all
                await other.send(site.request(b'{"EventType":"Later.4"}'))
                assert (await other.reply()).status == 200
            assert (len(parsed), site.long_ways) == (3, 0)
            assert site.state.total_requests == len(rows(database)) == 8
            assert site.receiver._bodies.held == 0

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "more",
    [
        "Connection: close\r\n",
        "Connection: upgrade\r\nUpgrade: websocket\r\n",
        "Upgrade: h2c\r\n",
        "Expect: 200-ok\r\n",
        "Proxy-Connection: close\r\n",
        "X-Long: " + "x" * 4096 + "\r\n",
    ],
)
def test_a_head_that_leaves_doubt_is_parsed_each_time(database: Database, more: str) -> None:
    async def scenario() -> None:
        async with listening(database) as site:
            for _ in range(2):
                async with connected(site) as client:
                    await client.send(site.request(more=more))
                    assert (await client.reply()).status == 200
                for left in list(site.state.connections):
                    assert isinstance(left, CallbackProtocol)
                    assert not left.heads._known

    asyncio.run(scenario())


def test_what_follows_a_known_head_is_read_as_if_it_was_not_known(database: Database) -> None:
    async def scenario() -> None:
        async with listening(database) as site:
            async with connected(site) as client:
                await client.send(site.request())
                assert (await client.reply()).status == 200
                whole = site.request()
                for pieces in ((whole[:9], whole[9:]), (whole[:-1], whole[-1:])):
                    await client.send(*pieces)
                    assert (await client.reply()).status == 200
                await client.send(whole)  # it is known how it begins, but another one follows
                await client.send(whole + whole, whole)
                assert [(await client.reply()).status for _ in range(4)] == [200] * 4
                await client.send(whole)
                assert (await client.reply()).status == 200
                assert len(rows(database)) == 8
            async with connected(site) as client:
                await client.send(b"P", whole)  # `PPOST`
                assert (await client.reply()).status == 400
                assert await client.ends()
            assert len(rows(database)) == 8

    asyncio.run(scenario())


def test_a_known_head_opens_nothing_once_its_token_is_revoked(database: Database) -> None:
    async def scenario() -> None:
        async with listening(database) as site, connected(site) as client:
            await client.send(site.request())
            assert (await client.reply()).status == 200
            with database.write() as connection:
                platforms.rotate(connection, "default", now=database.now(connection))
                platforms.revoke(connection, "default")
            for _ in range(3):
                await client.send(site.request())
                assert (await client.reply()).status == 404
            assert len(rows(database)) == 1

    asyncio.run(scenario())


def test_no_more_heads_are_kept_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "MOST", 3)
    known = Heads()
    for number in range(10):
        request = b"POST /%d HTTP/1.1\r\nContent-Length: 1\r\n\r\nx" % number
        known.learn(request, Head("default", str(number), []), 1)
        assert known.find(request) == (Head("default", str(number), []), b"x")
        assert len(known._known) <= 3
