"""Builds the parts from settings and wires them together; runs them until told to stop.

Stopping takes nothing more in, finishes what is open, applies what was received, and then ends.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractContextManager,
    asynccontextmanager,
    closing,
    nullcontext,
)

from msgspec import Struct
from starlette.applications import Starlette

from mirror.core.paths import DEFAULT_PRESETS, normalise
from mirror.core.rules import Rules
from mirror.errors import AlreadyServing, ConfigurationError, MirrorError
from mirror.reconciler import Access, watching
from mirror.settings import Settings
from mirror.store import migrate, platforms
from mirror.store.engine import Database, open_database
from mirror.store.platforms import Keys
from mirror.store.wal import Log
from mirror.sync import http
from mirror.sync.beside import ApplierProcess, ApplierThread, Job
from mirror.sync.bodies import Message, Receive
from mirror.sync.commit import Committer
from mirror.sync.gate import Gate, Sources
from mirror.sync.lock import ServeLock, is_served, lock_file
from mirror.sync.meters import Apply, sizes
from mirror.sync.receive import PREFIX, Receiver, Send
from mirror.sync.tidy import Tidier
from mirror.sync.writer import MOST_WAITING, Writer
from mirror.web.metrics import Receiving
from mirror.web.server import Server, listening
from mirror.website import Address, Website

DRAIN_SECONDS = 5.0
"""Seconds that the applier then has for what was received; it goes on with the rest next time."""
READY_SECONDS = 5.0

log = logging.getLogger(__name__)


# ------------------------------------------------------------------------------- from settings


def rules_of(settings: Settings) -> Rules:
    """The rules that the settings ask for."""
    presets = settings.preset_classes or DEFAULT_PRESETS
    return Rules(
        horizon=round(settings.reorder_horizon * 1_000_000),
        presets=tuple(dict.fromkeys(normalise(path) for path in presets)),
    )


def access_of(settings: Settings) -> Access:
    """What the platform's API is read with. Raises ConfigurationError without a key."""
    if settings.secret_id is None or settings.secret_key is None:
        raise ConfigurationError(
            "Reading the platform needs its API key: set MIRROR_SECRET_ID and MIRROR_SECRET_KEY."
        )
    return Access(settings.secret_id, settings.secret_key, settings.api_endpoint, settings.api_rate)


def _watching(settings: Settings, database: Database) -> AbstractContextManager[None]:
    """Reconciliation beside the server, where a key is set."""
    if settings.secret_id is None or settings.secret_key is None:
        return nullcontext()
    return watching(database, rules_of(settings), access_of(settings))


def open_owned(settings: Settings) -> Database:
    """The database, to write to; a new SQLite file is created and migrated.

    Raises ConfigurationError, DatabaseUnavailable or SchemaOutdated.
    """
    return _prepared(open_database(settings.database))


def open_beside(settings: Settings) -> Database:
    """The database, to write to beside a server, if one runs. Raises as `open_owned` does.

    Raises AlreadyServing too, where two processes must not write to one file.
    """
    database = open_owned(settings)
    if database.single_writer and is_served(database.url):
        database.close()
        raise AlreadyServing(
            f"Database {database.name} is being served, and with this SQLite library no second "
            "process should write to it. Stop the server first, or install pysqlite3 for both."
        )
    return database


def open_for_reading(settings: Settings) -> Database:
    """The database that commands read from; a SQLite file that does not exist yet is created.

    Raises as `open_owned` does.
    """
    url = settings.read_database or settings.database
    file = lock_file(url)
    if file is not None and not file.with_name(file.name.removesuffix(".serve-lock")).exists():
        _prepared(open_database(url)).close()
    return _prepared(open_database(url, read_only=True))


def _prepared(database: Database) -> Database:
    try:
        migrate.prepare(database)
    except BaseException:
        database.close()
        raise
    return database


def public_url(settings: Settings, port: int | None = None) -> str:
    """What callback URLs start with; `port` is the one really listened on."""
    if settings.public_url is not None:
        return settings.public_url
    return local_url(settings.host, settings.port if port is None else port)


