"""Two callback handlers that people write by hand, as Starlette applications, and the worker of the second."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.benchmarks.handmade.models import Payload, Queued, apply

IDLE = 0.05
"""Seconds that the worker sleeps when nothing waits."""


def commit_per_event(engine: sa.Engine) -> Starlette:
    """Changes the rows in the request, one transaction an event, and answers."""

    def store(event: Payload) -> None:
        with Session(engine) as session, session.begin():
            apply(session, event)

    return _app(store)


def queue_table(engine: sa.Engine) -> Starlette:
    """Puts the event into a table and answers; a worker applies it later."""

    def store(event: Payload) -> None:
        with Session(engine) as session, session.begin():
            session.add(Queued(event=event))

    return _app(store)


def _app(store: Callable[[Payload], None]) -> Starlette:
    async def callback(request: Request) -> JSONResponse:
        await run_in_threadpool(store, await request.json())
        return JSONResponse({"Code": "Success"})

    endpoint: Callable[[Request], Awaitable[JSONResponse]] = callback
    return Starlette(routes=[Route("/callback/{platform}/{token}", endpoint, methods=["POST"])])


def work_once(engine: sa.Engine) -> bool:
    """Applies the event that has waited longest; whether there was one."""
    with Session(engine) as session, session.begin():
        waiting = session.scalars(
            sa.select(Queued).filter_by(done=False).order_by(Queued.id).limit(1)
        ).one_or_none()
        if waiting is None:
            return False
        apply(session, waiting.event)
        waiting.done = True
    return True


def work(engine: sa.Engine) -> None:
    """Is the worker; never ends by itself."""
    while True:
        if not work_once(engine):
            time.sleep(IDLE)
