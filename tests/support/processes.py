"""Real processes: `mirror` commands and servers, each test in a folder of its own."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import urlsplit

from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.store import journal, queries
from mirror.store.engine import Database, open_database
from mirror.store.journal import Delivery
from mirror.store.queries import Progress
from mirror.sync.verify import verify

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "mirror"]

Body = bytes | Iterator[bytes] | None


def eventually(holds: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Whether something comes to hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Server:
    """A running `mirror serve`."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        assert process.stdout is not None
        self.process = process
        self.log = log
        line = process.stdout.readline()
        assert line, log.read_text()
        started = json.loads(line)
        self.url: str = started["url"]
        self.callback_url: str = started["callback_url"]
        self.login_url: str = started["login_url"]
        self.port = urlsplit(self.url).port

    def request(
        self, method: str, url: str, body: Body = None, **headers: str
    ) -> tuple[int, bytes]:
        """Status and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            parts = urlsplit(url)
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def post(self, body: bytes, url: str | None = None) -> int:
        """Posts a callback as the platform does; the status."""
        headers = {"Content-Type": "application/json", "Connection": "close"}
        return self.request("POST", url or self.callback_url, body, **headers)[0]

    def terminate(self) -> int:
        """Asks it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self) -> None:
        """Ends it at once, like a crash."""
        self.process.kill()
        self.process.wait(20)


class Mirror:
    """`mirror` in a folder, with nothing of this machine's settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = COMMAND
        kept = {name: text for name, text in os.environ.items() if not name.startswith("MIRROR_")}
        self.environ = kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}

    def set(self, **settings: str) -> Self:
        """Gives settings to all that is started from now on."""
        self.environ |= {f"MIRROR_{name}": text for name, text in settings.items()}
        return self

    def start(
        self, *arguments: str, stdout: int | None = None, stderr: IO[str] | None = None
    ) -> subprocess.Popen[str]:
        """Starts a command."""
        return subprocess.Popen(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environ,
            text=True,
            stdout=stdout,
            stderr=stderr,
        )

    def run(self, *arguments: str, code: int = 0, stdin: IO[bytes] | None = None) -> str:
        """Runs a command that ends with `code`; what it printed."""
        ended = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environ,
            text=True,
            capture_output=True,
            check=False,
            timeout=50,
            stdin=stdin,
        )
        assert ended.returncode == code, ended.stderr
        return ended.stdout if code in {0, 1} else ended.stderr

    def json(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - it is JSON
        """What a command prints as JSON."""
        return json.loads(self.run(*arguments, "--json", code=code))

    def journal(self, platform: str = "default") -> list[Delivery]:
        """All deliveries, read without a process."""
        with self._opened() as database, database.read() as connection:
            return journal.read(connection, platform, Seq(0), 1_000_000)

    def bodies(self) -> list[bytes]:
        """The bodies of all deliveries."""
        return [delivery.body for delivery in self.journal()]

    def progress(self, platform: str = "default") -> Progress:
        """How far the mirror is, read without a process."""
        with self._opened() as database, database.read() as connection:
            return queries.progress(connection, platform)

    def differences(self) -> list[str]:
        """What `verify` finds, looked for without a process."""
        with self._opened() as database:
            return [found.describe() for found in verify(database, "default", Rules())]

    @contextmanager
    def _opened(self) -> Iterator[Database]:
        url = f"sqlite:///{self.folder}/mirror.db"
        with closing(open_database(url, create=False, read_only=True)) as database:
            yield database

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[Server]:
        """A server, ended afterwards in any case."""
        log = self.folder / "serve.log"
        with log.open("a") as errors:
            process = self.start(
                "serve",
                "--port=0",
                "--json",
                *arguments,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        with process:
            try:
                yield Server(process, log)
            finally:
                process.kill()