def local_url(host: str, port: int) -> str:
    """Where this machine itself reaches a server that listens on `host`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{port}"


# --------------------------------------------------------------------------------- the server


class Running(Struct, frozen=True):
    """A server that listens. `callback_url` is set only where a token has just been made.

    `login_url` logs in whoever opens it first, within ten minutes, on this machine.
    """

    url: str
    callback_url: str | None
    login_url: str
    database: Database
    stop: Callable[[], None]


class Service:
    """The parts of one server, and the application that they make."""

    def __init__(
        self, settings: Settings, database: Database, port: int, *, single_process: bool
    ) -> None:
        self.failure: MirrorError | None = None
        self.on_started: Callable[[], None] = lambda: None
        self.on_stopping: Callable[[], None] = lambda: None
        self.stop: Callable[[], None] = lambda: None
        self._database = database
        self._gate = Gate(self._load_keys)
        self._applier = self._make_applier(settings, single_process=single_process)
        lock = lock_file(database.url)
        committer = Committer(database, round(settings.retry_window * 1_000_000), self._gate.learn)
        self._apply = Apply(committer.applied)
        self._writer = Writer(
            committer,
            folder=None if lock is None else lock.parent,
            reserve=settings.disk_reserve,
            hold=settings.confirm_limit / 3,
            on_commit=self._nudge,
            on_appended=self._apply.appended,
            on_failure=self._fail,
        )
        self.tidier = Tidier(Log(database.url), self._fail)
        sources = Sources(settings.allowed_sources, settings.trusted_proxies)
        self.receiver = Receiver(
            self._writer,
            self._gate,
            sources,
            max_body=settings.max_body_bytes,
            confirm_limit=settings.confirm_limit,
        )
        self.website = Website(
            database,
            Address(settings.host, port, settings.public_url),
            sources,
            read_token=settings.read_token,
            why_not_ready=self._why_not_ready,
            lifespan=self._lifespan,
            receiving=self._receiving,
        )
        self._reserve = settings.disk_reserve
        self._reconciles = settings.secret_id is not None and settings.secret_key is not None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Is the ASGI application; callbacks take the short way."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self.receiver(scope, receive, send)
        else:
            await self.website.application(scope, receive, send)

    def _make_applier(
        self, settings: Settings, *, single_process: bool
    ) -> ApplierProcess | ApplierThread:
        rules = rules_of(settings)
        if single_process or self._database.single_writer:
            return ApplierThread(self._database, rules)
        job = Job(self._database.url, rules, settings.log_format, settings.log_level)
        return ApplierProcess(job)

    def _nudge(self) -> None:
        self._applier.nudge()
        self.website.hub.nudge()

    def _load_keys(self) -> Keys:
        with self._database.read() as connection:
            return platforms.load_keys(connection)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._gate.learn(self._load_keys())
        self._writer.start()
        self._applier.start()
        self.tidier.start()
        self._apply.start()
        self.on_started()
        yield
        self.on_stopping()
        self.website.close()
        await self._writer.stop()
        drained = await asyncio.to_thread(self._applier.stop, DRAIN_SECONDS)
        await asyncio.to_thread(self._apply.stop)
        await asyncio.to_thread(self.tidier.stop)
        if not drained:
            log.warning("Stopped before everything was applied; the next start goes on with it")

    def _fail(self, error: MirrorError) -> None:
        self.failure = error
        self.stop()

    def _receiving(self) -> Receiving:
        figures = self._writer.figures
        lock = lock_file(self._database.url)
        free, wal = sizes(None if lock is None else lock.with_suffix(""))
        return Receiving(
            received=dict(figures.received),
            refused=dict(self.receiver.refusals.counts),
            failed=figures.failed,
            appending=figures.appending,
            applying=self._apply.latencies,
            commits=figures.commits,
            commit_seconds=figures.committing,
            paced_seconds=figures.paced,
            waiting=self._writer.waiting,
            waiting_limit=MOST_WAITING,
            reserve_bytes=self._reserve,
            free_bytes=free,
            wal_bytes=wal,
            reconciles=self._reconciles,
        )

    async def _why_not_ready(self) -> str | None:
        try:
            return await asyncio.wait_for(self._writer.why_not(), READY_SECONDS)
        except TimeoutError:
            return "The database takes too long to write to."


def serve(
    settings: Settings,
    *,
    single_process: bool = False,
    started: Callable[[Running], None] = lambda _: None,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serves until SIGINT or SIGTERM, or until `Running.stop` is called.

    `started` is told once it listens, `stopping` once it takes nothing more.

    Raises AlreadyServing, ConfigurationError where it cannot listen, and DatabaseUnavailable, also
    after the database failed for good.
    """
    with (
        closing(open_owned(settings)) as database,
        ServeLock(database.url, database.name) as lock,
        listening(settings.host, settings.port) as listener,
    ):
        for warning in database.warnings:
            log.warning("%s", warning)
        port = listener.getsockname()[1]
        url = public_url(settings, port)
        lock.tell(url)
        callback_url = first_callback_url(database, url)

        service = Service(settings, database, port, single_process=single_process)

        def on_started() -> None:
            gc.collect()
            gc.freeze()  # what is here stays; looking through it for each few callbacks is waste
            gc.set_threshold(20_000, 20, 20)
            log.info("Serving", extra={"url": url, "database": database.name})
            login_url = local_url(settings.host, port) + service.website.login_path()
            started(Running(url, callback_url, login_url, database, service.stop))

        def stop() -> None:
            server.should_exit = True

        service.on_started, service.on_stopping, service.stop = on_started, stopping, stop
        protocol = http.protocol_for(service.receiver)
        server = Server(service, protocol, service.website.hub.close)
        with _watching(settings, database):
            server.run(sockets=[listener])
        if service.failure is not None:
            raise service.failure
        log.info("Stopped")


def first_callback_url(database: Database, url: str) -> str | None:
    """Makes a token for the platform `default` if it never had one: somewhere to post to."""
    with database.write() as connection:
        for platform in platforms.listed(connection):
            if platform.name == platforms.DEFAULT and platform.removed_at is None:
                if platform.tokens:
                    return None
                token = platforms.rotate(connection, platform.name, now=database.now(connection))
                return url + platforms.callback_path(platform.name, token)
    return None
