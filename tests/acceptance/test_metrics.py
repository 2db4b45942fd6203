"""A real server's metrics agree with what was sent to it; the applier is another process."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.support.processes import Mirror, Server, eventually

SAMPLES = (Path(__file__).parents[1] / "data" / "deliveries.jsonl").read_bytes().splitlines()
TOKEN = "a token for Prometheus"


def scraped(server: Server) -> dict[str, float]:
    """Every sample by its name and labels, as they are written."""
    status, content = server.request("GET", "/metrics", Authorization=f"Bearer {TOKEN}")
    assert status == 200
    return {
        sample.name + "".join(f",{name}={text}" for name, text in sorted(sample.labels.items())): (
            sample.value
        )
        for family in text_string_to_metric_families(content.decode())
        for sample in family.samples
    }


def test_a_servers_metrics_are_those_of_what_it_received(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path).set(READ_TOKEN=TOKEN)
    with mirror.serving() as server:
        before = scraped(server)
        assert before["mirror_append_latency_seconds_count"] == 0
        assert {server.post(body) for body in [*SAMPLES, b"no json"]} == {200}
        wrong = re.sub(r"[^/]+$", "wrong", server.callback_url)
        assert server.post(b"{}", wrong) == 404
        count = len(SAMPLES) + 1
        assert eventually(lambda: scraped(server)["mirror_apply_latency_seconds_count"] == count)
        after = scraped(server)
        assert after["mirror_callbacks_received_total,platform=default"] == count
        assert after["mirror_append_latency_seconds_count"] == count
        assert after["mirror_callbacks_refused_total,status=404"] == 1
        assert after["mirror_deliveries_total,platform=default,source=callback"] == count
        assert after["mirror_lag_deliveries,platform=default"] == 0
        assert after["mirror_quarantined_deliveries,platform=default"] == 1
        outcomes = {name: n for name, n in after.items() if name.startswith("mirror_outcomes")}
        assert sum(outcomes.values()) == count
        assert after["mirror_wal_bytes"] > 0
        assert after["mirror_disk_free_bytes"] > after["mirror_disk_reserve_bytes"] > 0
        assert after["process_resident_memory_bytes"] > 0
        token = server.callback_url.rsplit("/", 1)[1]
        content = server.request("GET", "/metrics", Authorization=f"Bearer {TOKEN}")[1].decode()
        assert token not in content
        assert str(tmp_path) not in content
        assert server.terminate() == 0
