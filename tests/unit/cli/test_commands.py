"""What commands print, for people and as JSON, and what they end with."""

import json
import os
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mirror.core.decode import EVENT_TYPES
from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.store import journal, sqlite
from mirror.store.engine import Database, open_database
from mirror.store.journal import Arrival
from mirror.sync import settle
from mirror.sync.apply import Applier, apply_all
from mirror.sync.beside import ApplierThread
from mirror.sync.lock import ServeLock
from tests.unit.cli.conftest import Command

NEW_YEAR = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
TEAM = '"Owner":{"Type":"TEAM","Id":"t"}'


def created(path: str) -> bytes:
    return (
        f'{{"EventType":"Class.Created","ClassCreatedEvent":{{{TEAM},"ClassPath":"{path}"}}}}'
    ).encode()


def added(material: str, path: str) -> bytes:
    return (
        f'{{"EventType":"Material.Added","MaterialAddedEvent":'
        f'{{{TEAM},"MaterialIdSet":["{material}"],"ClassPath":"{path}"}}}}'
    ).encode()


@contextmanager
def opened() -> Iterator[Database]:
    with closing(open_database("sqlite:///mirror.db")) as database:
        yield database


def receive(mirror: Command, *bodies: bytes, apply: bool = True) -> None:
    """Puts deliveries into the journal, a minute apart, and applies them."""
    mirror("status")  # makes the database
    with opened() as database:
        with database.write() as connection:
            head = journal.head(connection, "default")
            arrivals = [
                Arrival(body, Micros(NEW_YEAR + (head + place) * 60_000_000))
                for place, body in enumerate(bodies)
            ]
            journal.append(connection, "default", arrivals)
        if apply:
            apply_all(Applier(database, "default", Rules()))


# ---------------------------------------------------------------------------------- in general


def test_help_names_every_command(mirror: Command) -> None:
    shown = mirror("--help")
    for name in ("demo", "serve", "platform", "import", "export", "rebuild", "verify", "tree"):
        assert re.search(rf"^  {name} ", shown, re.MULTILINE)
    for command in ("serve", "import", "platform add", "database upgrade"):
        assert "--database" in mirror(*command.split(), "--help")


@pytest.mark.parametrize(
    "arguments", ["bogus", "serve --bogus", "show", "show x", "log --limit -1"]
)
def test_a_wrong_command_line_ends_with_2(mirror: Command, arguments: str) -> None:
    mirror(*arguments.split(), code=2)
    assert "Error" in mirror.error


