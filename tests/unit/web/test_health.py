"""What anybody may ask: whether the server lives, and whether it can take callbacks."""

import asyncio

import httpx
from starlette.applications import Starlette

from mirror.web import health


def get(path: str, reason: str | None = None) -> httpx.Response:
    async def why_not() -> str | None:
        return reason

    async def asked() -> httpx.Response:
        app = httpx.ASGITransport(Starlette(routes=health.routes(why_not)))
        async with httpx.AsyncClient(transport=app, base_url="http://testserver") as client:
            return await client.get(path)

    return asyncio.run(asked())


def test_a_server_that_answers_is_alive() -> None:
    answer = get("/healthz", "The disk is nearly full.")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_a_server_that_could_append_is_ready() -> None:
    assert get("/readyz").json() == {"status": "ready"}


def test_a_server_that_could_not_append_says_why() -> None:
    answer = get("/readyz", "The disk is nearly full.")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"status": "not ready", "reason": "The disk is nearly full."}
