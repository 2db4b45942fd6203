"""Measures how fast mirror is, each thing beside its floor.

python -m tests.benchmarks                       everything; about 40 minutes on a quiet machine
python -m tests.benchmarks --rows rebuild        one row; --list names them
python -m tests.benchmarks --quick               small sizes, in seconds: are the results right?
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.conditions import conditions
from tests.benchmarks.report import Figure, Part, Point, Run
from tests.benchmarks.rows import ROWS
from tests.benchmarks.runner import QUICK, Bench, Sizes


def main(arguments: list[str] | None = None) -> None:
    """Is the command."""
    options = parser().parse_args(arguments)
    if options.list:
        for name, row in ROWS.items():
            print(f"{name:12} {(row.__doc__ or '').splitlines()[0]}")
        return
    with ExitStack() as stack:
        work = options.work
        if work is None:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mirror-bench-")))
        work.mkdir(parents=True, exist_ok=True)
        given = {name: getattr(options, name) for name in SIZES}
        bench = Bench(
            work.resolve(), QUICK if options.quick else Sizes(), quick=options.quick, say=_say
        ).resized(**{name: value for name, value in given.items() if value is not None})
        part = measured(bench, options.rows)
    _tell(part)
    if options.json:
        merged = options.merge and options.json.exists()
        run = report.read(options.json) if merged else Run(parts=[])
        report.write(run.with_part(part), options.json)


def measured(bench: Bench, rows: list[str]) -> Part:
    """Measures the rows of those names, all without one."""
    under, began = conditions(bench), time.monotonic()
    figures: list[Figure] = []
    points: list[Point] = []
    for name in rows or ROWS:
        start = time.monotonic()
        _say(f"{name} …")
        for found in ROWS[name].measure(bench):
            if isinstance(found, Point):
                points.append(found)
            else:
                figures.append(found)
        _say(f"{name}: {time.monotonic() - start:.0f} s")
    under["load_average_after"] = list(os.getloadavg())
    under["seconds"] = round(time.monotonic() - began)
    return Part(conditions=under, figures=figures, points=points)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _tell(part: Part) -> None:
    print(report.text_table(part.figures))
    print()
    if part.conditions["quick"]:
        print("The results are right. Sizes were too small for the figures to mean anything.")
    for name, value in part.conditions.items():
        print(f"{name}: {value}")


SIZES = {
    "rounds": (int, "how often each variant runs"),
    "deliveries": (int, "deliveries of a rebuild"),
    "fewer_deliveries": (int, "deliveries of a small one"),
    "materials": (int, "materials of a large library"),
    "fewer_materials": (int, "materials of a small one"),
    "sustained_seconds": (float, "seconds of sustained load"),
    "reading_seconds": (float, "seconds of it with a reader, and without"),
    "backlog": (int, "deliveries of a backlog that drains"),
    "moved": (int, "materials in the class that is moved"),
    "rate": (int, "callbacks a second that are offered then"),
    "load_seconds": (float, "seconds of each load on the callback route"),
}


def _rows(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in ROWS]:
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}; --list names them")
    return names


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    made = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--list", action="store_true", help="name the rows and end")
    made.add_argument(
        "--rows",
        type=_rows,
        default=[],
        metavar="NAME,…",
        help="these rows only",
    )
    made.add_argument("--quick", action="store_true", help="small sizes, one round")
    made.add_argument(
        "--work", type=Path, metavar="DIR", help="keep feeds and libraries here for the next run"
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    made.add_argument(
        "--merge", action="store_true", help="keep what FILE has of rows that were not measured"
    )
    for name, (kind, text) in SIZES.items():
        made.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=text)
    return made


if __name__ == "__main__":
    main()
