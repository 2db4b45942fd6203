"""Under what conditions something was measured: figures of different ones say little about each other."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mirror.store import sqlite
from tests.benchmarks.runner import ROOT, Bench


def conditions(bench: Bench) -> dict[str, Any]:
    """Machine, software and sizes, as plain values."""
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "file_system": _file_system(bench.work),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite.library().sqlite_version,
        "load_average": list(os.getloadavg()),
        "quick": bench.quick,
        "sizes": asdict(bench.sizes),
    }


def revision() -> str:
    """The commit that is checked out, and whether files of mirror differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--", "mirror", "migrations")
    return f"{head} with changes" if changed else head


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _file_system(folder: Path) -> str:
    """The type of the file system that a folder is on, where the system tells."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    place = folder.resolve()
    above = [mount for mount in mounts if place.is_relative_to(mount[1])]
    return max(above, key=lambda mount: len(mount[1]))[2] if above else "unknown"
