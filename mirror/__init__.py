"""Keeps a queryable, provable copy of a Tencent Cloud CME media library, made from its callbacks.

`open` gives a `Mirror`; docs/library.md shows how to use it. Names are loaded when they are first
asked for, so that `import mirror` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirror.api import Mirror, as_datetime
    from mirror.api import open_mirror as open  # noqa: A004 - as in `mirror.open`
    from mirror.core.model import Doubt, File, Link, Owner, Place, Seq
    from mirror.core.rules import Rules
    from mirror.errors import FeedReset, MirrorError
    from mirror.store.feed import Change, Position
    from mirror.store.past import Past
    from mirror.store.queries import (
        Branch,
        Counts,
        Happening,
        History,
        Medium,
        NetChange,
        OwnerRow,
        Progress,
        Status,
    )
    from mirror.store.queries.material import Material
    from mirror.sync.rebuild import RebuildReport
    from mirror.sync.verify import Difference

__all__ = [
    "Branch",
    "Change",
    "Counts",
    "Difference",
    "Doubt",
    "FeedReset",
    "File",
    "Happening",
    "History",
    "Link",
    "Material",
    "Medium",
    "Mirror",
    "MirrorError",
    "NetChange",
    "Owner",
    "OwnerRow",
    "Past",
    "Place",
    "Position",
    "Progress",
    "RebuildReport",
    "Rules",
    "Seq",
    "Status",
    "as_datetime",
    "open",
]

_HOMES = {
    "mirror.api": ("Mirror", "as_datetime"),
    "mirror.core.model": ("Doubt", "File", "Link", "Owner", "Place", "Seq"),
    "mirror.core.rules": ("Rules",),
    "mirror.errors": ("FeedReset", "MirrorError"),
    "mirror.store.feed": ("Change", "Position"),
    "mirror.store.past": ("Past",),
    "mirror.store.queries": (
        *("Branch", "Counts", "Happening", "History", "Medium", "NetChange", "OwnerRow"),
        *("Progress", "Status"),
    ),
    "mirror.store.queries.material": ("Material",),
    "mirror.sync.rebuild": ("RebuildReport",),
    "mirror.sync.verify": ("Difference",),
}
_PLACES = {name: (module, name) for module, names in _HOMES.items() for name in names}
_PLACES["open"] = ("mirror.api", "open_mirror")

if not TYPE_CHECKING:  # a type checker would believe that every name exists

    def __getattr__(name: str) -> object:
        """Loads a public name, once."""
        if name not in _PLACES:
            raise AttributeError(f"module 'mirror' has no attribute {name!r}")
        module, inside = _PLACES[name]
        found = globals()[name] = getattr(import_module(module), inside)
        return found

    def __dir__() -> list[str]:
        """Lists the public names, loaded or not."""
        return sorted({*globals(), *__all__})
