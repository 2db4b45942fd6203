"""The tree and what is in it, as somebody with a browser meets it."""

from typing import TYPE_CHECKING

import pytest

from tests.support.browsers import Site, Visit, Visitor, expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser


def item(page: "Page", name: str) -> "Locator":
    return page.get_by_role("treeitem").filter(has_text=name)


def parent_of(branch: "Locator") -> str:
    """What the class above one is called."""
    above = branch.locator("xpath=ancestor::ul[1]/preceding-sibling::a//span[@class='called']")
    return above.inner_text().strip()


def test_the_printed_link_logs_in_once(site: Site, chromium: "Browser") -> None:
    assert site.complaints == []
    stranger = Visitor(chromium)
    stranger.page.goto(site.url)
    expect(stranger.page).to_have_title("Log in · mirror")
    answer = stranger.page.goto(site.server.login_url)
    assert answer is not None
    assert answer.status == 403
    expect(stranger.page.get_by_role("status")).to_contain_text("has been used")
    stranger.close()


def test_a_class_that_moves_is_seen_to_move(site: Site, visit: Visit) -> None:
    for path in ("/From/Moving/Inner", "/To/Already"):
        site.create("live", path)
    page = visit().page
    page.goto("/")
    item(page, "live").click()
    item(page, "From").click()
    item(page, "Moving").locator(".twist").click()
    expect(item(page, "Inner")).to_be_visible()
    item(page, "To").click()
    page.evaluate("document.body.dataset.same = 'yes'")
    site.move("live", "/From/Moving", "/To")
    expect(item(page, "Moving")).to_be_visible()
    expect(page.locator("li.lit").filter(has_text="Moving").first).to_be_attached()
    expect(page.locator("#chosen .tiles")).to_contain_text("Moving")
    assert parent_of(item(page, "Moving")) == "To"
    # The page was not loaded again, and what was open in the branch still is.
    assert page.evaluate("document.body.dataset.same") == "yes"
    expect(item(page, "Inner")).to_be_visible()
    expect(item(page, "From")).not_to_have_attribute("aria-expanded", "true")


def test_media_come_and_go_in_the_list_that_is_shown(site: Site, visit: Visit) -> None:
    site.create("media", "/Here")
    site.create("media", "/There")
    page = visit().page
    page.goto("/")
    item(page, "media").click()
    item(page, "Here").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Here")
    site.add("media", "/Here", "material-of-media", "Voice.wav")
    row = page.get_by_role("rowheader", name="Voice.wav")
    expect(row).to_be_visible()
    expect(item(page, "Here").first.locator(".count")).to_have_text("1")
    site.send(
        "Material.Moved",
        "MaterialMovedEvent",
        MaterialIdSet=["material-of-media"],
        SourceOwner={"Type": "TEAM", "Id": "media"},
        SourceClassPath="/Here",
        DestinationOwner={"Type": "TEAM", "Id": "media"},
        DestinationClassPath="/There",
    )
    expect(row).to_have_count(0)
    expect(item(page, "There").locator(".count")).to_have_text("1")


def test_the_tree_is_walked_with_the_keyboard(site: Site, visit: Visit) -> None:
    for path in ("/Alpha/One", "/Alpha/Two", "/Beta"):
        site.create("keys", path)
    page = visit().page
    page.goto("/")
    page.get_by_role("tree").get_by_role("treeitem").first.focus()
    page.keyboard.press("End")
    page.keyboard.type("T")  # types ahead: the next whose name begins so
    item(page, "keys").focus()
    page.keyboard.press("ArrowRight")
    expect(item(page, "Alpha")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(item(page, "Alpha")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(item(page, "One")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(item(page, "One")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(item(page, "Alpha")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(item(page, "One")).to_be_hidden()
    page.keyboard.press("b")
    expect(item(page, "Beta")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Beta")
    expect(item(page, "Beta")).to_have_attribute("aria-current", "page")
    # One Tab leaves the tree: only one item can be reached by it.
    assert page.locator('[role=treeitem][tabindex="0"]').count() == 1


def test_things_are_found_by_name_path_id_and_tag(site: Site, visit: Visit) -> None:
    site.create("search", "/Found/Deep")
    site.add("search", "/Found/Deep", "material-of-search", "City at night.mp4")
    site.modify("material-of-search", TagSet=["skyline"])
    page = visit().page
    page.goto("/")
    for text, why in (
        ("at NIGHT", ""),
        ("material-of-search", "has this id"),
        ("file-of-material-of-search", "shows this file"),
        ("skyline", "has this tag"),
    ):
        box = page.get_by_role("searchbox")
        box.fill(text)
        box.press("Enter")
        expect(page.locator(".hits li").filter(has_text="City at night.mp4")).to_contain_text(why)
    page.get_by_role("searchbox").fill("/Found/De")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name="/Found/Deep").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Deep")
    expect(item(page, "Deep")).to_have_attribute("aria-current", "page")


def test_a_materials_page_tells_its_history(site: Site, visit: Visit) -> None:
    site.add("history", "/First", "material-of-history", "Before.mp4")
    page = visit().page
    page.goto("/materials/material-of-history")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Before.mp4")
    site.modify("material-of-history", Name="After.mp4")
    expect(page.get_by_role("heading", level=1)).to_contain_text("After.mp4")
    newest = page.locator(".history > li").first
    expect(newest).to_contain_text("Before.mp4 → After.mp4")
    newest.get_by_role("link", name="See it then").click()
    expect(page.get_by_role("status").filter(has_text="As it was")).to_be_visible()
    page.locator(".history > li").nth(1).get_by_role("link", name="See it then").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Before.mp4")
    page.get_by_role("link", name="Back to now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("After.mp4")


HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "abc\u202egnp.exe")


def test_hostile_names_are_text(site: Site, visit: Visit) -> None:
    for number, name in enumerate(HOSTILE):
        site.create("hostile", f"/{name.replace('/', '∕')}")
        site.add("hostile", "/Stills", f"hostile-{number}", name)
        site.modify(f"hostile-{number}", TagSet=[name])
    page = visit().page
    alarms: list[str] = []
    page.on("dialog", lambda dialog: alarms.append(dialog.message))
    page.goto("/")
    item(page, "hostile").click()
    expect(page.locator("#tree")).to_contain_text("<script>alert(1)<∕script>")
    item(page, "Stills").click()
    for name in HOSTILE[:2]:
        expect(page.get_by_role("rowheader").filter(has_text=name)).to_be_visible()
    # The character that would turn the rest around is written out.
    assert "abcU+202Egnp.exe" in page.locator("#chosen").inner_text()
    for number in range(len(HOSTILE)):
        page.goto(f"/materials/hostile-{number}")
        expect(page.locator(".history")).to_be_visible()
    page.goto("/find?q=%3Cscript%3E")
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>")
    assert page.locator("main img, main script").count() == 0
    assert "\u202e" not in page.content()
    assert alarms == []
