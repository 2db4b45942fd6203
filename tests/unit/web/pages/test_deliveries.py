"""What came: the list and the page of a delivery."""

import json

import pytest

from mirror.core.model import Micros, Seq
from mirror.core.rules import Rules
from mirror.store import journal
from mirror.store.journal import Arrival
from mirror.sync.apply import Applier, apply_all
from mirror.web.pages.deliveries import OUTCOMES, TYPES
from mirror.web.pages.words import LANGUAGES, Language, has
from tests.naive.bodies import ANN, created, export, modified, uploaded
from tests.support.watched import HOSTILE, SECRET, START, put, recorded, see
from tests.support.web import Web


@pytest.fixture
def busy(web: Web) -> Web:
    put(
        web.database,
        created(ANN, "/a"),
        uploaded("m", ANN, "/a", file_id="f"),
        modified("m", name=HOSTILE, tags=["x", "y"]),
        b"no json",
        b'{"EventType":"Class.Painted"}',
        recorded("r"),
        created(ANN, "/a"),
        export("t", status="FAIL", err_msg=f"https://x.example.com/y?s={SECRET}"),
    )
    return web


def rows(web: Web, url: str) -> list[int]:
    """The deliveries that a list shows."""
    html = see(web, url).html
    return [int(part.split('"')[0]) for part in html.split('data-key="delivery-')[1:]]


def test_the_newest_comes_first(busy: Web) -> None:
    assert rows(busy, "/deliveries") == [8, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("outcome=quarantined", [4]),
        ("outcome=unrecognised", [5]),
        ("outcome=unchanged", [7]),
        ("type=Class.Created", [7, 1]),
        ("type=Class.Created&outcome=applied", [1]),
        ("type=Class.Painted", [5]),
        ("outcome=nonsense", [8, 7, 6, 5, 4, 3, 2, 1]),
        ("before=3", [2, 1]),
        ("at=2", [2, 1]),
        ("type=None.Such", []),
    ],
)
def test_the_list_is_filtered(busy: Web, query: str, found: list[int]) -> None:
    assert rows(busy, f"/deliveries?{query}") == found


def test_pages_go_on(busy: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirror.web.pages.deliveries.MOST", 3)
    [earlier] = [link for link in see(busy, "/deliveries").links if "before=" in link]
    assert rows(busy, earlier) == [5, 4, 3]


def test_only_the_newest_page_is_live(busy: Web) -> None:
    assert "/parts/deliveries" in see(busy, "/deliveries").html
    assert "/parts/deliveries" not in see(busy, "/deliveries?before=3").html


def test_what_a_delivery_is_about_is_linked(busy: Web) -> None:
    links = see(busy, "/deliveries").links
    assert "/materials/m" in links
    assert "/tasks/t" in links


def test_a_delivery_shows_what_it_did(busy: Web) -> None:
    shown = see(busy, "/deliveries/3")
    assert "It changed the mirror." in shown.text
    assert "/materials/m" in shown.links
    assert "Tags: x, y" in shown.text.replace(" : ", ": ")
    assert {"/deliveries/2", "/deliveries/4"} <= set(shown.links)
    assert "&lt;script&gt;" in shown.html


def test_the_first_and_the_last_have_one_neighbour(busy: Web) -> None:
    assert "/deliveries/0" not in see(busy, "/deliveries/1").links
    assert "/deliveries/9" not in see(busy, "/deliveries/8").links


def test_a_body_is_shown_without_its_secrets(busy: Web) -> None:
    shown = see(busy, "/deliveries/6")  # `see` looks for the secret
    assert "push.example.com/" in shown.text
    assert "mirror show 6" in shown.text
    assert "x.example.com/y" in see(busy, "/deliveries/8").text


@pytest.mark.parametrize(
    ("seq", "told"),
    [(4, "could not be read"), (5, "not known to this version"), (7, "already as it says")],
)
def test_an_outcome_is_explained(busy: Web, seq: int, told: str) -> None:
    assert told in see(busy, f"/deliveries/{seq}").text


def test_what_is_no_json_is_not_shown(busy: Web) -> None:
    shown = see(busy, "/deliveries/4")
    assert "no json" not in shown.text
    assert "nobody knows what in it is secret" in shown.text


def test_repeats_point_at_each_other(web: Web) -> None:
    body = created(ANN, "/a")
    with web.database.write() as connection:
        again = Arrival(body, Micros(START + 1), redelivery_of=Seq(1))
        journal.append(connection, "default", [Arrival(body, Micros(START)), again])
    apply_all(Applier(web.database, "default", Rules()))
    assert "/deliveries/2" in see(web, "/deliveries/1").links
    shown = see(web, "/deliveries/2")
    assert "It counts once." in shown.text
    assert shown.links.count("/deliveries/1") == 2  # what it repeats, and the one before it


def test_what_waits_says_so(web: Web) -> None:
    put(web.database, created(ANN, "/a"), apply=False)
    listed = see(web, "/deliveries").text
    assert "Waiting" in listed
    assert "Not read yet" in listed
    shown = see(web, "/deliveries/1")
    assert "waits to be applied" in shown.text
    assert "/parts/deliveries/1" in shown.html


def test_a_long_body_and_many_changes_are_cut(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirror.web.pages.bodies.MOST_LINES", 5)
    monkeypatch.setattr("mirror.web.pages.deliveries.MOST_CHANGES", 1)
    put(web.database, uploaded("m", ANN, "/a", file_id="f"))
    shown = see(web, "/deliveries/1")
    assert "The body goes on" in shown.text
    assert "These are the first 1." in shown.text


def test_a_body_of_anything_is_shown(web: Web) -> None:
    for body in (b"[]", b"null", b"[" * 400 + b"]" * 400, b"\xff", b"", b"1e400", b"{}" * 3):
        put(web.database, body)
    put(web.database, json.dumps({"EventType": "\u202e\x00<b>", "a": "\x1b[31m"}).encode())
    for seq in range(1, 9):
        see(web, f"/deliveries/{seq}")
        see(web, f"/parts/deliveries/{seq}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_type_and_outcome_has_its_words(language: Language) -> None:
    for event_type in TYPES:
        assert has(language, f"frame.event_{event_type}")
    for outcome in OUTCOMES:
        assert has(language, f"frame.outcome_{outcome}")
        assert has(language, f"deliveries.about_{outcome}")


def test_nothing_yet_says_what_comes_next(web: Web) -> None:
    assert "mirror platform ticket default" in see(web, "/deliveries").text
    assert "还没有收到回调" in see(web, "/deliveries", "zh").text


@pytest.mark.parametrize("seq", ["0", "9", "99999999999999999999"])
def test_an_unknown_delivery_is_not_found(busy: Web, seq: str) -> None:
    answer = busy.get(f"/deliveries/{seq}", headers={"Accept": "text/html"})
    assert answer.status_code == 404
