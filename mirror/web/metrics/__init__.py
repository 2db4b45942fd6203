"""`/metrics`, for Prometheus: what this server did, and how far each platform's mirror is.

What happens in other processes (the applier, imports, reconciliation) is read from the database, in
one short transaction a scrape.
"""

from __future__ import annotations

import platform as machine
import threading
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from itertools import accumulate
from typing import Protocol

from msgspec import Struct
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mirror.core.decode import EVENT_TYPES
from mirror.core.model import Micros
from mirror.errors import MirrorError
from mirror.store.queries import Connection, measures
from mirror.store.queries.measures import Measures, Place
from mirror.web.metrics.catalogue import METRICS
from mirror.web.metrics.counting import Tally
from mirror.web.reads import Reads

Labels = tuple[str, ...]
Numbers = Mapping[Labels, float]

REFUSALS = (403, 404, 405, 413, 503)


class Latencies(Protocol):
    """A histogram: upper bounds in seconds, how many fell below each and beyond the last, their sum."""

    bounds: tuple[float, ...]
    counts: list[int]
    total: float


class Receiving(Struct, frozen=True):
    """What a server's receiving side did so far; sizes are bytes, None where there is no file."""

    received: Mapping[str, int]  # by platform
    refused: Mapping[int, int]  # by status
    failed: int
    appending: Latencies
    applying: Latencies
    commits: int
    commit_seconds: float
    paced_seconds: float
    waiting: int
    waiting_limit: int
    reserve_bytes: int
    free_bytes: int | None
    wal_bytes: int | None
    reconciles: bool


class Metrics(Collector):
    """The metrics of one service, in a registry of their own."""

    def __init__(
        self,
        reads: Reads,
        subscribers: Callable[[], tuple[int, int]],
        receiving: Callable[[], Receiving] | None,
        now: Callable[[Connection], Micros],
        database: str,
    ) -> None:
        """`subscribers` tells how many listen to the feed and may; `database` names the engine.

        `receiving` is None where nothing is received.
        """
        self._reads = reads
        self._subscribers = subscribers
        self._receiving = receiving
        self._now = now
        self._build = {
            "version": version("cme-mirror"),
            "python": machine.python_version(),
            "database": database,
        }
        self._tally = Tally()
        self._scraping = threading.Lock()
        self._values: dict[str, Metric] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/metrics", self._answer)]

    async def _answer(self, request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))

        def scrape(connection: Connection | None) -> bytes:
            with self._scraping:
                values = [
                    *self._of_server(),
                    _numbers("mirror_database_up", connection is not None),
                ]
                if connection is not None:
                    values += self._of_platforms(connection)
                self._values = {metric.name: metric for metric in values}
                return encode(self._registry)

        try:
            content = await self._reads.ask(scrape)
        except MirrorError:
            content = await self._reads.run(lambda: scrape(None))
        return Response(content, headers={"Content-Type": content_type})

    def describe(self) -> list[Metric]:
        """Nothing: what there is depends on the moment."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What `_values` holds, in the order of the catalogue."""
        for name in METRICS:
            if name in self._values:
                yield self._values[name]

    def _of_server(self) -> Iterator[Metric]:
        subscribers, limit = self._subscribers()
        yield _info("mirror_build", self._build)
        yield _numbers("mirror_feed_subscribers", subscribers)
        yield _numbers("mirror_feed_subscribers_limit", limit)
        if self._receiving is None:
            return
        now = self._receiving()
        refused = dict.fromkeys(REFUSALS, 0) | dict(now.refused)
        yield _numbers("mirror_callbacks_received", _named(now.received))
        yield _numbers("mirror_callbacks_refused", {(str(at),): n for at, n in refused.items()})
        yield _numbers("mirror_append_failures", now.failed)
        yield _histogram("mirror_append_latency_seconds", now.appending)
        yield _histogram("mirror_apply_latency_seconds", now.applying)
        yield _numbers("mirror_commits", now.commits)
        yield _numbers("mirror_commit_seconds", now.commit_seconds)
        yield _numbers("mirror_paced_seconds", now.paced_seconds)
        yield _numbers("mirror_append_queue_length", now.waiting)
        yield _numbers("mirror_append_queue_limit", now.waiting_limit)
        yield _numbers("mirror_disk_reserve_bytes", now.reserve_bytes)
        yield _numbers("mirror_reconciliation_enabled", now.reconciles)
        if now.free_bytes is not None:
            yield _numbers("mirror_disk_free_bytes", now.free_bytes)
        if now.wal_bytes is not None:
            yield _numbers("mirror_wal_bytes", now.wal_bytes)

    def _of_platforms(self, connection: Connection) -> Iterator[Metric]:
        found = measures.measures(connection)
        now = self._now(connection)
        for name, place in found.places.items():
            self._tally.count(connection, name, place)
        yield _numbers("mirror_database_bytes", found.database_bytes)
        yield _numbers("mirror_deliveries", self._tally.received)
        yield _numbers("mirror_outcomes", self._tally.applied)
        yield from _places({(name,): place for name, place in found.places.items()}, now)
        yield from _findings(found)


