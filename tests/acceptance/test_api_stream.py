"""The change feed of a real server: nothing is missed or repeated, whatever happens in between."""

import json
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.events import Listener
from tests.support.processes import Mirror, Server, eventually

TOKEN = "a token of these tests"
CREATED = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/%d"}}'
)


@pytest.fixture
def reading(mirror: Mirror) -> Mirror:
    return mirror.set(READ_TOKEN=TOKEN)


def listen(server: Server, query: str = "", last: str | None = None) -> Listener:
    assert server.port is not None
    return Listener(server.port, TOKEN, query, last)


def every_id(mirror: Mirror, server: Server) -> list[str]:
    """The ids of all changes, read page by page."""
    found: list[str] = []
    after = "0"
    while True:
        status, body = server.request(
            "GET",
            f"{server.url}/api/v1/changes?limit=50&after={after}",
            Authorization=f"Bearer {TOKEN}",
        )
        assert status == 200, body
        page = json.loads(body)
        found += [item["id"] for item in page["items"]]
        after = page["after"]
        if not page["more"]:
            return found


def test_each_change_reaches_a_listener(reading: Mirror) -> None:
    with reading.serving() as server, listen(server) as listener:
        assert listener.answer.status == 200
        assert listener.answer.headers["content-type"].startswith("text/event-stream")
        assert listener.opened() == "1:1:0"
        server.post(CREATED % 1)
        assert listener.ids(2) == ["1:1:1", "1:1:2"]
        for number in range(2, 12):
            server.post(CREATED % number)
            assert listener.ids(1) == [f"1:{number}:1"]
        assert server.terminate() == 0


def test_who_comes_back_after_a_crash_misses_nothing(reading: Mirror) -> None:
    seen: list[str] = []
    last = "0"
    ended = threading.Event()
    url = ""

    def post(server: Server, first: int) -> None:
        for number in range(first, first + 5_000):
            try:
                server.post(CREATED % number, url)
            except OSError:
                return
            if ended.is_set():
                return

    for life in range(3):
        with reading.serving() as server:
            url = url or urlsplit(server.callback_url).path
            with ThreadPoolExecutor() as pool:
                for worker in range(4):
                    pool.submit(post, server, life * 100_000 + worker * 10_000)
                query, header = ("?after=0", None) if last == "0" else ("", last)
                with listen(server, query, header) as listener:
                    seen += listener.ids(60)
                    last = listener.place
                    server.kill()
    with reading.serving() as server:
        assert eventually(lambda: reading.progress().lag == 0)
        every = every_id(reading, server)
        with listen(server, last=last) as listener:
            seen += listener.ids(len(every) - len(seen))
        assert seen == every
        assert len(set(seen)) == len(seen)
        ended.set()


def test_a_listener_that_takes_nothing_in_holds_up_nobody(reading: Mirror) -> None:
    """It is let go, and can go on where it was."""
    with reading.serving() as server, ExitStack() as stack:
        stalled = stack.enter_context(listen(server))
        assert stalled.opened() == "1:1:0"
        long = b"/".join([b"%d" % number + b"x" * 200 for number in range(8)])
        awake = stack.enter_context(listen(server))
        awake.opened()
        got: list[str] = []

        def take_in() -> None:
            got.extend(awake.ids(300 * 9))

        reader = threading.Thread(target=take_in)
        reader.start()
        with ThreadPoolExecutor(4) as pool:
            bodies = [CREATED.replace(b"%d", b"%d/" % n + long) for n in range(300)]
            assert set(pool.map(server.post, bodies)) == {200}
        assert eventually(lambda: len(got) >= 300 * 9)
        reader.join(10)
        assert eventually(lambda: reading.progress().lag == 0)
        every = every_id(reading, server)
        assert set(got) <= set(every)
        names, ids, last = [], [], ""
        for event in stalled.events():
            names.append(event.name)
            last = event.id or last
            if event.name == "message" and event.data:
                ids.append(event.id)
            if len(ids) == len(every):
                break
        if "overflow" in names:
            with listen(server, last=last) as again:
                ids += again.ids(len(every) - len(ids))
        assert ids == every


def test_a_stop_ends_streams_at_once(reading: Mirror) -> None:
    with reading.serving() as server, listen(server) as listener:
        listener.opened()
        assert server.terminate() == 0
        assert list(listener.events()) == []
        assert "Cancel" not in server.log.read_text()


def test_a_rebuild_that_makes_other_changes_says_reset(reading: Mirror) -> None:
    """Rules of other presets make another class of the same deliveries."""
    moved = (
        b'{"EventType":"Class.Moved","ClassMovedEvent":{"SourceOwner":{"Type":"TEAM","Id":"t"},'
        b'"SourceClassPathSet":["/1"],"DestinationOwner":{"Type":"TEAM","Id":"t"},'
        b'"DestinationClassPath":"/2"}}'
    )
    with reading.serving() as server:
        assert server.post(CREATED % 1) == 200
        assert server.post(moved) == 200
        assert eventually(lambda: reading.progress().applied_seq == 2)
        assert server.terminate() == 0
    # `/2` exists for every owner now, so that the class moves into it.
    reading.set(PRESET_CLASSES="/2")
    with reading.serving() as server, listen(server) as listener:
        assert listener.opened() == "1:3:0"
        reading.run("rebuild")
        assert [(event.name, event.id) for event in listener.events()][-1] == ("reset", "2:0:0")
        with listen(server, last="1:3:0") as late:
            assert [(event.name, event.id) for event in late.events()][-1] == ("reset", "2:0:0")
        with listen(server, last="2:0:0") as again:
            assert again.ids(2) == ["2:1:1", "2:1:2"]
        status, body = server.request(
            "GET", f"{server.url}/api/v1/changes?after=1:3:0", Authorization=f"Bearer {TOKEN}"
        )
        assert (status, json.loads(body)["error"]["code"]) == (410, "feed_reset")
        assert "2:0:0" in json.loads(body)["error"]["next"]


def test_the_command_follows_a_database_and_a_server(reading: Mirror, tmp_path: Path) -> None:
    with reading.serving() as server:
        server.post(CREATED % 1)
        assert eventually(lambda: reading.progress().applied_seq == 1)
        url = ["--url", server.url]
        started = [
            reading.start("follow", "--json", "--after=0", stdout=subprocess.PIPE),
            reading.start("follow", "--json", "--after=0", *url, stdout=subprocess.PIPE),
            reading.start("follow", "--after=1:1:1", *url, stdout=subprocess.PIPE),
        ]
        try:
            lines = [process.stdout.readline() for process in started if process.stdout]
            assert lines[0] == lines[1]
            assert json.loads(lines[0])["id"] == "1:1:1"
            assert lines[2].startswith("1:1:2 ")
            server.post(CREATED % 2)
            for process in started[:2]:
                assert process.stdout is not None
                ids = [json.loads(process.stdout.readline())["id"] for _ in range(2)]
                assert ids == ["1:1:2", "1:2:1"]
            started[0].send_signal(signal.SIGINT)
            assert started[0].wait(10) == 0
        finally:
            for process in started:
                process.kill()
                process.communicate()
        refused = reading.set(READ_TOKEN="another token than it").run(
            "follow", "--url", server.url, code=2
        )
        assert "not valid" in refused
