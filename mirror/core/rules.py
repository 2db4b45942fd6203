"""The parameters of the transition rules, and the version that state is stamped with."""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct

from mirror.core.paths import DEFAULT_PRESETS

VERSION = 1
"""Raised whenever a transition decides differently than before: state made by another version is rebuilt."""

MINUTE = 60_000_000


class Rules(Struct, frozen=True):
    """What a fold depends on besides the journal.

    `horizon`: microseconds of logical time within which late deliveries are expected.
    `presets`: paths of the classes that every owner has without any event.
    """

    horizon: int = 10 * MINUTE
    presets: tuple[str, ...] = DEFAULT_PRESETS

    @property
    def stamp(self) -> str:
        """Name version and parameters; two states of one journal with equal stamps are equal."""
        presets = sha256("\n".join(self.presets).encode()).hexdigest()[:12]
        return f"rules={VERSION} horizon_us={self.horizon} presets={presets}"
