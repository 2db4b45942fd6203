"""A platform served on loopback, a clock that sleeps on paper alone, and clients of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from mirror.platform.client import PlatformClient
from mirror.platform.pacing import Patience
from mirror.platform.simulator import LIFELIKE, SILENT, Limits, Platform, Workload
from mirror.platform.simulator.api import ApiServer

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class PaperClock:
    """Time passes by sleeping alone, and at once."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def platform() -> Platform:
    return Platform(1, persons=2, teams=1)


@pytest.fixture
def lively(platform: Platform) -> Platform:
    """The platform after a few hundred operations of every kind."""
    mix = (
        LIFELIKE
        | SILENT
        | {"link_material": 60, "link_class": 60, "create_project": 60, "export_failing": 60}
    )
    work = Workload(platform, 5, mix, limits=Limits(projects=30))
    for _ in range(600):
        work.step()
    return platform


@pytest.fixture
def api(platform: Platform) -> Iterator[ApiServer]:
    with ApiServer(platform, rate=None) as server:
        yield server


@pytest.fixture
def clock() -> PaperClock:
    return PaperClock()


@pytest.fixture
def connect(api: ApiServer, clock: PaperClock) -> Iterator[Callable[..., PlatformClient]]:
    """Makes clients; whatever is not given fits the server."""
    with ExitStack() as stack:

        def made(
            platform_id: str = "studio",
            secret_id: str = api.secret_id,
            secret_key: str = api.secret_key,
            timeout_s: float = 5.0,
            endpoint: str = "",
        ) -> PlatformClient:
            patience = Patience(timeout_s=timeout_s, attempts=4, seed=1)
            return stack.enter_context(
                PlatformClient(
                    platform_id,
                    endpoint or api.url,
                    secret_id,
                    secret_key,
                    patience=patience,
                    clock=clock,
                )
            )

        yield made


@pytest.fixture
def client(connect: Callable[..., PlatformClient]) -> PlatformClient:
    return connect()
