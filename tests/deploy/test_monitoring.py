"""Alert rules and dashboard: every query parses, asks for metrics and labels that there are, and runs."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import promql_parser as promql
import pytest
import yaml

from mirror.core.decode import EVENT_TYPES
from mirror.web.metrics import REFUSALS
from mirror.web.metrics.catalogue import METRICS
from tests.support.processes import ROOT, Mirror, eventually

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "mirror.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "mirror.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
SAMPLES = (ROOT / "tests" / "data" / "deliveries.jsonl").read_bytes().splitlines()

SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds."""
OTHERS = {"up": set[str](), "process_resident_memory_bytes": set[str]()}
"""What Prometheus and its library add, and their labels."""
VALUES = {
    "job": {"mirror"},
    "status": {str(status) for status in REFUSALS},
    "label": {"never-received", "silent-by-specification", "silent-or-lost", "misread", "late"},
    "event_type": set(EVENT_TYPES),
}


@cache
def known() -> dict[str, set[str]]:
    """Every name that can be asked for, and its labels."""
    found = dict(OTHERS)
    for metric in METRICS.values():
        labels = set(metric.labels)
        if metric.kind == "histogram":
            found[f"{metric.name}_bucket"] = {*labels, "le"}
            found |= {f"{metric.name}_{end}": labels for end in ("sum", "count")}
        else:
            found[metric.shown] = labels
    return found


def filled_in(query: str) -> str:
    """A dashboard's query as Prometheus gets it."""
    query = query.replace("$__rate_interval", "1m").replace("$__range", "1h")
    return re.sub(r"\$(?:platform|instance)\b", ".*", query)


QUERIES = [rule["expr"] for rule in RULES] + [
    filled_in(target["expr"]) for panel in PANELS for target in panel["targets"]
]


def selectors(query: str) -> list[Any]:
    found: list[Any] = []

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        return True

    promql.walk(promql.parse(query), visit)
    return found


def aggregated(query: str) -> set[str]:
    """The labels by which something is summed up or matched."""
    listed = re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", query)
    return {name.strip() for names in listed for name in names.split(",")}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_metrics_and_labels_that_there_are(query: str) -> None:
    found = selectors(query)
    assert found
    labels = set[str]()
    for selector in found:
        assert selector.name in known()
        own = known()[selector.name] | SCRAPED
        labels |= own
        for matcher in selector.matchers.matchers:
            assert matcher.name in own
            if matcher.name in VALUES:
                wanted = re.split(r"\|", matcher.value)
                assert set(wanted) <= VALUES[matcher.name], matcher.value
    assert aggregated(query) <= labels


def test_a_wrong_query_would_be_seen() -> None:
    [selector] = selectors('rate(mirror_no_such_thing{a="b"}[5m])')
    assert selector.name not in known()
    assert aggregated("sum by (made, up) (x)") == {"made", "up"}


def test_counters_are_asked_for_their_increase_and_gauges_are_not() -> None:
    counters = {metric.shown for metric in METRICS.values() if metric.kind == "counter"}
    gauges = {metric.shown for metric in METRICS.values() if metric.kind == "gauge"}
    for query in QUERIES:
        ranged = set(re.findall(r"(?:rate|increase)\((\w+)", query))
        assert ranged.isdisjoint(gauges), query
        assert {name for name in counters if name in query} <= ranged, query


def test_every_alert_says_what_to_do() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith(".")
        document, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert document == "docs/operations.md"
        assert anchor == rule["alert"].lower()
        assert anchor in headings
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_every_metric_is_on_the_dashboard_or_raises_an_alert() -> None:
    asked = {selector.name for query in QUERIES for selector in selectors(query)}
    for metric in METRICS.values():
        name = metric.name + "_bucket" if metric.kind == "histogram" else metric.shown
        quiet = {
            "mirror_build_info": "says which versions run",
            "mirror_journal_head_seq": "what the dashboard's variables are made of",
            "mirror_append_queue_limit": "to compare with",
        }
        assert name in asked or name in quiet, name


def test_panels_have_places_of_their_own() -> None:
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(panel["title"] for panel in DASHBOARD["panels"])


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_alerts_are_raised_when_they_should_be_and_not_else() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", "mirror.rules.test.yml"],
        cwd=PROMETHEUS,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_that_raises_it() -> None:
    cases = (PROMETHEUS / "mirror.rules.test.yml").read_text()
    assert {rule["alert"] for rule in RULES} == set(re.findall(r'alertname="(\w+)"', cases))


# ------------------------------------------------------------------- against a real Prometheus


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[str]:
    """The URL of a Prometheus that has scraped a mirror as its configuration here says."""
    config = (PROMETHEUS / "prometheus.yml").read_text()
    token = "a token for Prometheus"
    (tmp_path / "token").write_text(token)
    with Mirror(tmp_path).set(READ_TOKEN=token).serving() as server:
        changed = (
            config.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
            .replace("/etc/prometheus/mirror-token", str(tmp_path / "token"))
            .replace("scrape_interval: 15s", "scrape_interval: 1s")
            .replace("mirror.rules.yml", str(PROMETHEUS / "mirror.rules.yml"))
        )
        (tmp_path / "prometheus.yml").write_text(changed)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={tmp_path / 'prometheus.yml'}",
                    f"--storage.tsdb.path={tmp_path / 'data'}",
                    f"--web.listen-address={url.removeprefix('http://')}",
                ],
                stdout=log,
                stderr=log,
            )
            try:
                assert eventually(lambda: bool(asked(url, "mirror_journal_head_seq")), 30)
                for body in [*SAMPLES, b"no json"]:
                    server.post(body)
                    time.sleep(0.05)  # so that scrapes fall between them
                head = f"mirror_journal_head_seq == {len(SAMPLES) + 1}"
                assert eventually(lambda: bool(asked(url, head)))
                assert eventually(lambda: len(asked(url, "mirror_lag_seconds[20s]")[0]) > 0)
                yield url
            finally:
                process.terminate()
                process.wait(20)


def asked(url: str, query: str) -> list[Any]:
    """What Prometheus answers to a query; nothing while it starts."""
    try:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, timeout=10)
    except httpx.ConnectError:
        return []
    if answer.status_code == 503:
        return []
    content = answer.json()
    assert content["status"] == "success", content
    found: list[Any] = content["data"]["result"]
    return found


@pytest.mark.skipif(not shutil.which("prometheus"), reason="Prometheus is not installed")
def test_every_query_runs_in_a_real_prometheus_over_a_real_server(prometheus: str) -> None:
    for query in QUERIES:
        asked(prometheus, query)
    empty = [
        target["expr"]
        for panel in PANELS
        for target in panel["targets"]
        if not asked(prometheus, filled_in(target["expr"]))
    ]
    # Without a key nothing is reconciled, so nothing is drawn or read.
    assert [query for query in empty if "_samples_" not in query and "reconcil" not in query] == []
    assert asked(prometheus, 'count(ALERTS{alertstate="firing"})') == []
