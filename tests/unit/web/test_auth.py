"""Nothing is read without a token, wherever the server listens."""

import pytest

from mirror.core.model import Micros
from mirror.store import reading_tokens
from mirror.store.engine import Database
from mirror.web import auth
from mirror.web.auth import Attempts, LoginLinks
from mirror.web.login import local
from tests.support.web import SETTING, Web


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/status", "/api/v1/openapi.json", "/metrics", "/logout", "/nothing"]
)
def test_nothing_is_read_without_a_token(web: Web, path: str) -> None:
    for method in ("GET", "POST", "PUT", "OPTIONS"):
        answer = web.ask(method, path, token=None)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["error"]["code"] == "unauthorised"
    assert web.get(path, token="x" * 43).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login"])
def test_what_is_public_tells_nothing_of_a_library(web: Web, path: str) -> None:
    assert web.get(path, token=None).status_code == 200


def test_a_token_of_the_database_or_of_the_settings_opens(web: Web) -> None:
    assert web.get("/").status_code == 200
    assert web.get("/", token=SETTING).status_code == 200


def test_without_the_setting_no_token_stands_for_it(database: Database) -> None:
    web = Web(database, read_token=None)
    for token in ("", "None", SETTING):
        assert web.get("/", token=token).status_code == 401


def test_a_revoked_token_ends_while_the_server_runs(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "FRESH", 0.0)
    assert web.get("/").status_code == 200
    with web.database.write() as connection:
        reading_tokens.revoke(connection, "test")
    assert web.get("/").status_code == 401


def test_the_last_use_is_noted(web: Web) -> None:
    web.get("/")
    web.get("/")
    with web.database.read() as connection:
        [token] = reading_tokens.listed(connection)
    assert token.last_used_at is not None


def test_a_browser_is_shown_where_to_log_in_and_comes_back(web: Web) -> None:
    answer = web.get("/media?q=1", token=None, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/login?next=%2Fmedia%3Fq%3D1",
    )
    page = web.get(answer.headers["location"], token=None).text
    assert 'value="/media?q=1"' in page


def test_the_login_link_works_once(web: Web) -> None:
    path = web.site.login_path()
    answer = web.get(path, token=None)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/">' in answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("mirror-8000=")
    for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=604800"):
        assert word in cookie
    assert "Secure" not in cookie
    held = {"Cookie": cookie.partition(";")[0]}
    assert web.get("/", token=None, headers=held).status_code == 200
    again = web.get(path, token=None)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert web.get("/", token=None, headers={"Cookie": "mirror-8000=x"}).status_code == 401


def test_a_look_at_the_link_does_not_use_it_up(web: Web) -> None:
    path = web.site.login_path()
    assert web.ask("HEAD", path, token=None).status_code == 200
    assert web.get(path, token=None).status_code == 200


def test_a_login_link_ends_after_ten_minutes() -> None:
    now = [0.0]
    links = LoginLinks(lambda: now[0])
    first, second = links.make(), links.make()
    now[0] = 599.0
    assert links.use(first)
    now[0] = 600.0
    assert not links.use(second)
    assert not links.use("")


def test_under_tls_the_cookie_is_for_tls_alone(database: Database) -> None:
    web = Web(database, public_url="https://mirror.example.com")
    outside = web.get(
        web.site.login_path(), token=None, headers={"Host": "mirror.example.com"}
    ).headers["set-cookie"]
    assert outside.startswith("__Host-mirror=")
    assert "Secure" in outside
    inside = web.get(web.site.login_path(), token=None).headers["set-cookie"]
    assert "Secure" not in inside


def test_a_token_logs_in_and_out(web: Web) -> None:
    answer = web.ask("POST", "/login", token=None, data={"token": web.token, "next": "/x"})
    assert "url=/x" in answer.text
    held = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    assert web.get("/", token=None, headers=held).status_code == 200
    with web.database.read() as connection:
        assert len(reading_tokens.listed(connection)) == 2
    out = web.ask("POST", "/logout", token=None, headers=held)
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert web.get("/", token=None, headers=held).status_code == 401
    assert web.get("/").status_code == 200


def test_a_login_ends_by_itself(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "LOGIN_SECONDS", 0)
    answer = web.get(web.site.login_path(), token=None)
    held = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    assert web.get("/", token=None, headers=held).status_code == 401


def test_another_site_may_not_log_anybody_in_or_out(web: Web) -> None:
    for path in ("/login", "/logout"):
        answer = web.ask("POST", path, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


def test_a_wrong_login_says_so(web: Web) -> None:
    answer = web.ask("POST", "/login", token=None, data={"token": "<script>", "next": '"><b>'})
    assert answer.status_code == 401
    assert "not valid" in answer.text
    assert "<b>" not in answer.text
    big = web.ask("POST", "/login", token=None, content=b"x" * 5000)
    assert big.status_code == 400


def test_guessing_is_slow_and_hinders_nobody_else(web: Web) -> None:
    for _ in range(10):
        assert web.get("/", token="wrong").status_code == 401
    limited = web.get("/", token="wrong")
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) > 0
    assert web.get("/", token=SETTING).status_code == 429  # it could have been guessed
    assert web.ask("POST", "/login", token=None, data={"token": SETTING}).status_code == 429
    assert web.get("/").status_code == 200  # that one could not


def test_attempts_are_counted_by_address_and_for_a_while() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for second in range(10):
        assert attempts.wait("a") == 0
        now[0] = float(second)
        attempts.add("a")
    assert attempts.wait("a") == 51.0
    assert attempts.wait("b") == 0
    now[0] = 60.5
    assert attempts.wait("a") == 0


def test_addresses_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "MOST_ADDRESSES", 3)
    attempts = Attempts()
    for number in range(10):
        attempts.add(str(number))
    assert len(attempts._wrong) == 3


def test_a_token_that_is_no_text_is_nobodys(web: Web) -> None:
    answer = web.get("/", token=None, headers={"Authorization": b"Bearer \xff\xfe"})
    assert answer.status_code == 401
    assert web.get("/", token=None, headers={"Cookie": b"mirror-8000=\xff; ;;="}).status_code == 401


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\x", "x", "", "/a\nb", "///x"],
)
def test_the_way_back_stays_on_this_server(wanted: str) -> None:
    assert local(wanted) == "/"


def test_the_way_back_is_kept() -> None:
    assert local("/media/素材?q=%20#x") == "/media/素材?q=%20#x"


def test_who_only_reads_by_a_token_is_not_logged_out(web: Web) -> None:
    web.ask("POST", "/logout")
    with web.database.write() as connection:
        reading_tokens.log_in(connection, now=Micros(1), until=Micros(2))
    assert web.get("/").status_code == 200
