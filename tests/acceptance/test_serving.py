"""A real server: what it acknowledged survives, what it was asked is answered, and it ends well."""

import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.processes import Mirror, Server, eventually

CREATED = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/%d"}}'
)


def applied(mirror: Mirror) -> int:
    return mirror.progress().applied_seq


def test_samples_are_received_applied_shown_and_proven(
    mirror: Mirror, samples: list[bytes]
) -> None:
    with mirror.serving() as server:
        assert [server.post(sample) for sample in samples] == [200] * len(samples)
        assert eventually(lambda: applied(mirror) == len(samples))
        assert server.request("GET", server.url + "/healthz")[0] == 200
        assert server.request("GET", server.url + "/readyz")[0] == 200
        assert server.request("GET", server.url + "/")[0] == 401
        assert "└── 视频  2" in mirror.run("tree")
        assert server.terminate() == 0
        token = server.callback_url.rpartition("/")[2]
        assert token not in server.log.read_text()
    assert mirror.bodies() == samples
    assert "nothing differs" in mirror.run("verify")


def test_an_acknowledged_callback_survives_a_kill(mirror: Mirror) -> None:
    acknowledged: list[bytes] = []
    sent: list[bytes] = []

    def post_until_it_fails(server: Server, worker: int) -> None:
        for number in range(10_000):
            body = CREATED % (worker * 10_000 + number)
            sent.append(body)
            try:
                if server.post(body) == 200:
                    acknowledged.append(body)
            except OSError:
                return

    with mirror.serving() as server:
        url = urlsplit(server.callback_url).path
        with ThreadPoolExecutor() as pool:
            for worker in range(8):
                pool.submit(post_until_it_fails, server, worker)
            assert eventually(lambda: len(acknowledged) > 200)
            server.kill()
    with mirror.serving() as server:
        # Those that got no answer are sent again, as the platform would.
        again = [body for body in sent if body not in set(acknowledged)]
        assert [server.post(body, url) for body in again] == [200] * len(again)
        assert server.terminate() == 0
    rows = mirror.journal()
    assert set(acknowledged) <= {row.body for row in rows}
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    first = {row.body: row.seq for row in reversed(rows)}
    for row in rows:
        # A repeat of what was journaled, but not acknowledged, is known for one.
        assert row.redelivery_of == (None if first[row.body] == row.seq else first[row.body])
    assert mirror.differences() == []


def test_a_stop_applies_what_was_received(mirror: Mirror) -> None:
    with mirror.serving() as server, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: server.post(CREATED % n), range(400)))
        assert server.terminate() == 0
    assert statuses == [200] * 400
    assert (mirror.progress().head_seq, mirror.progress().lag) == (400, 0)


def test_a_second_server_is_refused_and_a_killed_one_is_no_obstacle(mirror: Mirror) -> None:
    with mirror.serving() as server:
        error = mirror.run("serve", "--port=0", code=3)
        assert "is being served already" in error
        assert server.url in error
        assert len(error.splitlines()) == 1
        server.kill()
    with mirror.serving() as server:
        assert not server.callback_url  # shown once, by the first
        assert server.terminate() == 0


def test_one_process_does_it_all_when_asked(mirror: Mirror, samples: list[bytes]) -> None:
    with mirror.serving("--single-process") as server:
        assert [server.post(sample) for sample in samples[:5]] == [200] * 5
        assert eventually(lambda: applied(mirror) == 5)
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        assert not children.exists() or children.read_text().split() == []
        assert server.terminate() == 0


def test_a_delivery_is_applied_at_once(mirror: Mirror) -> None:
    with mirror.serving() as server:
        server.post(CREATED % 0)
        assert eventually(lambda: applied(mirror) == 1)
        waits = []
        for number in range(1, 11):
            time.sleep(0.05)
            server.post(CREATED % number)
            started = time.monotonic()
            assert eventually(lambda expected=number + 1: applied(mirror) == expected)  # type: ignore[misc]
            waits.append(time.monotonic() - started)
        assert sorted(waits)[5] < 0.25


