"""docs/performance.md shows what a run measured, and its commands are those of the code."""

import re
import shlex

import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks import document, profiles, report
from tests.benchmarks.document import DATA, DOCUMENT, IMAGES
from tests.benchmarks.rows import ROWS

TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_run() -> None:
    before, between, after = document.parts_of(TEXT)
    run = report.read(DATA)
    assert between == document.generated(run), f"Run `python -m {document.__name__}`."
    assert not any(mark in before + after for mark in (document.BEGIN, document.END))


def test_the_charts_are_those_of_the_run() -> None:
    drawn = document.images(report.read(DATA))
    assert set(drawn) == {f"{name}.svg" for name in re.findall(r"images/(\w+)\.svg", TEXT)}
    for name, text in drawn.items():
        assert (IMAGES / name).read_text() == text, f"Run `python -m {document.__name__}`."


def test_the_run_is_a_whole_one() -> None:
    run = report.read(DATA)
    assert {row for part in run.parts for row in part.rows} == set(ROWS)
    assert not any(part.conditions["quick"] for part in run.parts)


def test_every_row_is_described() -> None:
    assert re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE) == list(ROWS)


@pytest.mark.parametrize("line", re.findall(r"^python -m .*$", TEXT, re.MULTILINE))
def test_a_command_is_one_that_the_code_takes(line: str) -> None:
    _, _, module, *arguments = shlex.split(line)
    match module:
        case "tests.benchmarks":
            assert vars(command.parser().parse_args(arguments))
        case "tests.benchmarks.profiles":
            assert vars(profiles.parser().parse_args(arguments))
        case _:
            assert (module, arguments) == (document.__name__, [])


def test_every_option_named_exists() -> None:
    known = command.parser().format_help()
    named = set(re.findall(r"`(--[a-z-]+)", TEXT)) - {"--help"}
    assert len(named) >= 5
    assert {option for option in named if option not in known} == set()
