"""Whether everything runs as it should: rates, lag, types, trust and access."""

import time

import pytest

from mirror.core.decode import EVENT_TYPES
from mirror.core.model import Micros
from mirror.store import platforms, reading_tokens
from tests.naive.bodies import ANN, created, uploaded
from tests.support.watched import MINUTE, put, see
from tests.support.web import Web


def now() -> int:
    return time.time_ns() // 1000


def test_an_empty_mirror_says_what_comes_next(web: Web) -> None:
    shown = see(web, "/health")
    assert "Nothing came in the last hour" in shown.text
    assert shown.text.count("never ") >= len(EVENT_TYPES)
    assert "mirror platform ticket default" in shown.text
    assert "not known yet" in shown.text
    assert "最近 1 小时没有收到回调" in see(web, "/health", "zh").text


@pytest.mark.parametrize(("span", "found"), [("hour", 3), ("day", 5), ("week", 6), ("x", 3)])
def test_deliveries_are_counted_over_time(web: Web, span: str, found: int) -> None:
    for minutes, count in ((7 * 1440 - 200, 1), (1200, 2), (20, 3)):
        for number in range(count):
            body = created(ANN, f"/a{minutes}-{number}")
            put(web.database, body, start=now() - minutes * MINUTE, step=0)
    shown = see(web, f"/health?span={span}")
    told = {"hour": "last hour", "day": "last day", "week": "last 7 days", "x": "last hour"}[span]
    assert f"{found} in the {told}." in shown.text
    counts = [part.split("<")[0] for part in shown.html.split("UTC: ")[1:]]
    assert sum(map(int, counts)) == found


def test_what_waits_too_long_is_told(web: Web) -> None:
    put(web.database, created(ANN, "/a"), start=now() - 2 * MINUTE)
    assert "wait longer than a minute" not in see(web, "/parts/pulse").text
    put(web.database, created(ANN, "/b"), start=now() - 2 * MINUTE, apply=False)
    shown = see(web, "/parts/pulse")
    assert "wait longer than a minute" in shown.text
    assert 'data-head="2"' in shown.html
    assert 'data-applied="1"' in shown.html


def test_the_last_minute_is_counted(web: Web) -> None:
    put(web.database, created(ANN, "/a"), start=now() - 2 * MINUTE)
    put(web.database, created(ANN, "/b"), created(ANN, "/c"), start=now() - MINUTE // 2, step=1)
    assert "2 in the last minute" in see(web, "/parts/pulse").text


def test_types_that_came_are_linked(web: Web) -> None:
    put(web.database, created(ANN, "/a"), uploaded("m", ANN, "/a", file_id="f"))
    links = see(web, "/health").links
    assert {"/deliveries/1", "/deliveries/2"} <= set(links)


def test_outcomes_worth_a_look_are_linked(web: Web) -> None:
    put(web.database, b"no json", start=now() - MINUTE)
    shown = see(web, "/health")
    assert "/deliveries?outcome=quarantined" in shown.links


def test_the_head_digest_is_told(web: Web) -> None:
    put(web.database, created(ANN, "/a"))
    digest = web.json("/api/v1/status")["platforms"][0]["head_digest"]
    assert digest in see(web, "/health").text


def test_tokens_are_named_and_never_shown(web: Web) -> None:
    with web.database.write() as connection:
        secrets = [
            reading_tokens.add(connection, "grafana", now=Micros(now())),
            reading_tokens.log_in(connection, now=Micros(now()), until=Micros(now() + MINUTE)),
            platforms.rotate(connection, "default", now=Micros(now())),
            platforms.rotate(connection, "default", now=Micros(now())),
        ]
        platforms.add(connection, "studio", now=Micros(now()))
        platforms.remove(connection, "studio", now=Micros(now()))
    shown = see(web, "/health")
    for told in ("grafana", "Browser login", "older token", "newer token", "removed"):
        assert told in shown.text
    for secret in secrets:
        assert secret not in shown.html
        assert platforms.digest_of(secret).hex() not in shown.html
