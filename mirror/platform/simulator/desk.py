"""How random work finds something to work on, and how far it may let the platform grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirror.platform.simulator import names
from mirror.platform.simulator.model import PRESET_CLASSES, Refused
from mirror.platform.simulator.tree import segments

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from mirror.platform.simulator.model import Owner, Project
    from mirror.platform.simulator.platform import Platform

TRIES: Final = 12
# How often a destination is anywhere, not near.
STRAY: Final = 0.15


@dataclass(frozen=True, slots=True)
class Limits:
    """How far random work lets the platform grow; None is no limit.

    `classes` are those beside roots and presets, `together` the materials handled by one
    operation, `copied` those of one copied or cleared class.
    """

    classes: int = 400
    depth: int = 6
    materials: int | None = None
    projects: int = 24
    together: int = 5
    copied: int = 100


class Desk:
    """Picks places, media and projects by the seeded `random`; raises `Refused` if none fits."""

    def __init__(
        self,
        platform: Platform,
        random: Random,
        limits: Limits,
        *,
        cross_owner: bool,
        presets: bool,
    ) -> None:
        """Work on `platform`.

        `cross_owner` lets things go from one owner to another; `presets` lets preset classes be
        moved and deleted.
        """
        self._platform = platform
        self._random = random
        self._limits = limits
        self._cross_owner = cross_owner
        self._presets = presets

    # Finding something to work on.

    def _somewhere(self) -> tuple[Owner, str]:
        return self._platform.any_class(self._random)

    def _elsewhere(self, owner: Owner) -> tuple[Owner, str]:
        """A destination: mostly the same owner's."""
        if self._cross_owner and self._random.random() < STRAY:
            return self._somewhere()
        return self._platform.any_class(self._random, owner)

    def _room(self) -> tuple[Owner, str, str, str]:
        """A place, name and kind for a new material."""
        self._check_growth(1)
        kind = self._random.choice(names.KINDS)
        return *self._somewhere(), names.media_name(self._random, kind), kind

    def _check_growth(self, materials: int) -> None:
        most = self._limits.materials
        if most is not None and self._platform.count()[1] + materials > most:
            raise Refused("state", "There are as many materials as this work may make.")

    def made_classes(self) -> int:
        """How many classes there are beside each owner's root and presets."""
        given = len(self._platform.owners()) * (1 + len(PRESET_CLASSES))
        return self._platform.count()[0] - given

    def _check_classes(self, more: int) -> None:
        if self.made_classes() + more > self._limits.classes:
            raise Refused("state", "There are as many classes as this work may make.")

    def _check_depth(self, path: str, levels: int) -> None:
        if len(segments(path)) + levels > self._limits.depth:
            raise Refused("state", "Classes are as deep as this work may make them.")

    def _movable(self) -> tuple[Owner, str]:
        """A class that may be moved or deleted."""
        for _ in range(TRIES):
            owner, path = self._somewhere()
            if self._may_go(owner, path):
                return owner, path
        raise Refused("not-found", "Found no class that may go.")

    def _may_go(self, owner: Owner, path: str) -> bool:
        # A preset below that was never named would move without a receiver's knowledge: drift by
        # specification, which a workload makes only where it says so.
        if path == "/" or (path in PRESET_CLASSES and not self._presets):
            return False
        return not self._platform.hides_presets(owner, path)

    def _with_project(self, act: Callable[[Project], object]) -> None:
        """Try the act on some projects until it suits one."""
        for _ in range(TRIES):
            project = self._platform.any_project(self._random)
            try:
                act(project)
            except Refused:
                continue
            return
        raise Refused("state", "Found no project that this suits.")


def below(path: str, name: str) -> str:
    """The path of a name in a class."""
    return f"{path.rstrip('/')}/{name}"
