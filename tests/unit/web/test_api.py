"""The API: what is asked is answered, what cannot be is refused in one shape, and secrets stay here."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.store import journal, platforms
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.sync.apply import Applier, apply_all
from mirror.web.api import ENDPOINTS, secrets
from tests.naive.bodies import ANN, CREW, added, created, export, modified, moved, uploaded
from tests.support.web import Web

SAMPLES = (Path(__file__).parents[2] / "data" / "deliveries.jsonl").read_bytes().splitlines()
START = 1_700_000_000_000_000
LIVE = (
    b'{"EventType":"Storage.NewFileCreated","StorageNewFileCreatedEvent":{"FileId":"f9",'
    b'"MaterialId":"m9","OperationType":"LiveStreamRecord","Owner":{"Type":"TEAM","Id":"t"},'
    b'"ClassPath":"/live","SourceContext":"push.example.com/live/s3cret?txSecret=s3cret"}}'
)
PATHS = [
    "/api/v1" + endpoint.path.replace("{material_id}", "m").replace("{project_id}", "p")
    for endpoint in ENDPOINTS
    if ":int" not in endpoint.path
]


def put(database: Database, *bodies: bytes) -> None:
    with database.write() as connection:
        start = journal.head(connection, "default")
        arrivals = [
            Arrival(body, Micros(START + (start + number) * 1_000_000), "callback")
            for number, body in enumerate(bodies)
        ]
        journal.append(connection, "default", arrivals)
    apply_all(Applier(database, "default", Rules()))


@pytest.fixture
def library(web: Web) -> Web:
    put(
        web.database,
        created(ANN, "/a"),
        uploaded("m", ANN, "/a", file_id="f"),
        added(["n", "o"], ANN, "/a"),
        modified("m", name="Sunset <b>", tags=["city"]),
        moved(["m"], ANN, "/a", "/b", destination_owner=CREW),
        LIVE,
        export("t", err_code=7, err_msg="see https://vod.example.com/x?sign=s3cret"),
    )
    return web


def items(web: Web, url: str) -> list[Any]:
    found: list[Any] = web.json(url)["items"]
    return found


def test_every_sample_is_shown_without_an_error(web: Web) -> None:
    put(web.database, *SAMPLES)
    for path in ("tree", "classes", "materials", "files", "links", "projects", "tasks", "doubts"):
        web.json(f"/api/v1/{path}")
    for seq in range(1, len(SAMPLES) + 1):
        assert web.json(f"/api/v1/deliveries/{seq}")["seq"] == seq


def test_a_new_mirror_has_empty_lists(web: Web) -> None:
    for path in PATHS:
        answer = web.get(path)
        if "{" in path or path.endswith(("/m", "/p")):
            assert answer.status_code == 404
        elif path.endswith("status"):
            assert answer.json()["platforms"][0]["head_seq"] == 0
        else:
            assert answer.json()["items"] == []


def test_a_tree_comes_with_totals_and_media(library: Web) -> None:
    owner = f"{ANN[0]}:{ANN[1]}"
    top, inner = items(library, f"/api/v1/tree?owner={owner}&media=1")
    assert (top["class_path"], top["material_total"], top["class_total"]) == ("/", 2, 1)
    assert (inner["material_count"], inner["media"][0]["material_id"]) == (2, "n")
    assert items(library, f"/api/v1/tree?owner={owner}&depth=0")[0]["media"] == []
    assert items(library, f"/api/v1/tree?owner={owner}&class_path=a/")[0]["depth"] == 1
    missing = library.get(f"/api/v1/tree?owner={owner}&class_path=/x")
    assert missing.status_code == 404


def test_a_material_is_told_whole(library: Web) -> None:
    found = library.json("/api/v1/materials/m")
    assert (found["class_path"], found["name"], found["tags"]) == ("/b", "Sunset <b>", ["city"])
    assert (found["file"]["file_id"], found["state"]) == ("f", "live")
    assert found["created_at"] == "2023-11-14T22:13:21Z"
    assert [doubt["kind"] for doubt in found["doubts"]] == []
    assert library.get("/api/v1/materials/never").json()["error"]["code"] == "not_found"


def test_materials_are_filtered(library: Web) -> None:
    def ids(query: str) -> list[str]:
        return [item["material_id"] for item in items(library, f"/api/v1/materials?{query}")]

    assert ids("") == ["m", "m9", "n", "o"]
    assert ids("name=sunset") == ["m"]
    assert ids("tag=city") == ["m"]
    assert ids("file=f") == ["m"]
    assert ids(f"owner={ANN[0].lower()}:{ANN[1]}") == ["n", "o"]
    assert ids("class_path=/b&name=Sun") == ["m"]
    assert ids("state=deleted") == []
    assert ids("state=any&limit=500") == ["m", "m9", "n", "o"]


def test_pages_go_on_where_the_last_one_ended(library: Web) -> None:
    for path in ("materials", "classes", "tree", "deliveries", "doubts"):
        whole = library.json(f"/api/v1/{path}")
        assert whole["next"] is None
        found, cursor = [], ""
        while True:
            page = library.json(f"/api/v1/{path}?limit=2{cursor}")
            found += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert found == whole["items"]


def test_a_cursor_is_of_its_list_and_filters(library: Web) -> None:
    cursor = library.json("/api/v1/materials?limit=1")["next"]
    for url in (
        f"/api/v1/materials?limit=1&cursor={cursor}&name=x",
        f"/api/v1/classes?cursor={cursor}",
        "/api/v1/materials?cursor=AAAA",
        f"/api/v1/materials?cursor={cursor}x",
        f"/api/v1/materials?at=3&cursor={cursor}",
    ):
        answer = library.get(url)
        assert answer.status_code == 400, url
        assert answer.json()["error"]["parameter"] == "cursor"


def test_the_library_is_shown_as_it_was(library: Web) -> None:
    def paths(query: str) -> list[str]:
        return [item["class_path"] for item in items(library, f"/api/v1/classes?{query}")]

    assert paths("at=1") == ["/", "/a"]
    assert library.json("/api/v1/materials/m?at=4")["class_path"] == "/a"
    assert library.json("/api/v1/materials/m?at=4")["linked_from"] is None
    assert library.json("/api/v1/materials?at=2")["at_seq"] == 2
    assert [i["material_id"] for i in items(library, "/api/v1/materials?at=2")] == ["m"]
    assert items(library, "/api/v1/tree?at=2&media=1")[1]["media"][0]["material_id"] == "m"
    for path in ("files", "links", "projects", "tasks"):
        items(library, f"/api/v1/{path}?at=3")
    timed = library.json("/api/v1/materials?at=2023-11-14T22:13:21.5Z")
    assert timed["at_seq"] == 2
    assert timed["items"] == items(library, "/api/v1/materials?at=2")
    assert library.json("/api/v1/materials?at=2023-11-15T06:13:21%2B08:00")["at_seq"] == 2


@pytest.mark.parametrize(
    ("at", "status", "words"),
    [
        ("8", 404, "journal ends at 7"),
        ("0", 404, "nothing then"),
        ("1999-01-01", 404, "nothing then"),
        ("2023-99-01", 400, "neither a delivery's seq nor a time"),
        ("yesterday", 400, "cannot be used"),
        ("99999999999999999999", 400, "cannot be used"),
    ],
)
def test_a_moment_that_is_not_there_is_refused(
    library: Web, at: str, status: int, words: str
) -> None:
    answer = library.get(f"/api/v1/materials?at={at}")
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


def test_what_is_known_of_the_present_only_cannot_be_asked_of_the_past(library: Web) -> None:
    for query in ("in_doubt=true", "state=any", "state=deleted&tag=x"):
        answer = library.get(f"/api/v1/materials?at=2&{query}")
        assert answer.status_code == 400
        assert "present only" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_parameter_is_refused_with_the_near_name(web: Web, path: str) -> None:
    error = web.get(f"{path}?platfrom=x").json()["error"]
    assert (error["code"], error["parameter"]) == ("unknown_parameter", "platfrom")
    assert error["next"] == "Did you mean platform?"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("materials?limit=0", "limit"),
        ("materials?limit=501", "limit"),
        ("materials?limit=x", "limit"),
        ("materials?limit=1&limit=2", "limit"),
        ("materials?owner=TEAM", "owner"),
        ("materials?state=lost", "state"),
        ("materials?in_doubt=maybe", "in_doubt"),
        ("materials?name=", "name"),
        ("tree?depth=null", "depth"),
        ("materials?name=%00", "name"),
        ("deliveries?outcome=odd", "outcome"),
        ("deliveries?since=soon", "since"),
        ("changes?after=1:2", "after"),
        ("changes?key=m", "key"),
        ("changes?entity=material&entity=class&key=m", "key"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(web: Web, query: str, parameter: str) -> None:
    answer = web.get(f"/api/v1/{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["parameter"] == parameter


def test_a_platform_is_named_or_the_usual_one(web: Web) -> None:
    with web.database.write() as connection:
        platforms.add(connection, "studio", now=Micros(1))
    assert web.json("/api/v1/materials")["platform"] == "default"
    assert web.json("/api/v1/materials?platform=studio")["platform"] == "studio"
    assert web.get("/api/v1/materials?platform=nobody").status_code == 404
    names = [each["platform"] for each in web.json("/api/v1/status")["platforms"]]
    assert names == ["default", "studio"]
    assert len(web.json("/api/v1/status?platform=studio")["platforms"]) == 1


def test_what_has_not_changed_is_not_sent_again(library: Web) -> None:
    tag = ""
    for path in ("materials", "deliveries", "status", "materials/m", "tree?at=2"):
        first = library.get(f"/api/v1/{path}")
        tag = first.headers["etag"]
        again = library.get(f"/api/v1/{path}", headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    put(library.database, added(["p"], ANN, "/a"))
    for path in ("materials", "deliveries", "status"):
        assert library.get(f"/api/v1/{path}", headers={"If-None-Match": tag}).status_code == 200
    past = library.get("/api/v1/tree?at=2", headers={"If-None-Match": tag})
    assert past.status_code == 304


def test_large_answers_are_compressed_for_who_takes_it(library: Web) -> None:
    plain = library.get("/api/v1/deliveries", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    refused = library.get("/api/v1/deliveries", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    packed = library.get("/api/v1/deliveries", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert len(gzip.compress(plain.content)) < len(plain.content)


def test_only_reading_is_possible(library: Web) -> None:
    for path in PATHS:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = library.ask(method, path)
            assert answer.status_code == 405
            assert "GET" in answer.headers["allow"]
        assert library.ask("HEAD", path).content == b""


def test_a_delivery_is_shown_with_its_changes_and_without_its_secrets(library: Web) -> None:
    found = library.json("/api/v1/deliveries/5")
    assert (found["event_type"], found["outcome"]) == ("Material.Moved", "applied")
    assert found["changes"][-1]["after"]["class_path"] == "/b"
    assert found["changes"][-1]["id"] == f"1:5:{len(found['changes'])}"
    body = library.json("/api/v1/deliveries/6")["body"]
    assert body["StorageNewFileCreatedEvent"]["SourceContext"] == "push.example.com/…"
    assert library.get("/api/v1/deliveries/99").status_code == 404
    assert library.get("/api/v1/deliveries/x").status_code == 404


def test_no_secret_leaves_by_any_way(library: Web) -> None:
    paths = [f"/api/v1/deliveries/{seq}" for seq in range(1, 8)]
    paths += [*PATHS, "/api/v1/materials/m9", "/api/v1/materials/m9?at=6"]
    for path in paths:
        assert "s3cret" not in library.get(path).text
    assert library.json("/api/v1/tasks")["items"][0]["err_msg"] == "see https://vod.example.com/x"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"not json rtmp://a/s3cret", None),
        (b'{"a":"rtmp://h/s3cret"}', {"a": "rtmp://h/…"}),
        (b'{"Url":"h/s3cret","n":[1,null,true]}', {"Url": "h/…", "n": [1, None, True]}),
        (b'{"rtmp:\\/\\/h\\/s3cret":{"CoverURL":"https:\\/\\/h\\/p?s3cret"}}', None),
        (b'{"SourceContext":"cmepid_1"}', {"SourceContext": "cmepid_1"}),
        (b"[" * 1_000 + b"]" * 1_000, None),
        (b"\xff", None),
    ],
)
def test_bodies_are_shown_without_addresses(body: bytes, expected: object) -> None:
    found = secrets.shown(body)
    assert "s3cret" not in repr(found)
    if expected is not None:
        assert found == expected


def test_changes_are_pages_too(library: Web) -> None:
    first = library.json("/api/v1/changes?limit=3")
    assert [item["id"] for item in first["items"]] == ["1:1:1", "1:1:2", "1:2:1"]
    assert (first["after"], first["more"]) == ("1:2:1", True)
    rest = library.json(f"/api/v1/changes?after={first['after']}&limit=500")
    assert rest["more"] is False
    whole = library.json("/api/v1/changes?limit=500")
    assert first["items"] + rest["items"] == whole["items"]
    assert library.json(f"/api/v1/changes?after={rest['after']}")["items"] == []
    assert len(library.json("/api/v1/deliveries?type=Class.Created&outcome=applied")["items"]) == 1
    moved_to = library.json("/api/v1/changes?class_path=/b&entity=material")["items"]
    assert [item["seq"] for item in moved_to] == [5]
    since = library.json("/api/v1/changes?since=5")["items"]
    assert since == [item for item in whole["items"] if item["seq"] > 5]
    last = {"Last-Event-ID": "1:2:1"}
    assert library.json("/api/v1/changes?after=0&limit=500", headers=last)["items"] == rest["items"]
    assert library.get("/api/v1/changes", headers={"Last-Event-ID": "N"}).status_code == 400
    timed = library.json("/api/v1/changes?since=2023-11-14T22:13:24Z")["items"]
    assert timed == since


def test_a_place_of_another_generation_is_refused_with_where_to_begin(library: Web) -> None:
    for after in ("2:1:1", "0:1:1", "1:99:1"):
        answer = library.get(f"/api/v1/changes?after={after}")
        assert answer.status_code == 410
        assert answer.json()["error"]["next"] == "Go on with after=1:0:0."
    assert library.get("/api/v1/changes?since=99").status_code == 200