def _places(places: Mapping[Labels, Place], now: Micros) -> Iterator[Metric]:
    def numbers(name: str, of: Callable[[Place], float | None]) -> Metric:
        found = {labels: of(place) for labels, place in places.items()}
        return _numbers(name, {labels: n for labels, n in found.items() if n is not None})

    yield numbers("mirror_journal_head_seq", lambda place: place.head_seq)
    yield numbers("mirror_applied_seq", lambda place: place.applied_seq)
    yield numbers("mirror_lag_deliveries", lambda place: place.head_seq - place.applied_seq)
    yield numbers(
        "mirror_lag_seconds",
        lambda place: max(0.0, _seconds(now - (place.waiting_since or now))),
    )
    yield numbers(
        "mirror_last_received_timestamp_seconds",
        lambda place: None if place.last_received_at is None else _seconds(place.last_received_at),
    )


def _findings(found: Measures) -> Iterator[Metric]:
    none = dict.fromkeys(found.places, 0)
    reads = {name: read for name, read in found.reads.items() if name in found.places}
    yield _numbers("mirror_quarantined_deliveries", _named(none | found.quarantined))
    yield _numbers("mirror_unrecognised_deliveries", _named(none | found.unrecognised))
    yield _numbers("mirror_doubts_open", found.doubts)
    # So that the first of those that alerts look at is an increase.
    awaited = [("never-received", name) for name in EVENT_TYPES]
    awaited += [("misread", "Material.Deleted")]
    zeros: dict[Labels, int] = {(name, *kind): 0 for name in found.places for kind in awaited}
    yield _numbers("mirror_corrections", zeros | found.corrections)
    for field in ("drawn", "wrong", "wrong_undoubted"):
        counts = {name: getattr(sample, field) for name, sample in found.samples.items()}
        yield _numbers(f"mirror_samples_{field}", _named(counts))
    for name, times in (
        ("success", {name: read.owner_at for name, read in reads.items()}),
        ("round", {name: read.round_at for name, read in reads.items()}),
    ):
        known = {name: _seconds(at) for name, at in times.items() if at is not None}
        yield _numbers(f"mirror_reconciliation_last_{name}_timestamp_seconds", _named(known))


def _named(counts: Mapping[str, float]) -> Numbers:
    return {(name,): count for name, count in counts.items()}


def _seconds(micros: int) -> float:
    return micros / 1_000_000


# ------------------------------------------------------------------- as the library writes them down


def _numbers(name: str, numbers: Numbers | float) -> Metric:
    metric = METRICS[name]
    family: CounterMetricFamily | GaugeMetricFamily
    if metric.kind == "counter":
        family = CounterMetricFamily(name, metric.help, labels=metric.labels)
    else:
        family = GaugeMetricFamily(name, metric.help, labels=metric.labels)
    samples = numbers if isinstance(numbers, Mapping) else {(): float(numbers)}
    for labels, number in sorted(samples.items()):
        family.add_metric(labels, number)
    return family


def _info(name: str, labels: dict[str, str]) -> Metric:
    family = InfoMetricFamily(name, METRICS[name].help)
    family.add_metric((), labels)
    return family


def _histogram(name: str, latencies: Latencies) -> Metric:
    bounds = (*(str(bound) for bound in latencies.bounds), "+Inf")
    counts = list(latencies.counts)  # those of one moment: they are being added to
    family = HistogramMetricFamily(name, METRICS[name].help)
    family.add_metric((), list(zip(bounds, accumulate(counts), strict=True)), latencies.total)
    return family
