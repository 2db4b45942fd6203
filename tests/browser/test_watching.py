"""Boards, logs and charts, as somebody with a browser meets them while things go on."""

import json
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import pytest

from tests.support.browsers import Site, Visit, expect, violations
from tests.support.watched import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGES = {
    "projects": "/projects",
    "a switcher": "/projects/watched-gala",
    "a connection": "/projects/watched-line?span=hour",
    "projects then": "/projects?at={seq}",
    "exports": "/tasks",
    "an export": "/tasks/watched-export",
    "deliveries": "/deliveries",
    "a delivery": "/deliveries/{seq}",
    "an unread delivery": "/deliveries/{unread}",
    "doubts": "/doubts",
    "unread": "/doubts/unread",
    "corrections": "/doubts/corrections",
    "health": "/health",
}


def switch(site: Site, project_id: str, status: str) -> None:
    """A switcher tells its status."""
    told = {"ProjectId": project_id, "Status": status}
    site.send("Project.Switcher.StatusChanged", "ProjectSwitcherStatusChangedEvent", **told)


def group(page: "Page", name: str) -> "Locator":
    """A group of the board."""
    return page.get_by_role("region", name=name)


@pytest.fixture(scope="module")
def filled(site: Site) -> dict[str, str]:
    """A mirror in which there is something on every page."""
    for status in ("Started", "PvwStarted", "PgmStarted", "PgmStopped"):
        switch(site, "watched-gala", status)
    for status, info in (("Working", {}), ("InputInterrupted", {"EndPoint": "Main"})):
        site.send(
            "Project.StreamConnect.StatusChanged",
            "ProjectStreamConnectStatusChangedEvent",
            ProjectId="watched-line",
            Status=status,
            InputInterruptInfo=info or None,
        )
    switch(site, HOSTILE, "Started")
    site.send(
        "Task.VideoExportCompleted",
        "TaskVideoExportCompletedEvent",
        TaskId="watched-export",
        Status="FAIL",
        ErrCode=7,
        ErrMsg=HOSTILE,
    )
    assert site.server.post(b"no json") == 200
    unread = site.mirror.progress().head_seq
    site.add("watched", "/Guessed", "watched-medium", HOSTILE)
    return {"seq": str(site.mirror.progress().head_seq), "unread": str(unread)}


# ---------------------------------------------------------------------------------------- for all


def test_pages_break_no_rule(visit: Visit, filled: dict[str, str]) -> None:
    page = visit(reduced_motion="reduce").page
    found = {}
    for name, path in PAGES.items():
        page.goto(path.format(**filled))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found[f"{name}, {scheme}"] = violations(page)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_a_narrow_window_scrolls_one_way(visit: Visit, filled: dict[str, str]) -> None:
    page = visit(viewport={"width": 360, "height": 740}, locale="zh-CN").page
    for path in PAGES.values():
        page.goto(path.format(**filled))
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path


def test_hostile_names_are_text(visit: Visit, filled: dict[str, str]) -> None:
    page = visit().page
    page.on("dialog", lambda dialog: pytest.fail(f"a name ran as a script: {dialog.message}"))
    for path in PAGES.values():
        page.goto(path.format(**filled))
        assert page.locator("main img").count() == 0
        assert page.locator("main script").count() == 0
    page.goto("/projects")
    page.get_by_role("link", name="<script>alert(1)</script>").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>alert(1)</script>")


def test_pages_work_without_scripts(visit: Visit, filled: dict[str, str]) -> None:
    page = visit(java_script_enabled=False).page
    page.goto("/deliveries")
    page.get_by_label("Outcome").select_option("quarantined")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("link", name=filled["unread"], exact=True).click()
    expect(page.get_by_text("It could not be read.")).to_be_visible()
    page.goto("/health?span=day")
    expect(page.locator("rect.column").first).to_be_visible()


# ------------------------------------------------------------------------------------------- live


