"""What names a moment of the past on a command line, and how a change reads."""

from __future__ import annotations

from mirror import values
from mirror.cli.deliveries import fields
from mirror.core.model import Micros, Seq
from mirror.errors import ConfigurationError
from mirror.store.engine import Connection, Database
from mirror.store.queries.past import seq_at

Fields = dict[str, object]

_PLACE = ("owner_type", "owner_id", "class_path")
_INNER = frozenset({*_PLACE, "class_id", "parent_id"})


def moment(database: Database, connection: Connection, platform: str, text: str) -> Seq:
    """The delivery that a SEQ or a TIME means: that one, or the last at or before then.

    Raises ConfigurationError, and NotFound for a time to come or before the first delivery.
    """
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
        return Seq(int(text))
    try:
        time = Micros(values.moment(text))
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no delivery's number, and {error}.") from None
    return seq_at(connection, platform, time, database.now(connection))


_DIGITS = 18


def told(before: Fields | None, after: Fields | None) -> str:
    """A change as people read it: its place in one, and no ids of classes."""
    parts = [_place(before), _place(after)]
    was, now = (_without(side) for side in (before, after))
    shown = fields(was if before is not None else None, now if after is not None else None)
    place = " → ".join(part for part in dict.fromkeys(parts) if part)
    return ", ".join(part for part in (place, shown) if part)


def _place(side: Fields | None) -> str:
    if side is None or side.get("class_path") is None:
        return ""
    owner = f"{side['owner_type']}:{side['owner_id']} " if side.get("owner_type") else ""
    return f"{owner}{side['class_path']}"


def _without(side: Fields | None) -> Fields:
    return {name: value for name, value in (side or {}).items() if name not in _INNER}
