"""What may go wrong with a call, planned beforehand: by count, by action, or by a seeded chance."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to go wrong; what is left alone goes right.

    It meets the next `calls` calls (None: all, until cleared) of `action` (None: of any), each with
    probability `share`. `wait_s` delays the answer. `code` is answered in place of it, such as
    `RequestLimitExceeded`. `body` may be `half` of the JSON, or `cut` off by a closed connection.
    `hang_up` closes it before any answer.
    """

    calls: int | None = 1
    action: str | None = None
    share: float = 1.0
    wait_s: float = 0.0
    code: str = ""
    status: int = 200
    content_type: str = "application/json"
    body: Literal["whole", "half", "cut"] = "whole"
    hang_up: bool = False


_NONE = Fault()


class Faults:
    """The plan. It may be changed at any time, from any thread; equal seeds and calls fail alike."""

    def __init__(self, seed: int = 1) -> None:
        self._random = Random(f"faults:{seed}")  # noqa: S311 - repeatable, not secret
        self._lock = Lock()
        self._plan: list[tuple[Fault, list[int]]] = []  # with how often each has struck

    def add(self, *faults: Fault) -> None:
        """Plan these behind what is planned. Of those that fit a call, the first one strikes."""
        with self._lock:
            self._plan += [(fault, [0]) for fault in faults]

    def clear(self) -> None:
        """From now on all goes right."""
        with self._lock:
            self._plan.clear()

    def take(self, action: str) -> Fault:
        """What goes wrong with the next call of `action`; perhaps nothing."""
        with self._lock:
            for fault, struck in self._plan:
                if fault.action not in (None, action) or struck[0] == fault.calls:
                    continue
                if fault.share < 1 and self._random.random() >= fault.share:
                    continue
                struck[0] += 1
                return fault
        return _NONE
