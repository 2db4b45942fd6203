"""`/metrics`: for readers only, what Prometheus understands, and true when the database is away."""

from typing import NoReturn

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.errors import DatabaseUnavailable
from mirror.store import journal
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.sync.apply import Applier, apply_all
from mirror.sync.meters import APPEND_BOUNDS, APPLY_BOUNDS, Latencies
from mirror.web.metrics import Receiving
from mirror.web.metrics.catalogue import METRICS
from tests.naive.bodies import ANN, uploaded
from tests.support.web import SETTING, Web


def receiving() -> Receiving:
    appending, applying = Latencies(APPEND_BOUNDS), Latencies(APPLY_BOUNDS)
    appending.add(0.002, 3)
    applying.add(99999.0)
    return Receiving(
        received={"default": 3},
        refused={404: 7},
        failed=2,
        appending=appending,
        applying=applying,
        commits=2,
        commit_seconds=0.5,
        paced_seconds=0.25,
        waiting=1,
        waiting_limit=10,
        reserve_bytes=100,
        free_bytes=1_000,
        wal_bytes=50,
        reconciles=True,
    )


@pytest.fixture
def served(database: Database) -> Web:
    return Web(database, receiving=receiving)


def samples(web: Web) -> dict[str, list[Sample]]:
    """The samples of each metric of ours."""
    answer = web.get("/metrics")
    assert answer.status_code == 200
    return {
        family.name: family.samples
        for family in text_string_to_metric_families(answer.text)
        if family.name.startswith("mirror_")
    }


def value(web: Web, name: str, **labels: str) -> float:
    [found] = [
        sample.value
        for family in samples(web).values()
        for sample in family
        if sample.name == name and sample.labels == labels
    ]
    return found


def put(database: Database, *bodies: bytes, received_at: int = 5) -> None:
    with database.write() as connection:
        arrivals = [Arrival(body, Micros(received_at), "callback") for body in bodies]
        journal.append(connection, "default", arrivals)


def test_nobody_without_a_token_reads_them(served: Web) -> None:
    assert served.get("/metrics", token=None).status_code == 401
    assert served.get("/metrics", token="wrong").status_code == 401
    assert served.get("/metrics").status_code == 200
    assert served.ask("POST", "/metrics").status_code == 405


def test_what_the_server_did_is_as_it_says(served: Web) -> None:
    assert value(served, "mirror_callbacks_received_total", platform="default") == 3
    assert value(served, "mirror_callbacks_refused_total", status="404") == 7
    assert value(served, "mirror_callbacks_refused_total", status="503") == 0
    assert value(served, "mirror_append_failures_total") == 2
    assert value(served, "mirror_commits_total") == 2
    assert value(served, "mirror_commit_seconds_total") == 0.5
    assert value(served, "mirror_paced_seconds_total") == 0.25
    assert value(served, "mirror_append_queue_length") == 1
    assert value(served, "mirror_append_queue_limit") == 10
    assert value(served, "mirror_disk_free_bytes") == 1_000
    assert value(served, "mirror_disk_reserve_bytes") == 100
    assert value(served, "mirror_wal_bytes") == 50
    assert value(served, "mirror_reconciliation_enabled") == 1
    assert value(served, "mirror_feed_subscribers") == 0
    assert value(served, "mirror_feed_subscribers_limit") > 0


def test_histograms_are_cumulative_and_end_at_infinity(served: Web) -> None:
    append = {
        sample.labels["le"]: sample.value
        for sample in samples(served)["mirror_append_latency_seconds"]
        if sample.name.endswith("_bucket")
    }
    assert (append["0.001"], append["0.0025"], append["10.0"], append["+Inf"]) == (0, 3, 3, 3)
    assert list(append.values()) == sorted(append.values())
    assert value(served, "mirror_append_latency_seconds_count") == 3
    assert value(served, "mirror_append_latency_seconds_sum") == pytest.approx(0.006)
    assert value(served, "mirror_apply_latency_seconds_bucket", le="1800.0") == 0
    assert value(served, "mirror_apply_latency_seconds_bucket", le="+Inf") == 1


