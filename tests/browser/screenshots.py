"""Takes the pictures of the documentation: `python -m tests.browser.screenshots`.

A demo runs until its team has worked for a while; then a visitor with a browser looks around.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.support.browsers import Visitor, browser, expect
from tests.support.processes import ROOT, Mirror

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = ROOT / "docs" / "images"
WIDE = {"width": 1200, "height": 760}
WORKS_FOR = 40.0
"""Seconds that the team works before the first picture."""
LINK = re.compile(r"http://\S+/login\?key=\S+")


def library(page: Page) -> None:
    """The tree, opened, and the class with the most in it."""
    page.goto("/")
    page.get_by_role("treeitem").filter(has_text=re.compile("Team|团队")).first.click()
    expect(page.locator("#chosen .tiles a").first).to_be_visible()
    page.locator("#tree [role=group] [aria-expanded=false]:visible").first.click()
    settled(page)
    counts = page.locator("#tree [role=group] a:visible .count")
    fullest = max(range(counts.count()), key=lambda one: int(counts.nth(one).inner_text()))
    counts.nth(fullest).click()
    expect(page.locator("table.media")).to_be_visible()
    settled(page)


def welcome(page: Page) -> None:
    """What a newcomer sees first."""
    page.goto("/")
    expect(page.locator(".card").first).to_be_visible()
    settled(page)


def material(page: Page) -> None:
    """A material with a history."""
    page.goto("/find?q=.mp4")
    page.locator(".hits a").first.click()
    settled(page)


def past(page: Page) -> None:
    """The tree as it was."""
    page.goto("/")
    page.get_by_role("treeitem").filter(has_text=re.compile("Team|团队")).first.click()
    expect(page.locator("#chosen .tiles a").first).to_be_visible()
    page.goto(page.url + "&at=60")
    settled(page)


def project(page: Page) -> None:
    """A switcher over time."""
    page.goto("/projects?category=SWITCHER")
    page.locator(".project-name").first.click()
    expect(page.locator(".stretch").first).to_be_visible()
    settled(page)


def deliveries(page: Page) -> None:
    """What came last."""
    page.goto("/deliveries?outcome=applied")
    expect(page.locator("tbody tr").first).to_be_visible()
    settled(page)


def settled(page: Page) -> None:
    """Waits until nothing lights up any more, or it has for long enough."""
    page.wait_for_timeout(800)


Steps = Callable[["Page"], None]
PICTURES: dict[str, tuple[Steps, dict[str, Any]]] = {
    "dashboard": (library, {"viewport": WIDE}),
    "dashboard-dark": (welcome, {"viewport": WIDE, "color_scheme": "dark"}),
    "dashboard-zh": (library, {"viewport": WIDE, "locale": "zh-CN"}),
    "dashboard-material": (material, {"viewport": WIDE}),
    "dashboard-past": (past, {"viewport": WIDE}),
    "dashboard-project": (project, {"viewport": WIDE}),
    "dashboard-deliveries": (deliveries, {"viewport": WIDE, "color_scheme": "dark"}),
}
"""Each picture: how to get there, and with what kind of browser."""


@contextmanager
def demo() -> Iterator[tuple[str, Any, Browser]]:
    """A running demo: its address, a login, and a browser."""
    with TemporaryDirectory() as folder, browser() as running:
        mirror = Mirror(Path(folder))
        process = mirror.start("demo", "--rate=12", "--no-browser", stdout=PIPE)
        try:
            assert process.stdout is not None
            found = next(filter(None, map(LINK.search, process.stdout)))
            first = Visitor(running)
            first.page.goto(found[0])
            first.page.wait_for_selector("#tree")
            yield found[0].partition("/login")[0], first.context.storage_state(), running
        finally:
            process.terminate()
            process.communicate(timeout=30)


def main() -> None:
    """Takes those that are named, or all."""
    names = sys.argv[1:] or list(PICTURES)
    with demo() as (url, login, running):
        time.sleep(WORKS_FOR)
        for name in names:
            steps, options = PICTURES[name]
            visitor = Visitor(running, base_url=url, storage_state=login, **options)
            steps(visitor.page)
            visitor.page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
            assert visitor.complaints == [], visitor.complaints
            visitor.close()


if __name__ == "__main__":
    main()
