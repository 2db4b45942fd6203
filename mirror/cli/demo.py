"""`mirror demo`: a server on a scratch database, and a simulated platform that posts to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from mirror import logs, service
from mirror.cli import browser, screen
from mirror.cli.options import read_settings
from mirror.cli.output import say
from mirror.errors import InputError
from mirror.platform.simulator import Channel, Limits, Platform, Refused, Sender, Workload, scripted
from mirror.service import Running
from mirror.settings import Settings
from mirror.store import platforms
from mirror.store.platforms import DEFAULT

TOGETHER = 10
"""Callbacks that go through the channel at once; some are doubled or overtake others there."""
GOOD_BYE_SECONDS = 10.0

_LIMITS = Limits(classes=40, depth=4, materials=400, projects=8)


def demo(
    seconds: Annotated[
        float | None, typer.Option(min=0, metavar="N", help="End after so long. Default: Ctrl-C.")
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0.1, max=1000, metavar="N", help="Callbacks a second.")
    ] = 8.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number tells another story.")] = 1,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the database in this folder.")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the dashboard's address, and open nothing.")
    ] = False,
) -> None:
    """Watch a mirror live, with no account and nothing to set up.

    A simulated media team works, its callbacks arrive on loopback, and the tree grows: in the
    terminal, and on the dashboard, which opens in a browser.
    """
    with _folder(keep) as folder:
        settings = _scratch(folder)
        logs.configure(settings.log_format, settings.log_level)
        path = _callback_path(settings)
        ended = threading.Event()
        threads: list[threading.Thread] = []

        def started(running: Running) -> None:
            traffic = Traffic(running.url + path, rate, seed)
            threads.append(threading.Thread(target=traffic.run, args=(ended,)))
            opened = not no_browser and browser.show(running.login_url)
            place = running.url if opened else running.login_url
            threads.append(threading.Thread(target=screen.watch, args=(running, place, ended)))
            if seconds is not None:
                threads.append(threading.Timer(seconds, running.stop))
            for thread in threads:
                thread.daemon = True
                thread.start()

        try:
            service.serve(settings, started=started, stopping=ended.set)
        finally:
            ended.set()
            for thread in threads:
                if isinstance(thread, threading.Timer):
                    thread.cancel()
                thread.join(GOOD_BYE_SECONDS)
        screen.farewell(settings)
        if keep is not None:
            say(f"See it again: mirror tree --database {settings.database}")


class Traffic:
    """A simulated team at work, and its callbacks on their way to a URL."""

    def __init__(self, url: str, rate: float, seed: int) -> None:
        self._rate = rate
        self._platform = Platform(seed)
        self._sender = Sender(url, retry_interval_s=0.5)
        self._channel = Channel(seed, duplicate=0.02, reorder=0.02, places=3)
        self._workload = Workload(self._platform, seed, limits=_LIMITS)

    def run(self, ended: threading.Event) -> None:
        """Works and posts until ended."""
        stopper = threading.Thread(target=self._stop_with, args=(ended,), daemon=True)
        stopper.start()
        for body in self._bodies():
            if ended.wait(1 / self._rate):
                return
            self._sender.send(body)

    def _stop_with(self, ended: threading.Event) -> None:
        ended.wait()
        self._sender.stop()

    def _bodies(self) -> Iterator[bytes]:
        stories = chain(*(tell(self._platform) for tell in scripted.SCRIPTS.values()))
        while True:
            while len(self._platform.outbox) < TOGETHER:
                # Stories first, so that there is something to see; then work without an end.
                if next(stories, None) is None:
                    self._work()
            for delivery in self._channel.deliver(self._platform.drain()):
                yield delivery.body

    def _work(self) -> None:
        try:
            self._workload.step()
        except Refused:
            # All that may exist exists: make room.
            self._workload = Workload(self._platform, self._platform.n, limits=_LIMITS)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with TemporaryDirectory(prefix="mirror-demo-") as folder:
            yield Path(folder)
        return
    if (keep / "mirror.db").exists():
        raise InputError(f"{keep} holds a database already: name a new folder with --keep.")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


def _scratch(folder: Path) -> Settings:
    """Settings for a demo: nothing of the environment but how logs look."""
    return replace(
        read_settings(),
        database=f"sqlite:///{folder.resolve() / 'mirror.db'}",
        read_database=None,
        host="127.0.0.1",
        port=0,
        public_url=None,
        allowed_sources=(),
        trusted_proxies=(),
        disk_reserve=0,
        log_level="error",
    )


def _callback_path(settings: Settings) -> str:
    with closing(service.open_owned(settings)) as database, database.write() as connection:
        token = platforms.rotate(connection, DEFAULT, now=database.now(connection))
    return platforms.callback_path(DEFAULT, token)
