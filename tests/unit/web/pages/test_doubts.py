"""Doubts, what could not be read, and corrections."""

import pytest

from mirror.core.model import Label
from mirror.store.queries.deliveries import Logged
from mirror.web.pages.doubts import LABELS, why
from mirror.web.pages.words import catalogue
from tests.naive.bodies import ANN, created, modified, moved, uploaded
from tests.support.library import insert
from tests.support.watched import HOSTILE, put, see
from tests.support.web import Web


@pytest.fixture
def doubtful(web: Web) -> Web:
    put(
        web.database,
        created(ANN, "/a"),
        uploaded("m", ANN, "/a", file_id="f"),
        moved(["m"], ANN, "/b", "/c"),  # it was not there
        modified("nowhere", name=HOSTILE),
        b"no json",
        b'{"EventType":"Material.Moved","MaterialMovedEvent":{}}',
        b'{"EventType":"Class.Painted"}',
        b'{"EventType":"Mirror.Materials.Missing"}',
    )
    return web


def correct(web: Web, *labels: str) -> None:
    """Notes corrections as reconciliation leaves them."""
    with web.database.write() as connection:
        for ordinal, label in enumerate(labels, start=1):
            told = {"label": label, "entity": "material", "key": f"m{ordinal}", "detail": "place"}
            insert(
                connection,
                "corrections",
                {"seq": 2, "ordinal": ordinal, "event_type": "Material.Moved", **told},
            )


# --------------------------------------------------------------------------------------- doubts


def test_doubts_are_told_with_the_next_step(doubtful: Web) -> None:
    shown = see(doubtful, "/doubts")
    assert "No callback has told where it is." in shown.text
    assert "Asking for the medium tells where it is." in shown.text
    assert "mirror reconcile" in shown.text
    assert {"/materials/m", "/materials/nowhere"} <= set(shown.links)
    assert "&lt;script&gt;" in shown.html


def test_a_reason_is_chosen(doubtful: Web) -> None:
    links = see(doubtful, "/doubts?reason=unplaced").links
    assert "/materials/nowhere" in links
    assert "/materials/m" not in links
    assert "Nothing on this page" in see(doubtful, "/doubts?reason=none").text


def test_pages_of_doubts_go_on(doubtful: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def keys(html: str) -> list[str]:
        return [part.split('"')[0] for part in html.split('data-key="doubt-')[1:]]

    everything = keys(see(doubtful, "/doubts").html)
    monkeypatch.setattr("mirror.web.pages.doubts.MOST", 1)
    seen, url = [], "/doubts"
    for _ in range(50):
        shown = see(doubtful, url)
        seen += keys(shown.html)
        following = [link for link in shown.links if "after=" in link]
        if not following:
            break
        url = following[0]
    assert seen == everything
    assert len(seen) > 2
    assert keys(see(doubtful, "/doubts?after=nonsense").html) == everything[:1]


def test_every_next_step_has_its_reason() -> None:
    words = catalogue("en")
    reasons = {key.removeprefix("doubt.") for key in words if key.startswith("doubt.")}
    nexts = {key.removeprefix("doubts.next_") for key in words if key.startswith("doubts.next_")}
    assert reasons
    assert "other" in nexts
    assert len(nexts) > 10
    assert nexts - {"other"} <= reasons


def test_no_doubts_say_so(web: Web) -> None:
    assert "No doubts" in see(web, "/doubts").text
    assert "无存疑" in see(web, "/doubts", "zh").text


def test_only_the_present_is_known(doubtful: Web) -> None:
    assert "knows only the present" in see(doubtful, "/doubts?at=1").text
    assert "knows only the present" in see(doubtful, "/doubts/corrections?at=1").text


# --------------------------------------------------------------------------------------- unread


def test_what_was_not_read_is_told_with_the_next_step(doubtful: Web) -> None:
    text = see(doubtful, "/doubts/unread").text
    for told in ("no JSON object", "payload lacks", "newer version", "from reconciliation alone"):
        assert told in text
    assert "mirror platform rotate" in text


def test_an_outcome_is_chosen(doubtful: Web) -> None:
    links = see(doubtful, "/doubts/unread?outcome=unrecognised").links
    assert "/deliveries/7" in links
    assert "/deliveries/5" not in links


def test_pages_of_what_was_not_read_go_on(doubtful: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirror.web.pages.doubts.MOST", 3)
    [earlier] = [link for link in see(doubtful, "/doubts/unread").links if "before=" in link]
    assert "/deliveries/5" in see(doubtful, earlier).links


def test_a_failure_of_ours_is_told_as_one() -> None:
    def logged(outcome: str, event_type: str | None, detail: str | None) -> Logged:
        return Logged(1, 1, "callback", event_type, outcome, detail, 0, None)  # type: ignore[arg-type]

    assert why(logged("quarantined", "Class.Moved", "Traceback (most recent…\n  x")) == "failure"
    assert why(logged("quarantined", "Class.Moved", "ClassPath is missing")) == "payload"
    assert why(logged("quarantined", None, "no JSON")) == "malformed"
    assert why(logged("unrecognised", "Class.Painted", None)) == "unknown"
    assert why(logged("unrecognised", "mirror.X", None)) == "foreign"


def test_everything_read_says_so(web: Web) -> None:
    assert "Everything was read" in see(web, "/doubts/unread").text
    assert "全部已解读" in see(web, "/doubts/unread", "zh").text


# ---------------------------------------------------------------------------------- corrections


def test_corrections_are_told_by_class(doubtful: Web) -> None:
    correct(doubtful, *LABELS)
    shown = see(doubtful, "/doubts/corrections")
    for told in ("Never told by design", "Callback lost", "Guessed wrongly", "Callback late"):
        assert told in shown.text
    assert "/materials/m1" in shown.links
    assert "its place" in shown.text
    chosen = see(doubtful, "/doubts/corrections?label=late")
    late: Label = "late"
    assert [f"/materials/m{LABELS.index(late) + 1}"] == [
        link for link in chosen.links if link.startswith("/materials/")
    ]


def test_pages_of_corrections_go_on(doubtful: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    correct(doubtful, *LABELS)
    monkeypatch.setattr("mirror.web.pages.doubts.MOST", 2)
    [earlier] = [link for link in see(doubtful, "/doubts/corrections").links if "after=" in link]
    media = [link for link in see(doubtful, earlier).links if link.startswith("/materials/")]
    assert media == ["/materials/m3", "/materials/m2"]


def test_the_estimate_has_its_interval(doubtful: Web) -> None:
    assert "not known yet" in see(doubtful, "/doubts/corrections").text
    with doubtful.database.write() as connection:
        insert(connection, "samples", {"seq": 2, "drawn": 200, "wrong": 4, "wrong_undoubted": 0})
    text = see(doubtful, "/doubts/corrections").text
    assert "about 2.00% (in 95 of 100 cases 0.78% to 5.03%; 200 drawn at random)" in text
    assert "about 0.00%" in text


def test_nothing_put_right_says_what_comes_next(web: Web) -> None:
    assert "mirror reconcile" in see(web, "/doubts/corrections").text
    assert "没有需要更正的内容" in see(web, "/doubts/corrections", "zh").text