def test_bad_settings_end_with_2_in_one_line(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRROR_PORT", "http")
    monkeypatch.setenv("MIRROR_RETRY_WINDOW", "soon")
    mirror("status", code=2)
    assert mirror.error.startswith("mirror: MIRROR_PORT 'http' is no port")
    assert "MIRROR_RETRY_WINDOW" in mirror.error
    assert mirror.error.count("\n") == 1


def test_a_misspelt_setting_is_pointed_out(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRROR_DATABSE", "sqlite:///other.db")
    mirror("status")
    assert "did you mean MIRROR_DATABASE?" in mirror.error


@pytest.mark.parametrize(
    ("url", "code"),
    [("oracle://x", 2), ("sqlite:///no/such/folder/mirror.db", 3), ("mirror.db", 2)],
)
def test_a_database_that_cannot_be_meant_or_reached_ends_with_2_or_3(
    mirror: Command, url: str, code: int
) -> None:
    mirror("status", f"--database={url}", code=code)
    assert mirror.error.startswith("mirror: ")
    assert mirror.error.count("\n") == 1


def test_an_unknown_platform_ends_with_2(mirror: Command) -> None:
    for command in (["tree"], ["log"], ["show", "1"], ["status"], ["export"], ["verify"]):
        mirror(*command, "--platform=nobody", code=2)
        assert "There is no platform 'nobody'" in mirror.error


def test_an_empty_mirror_says_so(mirror: Command) -> None:
    assert mirror("tree") == "Platform 'default' has no classes yet.\n"
    assert mirror("log") == "No deliveries.\n"
    assert mirror("export") == ""
    assert "nothing differs" in mirror("verify")
    assert mirror.json("tree") == []
    assert Path("mirror.db").exists()


# -------------------------------------------------------------------------------------- looks


def test_the_tree_is_drawn(mirror: Command) -> None:
    receive(mirror, created("/素材/视频/NBA"), added("m1", "/素材/视频"), added("m2", "/a"))
    assert mirror("tree").splitlines() == [
        "TEAM:t /  +2 beneath",
        "├── a  1  in doubt",
        "└── 素材  +1 beneath",
        "    └── 视频  1",
        "        └── NBA",
    ]
    assert mirror("tree", "/素材", "--depth=1", "--media=5").splitlines() == [
        "TEAM:t 素材  +1 beneath",
        "└── 视频  1",
        "    └── m1",
    ]
    branches = mirror.json("tree", "--owner=TEAM:t")
    assert [(row["class_path"], row["material_count"]) for row in branches] == [
        ("/", 0),
        ("/a", 1),
        ("/素材", 0),
        ("/素材/视频", 1),
        ("/素材/视频/NBA", 0),
    ]


def test_the_tree_of_an_earlier_moment_is_drawn(mirror: Command) -> None:
    receive(mirror, created("/a"), created("/b"), created("/c"))
    for at, count in (
        ("1", 1),
        ("2", 2),
        ("2026-01-01T00:01:30Z", 2),
        ("2026-01-01T08:00+08:00", 1),
    ):
        paths = [row["class_path"] for row in mirror.json("tree", f"--at={at}")]
        assert paths == ["/", "/a", "/b", "/c"][: count + 1]
    for at in ("0", "4", "2025-12-31", "2999-01-01", "yesterday"):
        mirror("tree", f"--at={at}", code=2)


@pytest.mark.parametrize("arguments", ["/nowhere", "--owner=TEAM:x", "--owner=TEAM", "--depth=-1"])
def test_a_tree_that_is_not_there_ends_with_2(mirror: Command, arguments: str) -> None:
    receive(mirror, created("/a"))
    mirror("tree", arguments, code=2)


EVIL = "\x1b[2J[bold]\u202egnp.exe\u2066\x9b"


def test_names_can_do_nothing_to_a_terminal(mirror: Command) -> None:
    receive(mirror, created("/" + EVIL.replace("\x1b", "\\u001b")), added("m\u202e1", "/x"))
    for arguments in (["tree"], ["tree", "--media=3"], ["show", "1"], ["show", "2"]):
        shown = mirror(*arguments)
        assert not set("\x1b\x9b\u202e\u2066") & set(shown)
    assert "\\x1b[2J[bold]\\u202egnp.exe\\u2066\\x9b" in mirror("tree")
    printed = mirror.raw("tree", "--json").decode()
    assert not set("\x1b\x9b\u202e\u2066") & set(printed)
    assert json.loads(printed)[1]["name"] == EVIL


def test_the_log_lists_deliveries_newest_last(mirror: Command) -> None:
    receive(mirror, created("/a"), b"no json", created("/b"))
    receive(mirror, created("/c"), apply=False)
    lines = mirror("log").splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4"]
    assert "applied" in lines[0]
    assert "quarantined" in lines[1]
    assert "pending" in lines[3]
    assert mirror("log", "-n", "2").splitlines() == lines[2:]
    assert mirror("log", "--outcome=quarantined").splitlines() == lines[1:2]
    assert mirror("log", "--type=class.created", "-n1").splitlines() == lines[2:3]
    first = json.loads(mirror("log", "--json").splitlines()[0])
    assert (first["seq"], first["outcome"]) == (1, "applied")
    assert first["received_at"] == "2026-01-01T00:00:00.000000Z"
    mirror("log", "--outcome=lost", code=2)
    assert "quarantined" in mirror.error


def test_one_delivery_is_shown_with_what_it_changed(mirror: Command) -> None:
    receive(mirror, created("/a"), b"\xff")
    shown = mirror("show", "1")
    assert "insert  class 2" in shown
    assert '"ClassPath": "/a"' in shown
    found = mirror.json("show", "1")
    assert found["body"] == created("/a").decode()
    assert [change["op"] for change in found["changes"]] == ["insert", "insert"]
    assert mirror.json("show", "2")["body_base64"] == "/w=="
    assert "b'\\xff'" in mirror("show", "2")
    mirror("show", "3", code=2)
    assert "no delivery 3" in mirror.error


def test_the_status_tells_what_should_be_seen_to(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(mirror, created("/a"), added("m1", "/b"), b"no json")
    shown = mirror("status")
    assert "3, 3 applied" in shown
    assert "inferred-class 1" in shown
    assert "Material.Moved" in shown
    (found,) = mirror.json("status")["platforms"]
    assert (found["head_seq"], found["lag"], found["quarantined"]) == (3, 0, 1)
    assert found["doubts"] == {"inferred-class": 1}
    assert found["last_received_at"] == "2026-01-01T00:02:00.000000Z"
    assert len(found["never_received"]) == 11
    assert found["outdated_rules"] is False
    monkeypatch.setenv("MIRROR_REORDER_HORIZON", "5m")
    assert "mirror rebuild" in mirror("status")


# ---------------------------------------------------------------------------------- platforms


def test_a_platform_is_added_and_its_url_shown_once(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRROR_PUBLIC_URL", "https://mirror.example.com/")
    shown = mirror.json("platform", "add", "studio", "--platform-id=1400000001")
    assert shown["name"] == "studio"
    assert shown["callback_path"].startswith("/callback/studio/")
    assert shown["callback_url"] == "https://mirror.example.com" + shown["callback_path"]
    token = shown["callback_path"].rpartition("/")[2]
    assert token.encode() not in Path("mirror.db").read_bytes()
    mirror("platform", "add", "studio", code=2)
    mirror("platform", "add", "Studio!", code=2)
    rotated = mirror("platform", "rotate", "studio")
    assert rotated.startswith("https://mirror.example.com/callback/studio/")
    default, studio = mirror.json("platform", "list")
    assert (default["name"], default["tokens"]) == ("default", [])
    assert studio["platform_id"] == "1400000001"
    assert [token["last_used_at"] for token in studio["tokens"]] == [None, None]
    assert "1 older token ended" in mirror("platform", "revoke", "studio")
    mirror("platform", "revoke", "studio", code=2)
    assert mirror("platform", "list").count("never") == 1
    mirror("platform", "remove", "studio")
    assert "removed" in mirror("platform", "list")
    mirror("platform", "rotate", "studio", code=2)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:9"),
        ("0.0.0.0", "http://127.0.0.1:9"),  # noqa: S104 - what people write
        ("::1", "http://[::1]:9"),
    ],
)
def test_without_a_public_url_the_own_address_is_shown(
    mirror: Command, monkeypatch: pytest.MonkeyPatch, host: str, expected: str
) -> None:
    monkeypatch.setenv("MIRROR_HOST", host)
    monkeypatch.setenv("MIRROR_PORT", "9")
    assert mirror("platform", "rotate", "default").startswith(f"{expected}/callback/default/")
    assert "MIRROR_PUBLIC_URL" in mirror.error


def test_the_ticket_asks_for_every_event_type(mirror: Command) -> None:
    ticket = mirror("platform", "ticket", "default")
    assert all(name in ticket for name in EVENT_TYPES)
    assert "13 种" in ticket
    assert "<回调 URL>" in ticket
    assert "rotate default" in mirror.error
    filled = mirror.json("platform", "ticket", "default", "--url=https://m.example.com/callback/x")
    assert "https://m.example.com/callback/x" in filled["text"]
    assert mirror.error == ""


# ------------------------------------------------------------------------------------ archives


def test_an_import_names_what_it_could_not_take(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRROR_MAX_BODY_BYTES", "200")
    Path("a.jsonl").write_bytes(created("/a") + b"\n\nno json\n" + b"x" * 201 + b"\n")
    shown = mirror("import", "a.jsonl")
    assert shown.splitlines() == [
        "a.jsonl: appended 2 deliveries as 1 to 2.",
        "a.jsonl: 1 empty lines were skipped.",
    ]
    assert "a.jsonl line 3: delivery 2 is quarantined: " in mirror.error
    assert "a.jsonl line 4: above MAX_BODY_BYTES, refused." in mirror.error
    assert "imported before" in mirror("import", "a.jsonl")
    (report,) = mirror.json("import", "a.jsonl", "--again")["files"]
    assert (report["appended"], report["first_seq"]) == (2, 3)
    assert (report["too_long"], report["too_long_lines"]) == (1, [4])
    assert report["quarantined_lines"][0]["line"] == 3
    (status,) = mirror.json("status")["platforms"]
    assert (status["applied_seq"], status["quarantined"]) == (4, 2)
    mirror("import", "b.jsonl", code=2)
    assert mirror.error == "mirror: b.jsonl could not be read: No such file or directory.\n"


def test_an_import_that_is_interrupted_says_how_to_go_on(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    Path("a.jsonl").write_bytes(created("/a"))
    monkeypatch.setattr("mirror.cli.archive.import_file", interrupt)
    mirror("import", "a.jsonl", code=130)
    assert "the same command goes on" in mirror.error


def test_an_export_gives_back_what_was_imported(mirror: Command) -> None:
    lines = b"".join(created(f"/{n}") + b"\n" for n in range(5))
    Path("a.jsonl").write_bytes(lines + b"\n".join([b"no json", b"[1]"]))
    mirror("import", "a.jsonl")
    assert mirror.raw("export") == lines + b"[1]\n"
    assert "skipped 1 bodies" in mirror.error
    assert mirror.raw("export", "--from=2", "--to=3") == b"".join(
        lines.splitlines(keepends=True)[1:3]
    )


def test_an_export_with_envelopes_becomes_the_same_journal_elsewhere(mirror: Command) -> None:
    receive(mirror, created("/a"), b"no json", b"\xff\n")
    mirror("platform", "add", "studio")
    Path("a.jsonl").write_bytes(created("/s"))
    mirror("import", "a.jsonl", "--platform=studio")
    there = "--database=sqlite:///there.db"
    for platform in ("default", "studio"):
        envelopes = mirror.raw("export", "--envelope", f"--platform={platform}")
        Path("journal.jsonl").write_bytes(envelopes)
        (report,) = mirror.json("import", "journal.jsonl", there)["files"]
        assert (report["restored"], report["platform"]) == (True, platform)
        assert mirror.raw("export", "--envelope", f"--platform={platform}", there) == envelopes
        assert "nothing differs" in mirror("verify", there, f"--platform={platform}")
    mirror("import", "journal.jsonl", code=2)
    assert "holds 1 deliveries already" in mirror.error
    mirror("import", "journal.jsonl", "--platform=default", code=2)
    assert "cannot be restored into 'default'" in mirror.error


def test_an_import_beside_a_server_waits_for_its_applier(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.jsonl").write_bytes(created("/a") + b"\n" + created("/b"))
    mirror("status")
    with opened() as database, ServeLock(database.url, database.name):
        keeper = ApplierThread(database, Rules())
        keeper.start()
        mirror("import", "a.jsonl")
        (status,) = mirror.json("status")["platforms"]
        assert status["applied_seq"] == 2
        assert keeper.stop(10)
        monkeypatch.setattr(settle, "STALLED", 0.1)
        Path("b.jsonl").write_bytes(created("/c"))
        mirror("import", "b.jsonl", code=3)
        assert "has applied nothing" in mirror.error


def test_with_an_unsound_library_nothing_is_written_beside_a_server(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror("status")
    with opened() as database, ServeLock(database.url, database.name):
        monkeypatch.setattr(sqlite, "is_sound", lambda _: False)
        mirror("platform", "rotate", "default", code=3)
        assert "no second process should write" in mirror.error
        assert "can, rarely, corrupt" in mirror.json("status")["warnings"][0]


# -------------------------------------------------------------------------------------- proofs


def test_a_rebuild_gives_the_same_state(mirror: Command) -> None:
    receive(mirror, created("/a"), added("m1", "/a"), created("/b"))
    before = mirror.json("tree")
    assert "rebuilt from 3 deliveries" in mirror("rebuild")
    assert mirror.json("tree") == before
    assert mirror.json("rebuild")["deliveries"] == 3
    assert mirror.json("verify") == {"platform": "default", "deliveries": 3, "differences": []}


def test_a_rebuild_into_another_database_may_end_earlier(mirror: Command) -> None:
    receive(mirror, created("/a"), created("/b"), created("/c"))
    mirror("rebuild", "--until=2", code=2)
    assert "--into" in mirror.error
    assert mirror.json("rebuild", "--until=2026-01-01T00:01", "--into=sqlite:///two.db")["seq"] == 2
    paths = [row["class_path"] for row in mirror.json("tree", "--database=sqlite:///two.db")]
    assert paths == ["/", "/a", "/b"]
    mirror("rebuild", "--into=sqlite:///two.db", code=2)
    assert "not empty" in mirror.error


def test_a_changed_state_is_found_and_ends_with_1(mirror: Command) -> None:
    receive(mirror, created("/a"), added("m1", "/a"))
    with closing(sqlite3.connect("mirror.db")) as raw, raw:
        raw.execute("UPDATE materials SET name = 'changed'")
    shown = mirror("verify", code=1)
    assert "name is 'changed'" in shown
    assert "mirror rebuild" in shown
    (found,) = mirror.json("verify", code=1)["differences"]
    assert found["kind"] == "state"
    mirror("rebuild")
    mirror("verify")


def test_the_schema_is_told_and_brought_up_to_date(mirror: Command) -> None:
    mirror("database", "current", code=3)
    assert "does not exist" in mirror.error
    assert mirror.json("database", "upgrade")["changed"] is True
    assert mirror.json("database", "upgrade")["changed"] is False
    found = mirror.json("database", "current")
    assert found["revision"] == found["needed"]
    with closing(sqlite3.connect("mirror.db")) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (["status"], ["platform", "list"], ["database", "upgrade"]):
        mirror(*command, code=3)
        assert "9999" in mirror.error


# --------------------------------------------------------------------------------------- other


def test_a_server_that_cannot_listen_says_so(mirror: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        mirror("serve", f"--port={taken.getsockname()[1]}", code=2)
    assert "Cannot listen on 127.0.0.1 port" in mirror.error
    mirror("serve", "--host=no.such.host.invalid", code=2)
    assert "--host" in mirror.error


def test_a_read_database_is_where_reads_go(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(mirror, created("/a"))
    monkeypatch.setenv("MIRROR_READ_DATABASE", "sqlite:///mirror.db")
    monkeypatch.setenv("MIRROR_DATABASE", "sqlite:///other.db")
    assert len(mirror.json("tree")) == 2
    assert mirror.json("tree", "--database=sqlite:///other.db") == []


def test_a_pipe_is_read_once_and_said_to_be_unresumable(mirror: Command) -> None:
    mirror("status")
    os.mkfifo("pipe")

    def feed() -> None:
        with Path("pipe").open("wb") as pipe:
            pipe.write(created("/a") + b"\n" + created("/b"))

    feeder = threading.Thread(target=feed)
    feeder.start()
    shown = mirror("import", "pipe")
    feeder.join()
    assert "appended 2 deliveries" in shown
    assert "pipe cannot be resumed" in mirror.error


def test_following_ends_well_when_interrupted(
    mirror: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(mirror, created("/a"))
    bodies = [created("/b")]

    def sleep(_: float) -> None:
        if not bodies:
            raise KeyboardInterrupt
        with opened() as database:
            with database.write() as connection:
                journal.append(connection, "default", [Arrival(bodies.pop(), Micros(NEW_YEAR))])
            apply_all(Applier(database, "default", Rules()))

    monkeypatch.setattr(time, "sleep", sleep)
    shown = mirror("log", "--follow", "--json")
    assert [json.loads(line)["seq"] for line in shown.splitlines()] == [1, 2]
