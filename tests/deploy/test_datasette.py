"""Datasette over a mirror's file: queries answer, views are explained, and nothing else is to be seen."""

import asyncio
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
import yaml
from datasette.app import Datasette

from mirror.store import views
from mirror.store.engine import open_database
from tests.support.processes import ROOT, Mirror, eventually
from tests.support.recipes import fill

FOLDER = ROOT / "deploy" / "datasette"
METADATA: dict[str, Any] = yaml.safe_load((FOLDER / "metadata.yml").read_text(encoding="utf-8"))
README = (FOLDER / "README.md").read_text(encoding="utf-8")
SETTINGS = {
    name: int(text) if text.isdigit() else text == "on"
    for name, text in re.findall(r"--setting (\w+) (\w+)", README)
}
MIRROR = METADATA["databases"]["mirror"]
ROOT_USER = {"id": "root"}


class Site:
    """A Datasette as deploy/ configures it, without a server."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.datasette = Datasette(
            [str(file)],
            metadata=METADATA,
            settings=SETTINGS,
            plugins_dir=str(FOLDER / "plugins"),
        )

    def get(self, path: str, actor: dict[str, str] | None = ROOT_USER) -> httpx.Response:
        """One answer, to root unless told otherwise."""

        async def asked() -> httpx.Response:
            await self.datasette.invoke_startup()
            cookies = {}
            if actor is not None:
                cookies["ds_actor"] = self.datasette.sign({"a": actor}, "actor")
            answer: httpx.Response = await self.datasette.client.get(path, cookies=cookies)
            return answer

        return asyncio.run(asked())

    def rows(self, path: str) -> list[dict[str, Any]]:
        """What a page shows, as JSON."""
        answer = self.get(f"{path}{'&' if '?' in path else '?'}_shape=array")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found


@pytest.fixture(scope="module")
def file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("datasette") / "mirror.db"
    shutil.copyfile(migrated_file, path)
    with closing(open_database(f"sqlite:///{path}")) as database:
        fill(database)
    return path


@pytest.fixture(scope="module")
def site(file: Path) -> Site:
    return Site(file)


def tables(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        return [name for (name,) in connection.execute(query)]


GIVEN = {
    "in_a_class": {"owner_type": "TEAM", "owner_id": "42", "class_path": "/footage"},
    "what_changed": {"day": "2026-03-02"},
    "history_of_one": {"entity": "material", "key": "m-2"},
}
ANSWERS: dict[str, tuple[int, dict[str, Any]]] = {
    "deliveries_by_hour": (
        7,
        {"hour": "2026-03-02 03:00", "outcome": "applied", "deliveries": 4},
    ),
    "deliveries_by_type": (9, {"event_type": "Class.Created", "deliveries": 4}),
    "busiest_hours": (6, {"hour": "03", "deliveries": 4}),
    "largest_folders": (4, {"class_path": "/footage", "media": 6, "bytes": 1000}),
    "media_by_type": (2, {"material_type": "not observed yet", "media": 4}),
    "in_a_class": (6, {"class_path": "/footage", "material_id": "m-1", "name": "Sunset"}),
    "what_changed": (3, {"entity": "material", "op": "update", "changes": 2}),
    "orphaned_files": (1, {"file_id": "f-old"}),
    "files_shown_often": (1, {"file_id": "f-sunset", "shown": 2}),
    "broken_links": (2, {"material_id": "l-class", "target": "/gone", "status": "NotFound"}),
    "project_uptime": (2, {"project_id": "p-switch", "category": "SWITCHER"}),
    "doubts_by_owner": (1, {"owner_id": "42", "reason": "inferred-class", "doubts": 1}),
    "history_of_one": (3, {"seq": 5, "event_type": "Storage.NewFileCreated", "op": "insert"}),
}
"""How many rows each query finds, and what its first one holds."""


def test_every_query_has_an_answer_here() -> None:
    assert set(ANSWERS) == set(MIRROR["queries"])


@pytest.mark.parametrize("name", ANSWERS)
def test_a_query_answers(site: Site, name: str) -> None:
    given = urlencode(GIVEN.get(name, {}))
    found = site.rows(f"/mirror/{name}.json?{given}")
    count, first = ANSWERS[name]
    assert len(found) == count
    assert {key: found[0][key] for key in first} == first
    page = site.get(f"/mirror/{name}?{given}")
    assert page.status_code == 200
    assert MIRROR["queries"][name]["title"] in page.text
    assert "datasette_vega" in page.text


def test_a_platform_is_default_unless_given(site: Site) -> None:
    assert site.rows("/mirror/media_by_type.json?platform=default")
    assert site.rows("/mirror/media_by_type.json?platform=other") == []


@pytest.mark.parametrize(
    "name", [name for name in ANSWERS if "fragment" in MIRROR["queries"][name]]
)
def test_a_chart_is_of_columns_that_there_are(site: Site, name: str) -> None:
    given = urlencode(GIVEN.get(name, {}))
    columns = set(site.rows(f"/mirror/{name}.json?{given}")[0])
    chart = parse_qs(MIRROR["queries"][name]["fragment"], strict_parsing=True)
    assert {chart[f"g.{axis}_column"][0] for axis in ("x", "y")} <= columns
    assert set(chart.get("g.color_column", [])) <= columns
    assert chart["g.mark"][0] in {"bar", "line", "circle"}
    assert MIRROR["queries"][name]["fragment"].replace("&", "&amp;") in site.get("/mirror").text


def test_there_are_charts_and_their_program(site: Site) -> None:
    assert sum("fragment" in query for query in MIRROR["queries"].values()) >= 5
    [script] = set(
        re.findall(
            r'src="(/-/static-plugins/datasette_vega/[^"]+\.js)"',
            site.get("/mirror/media_by_type").text,
        )
    )
    assert site.get(script).status_code == 200


def documented(view: str) -> dict[str, str]:
    section = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8").split(f"\n## {view}\n")[1]
    rows = re.findall(r"^\| (\w+) \| \w+ \| (.*?) ?\|$", section.split("\n## ")[0], re.MULTILINE)
    return {name: text.replace("`", "") for name, text in rows if name != "column" and text}


@pytest.mark.parametrize("view", views.QUERIES)
def test_a_view_is_shown_and_explained_as_in_the_documents(site: Site, view: str) -> None:
    known = MIRROR["tables"][view]
    assert known["columns"] == documented(view)
    names = set(views.columns(view))
    assert {known.get("sort"), known.get("sort_desc"), *known.get("facets", [])} - {None} <= names
    page = site.get(f"/mirror/{view}")
    assert page.status_code == 200
    assert "This facet" not in page.text
    with closing(sqlite3.connect(site.file)) as connection:
        [(count,)] = connection.execute(f"SELECT count(*) FROM {view}")  # noqa: S608
    assert len(site.rows(f"/mirror/{view}.json?_size=max")) == count


def test_every_view_is_in_metadata_and_in_the_plugin(site: Site) -> None:
    assert list(MIRROR["tables"]) == list(views.QUERIES)
    text = (FOLDER / "plugins" / "public.py").read_text()
    named = re.findall(r'^        "(\w+)",$', text.split("NEVER")[0], re.MULTILINE)
    assert set(named) == set(views.QUERIES)
    listed = site.get("/mirror.json").json()["tables"]
    assert listed == []
    assert {view["name"] for view in site.get("/mirror.json").json()["views"]} == set(views.QUERIES)


REFUSED = [
    "/mirror?sql=select+1",
    "/mirror.json?sql=select+body+from+journal",
    "/mirror.csv?sql=select+*+from+callback_tokens",
    "/mirror/media_tree.json?_where=1=1",
    "/mirror.db",
]


def test_no_table_is_shown_to_anybody(site: Site, file: Path) -> None:
    found = tables(file)
    assert {"journal", "callback_tokens", "reading_tokens", "heads", "checkpoints"} <= set(found)
    for actor in (ROOT_USER, {"id": "somebody"}, None):
        for table in found:
            for path in (f"/mirror/{table}", f"/mirror/{table}.json", f"/mirror/{table}.csv"):
                assert site.get(path, actor).status_code == 403, path
        for path in ("/mirror/journal/default,1", "/mirror/journal/default,1.json"):
            assert site.get(path, actor).status_code == 403, path
    text = site.get("/mirror").text
    assert [table for table in found if re.search(rf"/mirror/{table}\b", text)] == []


@pytest.mark.parametrize("path", REFUSED)
def test_nobody_asks_in_sql_or_takes_the_file(site: Site, path: str) -> None:
    for actor in (ROOT_USER, None):
        answer = site.get(path, actor)
        assert answer.status_code == 403, answer.text[:300]


@pytest.mark.parametrize(
    "path", ["/", "/mirror", "/mirror/media_tree", "/mirror/orphaned_files.json"]
)
def test_who_is_not_logged_in_sees_nothing(site: Site, path: str) -> None:
    assert site.get(path, None).status_code == 403
    assert site.get(path, {"id": "somebody"}).status_code == 403


def test_a_file_of_another_name_shows_no_more(file: Path, tmp_path: Path) -> None:
    shutil.copyfile(file, tmp_path / "other.db")
    other = Site(tmp_path / "other.db")
    assert other.get("/other/journal").status_code == 403
    assert other.get("/other/media_tree").status_code == 200
    assert other.get("/other/media_tree", None).status_code == 403
    assert other.get("/other.json?sql=select+1").status_code == 403


def test_names_are_shown_as_text(tmp_path: Path, migrated_file: Path) -> None:
    path = tmp_path / "mirror.db"
    shutil.copyfile(migrated_file, path)
    body = {
        "EventType": "Material.Modified",
        "MaterialModifiedEvent": {"MaterialId": "m", "Name": "<script>alert(1)</script>"},
    }
    (tmp_path / "one.jsonl").write_text(json.dumps(body) + "\n")
    Mirror(tmp_path).run("import", "one.jsonl")
    page = Site(path).get("/mirror/media_gone").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_it_runs_beside_a_server_and_sees_what_comes(tmp_path: Path) -> None:
    """The command of the documents, but for the port, in a process of its own."""
    with Mirror(tmp_path).serving() as server:
        [command] = re.findall(r"```sh\ndatasette serve (.*?)\n```", README, re.DOTALL)
        arguments = command.replace("\\\n", " ").replace("deploy/", f"{ROOT}/deploy/").split()
        process = subprocess.Popen(
            [sys.executable, "-m", "datasette", "serve", *arguments, "--port", "0"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        try:
            lines = iter(process.stdout.readline, "")
            link = next(line.strip() for line in lines if "/-/auth-token" in line)
            line = next(line for line in lines if "Uvicorn running on" in line)
            [url] = re.findall(r"running on (\S+)", line)
            body = (ROOT / "tests" / "data" / "deliveries.jsonl").read_bytes().splitlines()[0]
            assert server.post(body) == 200
            with httpx.Client(base_url=url, follow_redirects=True) as client:
                assert client.get("/mirror/delivery_log.json").status_code == 403
                client.get("/" + link.split("/", 3)[3])

                def shown() -> list[str]:
                    found = client.get("/mirror/delivery_log.json?_shape=array").json()
                    return [row["outcome"] for row in found]

                assert eventually(lambda: shown() == ["applied"])
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()
        assert server.post(body) == 200
