"""Which Host an answer is for, and what a browser may do with it."""

from pathlib import Path

import pytest

from mirror.store.engine import Database
from mirror.web.security import Hosts
from tests.support.web import Web

ANYWHERE = "0.0.0.0"  # noqa: S104 - the tests open no socket


@pytest.mark.parametrize("path", ["/", "/login", "/healthz", "/nothing", "/api/v1/nothing"])
def test_every_answer_is_hardened(web: Web, path: str) -> None:
    for token in (None, web.token):
        headers = web.get(path, token=token).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_a_foreign_host_is_refused_but_for_probes(web: Web) -> None:
    elsewhere = {"Host": "evil.example"}
    for path in ("/", "/login", web.site.login_path()):
        answer = web.get(path, headers=elsewhere)
        assert answer.status_code == 421
        assert "MIRROR_PUBLIC_URL" in answer.json()["error"]["next"]
    assert web.get("/healthz", headers=elsewhere).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST.:1"])
def test_this_machine_is_known_by_its_own_names(host: str) -> None:
    assert Hosts("127.0.0.1", None).allow(host)


@pytest.mark.parametrize(
    ("listens", "public", "host", "allowed"),
    [
        ("127.0.0.1", None, "192.0.2.1", False),
        ("192.0.2.1", None, "192.0.2.1:8000", True),
        (ANYWHERE, None, "192.0.2.9:8000", True),
        ("::", None, "[2001:db8::1]:8000", True),
        (ANYWHERE, None, "evil.example", False),
        ("127.0.0.1", "https://mirror.example.com", "mirror.example.com", True),
        ("127.0.0.1", "https://mirror.example.com", "mirror.example.com.evil.example", False),
        ("127.0.0.1", None, "", False),
        ("127.0.0.1", None, "[", False),
    ],
)
def test_other_names_are_those_of_the_settings(
    listens: str, public: str | None, host: str, allowed: bool
) -> None:
    assert Hosts(listens, public).allow(host) is allowed


def test_errors_have_one_shape(web: Web) -> None:
    missing = web.get("/api/v1/nothing")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    other = web.ask("DELETE", "/")
    assert (other.status_code, other.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "GET" in other.headers["allow"]


def test_a_database_that_fails_is_told_without_details_of_the_program(database: Database) -> None:
    web = Web(database)
    web.database.close()
    path = database.url.removeprefix("sqlite:///")
    Path(path).write_bytes(b"gone" * 4096)  # no longer a database
    answer = web.get("/")
    assert answer.status_code in {500, 503}
    assert "Traceback" not in answer.text
