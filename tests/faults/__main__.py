"""The random campaign as a command: `python -m tests.faults --seeds 200 --write`.

Prints its figures as JSON; with `--write` they go into docs/reliability.md as well.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from mirror.store import migrate
from mirror.store.engine import open_database
from tests.faults import campaign
from tests.faults.mirrors import make_template
from tests.faults.nursery import ROOT, Nursery
from tests.faults.verdict import Verdict, figures

DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- random kills: begin -->", "<!-- random kills: end -->"
COMMAND = "python -m tests.faults --seeds 200 --write"


def run(first: int, seeds: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Runs seeds from `first` on, until so many are done or so much time is over; their figures.

    What a seed with complaints left behind stays in the folder.
    """
    began = time.monotonic()
    verdicts: list[Verdict] = []
    killed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    amid = 0
    complaints: dict[int, list[str]] = {}
    with closing(open_database(f"sqlite:///{folder / 'migrated.db'}")) as database:
        migrate.upgrade(database)
    template = make_template(folder / "migrated.db", folder)
    with Nursery() as nursery:
        for seed in range(first, first + seeds):
            if time.monotonic() - began > seconds:
                break
            place = folder / str(seed)
            place.mkdir()
            done = campaign.run(seed, place, nursery, template, campaign.LONG)
            verdicts.append(done.verdict)
            killed += done.killed
            failed += done.failed
            amid += done.amid
            if done.verdict.complaints:
                complaints[seed] = [": ".join(one) for one in done.verdict.complaints]
            else:
                shutil.rmtree(place)
            if len(verdicts) % 10 == 0:
                print(f"{len(verdicts)} seeds, {figures(verdicts)}", file=sys.stderr, flush=True)
    return {
        "seeds": len(verdicts),
        "first_seed": first,
        "rounds": dict(sorted(killed.items())),
        "rounds_amid_traffic": amid,
        **figures(verdicts),
        "given_up": failed.total(),
        "given_up_by_statuses": dict(failed),
        "seconds": round(time.monotonic() - began),
        "complaints_by_seed": complaints,
    }


def table(made: dict[str, Any]) -> str:
    """The figures as the document has them."""
    rounds = ", ".join(f"{count} {name}" for name, count in made["rounds"].items())
    rows = {
        "seeds": f"{made['seeds']:,} ({made['first_seed']} and up)",
        "processes killed": f"{made['kills']:,}",
        "rounds, by who was killed first": rounds,
        "of these while bodies were being posted": f"{made['rounds_amid_traffic']:,}",
        "bodies sent": f"{made['sent']:,}",
        "bodies acknowledged": f"{made['acknowledged']:,}",
        "bodies given up after four attempts": f"{made['given_up']:,}",
        "deliveries in the journals": f"{made['journaled']:,}",
        "of these recognised as redeliveries": f"{made['redeliveries']:,}",
        "acknowledged and lost": f"{made['lost']:,}",
        "applied twice": f"{made['applied_twice']:,}",
        "complaints of any kind": f"{made['complaints']:,}",
        "time it took": f"{made['seconds']:,} s",
    }
    lines = [f"| {name} | {text} |" for name, text in rows.items()]
    return "\n".join([f"Made by `{COMMAND}`.", "", "| what | figure |", "|---|---|", *lines])


def write(text: str) -> None:
    """Puts the figures into the document."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Runs the campaign; 1 if there was any complaint."""
    parser = argparse.ArgumentParser(description="Kill mirrors at random, and judge what is left.")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1001)
    parser.add_argument("--seconds", type=float, default=600.0, help="begin no seed after these")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.name}, too")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mirror-faults-"))
    made = run(options.first, options.seeds, options.seconds, folder)
    print(json.dumps(made, indent=2))
    if made["complaints_by_seed"]:
        print(f"What is left of them is in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    if options.write:
        write(table(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
