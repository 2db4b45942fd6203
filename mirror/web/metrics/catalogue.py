"""Every metric that there is: its name, kind, labels, and what it says. docs/metrics.md shows the same."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram", "info"]


class Metric(Struct, frozen=True):
    """One of them; a counter's samples have `_total` behind its name, an info's `_info`."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The name that queries use; a histogram has `_bucket`, `_sum` and `_count` behind it."""
        return self.name + {"counter": "_total", "info": "_info"}.get(self.kind, "")


def _about_server() -> tuple[Metric, ...]:
    return (
        Metric(
            "mirror_build",
            "info",
            "Which program this is, and over which database.",
            ("version", "python", "database"),
        ),
        Metric(
            "mirror_callbacks_received",
            "counter",
            "Callbacks that this server made durable.",
            ("platform",),
        ),
        Metric(
            "mirror_callbacks_refused",
            "counter",
            "Callbacks that this server answered otherwise than with 200.",
            ("status",),
        ),
        Metric(
            "mirror_append_failures",
            "counter",
            "Callbacks whose commit failed, or was not tried: the disk, the reserve.",
        ),
        Metric(
            "mirror_append_latency_seconds",
            "histogram",
            "From when a callback was read until it was durable.",
        ),
        Metric(
            "mirror_apply_latency_seconds",
            "histogram",
            "From when a callback was durable until readers could see what it did.",
        ),
        Metric("mirror_commits", "counter", "Commits of callbacks; one holds many under load."),
        Metric("mirror_commit_seconds", "counter", "How long all of those took together."),
        Metric(
            "mirror_paced_seconds",
            "counter",
            "How long callbacks were held back for the applier, all pauses together.",
        ),
        Metric("mirror_append_queue_length", "gauge", "Callbacks that wait to be written."),
        Metric("mirror_append_queue_limit", "gauge", "So many wait at most; further ones get 503."),
        Metric("mirror_feed_subscribers", "gauge", "Who listens to the change feed now."),
        Metric("mirror_feed_subscribers_limit", "gauge", "So many may; further ones get 503."),
        Metric("mirror_wal_bytes", "gauge", "Size of SQLite's write-ahead log."),
        Metric("mirror_disk_free_bytes", "gauge", "What is free where the SQLite file is."),
        Metric(
            "mirror_disk_reserve_bytes",
            "gauge",
            "With less than this free, callbacks get 503.",
        ),
        Metric(
            "mirror_reconciliation_enabled",
            "gauge",
            "1 if this server has a key for the platform's API, 0 if not.",
        ),
        Metric(
            "mirror_database_up",
            "gauge",
            "1 if the database could be read for this scrape, 0 if not.",
        ),
    )


def _about_platforms() -> tuple[Metric, ...]:
    platform = ("platform",)
    return (
        Metric(
            "mirror_database_bytes", "gauge", "Size of the database, the write-ahead log aside."
        ),
        Metric(
            "mirror_deliveries",
            "counter",
            "Deliveries in the journal, whoever wrote them, since the first scrape.",
            ("platform", "source"),
        ),
        Metric(
            "mirror_outcomes",
            "counter",
            "What became of deliveries since the first scrape.",
            ("platform", "event_type", "outcome"),
        ),
        Metric("mirror_journal_head_seq", "gauge", "The newest delivery of the journal.", platform),
        Metric("mirror_applied_seq", "gauge", "The newest delivery that readers see.", platform),
        Metric("mirror_lag_deliveries", "gauge", "Deliveries that are not applied yet.", platform),
        Metric("mirror_lag_seconds", "gauge", "How long the oldest of them waits.", platform),
        Metric(
            "mirror_last_received_timestamp_seconds",
            "gauge",
            "When the platform last sent something, or an archive of it was imported.",
            platform,
        ),
        Metric(
            "mirror_quarantined_deliveries", "gauge", "Deliveries that could not be used.", platform
        ),
        Metric(
            "mirror_unrecognised_deliveries", "gauge", "Those of unknown event types.", platform
        ),
        Metric(
            "mirror_doubts_open", "gauge", "Doubts that wait to be settled.", ("platform", "reason")
        ),
        Metric(
            "mirror_corrections",
            "counter",
            "What reconciliation put right since the beginning.",
            ("platform", "label", "event_type"),
        ),
        Metric("mirror_samples_drawn", "counter", "Media drawn at random and compared.", platform),
        Metric("mirror_samples_wrong", "counter", "Those of them that differed.", platform),
        Metric(
            "mirror_samples_wrong_undoubted",
            "counter",
            "Those of them that differed without a doubt.",
            platform,
        ),
        Metric(
            "mirror_reconciliation_last_success_timestamp_seconds",
            "gauge",
            "When an owner was last read completely.",
            platform,
        ),
        Metric(
            "mirror_reconciliation_last_round_timestamp_seconds",
            "gauge",
            "When all owners had last been read.",
            platform,
        ),
    )


METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (*_about_server(), *_about_platforms())
}
"""By name, in the order in which they are shown."""
