"""What is around every page: languages, the time slider, the live connection, and who can use it."""

import re
from typing import Any

import pytest

from tests.support.browsers import Site, Visit, expect
from tests.support.processes import Mirror

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("locale", "heading", "language"),
    [("en-GB", "Classes", "en"), ("zh-CN", "分类", "zh-Hans"), ("fr-FR", "Classes", "en")],
)
def test_the_browsers_language_is_spoken(
    site: Site, visit: Visit, locale: str, heading: str, language: str
) -> None:
    page = visit(locale=locale).page
    page.goto("/")
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == language


def test_the_language_is_switched_and_kept(site: Site, visit: Visit) -> None:
    site.create("switch", "/Class")
    page = visit().page
    page.goto("/find?q=Class")
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("搜索：Class")
    page.goto("/")
    expect(page.get_by_role("heading", name="分类", exact=True)).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Classes", exact=True)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_slider_shows_the_tree_as_it_was(site: Site, visit: Visit, scripts: bool) -> None:
    team = f"slider-{scripts}"
    site.create(team, "/Early")
    page = visit(java_script_enabled=scripts).page
    page.goto("/")
    page.get_by_role("treeitem").filter(has_text=team).click()
    then = page.locator("#at").get_attribute("max")
    site.move(team, "/Early", "/Late")
    page.reload()
    expect(page.get_by_role("treeitem", name="Late")).to_be_visible()
    slider = page.locator("#at")
    slider.focus()
    latest = int(slider.get_attribute("max") or 0)
    for _ in range(latest - int(then or 0)):
        page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Look back").click()
    expect(page.get_by_text(f"As it was after delivery {then}.")).to_be_visible()
    expect(page.get_by_role("treeitem", name="Early")).to_be_visible()
    expect(page.get_by_role("treeitem", name="Late")).to_have_count(0)
    page.get_by_role("link", name="Back to now").click()
    expect(page.get_by_role("treeitem", name="Late")).to_be_visible()


def test_a_time_is_a_moment_too(site: Site, visit: Visit) -> None:
    site.create("times", "/Class")
    visitor = visit()
    page = visitor.page
    page.goto("/?at=2100-01-01T00:00")
    expect(page.get_by_text("As it was after delivery")).to_be_visible()
    answer = page.goto("/?at=1999-01-01")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Not here")).to_be_visible()
    [_] = visitor.complaints  # about the status
    visitor.complaints.clear()
    page.get_by_role("link", name="To the library").click()
    expect(page.get_by_role("heading", name="Classes", exact=True)).to_be_visible()


def test_a_reset_of_the_feed_refreshes_everything(site: Site, visit: Visit) -> None:
    site.create("reset", "/Class")
    page = visit().page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    reset = "event: reset\nid: 7:0:0\ndata: {}\n\n"
    page.route(
        re.compile(r"/api/v1/changes\?.*after=1%3A"),
        lambda route: route.fulfill(content_type="text/event-stream", body=reset),
    )
    with page.expect_request(re.compile(r"/api/v1/changes\?.*after=7%3A0%3A0")):
        page.goto("/")
    assert any("/parts/tree" in url for url in asked)
    # The place of the other feed is not one of this server's: the browser asked for it, and was told.
    page.unroute_all(behavior="ignoreErrors")


def test_a_lost_connection_is_told_and_mended(
    chromium: Any,  # noqa: ANN401 - Playwright's
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    mirror = Mirror(tmp_path_factory.mktemp("lost"))
    with mirror.serving() as server:
        site = Site(mirror, server, chromium)
        site.create("lost", "/Before")
        visitor = site.visit(chromium)
        page = visitor.page
        page.goto("/")
        expect(page.locator("#state")).to_have_text("Live")
        callback_url, port = server.callback_url, server.port
        server.kill()
        expect(page.locator("#state")).to_have_text("Disconnected, trying again")
    with mirror.serving(f"--port={port}") as server:
        server.callback_url = callback_url
        site.server = server
        expect(page.locator("#state")).to_have_text("Live")
        site.create("found-again", "/After")
        expect(page.get_by_role("treeitem").filter(has_text="found-again")).to_be_visible()
    visitor.close()


def test_a_login_that_ended_is_told(site: Site, visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.route("**/api/v1/changes?*", lambda route: route.fulfill(status=401))
    page.route("**/parts/strip", lambda route: route.fulfill(status=401))
    page.goto("/")
    expect(page.locator("#state")).to_have_text("Your login has ended: load the page again")
    assert all("401" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()
