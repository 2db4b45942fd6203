"""Earlier states out of change rows: later changes taken back, or the first ones made again.

A change row holds changed fields only (see `mirror.core.changes`). Read newest first, what each row says of *before*
leads back to a moment ahead of them all; read oldest first, what each says of *after* leads up to one behind them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from mirror.core.model import LinkKind

Fields = dict[str, Any]
Op = Literal["insert", "update", "delete"]


class Sought:
    """What change rows of one thing tell of it at a moment.

    `told` is the side of a row that faces the moment: *before* for rows behind it, read newest first, and *after* for
    rows ahead of it, read oldest first.
    """

    __slots__ = ("fields", "whole")

    def __init__(self) -> None:
        """Start with no row."""
        self.fields: Fields | None = {}
        self.whole = False  # all of the thing is told, not only what changed

    def take(self, op: Op, told: Fields | None) -> None:
        """Go one row nearer to the moment."""
        if told is None or op != "update":
            self.fields, self.whole = told, True
        else:
            self.fields = {**(self.fields or {}), **told}

    def on(self, present: Fields | None) -> Fields | None:
        """Return its fields at the moment (None: it was not there), given what it is at the rows' other end."""
        if self.whole:
            return self.fields
        return None if present is None else {**present, **(self.fields or {})}


LinkId = tuple[LinkKind, int]
"""A link's kind and, of a placement, the class that it shows in; 0 for others."""


def seek_links(
    links: dict[LinkId, Fields], rows: Iterable[tuple[Op, Fields | None, Fields | None]]
) -> dict[LinkId, Fields]:
    """Return one material's links at a moment: `rows` are (op, told, the other side), nearest to `links` first.

    An update names no link. But only what a link points at can change, a placement always points at its own material,
    and a material has one link besides; where a placement's class stands is told by the class.
    """
    found = dict(links)
    for op, told, other in rows:
        if op == "update":
            pointing = {n: v for n, v in (told or {}).items() if n in _POINTING}
            for identity in [i for i in found if pointing and i[0] != "placement"]:
                found[identity] = {**found[identity], **pointing}
        elif told is not None:
            found[_link_id(told)] = told
        elif other is not None:
            found.pop(_link_id(other), None)
    return found


_POINTING = frozenset(
    {
        "target_material_id",
        "target_owner_type",
        "target_owner_id",
        "target_class_path",
        "status",
    }
)


def _link_id(fields: Fields) -> LinkId:
    return fields["kind"], fields.get("class_id") or 0


def differing(before: Fields, after: Fields, ignored: frozenset[str] = frozenset()) -> list[str]:
    """Return the names of the fields that differ; an empty list says as little as nothing."""
    return [
        name
        for name in {**before, **after}
        if name not in ignored and _plain(before.get(name)) != _plain(after.get(name))
    ]


def _plain(value: object) -> object:
    return None if isinstance(value, list | tuple) and not value else value
