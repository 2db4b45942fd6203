"""Both READMEs: their sessions, steps and queries run as they stand and give what they show."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from mirror.store.views import QUERIES
from tests.support.processes import Mirror
from tests.support.shell import Shell

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "data" / "deliveries.jsonl"
ENGLISH, CHINESE = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
)
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUERY = re.compile(r"^```sql\n(.*?)^```\n\n((?:\|[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
COMMENT = re.compile(r"\s+# .*$")

Rows = list[tuple[object, ...]]


# ------------------------------------------------------------------------------ both languages


def code(text: str) -> list[tuple[str, list[str]]]:
    """Every block of code, without its comments."""
    return [
        (kind, [COMMENT.sub("", line) for line in block.splitlines()])
        for kind, block in FENCED.findall(text)
    ]


def test_both_show_the_same_code_and_answers() -> None:
    assert code(CHINESE) == code(ENGLISH)
    assert [answer for _, answer in QUERY.findall(CHINESE)] == [
        answer for _, answer in QUERY.findall(ENGLISH)
    ]


def test_both_have_the_same_headings_and_links() -> None:
    prose = [FENCED.sub("", text) for text in (ENGLISH, CHINESE)]
    assert HEADING.findall(prose[0]) == HEADING.findall(prose[1])
    links = [set(re.findall(r"\]\(([^)]+)\)", text)) for text in prose]
    chinese = {link.replace("-zh.png", ".png") for link in links[1]}  # a picture in that language
    assert links[0] - {"README.zh-CN.md"} == chinese - {"README.md"}


def test_the_first_screen_runs_the_demo_and_shows_the_tree() -> None:
    first = "\n".join(ENGLISH.splitlines()[:60])
    for shown in ("mirror demo", "$ mirror import", "pytest", "└──"):
        assert shown in first


# ------------------------------------------------------------------------------------ sessions


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def session(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console, each with what it prints."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def test_the_sessions_print_what_is_shown(shell: Shell) -> None:
    blocks = [block for kind, block in FENCED.findall(ENGLISH) if kind == "console"]
    assert len(blocks) > 1
    for block in blocks:
        for command, shown in session(block):
            assert (command, shell.run(command)) == (command, shown)


def test_the_steps_to_receive_callbacks_work(shell: Shell) -> None:
    [(_, steps)] = [found for found in code(ENGLISH) if "mirror serve" in found[1]]
    *before, add, ticket, serve = steps
    for step in before:
        shell.run(step)
    url = shell.run(add).strip()
    assert re.fullmatch(
        re.escape("https://mirror.example.com/callback/studio/") + r"[\w-]{40,}", url
    )
    text = shell.run(ticket, URL=url)
    assert f"回调 URL：{url}" in text
    assert "12345" in text
    assert serve == "mirror serve"
    # Without the public URL, so that it says where it really listens.
    with Mirror(shell.folder).set(PUBLIC_URL="").serving() as server:
        assert server.post(b"{}", url) == 200


# ------------------------------------------------------------------------------------- queries


def rows(folder: Path, query: str) -> tuple[list[str], Rows]:
    """The names of a query's columns, and its rows."""
    with closing(sqlite3.connect(folder / "mirror.db")) as connection:
        cursor = connection.execute(query)
        return [column[0] for column in cursor.description], cursor.fetchall()


def as_table(query: str, folder: Path) -> str:
    """A query's answer as the README shows it."""
    names, found = rows(folder, query)
    lines = [names, ["---"] * len(names), *found]
    return "".join(
        f"| {' | '.join('' if cell is None else str(cell) for cell in line)} |\n" for line in lines
    )


def test_the_queries_have_the_answers_that_are_shown(shell: Shell) -> None:
    shell.run("mirror import tests/data/deliveries.jsonl")
    found = QUERY.findall(ENGLISH)
    assert len(found) == 3
    assert [as_table(query, shell.folder) for query, _ in found] == [answer for _, answer in found]


# ------------------------------------------------------------------ imported or posted, the same


def shown(folder: Path, view: str) -> tuple[list[str], Rows]:
    """The rows of a view, but for times, and for where a delivery came from."""
    names, found = rows(folder, f"SELECT * FROM {view}")  # noqa: S608 - a name of ours
    kept = [place for place, name in enumerate(names) if not re.search("_at$|^source$", name)]
    return [names[place] for place in kept], sorted(
        (tuple(row[place] for place in kept) for row in found), key=repr
    )


def test_posted_one_by_one_or_imported_the_rows_are_the_same(tmp_path: Path) -> None:
    folders = [tmp_path / "imported", tmp_path / "posted", tmp_path / "rebuilt"]
    for folder in folders:
        folder.mkdir()
    imported, posted, _ = map(Mirror, folders)
    imported.run("import", str(SAMPLES))
    with posted.serving() as server:
        assert {server.post(body) for body in SAMPLES.read_bytes().splitlines()} == {200}
        assert server.terminate() == 0  # once it has applied what it received
    posted.run("rebuild", "--into", f"sqlite:///{folders[2] / 'mirror.db'}")
    for view in QUERIES:
        for one, other in pairwise(folders):
            assert shown(one, view) == shown(other, view)
    assert len(shown(folders[0], "change_log")[1]) > 30
    for mirror in (imported, posted):
        assert mirror.json("verify")["differences"] == []
