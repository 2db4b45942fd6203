"""Wires the web to a database: where its rows and tokens come from, and who it believes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress

from msgspec import Struct
from starlette.applications import Starlette

from mirror.core.model import Micros
from mirror.errors import NotFound
from mirror.store import reading_tokens
from mirror.store.engine import Connection, Database
from mirror.store.reading_tokens import ReadingKey
from mirror.sync.gate import Sources
from mirror.web.app import Parts, build
from mirror.web.auth import LoginLinks
from mirror.web.health import WhyNot
from mirror.web.hub import Hub
from mirror.web.metrics import Metrics, Receiving
from mirror.web.reads import Reads
from mirror.web.security import Application, Hosts, Message
from mirror.web.stream import write

MANY_LISTENERS, FEW_LISTENERS = 2_000, 200


class Address(Struct, frozen=True):
    """Where a server listens, and the URL that the world knows it by, if it has one."""

    host: str
    port: int
    public_url: str | None = None


class Vault:
    """The tokens for reading that are in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> tuple[ReadingKey, ...]:
        """All that there are."""
        with self._database.read() as connection:
            return reading_tokens.load(connection)

    def touch(self, uses: Mapping[str, int]) -> None:
        """Notes when they were last used."""
        with self._database.write() as connection:
            times = {name: Micros(used_at) for name, used_at in uses.items()}
            reading_tokens.touch(connection, times)

    def log_in(self, seconds: int) -> str:
        """A new token that ends by itself."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            until = Micros(now + seconds * 1_000_000)
            return reading_tokens.log_in(connection, now=now, until=until)

    def log_out(self, name: str) -> None:
        """Ends one, if it is there."""
        try:
            with self._database.write() as connection:
                reading_tokens.revoke(connection, name)
        except NotFound:
            pass


class Website:
    """The web of one server; `application` is what it answers with."""

    def __init__(
        self,
        database: Database,
        address: Address,
        sources: Sources,
        *,
        read_token: str | None,
        why_not_ready: WhyNot,
        lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
        receiving: Callable[[], Receiving] | None = None,
    ) -> None:
        self._links = LoginLinks()
        self._reads = Reads(_reader(database))
        most = most_listeners()
        self.hub = Hub(_reader(database), write, most)
        self.application: Application = build(
            Parts(
                reads=self._reads,
                hub=self.hub,
                vault=Vault(database),
                links=self._links,
                hosts=Hosts(address.host, address.public_url),
                port=address.port,
                read_token=read_token,
                sender=_sender(sources),
                why_not_ready=why_not_ready,
                metrics=Metrics(
                    self._reads,
                    lambda: (self.hub.count, most),
                    receiving,
                    database.now,
                    database.version,
                ),
                lifespan=lifespan,
            )
        )

    def login_path(self) -> str:
        """A path that logs in whoever opens it first, within ten minutes."""
        return f"/login?key={self._links.make()}"

    def close(self) -> None:
        """Ends all streams, and takes no more reads."""
        self.hub.close()
        self._reads.close()


def most_listeners() -> int:
    """How many may listen to changes: half of the files that this process may open, at most.

    Callbacks need the other half. The limit is raised as far as the system lets it.
    """
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return FEW_LISTENERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MANY_LISTENERS
    if soft < wanted and soft != resource.RLIM_INFINITY:
        raised = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MANY_LISTENERS if soft == resource.RLIM_INFINITY else min(MANY_LISTENERS, soft // 2)


def _reader(database: Database) -> Callable[[], AbstractContextManager[Connection]]:
    return database.read


def _sender(sources: Sources) -> Callable[[Message], str]:
    def sender(scope: Message) -> str:
        client = scope.get("client")
        return sources.sender(client[0] if client else None, scope["headers"])

    return sender
