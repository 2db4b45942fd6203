"""What a change did, field by field, as people read it: its place in one, and no ids of classes."""

from __future__ import annotations

from typing import Any

from mirror.core.secrets import mask_addresses
from mirror.store.queries.deliveries import Changed

Fields = dict[str, Any]

_PLACE = ("owner_type", "owner_id", "class_path")
_INNER = frozenset({*_PLACE, "class_id", "parent_id", "last_owner_type", "last_owner_id"})


def told(change: Changed) -> tuple[Fields, Fields]:
    """What the fields were, and what they are now; those of a deleted thing are all None now."""
    was, now = _shown(change.before), _shown(change.after)
    names = [*now, *(name for name in was if name not in now)]
    return was, {name: now.get(name) for name in names}


def _shown(side: Fields | None) -> Fields:
    if not side:
        return {}
    place = {"place": _place(side)} if side.get("class_path") else {}
    rest = {name: _text(value) for name, value in side.items() if name not in _INNER}
    return place | rest


def _place(side: Fields) -> str:
    owner = f"{side['owner_type']}:{side['owner_id']} " if side.get("owner_type") else ""
    return f"{owner}{side['class_path']}"


def _text(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, list):
        return ", ".join(map(str, value))
    # What a task says went wrong is free text; all else was masked when it was written.
    return mask_addresses(value) if isinstance(value, str) else value
