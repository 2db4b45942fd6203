"""The projects' board and the page of a project."""

import pytest

from tests.naive import bodies
from tests.support.watched import HOSTILE, PROJECTS, put, see
from tests.support.web import Web


@pytest.fixture
def busy(web: Web) -> Web:
    put(web.database, *PROJECTS)
    return web


def group(web: Web, url: str, name: str) -> str:
    """What is in one group of the board."""
    html = see(web, url).html
    _, found, rest = html.partition(f'data-key="group-{name}"')
    return rest.partition("</section>")[0] if found else ""


def test_projects_are_in_the_group_of_what_they_are_doing(busy: Web) -> None:
    members = {
        name: [each for each in ("gala", "line", "cast", "odd") if f"/projects/{each}" in shown]
        for name in ("cut", "on", "unknown", "off", "gone")
        for shown in [group(busy, "/projects", name)]
    }
    assert members == {
        "cut": ["line"],
        "on": ["gala"],
        "unknown": ["odd"],
        "off": ["cast"],
        "gone": [],
    }


def test_lamps_and_interruptions_are_told(busy: Web) -> None:
    gala = group(busy, "/projects", "on")
    assert "lamp-pvw" in gala
    assert "lamp-pgm" not in gala
    assert "Output interrupted: <bdi>o1</bdi>" in group(busy, "/projects", "cut")


@pytest.mark.parametrize(
    ("query", "there", "missing"),
    [
        ("show=running", "gala", "cast"),
        ("show=stopped", "cast", "gala"),
        ("category=MEDIA_CAST", "cast", "gala"),
        ("category=SWITCHER&show=running", "gala", "line"),
        ("show=nonsense", "gala", "nonsense"),
    ],
)
def test_the_board_is_filtered(busy: Web, query: str, there: str, missing: str) -> None:
    links = " ".join(see(busy, f"/projects?{query}").links)
    assert f"/projects/{there}" in links
    assert f"/projects/{missing}" not in links


def test_an_empty_board_says_what_comes_next(web: Web) -> None:
    assert "No projects yet" in see(web, "/projects").text
    assert "还没有项目" in see(web, "/projects", "zh").text


def test_a_filter_that_finds_nothing_says_so(busy: Web) -> None:
    assert "No project like that" in see(busy, "/projects?category=VIDEO_EDIT").text


def test_the_board_is_looked_back_at(busy: Web) -> None:
    then = see(busy, "/projects?at=1")
    assert "/projects/gala?at=1" in then.links
    assert not any("/projects/line" in link for link in then.links)


def test_a_long_board_has_pages(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirror.web.pages.projects.MOST", 2)
    put(web.database, *(bodies.switcher(f"p{n}", "Started") for n in range(3)))
    first = see(web, "/projects")
    [following] = [link for link in first.links if "after=" in link]
    assert "/projects/p2" in see(web, following).links


def test_a_project_shows_its_times(busy: Web) -> None:
    shown = see(busy, "/projects/gala")
    assert "Program stopped" in shown.text
    assert shown.html.count('data-key="status-') == 4
    for lane in ("project", "pvw", "pgm"):
        assert f"lane lane-{lane}" in shown.html
    assert "/deliveries/3" in shown.links


def test_a_connection_has_one_lane(busy: Web) -> None:
    shown = see(busy, "/projects/line")
    assert shown.html.count('<svg class="lane ') == 1
    assert "stretch-cut" in shown.html
    assert "never tells that one is over" in shown.text


@pytest.mark.parametrize("span", ["hour", "day", "week", "nonsense"])
def test_every_span_is_drawn(busy: Web, span: str) -> None:
    assert "<rect" in see(busy, f"/projects/gala?span={span}").html


def test_a_project_is_looked_back_at(busy: Web) -> None:
    shown = see(busy, "/projects/gala?at=2")
    assert shown.html.count('data-key="status-') == 2
    assert "Program" not in shown.text.replace("Program (PGM)", "")


def test_a_part_links_to_pages(busy: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirror.web.pages.projects.HAPPENINGS", 1)
    for url in ("/parts/projects", "/parts/projects/gala", "/parts/projects/gala?before=3"):
        assert not [link for link in see(busy, url).links if "/parts/" in link]


def test_a_hostile_id_is_text(busy: Web) -> None:
    board = see(busy, "/projects")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in board.html
    assert "U+202E" in board.text
    [own] = {link for link in board.links if "script" in link}
    assert "&lt;img src=x" in see(busy, own).html


def test_an_unknown_project_is_not_found(busy: Web) -> None:
    answer = busy.get("/projects/nobody", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "nobody" in answer.text
    assert HOSTILE not in answer.text
