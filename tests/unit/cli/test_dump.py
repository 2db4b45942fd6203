"""`mirror dump`: what is in a view comes out, harmless and whole, in constant memory."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mirror.cli import formats
from mirror.store import views
from mirror.store.engine import open_database
from mirror.store.queries import dump as dumps
from mirror.store.queries.dump import Column
from tests.support.processes import COMMAND, Mirror
from tests.unit.cli.conftest import Command

SAMPLES = Path(__file__).parents[2] / "data" / "deliveries.jsonl"
NASTY = [
    '=HYPERLINK("http://example.com","click")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1",
    "\x1b]0;owned\x07",
    "\u202egpj.exe",
    'quo"te, comma\nline',
    "混剪 素材",
    "plain",
    "",
]
BODY = (
    '{"EventType":"Storage.NewFileCreated","StorageNewFileCreatedEvent":{"FileId":"f%d","MaterialId":"m%02d",\
"Name":%s,"OperationType":"Upload","Owner":{"Type":"TEAM","Id":"=1+1"},"ClassPath":"/a"}}'
)
RENAME = (
    '{"EventType":"Material.Modified","MaterialModifiedEvent":{"MaterialId":"m%02d","Name":%s,'
    '"TagSet":["=tag","b"]}}'
)


@pytest.fixture
def sample(mirror: Command) -> Command:
    mirror("import", str(SAMPLES))
    return mirror


def parsed(printed: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(printed.decode("utf-8"), newline="")))


def lines(printed: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("view", views.QUERIES)
def test_every_view_is_dumped_alike_in_every_format(
    sample: Command, tmp_path: Path, view: str
) -> None:
    cells = parsed(sample.raw("dump", view))
    objects = lines(sample.raw("dump", view, "--format", "jsonl"))
    file = tmp_path / "rows.parquet"
    assert sample.raw("dump", view, "--output", str(file)) == b""
    table = pq.read_table(file)
    assert table.column_names == views.columns(view)
    assert len(cells) == len(objects) == table.num_rows
    for mine, theirs, typed in zip(cells, objects, table.to_pylist(), strict=True):
        assert list(mine) == list(theirs) == views.columns(view)
        for name, value in theirs.items():
            assert (mine[name] == "") == (
                value in {None, ""} if not isinstance(value, list | dict) else False
            )
            if isinstance(value, list | dict):
                assert json.loads(mine[name]) == json.loads(typed[name]) == value
            elif name.endswith("_at") and value is not None:
                assert mine[name] == value
                assert typed[name] == datetime.fromisoformat(value)
            else:
                assert typed[name] == value
                assert mine[name].lstrip("'") == ("" if value is None else _as_text(value))


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_a_time_is_in_utc_and_to_the_microsecond(sample: Command) -> None:
    [first, *_] = lines(sample.raw("dump", "delivery_log", "--format", "jsonl"))
    moment = datetime.fromisoformat(first["received_at"])
    assert moment.tzinfo == UTC
    assert len(first["received_at"]) == len("2026-01-31T23:59:59.000001Z")


@pytest.fixture
def nasty(mirror: Command, tmp_path: Path) -> Command:
    bodies = [BODY % (number, number, json.dumps(name)) for number, name in enumerate(NASTY)]
    bodies += [RENAME % (number, json.dumps(name)) for number, name in enumerate(NASTY)]
    file = tmp_path / "nasty.jsonl"
    file.write_text("\n".join(bodies) + "\n")
    mirror("import", str(file))
    return mirror


def test_no_cell_of_csv_is_a_formula_and_none_moves_a_terminal(nasty: Command) -> None:
    printed = nasty.raw("dump", "media_tree")
    rows = parsed(printed)
    assert len(rows) == len(NASTY)
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip(" ").startswith(formats.FORMULA)
    assert set(printed.decode()) & {"\x1b", "\x07", "\u202e", "\t"} == set()
    assert printed.count(b"\r\n") == printed.count(b"\n") == len(NASTY) + 1
    names = {row["material_id"]: row["name"] for row in rows}
    assert names["m01"] == "'+1+1"
    assert names["m08"] == "\\x1b]0;owned\\x07"
    assert names["m10"] == 'quo"te, comma\\x0aline'
    assert names["m11"] == "混剪 素材"
    assert {row["owner_id"] for row in rows} == {"'=1+1"}


def test_json_lines_and_parquet_hold_exactly_what_there_is(nasty: Command, tmp_path: Path) -> None:
    printed = nasty.raw("dump", "media_tree", "--format", "jsonl")
    assert set(printed.decode()) & {"\x1b", "\x07", "\u202e", "\r", "\t"} == set()
    names = {row["material_id"]: row["name"] for row in lines(printed)}
    known = {f"m{number:02}": name for number, name in enumerate(NASTY)}
    nasty.raw("dump", "media_tree", "--output", str(tmp_path / "x.parquet"))
    typed = pq.read_table(tmp_path / "x.parquet").to_pylist()
    assert {row["material_id"]: row["name"] for row in typed} == names
    assert {key: name for key, name in names.items() if name} == {
        key: name for key, name in known.items() if name
    }


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("", '""'),
        (-5, "-5"),
        (-0.5, "-0.5"),
        (True, "true"),
        ("-5", '"\'-5"'),
        ('"', '""""'),
        ("a,b", '"a,b"'),
        ("\x00", '"\\x00"'),
    ],
)
def test_a_cell(value: object, cell: str) -> None:
    column = Column("x", "boolean" if isinstance(value, bool) else "text")
    assert list(formats.csv([column], [[value]]))[1] == f"{cell}\r\n".encode()


