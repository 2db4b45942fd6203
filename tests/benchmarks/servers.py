"""Servers that are posted to, each in a process of its own: `python -m tests.benchmarks.servers KIND DATABASE`.

A server says on its first line where it takes callbacks, and ends when it is told to.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
import uvicorn
import uvloop

from mirror import service, settings
from mirror.sync.beside import Job
from tests.benchmarks.handmade.handlers import commit_per_event, queue_table, work
from tests.benchmarks.handmade.models import Base, make_engine
from tests.benchmarks.runner import ROOT, environment

PATH = "/callback/default/bench"
STOPPING = 30.0
"""Seconds that a server may take to end."""

Message = MutableMapping[str, Any]
ANSWER = b'{"Code":"Success"}'
HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(ANSWER)).encode()),
]


# ---------------------------------------------------------------------- kinds


async def storeless(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Reads a body and answers as mirror does, storing nothing: the floor of the callback route."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


def floor(_: str) -> None:
    """Serves `storeless` as mirror is served."""
    run_asgi(storeless)


def run_asgi(app: Any) -> None:  # noqa: ANN401 - any ASGI application
    """Serves an application with uvloop and httptools on a free port, until told to stop."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        _tell(f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}")
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
        )
        _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, but a signal that asked it to stop is not raised again, so that what follows is done."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = signal.signal(signal.SIGTERM, self.handle_exit)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)


class Echo(asyncio.Protocol):
    """Answers whatever comes: what is left is the client's own pace."""

    ALL = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self.ALL)


def nothing(_: str) -> None:
    """Serves without reading HTTP: tells how fast the load itself can be."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        _tell(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{PATH}")
        await stop.wait()
        server.close()

    uvloop.run(serve())


class NoApplier:
    """Stands in for the applier where the receiver is measured alone."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def start(self) -> None:
        """Begins nothing."""

    def nudge(self) -> None:
        """Goes unheard."""

    def stop(self, seconds: float) -> bool:
        """Has nothing to finish."""
        return True


def receiver(database: str) -> None:
    """`mirror serve`, but for the applier beside it."""
    setattr(service, "ApplierProcess", NoApplier)  # noqa: B010 - no attribute of a module is typed so
    mirror(database)


def mirror(database: str) -> None:
    """`mirror serve`."""
    logging.basicConfig(level=logging.WARNING)
    options = {"database": f"sqlite:///{database}", "port": "0"}
    chosen = settings.load({}, Path(os.devnull), options)

    def started(running: service.Running) -> None:
        assert running.callback_url is not None
        _tell(running.callback_url)

    service.serve(chosen, started=started)


def per_event(database: str) -> None:
    """The handler that commits each event through the ORM."""
    run_asgi(commit_per_event(handmade(database)))


def queue(database: str) -> None:
    """The handler that puts events into a table, its worker beside it."""
    engine = handmade(database)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.servers", "worker", database],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ):
        run_asgi(queue_table(engine))


def worker(database: str) -> None:
    """The worker of that handler; ends when the one that started it is gone."""
    engine = handmade(database)

    def end_with_parent() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()
    work(engine)


def handmade(database: str) -> sa.Engine:
    """Their database, with its tables."""
    engine = make_engine(Path(database))
    Base.metadata.create_all(engine)
    return engine


KINDS = {
    kind.__name__: kind for kind in (floor, nothing, receiver, mirror, per_event, queue, worker)
}


def _tell(url: str) -> None:
    print(json.dumps({"url": url}), flush=True)


# ---------------------------------------------------------------------- starting them


class Serving(NamedTuple):
    """A server that runs: where it takes callbacks, and its process."""

    url: str
    pid: int

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time so far: of the event loop's thread, and of all others; empty where none tells."""
        seconds = {"loop": 0.0, "others": 0.0}
        try:
            for stat in Path(f"/proc/{self.pid}/task").glob("*/stat"):
                fields = stat.read_text().rpartition(")")[2].split()
                ticks = int(fields[11]) + int(fields[12])
                thread = "loop" if stat.parent.name == str(self.pid) else "others"
                seconds[thread] += ticks / os.sysconf("SC_CLK_TCK")
        except OSError:
            return {}
        return seconds


@contextmanager
def serving(kind: str, database: Path) -> Iterator[Serving]:
    """A server; it has ended by itself afterwards. Raises RuntimeError if it does not start."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.servers", kind, str(database)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        with process.stdout as output:
            line = output.readline()
            if not line:
                raise RuntimeError(f"The server {kind} did not start; see above.")
            yield Serving(json.loads(line)["url"], process.pid)
            process.send_signal(signal.SIGTERM)
            process.wait(STOPPING)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Is the process."""
    KINDS[sys.argv[1]](sys.argv[2])


if __name__ == "__main__":
    main()
