"""Datasette's queries open as charts: the fragment of each is one that the plugin draws."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import yaml

from mirror.store import migrate
from mirror.store.engine import open_database
from tests.naive import bodies
from tests.support.processes import ROOT
from tests.support.recipes import fill

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = ROOT / "deploy" / "datasette"
QUERIES = yaml.safe_load((FOLDER / "metadata.yml").read_text())["databases"]["mirror"]["queries"]
GIVEN = {"what_changed": "?day=2026-03-02"}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def datasette(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of a running Datasette, and its login link."""
    folder = tmp_path_factory.mktemp("datasette")
    with closing(open_database(f"sqlite:///{folder / 'mirror.db'}")) as database:
        migrate.upgrade(database)
        # A second kind of doubt: of one row the plugin draws nothing.
        fill(database, bodies.switcher("p-odd", "Exploded"))
    options = ["--metadata", str(FOLDER / "metadata.yml")]
    options += ["--plugins-dir", str(FOLDER / "plugins"), "--root", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "datasette", "serve", str(folder / "mirror.db"), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, "")
        link = next(line.strip() for line in lines if "/-/auth-token" in line)
        running = next(line for line in lines if "Uvicorn running on" in line)
        url = running.split("running on ")[1].split()[0]
        yield url, "/" + link.split("/", 3)[3]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_every_chart_is_drawn(chromium: "Browser", datasette: tuple[str, str]) -> None:
    url, login = datasette
    page = chromium.new_page()
    page.goto(url + login)
    charts = {name: query["fragment"] for name, query in QUERIES.items() if "fragment" in query}
    assert len(charts) >= 5
    for name, fragment in charts.items():
        page.goto("about:blank")
        page.goto(f"{url}/mirror/{name}{GIVEN.get(name, '')}#{fragment}")
        page.wait_for_selector(".vega-embed canvas, .vega-embed svg", timeout=20_000)
        drawn = page.locator(".vega-embed canvas, .vega-embed svg").first.bounding_box()
        assert drawn is not None, name
        assert min(drawn["width"], drawn["height"]) > 50, name
    page.close()
