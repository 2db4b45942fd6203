"""Pages over a small library: what they show, and what they answer when something is not there."""

import re
from html.parser import HTMLParser

import httpx
import pytest

from mirror.web.pages import static
from tests.naive.bodies import ANN, CREW, created, deleted, modified, moved, uploaded
from tests.support.web import Web
from tests.unit.web.test_api import put

HTML = {"Accept": "text/html,application/xhtml+xml"}
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>\u202e'


class Inline(HTMLParser):
    """What the policy would refuse: scripts and styles that are no files."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def of(cls, text: str) -> list[str]:
        parser = cls()
        parser.feed(text)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (
            tag == "script" and not (given.get("src") or "").startswith("/static/")
        ):
            self.found.append(tag)
        self.found += [name for name in given if name.startswith("on") or name == "style"]
        if (given.get("href") or "/")[0] not in "/#":
            self.found.append(str(given["href"]))


@pytest.fixture
def library(web: Web) -> Web:
    put(
        web.database,
        created(CREW, "/a"),
        created(CREW, "/a/inner"),
        uploaded("m", CREW, "/a", file_id="f"),
        modified("m", name="Sunset <b>.mp4", tags=["city"]),
        uploaded("gone", CREW, "/a"),
        deleted(["gone"]),
        created(ANN, "/b"),
        moved(["m"], CREW, "/a", "/a/inner"),
    )
    return web


def page(web: Web, path: str, status: int = 200, **headers: str) -> str:
    answer: httpx.Response = web.get(path, headers=HTML | headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert Inline.of(answer.text) == []
    return answer.text


def class_id(web: Web, path: str) -> int:
    [found] = [each for each in web.json("/api/v1/classes")["items"] if each["class_path"] == path]
    return int(found["class_id"])


def test_an_empty_mirror_says_what_to_do_first(web: Web) -> None:
    text = page(web, "/")
    assert "No callback has come yet" in text
    assert "curl --json" in text
    assert 'id="slider"' not in text


def test_the_tree_begins_with_its_owners(library: Web) -> None:
    text = page(library, "/")
    assert text.count('role="treeitem"') == 2
    assert 'aria-expanded="false"' in text


def test_a_chosen_class_is_opened_with_all_above_it(library: Web) -> None:
    text = page(library, f"/?class={class_id(library, '/a/inner')}")
    assert text.count('aria-expanded="true"') == 2
    assert text.count('aria-current="page"') == 3  # in the tree, the way to it, and the page
    assert "Sunset &lt;b&gt;.mp4" in text
    assert '<span class="tag"><bdi>city</bdi></span>' in text


def test_a_class_that_is_not_there_is_told(library: Web) -> None:
    assert "This class is not there" in page(library, "/?class=9999999")
    assert "This class is not there" in page(library, "/parts/class/9999999")
    assert 'role="treeitem"' not in page(library, "/parts/tree/9999999")


def test_a_branch_shows_so_many_and_says_that_there_are_more(library: Web) -> None:
    put(library.database, *(created(ANN, f"/b/{number:03}") for number in range(5)))
    text = page(library, f"/parts/tree/{class_id(library, '/b')}?limit=3")
    assert text.count("data-class=") == 3
    assert 'data-more="203"' in text


def test_the_library_as_it_was(library: Web) -> None:
    text = page(library, f"/?class={class_id(library, '/a')}&at=5")
    assert "As it was after delivery 5." in text
    assert "Sunset &lt;b&gt;.mp4" in text
    assert "data-feed" not in text
    assert "person" not in page(library, "/?at=2").lower()
    assert "Back to now" in page(library, "/materials/gone?at=5")
    assert "Deleted" not in page(library, "/materials/gone?at=5")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/?at=0", 404),
        ("/?at=99", 404),
        ("/?at=yesterday", 400),
        ("/?class=abc", 400),
        ("/?platform=nobody", 404),
        ("/materials/nothing", 404),
        ("/find?q=" + "x" * 3000, 400),
        ("/find?q=a%00", 400),
        ("/no/such/page", 404),
    ],
)
def test_what_cannot_be_shown_is_a_page_with_a_way_on(library: Web, path: str, status: int) -> None:
    assert 'href="/"' in page(library, path, status)


def test_programs_get_errors_as_json(library: Web) -> None:
    assert library.get("/materials/nothing").json()["error"]["code"] == "not_found"


def test_a_material_tells_its_state_and_its_history(library: Web) -> None:
    text = page(library, "/materials/m")
    assert "<del><bdi>/a</bdi></del> → " in text
    assert 'href="/deliveries/8"' in text
    assert "It was last in" in page(library, "/materials/gone")


def test_the_history_is_paged(library: Web) -> None:
    put(library.database, *(modified("m", name=f"name {number}") for number in range(30)))
    first = page(library, "/materials/m")
    assert "name 29" in first
    assert "name 1<" not in first
    [before] = re.findall(r'/materials/m\?before=(\d+)"[^>]*>Earlier', first)
    assert "name 1<" in page(library, f"/materials/m?before={before}")


def test_search_finds_what_has_the_text(library: Web) -> None:
    for text in ("SUNSET", "m", "f", "city", "/a/in"):
        found = page(library, "/find", 200) and page(library, f"/find?q={text}")
        assert 'class="hits"' in found, text
    assert "Nothing found" in page(library, "/find?q=nonsense")


def test_hostile_text_stays_text_everywhere(web: Web) -> None:
    put(
        web.database,
        created(CREW, "/" + HOSTILE.replace("/", "")),
        uploaded(HOSTILE, CREW, "/a"),
        modified(HOSTILE, name=HOSTILE, tags=[HOSTILE]),
    )
    address = (
        "/materials/"
        + httpx.URL("http://127.0.0.1/").copy_with(path="/" + HOSTILE).raw_path.decode()[1:]
    )
    known = class_id(web, "/a")
    for path in ("/", f"/?class={known}", address, "/find?q=img", f"/find?q={HOSTILE[:30]}"):
        text = page(web, path)
        assert "<img" not in text
        assert "<script>" not in text
        assert "\u202e" not in text


def test_a_language_is_switched_by_an_address_and_kept(library: Web) -> None:
    answer = library.get("/find?q=x&language=zh", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/find?q=x")
    kept = answer.headers["set-cookie"].partition(";")[0]
    assert 'lang="zh-Hans"' in page(library, "/", Cookie=kept)
    assert 'lang="en"' in page(library, "/", Cookie=kept.replace("zh", "klingon"))


def test_static_files_are_public_and_sent_once(web: Web) -> None:
    for name, file in static.contents().items():
        answer = web.get(f"/static/{name}", token=None)
        assert answer.content == file.content
        again = web.get(
            f"/static/{name}", token=None, headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
    assert web.get("/static/..%2fapp.py", token=None).status_code == 404
    assert web.get("/static/nothing.js", token=None).status_code == 404


@pytest.mark.parametrize("path", ["/", "/find", "/materials/m", "/parts/strip", "/parts/tree"])
def test_nobody_sees_a_page_without_a_login(library: Web, path: str) -> None:
    assert library.get(path, token=None).status_code == 401
    answer = library.get(path, token=None, headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=")
