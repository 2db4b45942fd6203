"""Runs what is measured: each time in a fresh process, variants in turn, so that none profits from another.

A variant is a function of plain arguments that returns plain facts; `MODULE:FUNCTION` names it. Its process is
`python -m tests.benchmarks.runner MODULE:FUNCTION`, arguments as JSON on standard input, facts as JSON on the last
line of standard output.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import copyfile, rmtree
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]

LONGEST = 3_600.0
"""Seconds after which something that is measured hangs."""

Facts = dict[str, Any]


class Call(NamedTuple):
    """A function to be run in a process of its own, and its arguments."""

    function: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much is measured. `quick` ones tell whether results are right, and nothing about speed."""

    rounds: int = 5
    materials: int = 1_000_000
    fewer_materials: int = 10_000
    deliveries: int = 1_000_000
    fewer_deliveries: int = 100_000
    moved: int = 100_000
    sustained_seconds: float = 600.0
    reading_seconds: float = 12.0
    rate: int = 4_000
    backlog: int = 120_000
    load_seconds: float = 2.0
    connections: tuple[int, ...] = (1, 4, 16, 64, 256)
    posts_a_second: int = 30_000


QUICK = Sizes(
    rounds=1,
    materials=600,
    fewer_materials=200,
    deliveries=1_000,
    fewer_deliveries=300,
    moved=300,
    sustained_seconds=0.5,
    reading_seconds=0.3,
    rate=200,
    backlog=400,
    load_seconds=0.3,
    connections=(8,),
    posts_a_second=2_000,
)


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks: how much, and where feeds and databases are kept meanwhile."""

    work: Path
    sizes: Sizes = field(default_factory=Sizes)
    quick: bool = False
    say: Callable[[str], None] = lambda _: None

    def resized(self, **sizes: Any) -> Bench:  # noqa: ANN401 - whatever Sizes has
        """The same with other sizes."""
        return replace(self, sizes=replace(self.sizes, **sizes))

    def turns(
        self, variants: Mapping[str, Call], rounds: int | None = None
    ) -> dict[str, list[Facts]]:
        """Runs all variants, one after the other, as often as there are rounds; what each returned."""
        found: dict[str, list[Facts]] = {name: [] for name in variants}
        for number in range(rounds or self.sizes.rounds):
            for name, call in variants.items():
                facts = self.once(call)
                found[name].append(facts)
                self.say(f"  round {number + 1}, {name}: {_brief(facts)}")
        return found

    def once(self, call: Call) -> Facts:
        """Runs one function in a process of its own; where nothing is timed, here: that saves the start."""
        return here(call) if self.quick else fresh(call)


def _brief(facts: Facts) -> str:
    shown = {name: value for name, value in facts.items() if isinstance(value, int | float)}
    return ", ".join(
        f"{name} {value:,.4g}" if isinstance(value, float) else f"{name} {value:,}"
        for name, value in shown.items()
    )


def fresh(call: Call) -> Facts:
    """Runs a function in a fresh process. Raises RuntimeError with what it said if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.runner", call.function],
        cwd=ROOT,
        env=environment(),
        input=json.dumps(dict(call.arguments)),
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    if done.returncode:
        raise RuntimeError(f"{call.function} failed:\n{done.stderr or done.stdout}")
    facts: Facts = json.loads(done.stdout.splitlines()[-1])
    return facts


def here(call: Call) -> Facts:
    """Runs a function in this process."""
    facts: Facts = _function(call.function)(**call.arguments)
    return facts


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def environment() -> dict[str, str]:
    """The environment of this process without mirror's settings, so that they don't decide a figure."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MIRROR_")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def medians(found: Sequence[Facts], name: str) -> float:
    """The median of one fact over the rounds."""
    return float(statistics.median(facts[name] for facts in found))


@contextmanager
def scratch(work: str | Path) -> Iterator[Path]:
    """A folder on the same disk as the work folder, gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir=work, prefix="run-"))
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


def copied(source: str | Path, folder: Path, name: str = "mirror.db") -> Path:
    """A database file of one's own, already written to disk: the copying is nobody's to pay."""
    target = folder / name
    copyfile(source, target)
    with target.open("rb+") as file:
        os.fsync(file.fileno())
    return target


def peak_memory() -> int:
    """The most memory this process ever held, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    """Is the fresh process."""
    function = _function(sys.argv[1])
    arguments = json.load(sys.stdin)
    gc.collect()
    print(json.dumps(function(**arguments)))


if __name__ == "__main__":
    main()
