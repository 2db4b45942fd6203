"""The handlers that mirror is held against do their work: in order, they end where the platform is."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from mirror.platform.simulator import Platform, Workload
from tests.benchmarks.handmade.handlers import commit_per_event, queue_table, work_once
from tests.benchmarks.handmade.models import Base, Material, MediaClass, Queued, apply, make_engine

PATH = "/callback/default/token"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = make_engine(tmp_path / "handmade.db")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def placed(engine: sa.Engine) -> dict[str, tuple[str, str, str]]:
    """Where each material is."""
    query = sa.select(
        Material.id, MediaClass.owner_type, MediaClass.owner_id, MediaClass.path
    ).join(MediaClass)
    with Session(engine) as session:
        return {key: (kind, owner, path) for key, kind, owner, path in session.execute(query)}


def truth(platform: Platform) -> dict[str, tuple[str, str, str]]:
    return {key: (*one.owner, one.path) for key, one in platform.materials().items()}


def test_events_in_order_end_where_the_platform_is(engine: sa.Engine) -> None:
    platform = Platform(3)
    Workload(platform, 3).run(1_500)
    told = platform.drain()
    assert {"Class.Moved", "Class.Deleted", "Material.Deleted"} <= {one.event_type for one in told}
    with Session(engine) as session, session.begin():
        for callback in told:
            apply(session, json.loads(callback.body))
    assert placed(engine) == truth(platform)


def feed() -> tuple[Platform, list[bytes]]:
    platform = Platform(4)
    Workload(platform, 4).run(40)
    return platform, [callback.body for callback in platform.drain()]


def posted(app: Starlette, bodies: list[bytes]) -> set[int]:
    """Posts one body after the other; the statuses that came."""

    async def post() -> set[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return {(await client.post(PATH, content=body)).status_code for body in bodies}

    return asyncio.run(post())


def test_the_first_handler_has_applied_what_it_answered(engine: sa.Engine) -> None:
    platform, bodies = feed()
    assert posted(commit_per_event(engine), bodies) == {200}
    assert placed(engine) == truth(platform)


def test_the_second_handler_queues_and_its_worker_applies_one_at_a_time(engine: sa.Engine) -> None:
    platform, bodies = feed()
    assert posted(queue_table(engine), bodies) == {200}
    assert placed(engine) == {}
    assert all(work_once(engine) for _ in bodies)
    assert not work_once(engine)
    assert placed(engine) == truth(platform)
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Queued)) == len(bodies)