def test_a_body_above_the_limit_is_refused_while_it_streams(mirror: Mirror) -> None:
    mirror.set(MAX_BODY_BYTES="1KiB")
    with mirror.serving() as server:
        url = server.callback_url
        status, _ = server.request("POST", url, iter([b"x" * 512, b"x" * 512, b"x"]))
        assert status == 413
        assert server.request("POST", url, b"x" * 1025)[0] == 413
        status, answer = server.request("POST", url, iter([b"x" * 512, b"x" * 512]))
        assert (status, answer[:21]) == (200, b'{"Code":"Quarantined"')
        assert server.terminate() == 0
    assert mirror.progress().head_seq == 1


def test_a_repeat_after_the_client_hung_up_is_a_redelivery(mirror: Mirror) -> None:
    with mirror.serving() as server:
        parts = urlsplit(server.callback_url)
        body = CREATED % 1
        request = (
            f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        with closing(sqlite3.connect(mirror.folder / "mirror.db", isolation_level=None)) as raw:
            raw.execute("BEGIN IMMEDIATE")  # so that nothing is answered until this ends
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(request)
            time.sleep(0.2)
            raw.execute("COMMIT")
        assert eventually(lambda: applied(mirror) == 1)
        assert server.post(body) == 200
        assert server.post(CREATED % 2) == 200
        assert server.terminate() == 0
    assert [row.redelivery_of for row in mirror.journal()] == [None, 1, None]


def test_without_room_on_the_disk_callbacks_are_turned_away(mirror: Mirror) -> None:
    mirror.set(DISK_RESERVE="1000000GiB")
    with mirror.serving() as server:
        connection_status, answer = server.request("POST", server.callback_url, CREATED % 1)
        assert connection_status == 503
        assert b"Unavailable" in answer
        assert server.request("GET", server.url + "/readyz")[0] == 503
        assert server.request("GET", server.url + "/healthz")[0] == 200
        assert server.terminate() == 0
    assert mirror.progress().head_seq == 0


def test_platforms_change_beside_a_running_server(mirror: Mirror) -> None:
    with mirror.serving() as server:
        older = mirror.json("platform", "add", "studio")["callback_url"]
        assert server.post(CREATED % 1, older) == 200
        newer = mirror.json("platform", "rotate", "studio")["callback_url"]
        assert server.post(CREATED % 2, newer) == 200
        assert server.post(CREATED % 3, older) == 200
        assert mirror.json("platform", "revoke", "studio")["revoked"] == 1
        assert server.post(CREATED % 4, older) == 404
        assert server.post(CREATED % 5, newer) == 200
        mirror.run("platform", "remove", "studio")
        assert server.post(CREATED % 6, newer) == 404
        assert server.post(CREATED % 7) == 200


def test_an_open_request_is_finished_before_the_server_ends(mirror: Mirror) -> None:
    with mirror.serving() as server:
        with closing(sqlite3.connect(mirror.folder / "mirror.db", isolation_level=None)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            statuses: list[int] = []
            client = threading.Thread(target=lambda: statuses.append(server.post(CREATED % 1)))
            client.start()
            time.sleep(0.3)
            server.process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            raw.execute("COMMIT")
        client.join(10)
        assert statuses == [200]
        assert server.process.wait(20) == 0


def test_the_demo_shows_a_growing_tree_and_ends(mirror: Mirror) -> None:
    shown = mirror.run("demo", "--seconds=3", "--rate=40", "--keep=kept")
    assert "media in" in shown
    assert "/login?key=" in shown
    assert "TEAM:" in shown
    mirror.folder /= "kept"
    assert mirror.progress().lag == 0
    assert mirror.differences() == []


def test_the_log_is_followed(mirror: Mirror) -> None:
    with mirror.serving() as server:
        server.post(CREATED % 1)
        follower = mirror.start("log", "--follow", "--json", stdout=subprocess.PIPE)
        with follower:
            assert follower.stdout is not None
            assert '"seq":1' in follower.stdout.readline()
            server.post(CREATED % 2)
            assert '"seq":2' in follower.stdout.readline()
            os.kill(follower.pid, signal.SIGTERM)
