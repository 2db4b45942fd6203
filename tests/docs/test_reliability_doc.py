"""docs/reliability.md carries figures that its command made, and small runs of it keep the promises."""

import re
from pathlib import Path

import pytest

from tests.benchmarks import reliability
from tests.benchmarks.reliability import LOSSES, WAYS
from tests.faults import __main__ as faults
from tests.faults.controls import CONTROLS

TEXT = reliability.DOCUMENT.read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """The table beneath a heading, its head first."""
    section = text.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line
    ]


def generated(text: str = TEXT) -> str:
    assert text.count(reliability.BEGIN) == text.count(reliability.END) == 1
    return text.partition(reliability.BEGIN)[2].partition(reliability.END)[0]


def share(cell: str) -> float:
    assert re.fullmatch(r"\d+\.\d{3}%", cell), cell
    return float(cell[:-1])


def check(text: str, *, rarely: float) -> None:
    """The structure of both tables, and what must hold of any run. `rarely` is in percent."""
    head, *trust = rows(text, "Without reconciliation")
    assert head[3:6] == ["right", "wrong, in doubt", "wrong, not in doubt"]
    assert [row[:2] for row in trust] == [[f"{loss:.0%}", w.name] for loss in LOSSES for w in WAYS]
    for row in trust:
        right, doubted, undoubted, naive = map(share, row[3:])
        assert right + doubted + undoubted == pytest.approx(100, abs=0.01)
        assert undoubted <= naive + rarely
        if row[0] == "0%":
            assert undoubted <= rarely
            assert doubted <= naive + rarely
    assert trust[0][3:] == ["100.000%", "0.000%", "0.000%", "0.000%"]
    _, *costs = rows(text, "Putting it right")
    assert [row[0] for row in costs] == [f"{loss:.0%}" for loss in LOSSES]
    assert all(row[-1] == "0" for row in costs)
    assert all(1 <= float(row[7]) < 3 for row in costs)


def test_the_figures_in_the_document_keep_the_promises() -> None:
    assert f"`{reliability.COMMAND}`" in generated()
    check(generated(), rarely=0.05)


def test_a_small_run_keeps_the_promises() -> None:
    text = reliability.report(400, [5])
    assert reliability.COMMAND in text
    check(text, rarely=0.5)


def test_writing_replaces_the_generated_part_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "reliability.md"
    copy.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(reliability, "DOCUMENT", copy)
    reliability.write("new figures")
    written = copy.read_text(encoding="utf-8")
    assert generated(written) == "\nnew figures\n"
    assert written.replace("\nnew figures\n", generated()) == TEXT


def killed() -> dict[str, str]:
    """The figures of random kills, by their names."""
    assert TEXT.count(faults.BEGIN) == TEXT.count(faults.END) == 1
    block = TEXT.partition(faults.BEGIN)[2].partition(faults.END)[0]
    assert f"`{faults.COMMAND}`" in block
    lines = [line.strip("|").split("|") for line in block.splitlines() if line.startswith("| ")]
    return {name.strip(): figure.strip() for name, figure in lines}


def number(text: str) -> int:
    return int(text.partition(" ")[0].replace(",", ""))


def test_random_kills_lost_nothing_and_applied_nothing_twice() -> None:
    found = killed()
    assert number(found["seeds"]) >= 200
    assert number(found["processes killed"]) >= 500
    assert number(found["bodies acknowledged"]) >= 10_000
    assert number(found["of these recognised as redeliveries"]) > 0
    for name in ("acknowledged and lost", "applied twice", "complaints of any kind"):
        assert found[name] == "0"


def test_the_figures_of_random_kills_are_told_by_the_names_that_the_document_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = dict.fromkeys(("kills", "sent", "acknowledged", "journaled", "redeliveries"), 1_000)
    zeros = ("lost", "applied_twice", "complaints", "rounds_amid_traffic", "given_up")
    counts |= dict.fromkeys(zeros, 0)
    made = {
        "seeds": 3,
        "first_seed": 7,
        "rounds": {"both": 2, "applier": 1},
        "seconds": 9,
        **counts,
    }
    copy = tmp_path / "reliability.md"
    copy.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(faults, "DOCUMENT", copy)
    faults.write(faults.table(made))
    written = copy.read_text(encoding="utf-8")
    assert "| bodies acknowledged | 1,000 |" in written
    assert "2 both, 1 applier" in written
    names = re.findall(r"^\| ([^|]+) \|", faults.table(made), re.MULTILINE)
    assert names == list(killed())
    assert written.partition(faults.BEGIN)[0] == TEXT.partition(faults.BEGIN)[0]
    assert written.partition(faults.END)[2] == TEXT.partition(faults.END)[2]


def test_every_test_that_the_document_names_is_one() -> None:
    root = reliability.DOCUMENT.parents[1]
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    files = (root / "tests").rglob("test_*.py")
    defined = {
        name
        for file in files
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named
    assert named - defined == set()


def test_every_mistake_made_on_purpose_is_in_the_document() -> None:
    assert "makes five mistakes" in TEXT
    assert len(CONTROLS) == 5


def test_the_document_speaks_of_files_that_exist() -> None:
    root = reliability.DOCUMENT.parents[1]
    named = re.findall(r"`((?:tests|mirror|docs)/[\w./]+)`", TEXT)
    assert named
    assert [path for path in named if not (root / path).exists()] == []
