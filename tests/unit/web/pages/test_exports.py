"""Export tasks: the list and a task's page."""

import pytest

from tests.naive.bodies import ANN, export, modified, uploaded
from tests.support.watched import HOSTILE, SECRET, put, see
from tests.support.web import Web


@pytest.fixture
def busy(web: Web) -> Web:
    put(
        web.database,
        uploaded("m", ANN, "/a", file_id="f"),
        modified("m", name="Opening"),
        export("good", status="SUCCESS", material_id="m", file_id="f", metadata={"Size": 7_000}),
        export("bad", status="FAIL", err_code=7, err_msg=f"see https://x.example.com/y?s={SECRET}"),
        export(HOSTILE, status="SUCCESS"),
    )
    return web


def test_the_newest_comes_first(busy: Web) -> None:
    links = [link for link in see(busy, "/tasks").links if link.startswith("/tasks/")]
    assert [link[:10] for link in links] == ["/tasks/%3C", "/tasks/bad", "/tasks/goo"]


def test_a_status_is_chosen(busy: Web) -> None:
    links = see(busy, "/tasks?status=FAIL").links
    assert "/tasks/bad" in links
    assert "/tasks/good" not in links
    assert "No export with this status" in see(busy, "/tasks?status=NONE").text


def test_what_was_made_is_named_and_linked(busy: Web) -> None:
    shown = see(busy, "/tasks/good")
    assert "/materials/m" in shown.links
    assert "Opening" in shown.text
    assert "7.0 KB" in shown.text


def test_an_error_is_told_without_its_secret(busy: Web) -> None:
    shown = see(busy, "/tasks/bad")
    assert "https://x.example.com/y" in shown.text
    assert "Failed" in shown.text


def test_pages_go_on(busy: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirror.web.pages.exports.MOST", 1)
    seen, url = [], "/tasks"
    while True:
        shown = see(busy, url)
        seen += [link for link in shown.links if link.startswith("/tasks/")]
        following = [link for link in shown.links if "after=" in link]
        if not following:
            break
        url = following[0]
    assert len(seen) == 3
    assert see(busy, "/tasks?after=nonsense").links


def test_tasks_are_looked_back_at(busy: Web) -> None:
    then = see(busy, "/tasks?at=3")
    assert "/tasks/good?at=3" in then.links
    assert not any("/tasks/bad" in link for link in then.links)
    assert "Done" in see(busy, "/tasks/good?at=3").text


def test_nothing_yet_says_what_comes_next(web: Web) -> None:
    assert "Task.VideoExportCompleted" in see(web, "/tasks").text
    assert "还没有导出任务" in see(web, "/tasks", "zh").text


def test_an_unknown_task_is_not_found(web: Web) -> None:
    assert web.get("/tasks/nobody", headers={"Accept": "text/html"}).status_code == 404
