"""Collecting garbage less often: a working set is large, lives long, and holds hardly a cycle."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (50_000, 50, 100)


def settle_in() -> None:
    """For a process that does nothing else."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


@contextmanager
def calm() -> Iterator[None]:
    """While a long computation runs; afterwards all is as it was."""
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
