"""Random work on a platform: lifelike in its proportions, and repeatable for a seed."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Final

from mirror.platform.simulator.class_work import ClassWork
from mirror.platform.simulator.desk import Limits
from mirror.platform.simulator.media_work import MediaWork
from mirror.platform.simulator.model import Refused
from mirror.platform.simulator.project_work import ProjectWork

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mirror.platform.simulator.platform import Platform

# How often each operation is chosen. Creating a project is silent, too, but does no harm: a mirror
# hears of the project when it does something.
LIFELIKE: Final[dict[str, int]] = {
    "upload": 300,
    "pull_upload": 40,
    "import_media": 40,
    "import_files": 10,
    "export": 50,
    "export_failing": 5,
    "live_clip": 40,
    "live_record": 20,
    "copy_material": 40,
    "link_material": 15,
    "link_class": 5,
    "move_materials": 150,
    "modify": 120,
    "delete_materials": 60,
    "create_class": 30,
    "rename_class": 20,
    "nest_class": 20,
    "nest_several": 4,
    "clear_class": 8,
    "delete_classes": 14,
    "create_project": 5,
    "start": 12,
    "stop": 10,
    "interrupt": 8,
    "set_part": 15,
    "recycle": 1,
}
# What no callback tells, or not all of it. With these a mirror drifts by specification.
SILENT: Final[dict[str, int]] = {
    "copy_directory": 4,
    "delete_vod_file": 6,
    "clear_tags": 6,
    "rename_preset_tag": 1,
    "rename_project": 2,
    "copy_project": 1,
    "add_project_media": 4,
    "delete_project": 2,
    "recover": 3,
}
_PATIENCE: Final = 500
_FILLING: Final[dict[str, int]] = {
    "upload": 80,
    "import_media": 10,
    "copy_material": 5,
    "link_material": 2,
    "link_class": 1,
    "modify": 20,
    "create_project": 1,
}


class _Team(MediaWork, ClassWork, ProjectWork):
    """Can do all of it."""


class Workload:
    """Performs operations one at a time; `done` counts them by name."""

    def __init__(
        self,
        platform: Platform,
        seed: int = 1,
        mix: Mapping[str, int] | None = None,
        *,
        silent: bool = False,
        cross_owner: bool = True,
        presets: bool = False,
        limits: Limits | None = None,
    ) -> None:
        """Prepare work on `platform`.

        `mix` is the weight of each operation by its name, by default `LIFELIKE`, with `SILENT` if
        `silent`. `cross_owner` lets media and classes go to other owners, `presets` lets preset
        classes be moved and deleted. `limits` bounds what the work makes. Raises `ValueError` for
        an unknown name.
        """
        self.done: Counter[str] = Counter()
        self._platform = platform
        self._random = Random(f"workload:{seed}")  # noqa: S311 - lifelike work, not secrets
        self._limits = limits or Limits()
        self._team = _Team(
            platform, self._random, self._limits, cross_owner=cross_owner, presets=presets
        )
        weights = mix if mix is not None else LIFELIKE | SILENT if silent else LIFELIKE
        self._draw = self._drawing(weights)
        self._people = [*(o.id for o in platform.owners() if o.type == "PERSON"), "cmeid_system"]

    def step(self) -> str:
        """Perform exactly one operation; returns its name."""
        return self._perform(self._draw)

    def run(self, n: int) -> Counter[str]:
        """Perform `n` operations; returns how many of each."""
        return Counter(self.step() for _ in range(n))

    def bootstrap(self, n_materials: int) -> None:
        """Fill the library to `n_materials` without a callback: what was there before."""
        create = self._drawing({"create_class": 1})
        fill = self._drawing(_FILLING)
        with self._platform.muted():
            # Half of the classes allowed, so that the work afterwards can make some, too.
            for _ in range(min(self._limits.classes // 2, n_materials // 5)):
                self._perform(create)
            while self._platform.count()[1] < n_materials:
                self._perform(fill)

    def _perform(self, draw: Callable[[], str]) -> str:
        self._platform.operator = self._random.choice(self._people)
        for _ in range(_PATIENCE):
            name = draw()
            try:
                getattr(self._team, name)()
            except Refused:
                continue
            self.done[name] += 1
            return name
        raise Refused("state", "Found nothing to do: the mix or the limits allow too little.")

    def _drawing(self, mix: Mapping[str, int]) -> Callable[[], str]:
        for name in mix:
            if name not in LIFELIKE and name not in SILENT:
                raise ValueError(name)
        names, weights = list(mix), list(accumulate(mix.values()))
        return lambda: self._random.choices(names, cum_weights=weights)[0]
