"""The callback route: each answer of the contract, and what is noted about answers."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any, NamedTuple

import pytest

from mirror.core.model import Seq
from mirror.errors import DatabaseUnavailable
from mirror.store import journal, platforms
from mirror.store.engine import Database
from mirror.sync.bodies import Message
from mirror.sync.commit import Committer
from mirror.sync.gate import Gate, Network, Sources
from mirror.sync.receive import Receiver, hung_up
from mirror.sync.writer import Writer

CREATED = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/a"}}'
)


class Reply(NamedTuple):
    """An answer as the client sees it."""

    status: int
    headers: dict[str, str]
    content: dict[str, str]


class Client:
    """Posts to a receiver; `here` says whether it waits for the answer."""

    def __init__(self, receiver: Receiver, token: str) -> None:
        self.receiver = receiver
        self.path = f"/callback/default/{token}"
        self.before_reply: Callable[[], Awaitable[None]] | None = None

    async def post(
        self,
        *chunks: bytes,
        path: str | None = None,
        method: str = "POST",
        here: bool = True,
        peer: str = "192.0.2.7",
    ) -> Reply:
        sent: list[Message] = []
        left = list(chunks or (CREATED,))
        gone = asyncio.Event()
        if not here:
            gone.set()

        async def receive() -> Message:
            if left:
                body = left.pop(0)
                return {"type": "http.request", "body": body, "more_body": bool(left)}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if self.before_reply is not None:
                await self.before_reply()
            sent.append(message)

        scope: Message = {
            "type": "http",
            "method": method,
            "path": path or self.path,
            "headers": [],
            "client": (peer, 1),
        }
        await self.receiver(scope, receive, send)
        if not sent:
            raise ConnectionError
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], headers, json.loads(sent[1]["body"]))


@asynccontextmanager
async def receiving(
    database: Database,
    *,
    sources: tuple[Network, ...] = (),
    max_body: int = 1000,
    confirm_limit: float = 3.0,
) -> AsyncIterator[Client]:
    def load() -> platforms.Keys:
        with database.read() as connection:
            return platforms.load_keys(connection)

    with database.write() as connection:
        token = platforms.rotate(connection, "default", now=database.now(connection))
    gate = Gate(load)
    writer = Writer(Committer(database, 600_000_000, gate.learn))
    writer.start()
    receiver = Receiver(
        writer, gate, Sources(sources, ()), max_body=max_body, confirm_limit=confirm_limit
    )
    yield Client(receiver, token)
    await writer.stop()


def rows(database: Database) -> list[tuple[bytes, Seq | None]]:
    with database.read() as connection:
        found = journal.read(connection, "default", Seq(0), 1000)
    return [(row.body, row.redelivery_of) for row in found]


def test_a_body_is_in_the_journal_before_it_is_answered(database: Database) -> None:
    async def scenario() -> None:
        async with receiving(database) as client:
            found: list[Any] = []

            async def look() -> None:
                found.append(rows(database))

            client.before_reply = look
            reply = await client.post()
            assert (reply.status, reply.content) == (200, {"Code": "Success"})
            assert found[0] == [(CREATED, None)]

    asyncio.run(scenario())


@pytest.mark.parametrize("body", [b"", b"no json", b'{"EventType":1}', b"\xff", b'{"a":NaN}'])
def test_a_body_that_cannot_be_decoded_is_kept_and_answered_with_200(
    database: Database, body: bytes
) -> None:
    async def scenario() -> None:
        async with receiving(database) as client:
            reply = await client.post(body)
            assert (reply.status, reply.content["Code"]) == (200, "Quarantined")
            assert reply.content["Message"]
            assert rows(database) == [(body, None)]

    asyncio.run(scenario())


def test_an_event_of_a_later_version_is_a_success(database: Database) -> None:
    async def scenario() -> None:
        async with receiving(database) as client:
            reply = await client.post(b'{"EventType":"Material.Polished"}')
            assert reply.content == {"Code": "Success"}

    asyncio.run(scenario())


def test_every_unknown_path_gets_the_same_answer(database: Database) -> None:
    async def scenario() -> None:
        async with receiving(database) as client:
            token = client.path.rpartition("/")[2]
            paths = [
                "/callback/default/wrong",
                f"/callback/nobody/{token}",
                f"/callback/default/{token}/more",
                "/callback/default/",
                "/callback/default",
                "/callback/",
                f"/callback//{token}",
            ]
            replies = [await client.post(path=path) for path in paths]
            assert {reply.status for reply in replies} == {404}
            assert all(reply == replies[0] for reply in replies)
            assert rows(database) == []
            assert client.receiver.refusals.counts == {404: len(paths)}

    asyncio.run(scenario())


def test_an_address_outside_the_list_learns_nothing(database: Database) -> None:
    async def scenario() -> None:
        async with receiving(database, sources=(ip_network("10.0.0.0/8"),)) as client:
            assert (await client.post(peer="10.1.1.1")).status == 200
            for path in (client.path, "/callback/nobody/x"):
                assert (await client.post(path=path)).status == 403
            assert (await client.post(method="GET")).status == 403
            assert len(rows(database)) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_posts_are_taken(database: Database, method: str) -> None:
    async def scenario() -> None:
        async with receiving(database) as client:
            reply = await client.post(method=method)
            assert (reply.status, reply.headers["allow"]) == (405, "POST")
            assert rows(database) == []

    asyncio.run(scenario())


def test_a_body_above_the_limit_is_refused_and_nothing_is_kept(database: Database) -> None:
    async def scenario() -> None:
        async with receiving(database, max_body=10) as client:
            assert (await client.post(b"0123456789")).status == 200
            for chunks in ([b"0123456789a"], [b"01234", b"56789", b"a", b""]):
                reply = await client.post(*chunks)
                assert (reply.status, reply.headers["connection"]) == (413, "close")
            assert rows(database) == [(b"0123456789", None)]
            assert client.receiver.refusals.counts[413] == 2

    asyncio.run(scenario())


def test_a_failed_commit_is_a_503_that_says_when_to_come_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DatabaseUnavailable("The disk is full.")

    async def scenario() -> None:
        async with receiving(database) as client:
            with monkeypatch.context() as patch:
                patch.setattr(platforms, "touch", fail)
                reply = await client.post()
            assert (reply.status, reply.headers["retry-after"]) == (503, "5")
            assert "full" not in str(reply.content)
            assert rows(database) == []
            assert (await client.post()).status == 200
            assert rows(database) == [(CREATED, None)]

    asyncio.run(scenario())


def test_without_the_tokens_nobody_is_told_that_his_is_wrong(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> platforms.Keys:
        raise DatabaseUnavailable("The database is gone.")

    async def scenario() -> None:
        async with receiving(database) as client:
            monkeypatch.setattr(platforms, "load_keys", fail)
            assert (await client.post(path="/callback/default/wrong")).status == 503

    asyncio.run(scenario())


def test_a_repeat_after_a_good_answer_is_a_new_event(database: Database) -> None:
    async def scenario() -> None:
        async with receiving(database) as client:
            await client.post()
            await client.post()
            assert [repeats for _, repeats in rows(database)] == [None, None]

    asyncio.run(scenario())


def test_a_repeat_after_the_client_had_gone_is_a_redelivery(database: Database) -> None:
    async def scenario() -> None:
        async with receiving(database) as client:
            await client.post(here=False)
            await client.post()
            assert [repeats for _, repeats in rows(database)] == [None, 1]

    asyncio.run(scenario())


def test_a_repeat_after_a_late_answer_is_a_redelivery(database: Database) -> None:
    async def scenario() -> None:
        async with receiving(database, confirm_limit=0.05) as client:

            async def slowly() -> None:
                await asyncio.sleep(0.05)

            client.before_reply = slowly
            await client.post()
            client.before_reply = None
            await client.post()
            assert [repeats for _, repeats in rows(database)] == [None, 1]

    asyncio.run(scenario())


def test_a_repeat_before_the_answer_is_finished_is_a_redelivery(database: Database) -> None:
    async def scenario() -> None:
        async with receiving(database) as client:
            about_to, blocked = asyncio.Event(), asyncio.Event()

            async def block() -> None:
                about_to.set()
                await blocked.wait()

            client.before_reply = block
            first = asyncio.create_task(client.post())
            await asyncio.wait_for(about_to.wait(), 5)
            client.before_reply = None
            await client.post()
            blocked.set()
            await first
            assert [repeats for _, repeats in rows(database)] == [None, 1]

    asyncio.run(scenario())


def test_a_repeat_after_an_answer_that_could_not_be_written_is_a_redelivery(
    database: Database,
) -> None:
    async def broken() -> None:
        raise ConnectionResetError

    async def scenario() -> None:
        async with receiving(database) as client:
            client.before_reply = broken
            with pytest.raises(ConnectionResetError):
                await client.post()
            client.before_reply = None
            await client.post()
            assert [repeats for _, repeats in rows(database)] == [None, 1]

    asyncio.run(scenario())


def test_a_client_that_leaves_before_its_body_is_complete_leaves_nothing(
    database: Database,
) -> None:
    async def scenario() -> None:
        async with receiving(database) as client:

            async def receive() -> Message:
                return {"type": "http.disconnect"}

            async def send(_: Message) -> None:
                raise AssertionError

            scope: Message = {
                "type": "http",
                "method": "POST",
                "path": client.path,
                "headers": [],
                "client": None,
            }
            await client.receiver(scope, receive, send)
            assert rows(database) == []

    asyncio.run(scenario())


def test_no_log_line_holds_the_token(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with receiving(database, max_body=10) as client:
            token = client.path.rpartition("/")[2]
            with caplog.at_level(logging.DEBUG):
                for path in (None, f"/callback/nobody/{token}"):
                    await client.post(b"0123456789a", path=path)
                    await client.post(b"", path=path, method="GET")
            assert caplog.records
            assert token not in caplog.text

    asyncio.run(scenario())


def test_whether_a_client_has_gone_is_seen_without_waiting() -> None:
    async def scenario() -> None:
        news = asyncio.Event()

        async def receive() -> Message:
            await news.wait()
            return {"type": "http.disconnect"}

        assert not hung_up(receive)
        news.set()
        assert hung_up(receive)

    asyncio.run(scenario())
