"""Pages that everybody can use, by axe-core's rules, in light and dark; and nothing that the policy refuses."""

import pytest

from tests.support.browsers import Site, Visit, expect, violations

pytestmark = pytest.mark.browser

PAGES = {
    "the welcome": "/",
    "a class": "/?class={class}",
    "a material": "/materials/material-of-axe",
    "search": "/find?q=axe",
    "the past": "/?at={seq}",
    "nothing there": "/nothing",
}


@pytest.fixture(scope="module")
def filled(site: Site) -> dict[str, str]:
    """What the pages are about."""
    site.create("axe", "/Axe/Inner")
    site.add("axe", "/Axe", "material-of-axe", "Axe.mp4")
    site.modify("material-of-axe", TagSet=["one", "two"])
    site.modify("material-of-axe", TagSet=["three"])  # at once: a doubt
    site.add("axe", "/Guessed", "another-of-axe", "Axe 2.mp4")
    return {"class": site.class_id("axe", "/Axe"), "seq": str(site.mirror.progress().head_seq)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_rule(
    site: Site, visit: Visit, filled: dict[str, str], name: str, scheme: str
) -> None:
    visitor = visit(color_scheme=scheme, reduced_motion="reduce")
    page = visitor.page
    page.goto(PAGES[name].format(**filled))
    if name == "nothing there":
        visitor.complaints.clear()  # about the status
    else:
        expect(page.locator("[aria-busy]")).to_have_count(0)
    if "class" in name:
        page.get_by_role("treeitem", name="Inner").focus()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_login_page_breaks_no_rule(site: Site, visit: Visit, scheme: str) -> None:
    page = visit(color_scheme=scheme, locale="zh-CN").page
    page.context.clear_cookies()
    page.goto("/login")
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert violations(page) == []


def test_a_narrow_window_scrolls_one_way(site: Site, visit: Visit, filled: dict[str, str]) -> None:
    page = visit(viewport={"width": 360, "height": 740}).page
    for path in PAGES.values():
        if path == "/nothing":
            continue
        page.goto(path.format(**filled))
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_page_is_used_without_scripts(site: Site, visit: Visit, filled: dict[str, str]) -> None:
    page = visit(java_script_enabled=False).page
    page.goto("/")
    page.get_by_role("treeitem").filter(has_text="axe").click()
    page.get_by_role("treeitem", name="Axe", exact=False).nth(1).click()
    page.get_by_role("link", name="Axe.mp4").click()
    expect(page.get_by_role("heading", name="What happened to it")).to_be_visible()
