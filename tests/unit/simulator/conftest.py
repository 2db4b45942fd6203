"""A small platform with one person and one team, and a look into what it emitted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mirror.platform.simulator import Owner, Platform

if TYPE_CHECKING:
    from collections.abc import Callable

Said = list[tuple[str, Any]]


@pytest.fixture
def platform() -> Platform:
    return Platform(1, persons=1, teams=1)


@pytest.fixture
def person(platform: Platform) -> Owner:
    return platform.owners()[0]


@pytest.fixture
def team(platform: Platform) -> Owner:
    return platform.owners()[1]


@pytest.fixture
def said(platform: Platform) -> Callable[[], Said]:
    """What was emitted since last asked: event types and payloads."""

    def drained() -> Said:
        bodies = [json.loads(callback.body) for callback in platform.drain()]
        return [(body["EventType"], list(body.values())[2]) for body in bodies]

    return drained