def test_the_build_is_told(served: Web) -> None:
    [build] = samples(served)["mirror_build_info"]
    assert set(build.labels) == set(METRICS["mirror_build"].labels)
    assert build.labels["database"].startswith("SQLite 3.")


def test_platforms_are_told_as_the_database_has_them(served: Web) -> None:
    value(served, "mirror_database_up")
    put(served.database, uploaded("m", ANN, "/new"), b"no json", b'{"EventType":"Made.Up"}')
    assert value(served, "mirror_lag_deliveries", platform="default") == 3
    assert value(served, "mirror_lag_seconds", platform="default") > 1e9  # waits since 1970
    apply_all(Applier(served.database, "default", Rules()))
    of = {"platform": "default"}
    assert value(served, "mirror_database_up") == 1
    assert value(served, "mirror_database_bytes") > 0
    assert value(served, "mirror_journal_head_seq", **of) == 3
    assert value(served, "mirror_applied_seq", **of) == 3
    assert value(served, "mirror_lag_deliveries", **of) == 0
    assert value(served, "mirror_lag_seconds", **of) == 0
    assert value(served, "mirror_last_received_timestamp_seconds", **of) == 5e-6
    assert value(served, "mirror_quarantined_deliveries", **of) == 1
    assert value(served, "mirror_unrecognised_deliveries", **of) == 1
    assert value(served, "mirror_doubts_open", **of, reason="inferred-class") == 1
    assert value(served, "mirror_deliveries_total", **of, source="callback") == 3
    assert value(served, "mirror_outcomes_total", **of, event_type="other", outcome="unrecognised")


def test_event_types_that_somebody_made_up_share_one_name(served: Web) -> None:
    samples(served)
    put(served.database, *(b'{"EventType":"Made.Up.%d"}' % number for number in range(300)))
    apply_all(Applier(served.database, "default", Rules()))
    assert [sample.value for sample in samples(served)["mirror_outcomes"]] == [300]


def test_everything_in_the_catalogue_is_shown_with_its_kind_help_and_labels(served: Web) -> None:
    put(served.database, b"no json")
    shown = {
        family.name: family
        for family in text_string_to_metric_families(served.get("/metrics").text)
        if family.name.startswith("mirror_")
    }
    assert set(shown) == {
        metric.shown if metric.kind == "info" else name for name, metric in METRICS.items()
    }
    for name, metric in METRICS.items():
        family = shown[metric.shown if metric.kind == "info" else name]
        assert family.documentation == metric.help
        assert family.type == {"info": "gauge"}.get(metric.kind, metric.kind)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels)


def test_names_follow_the_conventions() -> None:
    for name, metric in METRICS.items():
        assert name.startswith("mirror_")
        assert not name.endswith(("_total", "_count", "_sum", "_bucket", "_info"))
        assert "milli" not in name
        assert metric.help.endswith(".")
        assert set(metric.labels).isdisjoint({"le", "job", "instance"})


def test_open_metrics_are_given_to_who_asks_for_them(served: Web) -> None:
    answer = served.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert "mirror_commits" in {family.name for family in open_metrics(answer.text)}  # type: ignore[no-untyped-call]
    plain = served.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=")


def test_a_database_that_is_away_takes_its_own_metrics_only(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = Web(database, receiving=receiving)

    def away() -> NoReturn:
        raise DatabaseUnavailable("It is locked.")

    web.get("/metrics", token=SETTING)  # the tokens are known from now on
    monkeypatch.setattr(web.site._reads, "_read", away)
    answer = web.get("/metrics", token=SETTING)
    assert answer.status_code == 200
    assert "mirror_database_up 0.0" in answer.text
    assert "mirror_commits_total 2.0" in answer.text
    assert "mirror_journal_head_seq" not in answer.text


def test_a_website_that_receives_nothing_tells_of_platforms_alone(web: Web) -> None:
    found = samples(web)
    assert "mirror_journal_head_seq" in found
    assert "mirror_commits" not in found
