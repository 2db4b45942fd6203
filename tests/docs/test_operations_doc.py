"""docs/operations.md: backups restore, status lines and log messages are those of the program."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer

from mirror.cli import app
from tests.benchmarks import growth
from tests.support.processes import ROOT, Mirror
from tests.support.shell import Shell

TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SAMPLES = (ROOT / "tests" / "data" / "deliveries.jsonl").read_bytes().splitlines()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def section(heading: str) -> str:
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def first_column(text: str) -> list[str]:
    """The first cells of the tables in a text, without their heads."""
    cells = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    return cells[1:]


def test_a_backup_taken_beside_a_server_restores_and_is_proven(shell: Shell) -> None:
    export, copy = BLOCK.findall(section("Backup"))
    with Mirror(shell.folder).serving() as server:
        assert {server.post(body) for body in [*SAMPLES, b"no json", b"\xff\n"]} == {200}
        shell.run(export)
        shell.run(copy)
        assert server.terminate() == 0
    [restore] = BLOCK.findall(section("Restore"))
    shell.run(restore)
    same = "SELECT seq, received_at, source, hex(body), hex(digest) FROM journal ORDER BY seq"
    assert shell.rows("restored.db", same) == shell.rows("mirror.db", same)
    assert shell.rows("copy.db", same) == shell.rows("mirror.db", same)


def test_a_copy_of_the_database_takes_the_place_of_a_lost_one(shell: Shell) -> None:
    shell.run("mirror import tests/data/deliveries.jsonl")
    shell.run(BLOCK.findall(section("Backup"))[1])
    before = shell.run("mirror tree")
    for lost in shell.folder.glob("mirror.db*"):
        lost.unlink()
    shutil.move(shell.folder / "copy.db", shell.folder / "mirror.db")
    assert shell.run("mirror tree") == before
    shell.run("mirror verify")


def test_tokens_change_as_told(shell: Shell) -> None:
    [add] = BLOCK.findall(section("Platforms, URLs and tokens"))
    old = shell.run(add).split()[0]
    with Mirror(shell.folder).serving() as server:
        new = shell.run("mirror platform rotate studio").strip()
        assert (server.post(b"{}", old), server.post(b"{}", new)) == (200, 200)
        shell.run("mirror platform revoke studio")
        assert (server.post(b"{}", old), server.post(b"{}", new)) == (404, 200)


def test_every_line_of_a_status_is_told_and_no_other(shell: Shell) -> None:
    printed = shell.run("mirror status")
    lines = re.findall(r"^  +([a-z ]{1,15}?)  +\S|^  +(last reconciled) ", printed, re.MULTILINE)
    labels = [one or other for one, other in lines]
    told = re.findall(r"`([^`]+)`", " ".join(first_column(section("What mirror status says"))))
    assert sorted(told) == sorted({*labels, "unrecognised"})


def test_every_message_that_is_told_is_in_the_code() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "mirror").rglob("*.py"))
    told = first_column(section("What the log says"))
    assert len(told) > 3
    for messages in told:
        for message in messages.split(", "):
            assert message in code


# ------------------------------------------------------------------ every command that is told


def commands_told() -> list[str]:
    """Every `mirror …` of the text, in blocks and in sentences."""
    blocks = re.findall(r"^```(?:sh|text)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    sentences = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    lines += re.findall(r"`([^`]+)`", sentences)
    found = [re.search(r"(?:^|mirror/bin/|exec mirror )(mirror [a-z].*)", line) for line in lines]
    return sorted({match[1].split(" | ")[0].split(" #")[0].strip() for match in found if match})


@pytest.mark.parametrize("line", commands_told())
def test_a_command_that_is_told_exists_with_its_options(line: str) -> None:
    _, *words = shlex.split(line)
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if words[:1] == ["…"] or not words:
        return
    assert not hasattr(command, "commands"), f"{line}: no such command"
    options = {spelling for parameter in command.params for spelling in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_there_are_many_commands_to_check() -> None:
    assert len(commands_told()) > 25
    assert "mirror status" in commands_told()


def test_what_the_log_is_said_to_tell_in_alerts_is_in_the_code() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "mirror").rglob("*.py"))
    alerts = section("Alerts")
    told = {
        "Refused callbacks",
        "Could not apply",
        "The applier ended by itself",
        "Reconciliation paused",
        "The disk is nearly full: the reserve is left free.",
        "callbacks wait to be written already",
        "The database failed; the server has to be started again",
        "The schema changed",
    }
    for sentence in told:
        assert sentence in re.sub(r"\s+", " ", alerts), sentence
        assert sentence in code, sentence


def test_the_growth_that_is_told_is_what_the_command_measures(tmp_path: Path) -> None:
    told = [
        int(text.replace(",", ""))
        for text in re.findall(r"^\| ([\d,]+) \| the ", TEXT, re.MULTILINE)
    ]
    body, journal, together = told
    found = growth.measure(3_000, tmp_path)
    # So few deliveries are another mixture, and pages are half full; it must not be another order of size.
    assert found.body == pytest.approx(body, rel=0.3)
    assert found.journal == pytest.approx(journal, rel=0.3)
    assert found.together == pytest.approx(together, rel=0.5)
    a_day = 86_400 * together
    assert f"{a_day / 1e6:.0f} MB" in TEXT
    assert f"{a_day * 365 / 1e9:.0f} GB" in TEXT