def test_a_project_changes_its_group_as_it_starts(site: Site, visit: Visit) -> None:
    switch(site, "live-switcher", "Stopped")
    page = visit().page
    page.goto("/projects?category=SWITCHER")
    expect(group(page, "Stopped").get_by_text("live-switcher")).to_be_visible()
    page.evaluate("document.body.dataset.same = 'yes'")
    switch(site, "live-switcher", "PgmStarted")
    started = group(page, "Running").get_by_role("listitem").filter(has_text="live-switcher")
    expect(started).to_be_visible()
    expect(started.get_by_text("PGM on")).to_be_visible()
    expect(page.locator("main .lit").filter(has_text="live-switcher").first).to_be_attached()
    assert page.locator("body").get_attribute("data-same") == "yes"


@pytest.mark.parametrize("project_id", ["growing", HOSTILE + " grows"])
def test_a_timeline_grows_as_statuses_come(site: Site, visit: Visit, project_id: str) -> None:
    switch(site, project_id, "Started")
    page = visit().page
    page.goto("/projects/" + quote(project_id))
    expect(page.locator("tbody tr")).to_have_count(1)
    switch(site, project_id, "Stopped")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator(".lane-project .stretch-off")).to_be_attached()
    assert page.locator(".stretch").first.evaluate("each => getComputedStyle(each).fill") != (
        "rgb(0, 0, 0)"
    )


def test_deliveries_appear_and_can_be_opened(site: Site, visit: Visit) -> None:
    page = visit().page
    page.goto("/deliveries")
    body = {"EventType": "Class.Painted", "Operator": "somebody"}
    assert site.server.post(json.dumps(body).encode()) == 200  # it changes nothing
    first = page.locator("tbody tr").first
    expect(first).to_contain_text("Class.Painted")
    expect(first).to_contain_text("Not known")
    first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Class.Painted")
    page.get_by_role("link", name="Previous").click()
    seq = site.mirror.progress().head_seq
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Delivery {seq - 1:,}")


def test_rates_are_measured_while_somebody_looks(site: Site, visit: Visit) -> None:
    page = visit().page
    page.goto("/health")
    head = page.locator("#pulse-figures")
    before = int(head.get_attribute("data-head") or 0)
    site.create("rates", "/One")
    expect(head).to_have_attribute("data-head", str(before + 1))
    expect(page.locator("#rate-in")).not_to_have_text("–")
    expect(page.locator("#spark-in")).to_have_attribute("points", re.compile(r"\d"))
    expect(page.locator("#spark")).to_be_visible()


def test_a_doubt_comes_and_is_linked(site: Site, visit: Visit) -> None:
    page = visit().page
    page.goto("/doubts?reason=unplaced")
    site.modify("doubtful-medium", Name="Doubtful.mp4")
    page.get_by_role("link", name="Doubtful.mp4").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Doubtful.mp4")


def test_axes_tell_the_readers_time(site: Site, visit: Visit, filled: dict[str, str]) -> None:
    visitor = visit(timezone_id="Asia/Kolkata")  # half an hour off
    page = visitor.page
    page.goto("/health?span=hour")
    label = page.locator("text[data-at]").first
    at = int(label.get_attribute("data-at") or 0)
    expected = page.evaluate(
        "at => new Date(at).toLocaleTimeString('en', "
        "{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })",
        at,
    )
    expect(label).to_have_text(expected)


def test_every_page_is_reached_by_keyboard(visit: Visit, filled: dict[str, str]) -> None:
    page = visit(locale="zh-CN").page
    page.goto("/projects")
    for name, heading in (("导出任务", "导出任务"), ("存疑", "存疑"), ("运行状况", "运行状况")):
        link = page.get_by_role("navigation", name="页面").get_by_role("link", name=name)
        link.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(
            page.get_by_role("navigation", name="页面").locator("[aria-current=page]")
        ).to_have_text(name)
