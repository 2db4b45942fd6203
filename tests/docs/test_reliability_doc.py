"""docs/reliability.md carries figures that its command made, and small runs of it keep the promises."""

import re
from pathlib import Path

import pytest

from tests.benchmarks import reliability
from tests.benchmarks.reliability import LOSSES, WAYS

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


def test_the_document_speaks_of_files_that_exist() -> None:
    root = reliability.DOCUMENT.parents[1]
    named = re.findall(r"`((?:tests|mirror|docs)/[\w./]+)`", TEXT)
    assert named
    assert [path for path in named if not (root / path).exists()] == []
