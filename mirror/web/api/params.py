"""The query of a request becomes a struct of parameters, or the reason why it cannot.

The struct says everything: names, types, bounds and descriptions. OpenAPI is written from it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from mirror.core import paths
from mirror.core.model import Micros, Owner, Seq
from mirror.web.problems import Problem

P = TypeVar("P", bound=Struct)
LARGEST_PAGE = 500

_TEXT = r"^[^\x00]*$"  # what no engine can store is nowhere

Text = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=_TEXT)]
PlatformName = Annotated[
    Text, Meta(description="The platform. Without it `default`, or the only one.")
]
OwnerText = Annotated[
    str,
    Meta(
        pattern=r"^[^:\x00]+:[^\x00]+$",
        max_length=600,
        description="Of this owner, as `TYPE:ID`.",
        examples=["TEAM:cmetid_1"],
    ),
]
PathText = Annotated[
    str,
    Meta(pattern=_TEXT, max_length=2_000, description="At this class path, and beneath it."),
]
AtText = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]{1,18}|[0-9]{4}-[^\x00]{1,60})$",
        description="As it was after a delivery (its seq), or at a time (ISO 8601; UTC unless it "
        "says otherwise). Without it, as it is.",
        examples=["4812", "2026-03-01T09:30:00Z"],
    ),
]
SinceText = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]{1,18}|[0-9]{4}-[^\x00]{1,60})$",
        description="Only what came after a delivery (its seq) or a time (ISO 8601; UTC unless it "
        "says otherwise).",
    ),
]
Limit = Annotated[
    int, Meta(ge=1, le=LARGEST_PAGE, description="How many items a page holds, at most.")
]
Cursor = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]+$",
        max_length=8_000,
        description="`next` of the page before; with the same filters.",
    ),
]
Depth = Annotated[int, Meta(ge=0, le=1_000, description="So many levels below `class_path`.")]


class OfPlatform(Struct, frozen=True, kw_only=True):
    """Every read is of one platform."""

    platform: PlatformName | None = None


class Paged(OfPlatform, frozen=True, kw_only=True):
    """A list."""

    limit: Limit = 100
    cursor: Cursor | None = None


class PagedAt(Paged, frozen=True, kw_only=True):
    """A list that can be seen as it was."""

    at: AtText | None = None


def parse(kind: type[P], given: Iterable[tuple[str, str]]) -> P:
    """The parameters. Raises Problem 400 for an unknown one, a bad value, or one too many."""
    many = repeatable(kind)
    names = kind.__struct_fields__
    values: dict[str, Any] = {}
    for name, text in given:
        if name not in names:
            raise _unknown(name, names)
        if name in many:
            values.setdefault(name, []).append(text)
        elif name in values:
            raise _bad(name, "it is given more than once")
        else:
            values[name] = text
    try:
        found = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        name = re.split(r"[.\[`]", place)[0]
        raise _bad(name, reason[:1].lower() + reason[1:]) from None
    for name, value in values.items():
        if getattr(found, name) is None:  # what is left out is not said by a word
            raise _bad(name, f"{value!r} is no value; leave it out")
    return found


@cache
def repeatable(kind: type[Struct]) -> frozenset[str]:
    """The parameters that may be given more than once."""
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101 - that is what it is
    return frozenset(field.name for field in info.fields if _is_many(field.type))


def _is_many(kind: msgspec.inspect.Type) -> bool:
    bare = kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
    return isinstance(bare, msgspec.inspect.VarTupleType)


def _unknown(name: str, names: tuple[str, ...]) -> Problem:
    near = difflib.get_close_matches(name, names, 1, 0.5)
    known = ", ".join(names) or "none"
    return Problem(
        400,
        f"There is no parameter {name!r} here.",
        code="unknown_parameter",
        parameter=name,
        next=f"Did you mean {near[0]}?" if near else f"There are: {known}.",
    )


def _bad(name: str, reason: str, follow: str | None = None) -> Problem:
    return Problem(
        400,
        f"Parameter {name!r} cannot be used: {reason}.",
        code="bad_parameter",
        parameter=name,
        next=follow,
    )


def owner_of(text: str | None) -> Owner | None:
    """The owner that TYPE:ID means."""
    if text is None:
        return None
    kind, _, identity = text.partition(":")
    return Owner(kind.upper(), identity)


def path_of(text: str | None) -> str:
    """A class path; the root where none is given."""
    return paths.ROOT if text is None else paths.normalise(text)


def seq_of(text: str) -> Seq | None:
    """The seq that a moment is told by; None if it is told by a time."""
    return Seq(int(text)) if text.isascii() and text.isdigit() else None


def time_of(name: str, text: str) -> Micros:
    """The time that a moment is told by. Raises Problem 400."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise _bad(
            name,
            f"{text!r} is neither a delivery's seq nor a time",
            "A time is written like 2026-03-01T09:30:00Z.",
        ) from None
    since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return Micros((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def bad_cursor() -> Problem:
    """Somebody made it up, or changed the filters."""
    return _bad(
        "cursor",
        "it is not one that this list gave out for these filters",
        "Begin without it.",
    )