def test_numbers_of_sqlite_become_truth_values() -> None:
    columns = [Column("x", "boolean")]
    assert b"".join(formats.csv(columns, [[1], [0], [None]])) == b"x\r\ntrue\r\nfalse\r\n\r\n"
    assert list(formats.jsonl(columns, [[1], [None]])) == [b'{"x": true}\n', b'{"x": null}\n']


def test_a_wrong_name_is_told_with_the_one_that_was_meant(mirror: Command) -> None:
    mirror("dump", "media_trees", code=2)
    assert "Did you mean 'media_tree'?" in mirror.error
    mirror("dump", "xyzzy", code=2)
    assert "There are class_tree, media_tree" in mirror.error
    mirror("dump", "journal", code=2)
    mirror("dump", "callback_tokens", code=2)


def test_a_platform_that_does_not_exist_leaves_no_file(mirror: Command, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    mirror("dump", "media_tree", "--platform", "x", "--output", str(tmp_path / "a.csv"), code=2)
    left = {path.name for path in set(tmp_path.iterdir()) - before}
    assert {name for name in left if "a.csv" in name} == set()


def test_a_folder_that_does_not_exist_is_told(mirror: Command, tmp_path: Path) -> None:
    mirror("dump", "media_tree", "--output", str(tmp_path / "no" / "a.csv"), code=2)
    assert "cannot be written: No such file or directory." in mirror.error


def test_a_file_is_replaced_as_a_whole_and_may_be_read_by_others(
    sample: Command, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("old")
    sample.raw("dump", "media_files", "--output", str(file))
    assert lines(file.read_bytes()) == lines(
        sample.raw("dump", "media_files", "--format", "jsonl", "--output", "-")
    )
    assert not list(tmp_path.glob(".a.jsonl*"))
    mask = os.umask(0)
    os.umask(mask)
    assert file.stat().st_mode & 0o777 == 0o666 & ~mask


def test_parquet_without_pyarrow_says_what_to_install(
    mirror: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    mirror("dump", "media_tree", "--output", str(tmp_path / "a.parquet"), code=2)
    assert "pip install 'cme-mirror[parquet]'" in mirror.error
    assert not (tmp_path / "a.parquet").exists()


def test_whoever_stops_reading_ends_it_quietly(sample: Command, tmp_path: Path) -> None:
    big = filled(tmp_path / "big.db", 20_000)
    command = [*COMMAND, "dump", "change_log", "--database", big]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=Mirror(tmp_path).environ
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b"platform,seq")
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    process.wait(20)
    assert b"Traceback" not in error


def filled(path: Path, count: int) -> str:
    """The URL of a database with so many changes of as many deliveries that were never received."""
    url = f"sqlite:///{path}"
    Mirror(path.parent).run("database", "upgrade", "--database", url)
    database = open_database(url)
    with database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO changes (platform, generation, seq, ordinal, entity, key, op, before, after)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " SELECT 'default', generation, i, 1, 'material', 'm' || i, 'insert', NULL,"
            " json_object('name', 'a name of some length ' || i) FROM n, platforms",
            (count,),
        )
    database.close()
    return url


def peak(arguments: Sequence[str], folder: Path) -> int:
    """Kilobytes that a command had at most."""
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen([*COMMAND, *arguments], stdout=out, env=Mirror(folder).environ)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """Databases with few and many rows."""
    folder = tmp_path_factory.mktemp("sizes")
    return {count: filled(folder / f"{count}.db", count) for count in (10_000, 100_000)}


@pytest.mark.parametrize("style", ["csv", "jsonl", "parquet"])
def test_many_rows_take_no_more_memory_than_some(
    sizes: dict[int, str], tmp_path: Path, style: str
) -> None:
    used = []
    for count, url in sizes.items():
        arguments = ["dump", "change_log", "--database", url, "--format", style]
        used.append(peak(arguments, tmp_path))
        if style != "parquet":
            assert (tmp_path / "out").read_bytes().count(b"\n") == count + (style == "csv")
    # 90,000 rows would take well over 60 MB as objects.
    assert used[1] - used[0] < 30_000, used


def test_every_view_has_an_order_that_leaves_no_two_rows_equal(sample: Command) -> None:
    assert list(dumps.ORDER) == list(views.QUERIES)
    for view, keys in dumps.ORDER.items():
        rows = lines(sample.raw("dump", view, "--format", "jsonl"))
        found = [tuple(json.dumps(row[key]) for key in keys) for row in rows]
        assert len(set(found)) == len(found), view
