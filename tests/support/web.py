"""The web of a mirror without a server: requests go straight into the application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

from mirror.core.model import Micros
from mirror.store import reading_tokens
from mirror.store.engine import Database
from mirror.sync.gate import Sources
from mirror.web.metrics import Receiving
from mirror.website import Address, Website

BASE = "http://127.0.0.1:8000"
SETTING = "a token of the settings"


async def ready() -> str | None:
    return None


@asynccontextmanager
async def _nothing(_: Starlette) -> AsyncIterator[None]:
    yield


class Web:
    """A website, and requests to it with a valid token unless told otherwise."""

    def __init__(
        self,
        database: Database,
        host: str = "127.0.0.1",
        public_url: str | None = None,
        read_token: str | None = SETTING,
        receiving: Callable[[], Receiving] | None = None,
    ) -> None:
        self.database = database
        self.site = Website(
            database,
            Address(host, 8000, public_url),
            Sources((), ()),
            read_token=read_token,
            why_not_ready=ready,
            lifespan=_nothing,
            receiving=receiving,
        )
        with database.write() as connection:
            self.token = reading_tokens.add(connection, "test", now=Micros(1))

    def ask(self, method: str, url: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        """One answer; `token=None` shows none."""
        return asyncio.run(self._ask(method, url, options))

    def get(self, url: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        """One answer to a GET."""
        return self.ask("GET", url, **options)

    def json(self, url: str, **options: Any) -> Any:  # noqa: ANN401 - it is JSON
        """What an answer that is no error holds."""
        answer = self.get(url, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def _ask(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        token = options.pop("token", self.token)
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(self.site.application, client=("127.0.0.1", 5))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            answer = await client.request(method, url, headers=headers, **options)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(asyncio.gather(*left), 10)
        return answer
