"""Reads single fields of a payload: a value that the mirror can store, or `FieldError`.

Null is the same as absent. Text holds no U+0000; the parser shows lone surrogates as that. An id is
a non-empty string of at most 255 bytes in UTF-8; a JSON integer that is not negative stands for the
id that its decimal text is, and `1.0` for the whole number 1. Nothing else is converted.
Reasons name the field and what was found there, never its content: it may be a secret, or long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias, TypeVar

from mirror.core import paths
from mirror.core.model import Owner, Place
from mirror.errors import MirrorError

Record: TypeAlias = dict[str, object]
"""A JSON object as the parser gives it."""

_Part = TypeVar("_Part")

ID_BYTES = 255
PATH_BYTES = paths.MAX_BYTES
TAG_BYTES = 2_000  # a tag is part of a key, beside two ids
NOT_STORABLE = "contains U+0000 or a lone surrogate"
INT64 = 1 << 63

_TOO_LARGE = 10**ID_BYTES  # its decimal text
_SHORT_ID = ID_BYTES // 4  # so many characters fit, whatever they are
_SHORT_PATH = (PATH_BYTES - 1) // 4  # and a leading slash
_OWNER_TYPES = {"PERSON": "PERSON", "TEAM": "TEAM", "PESRON": "PERSON", "PERESON": "PERSON"}


class FieldError(MirrorError):
    """A field that cannot be used: where it is and what is wrong. Ends as a quarantine reason."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field = field
        self.problem = problem

    def within(self, record: str) -> FieldError:
        """Return the same error as seen from the record that holds the field's record."""
        return FieldError(f"{record}.{self.field}", self.problem)

    def __str__(self) -> str:
        return f"{self.field} {self.problem}"


def kind(value: object) -> str:
    """Return what JSON calls `value`."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def missing(record: Record, field: str) -> FieldError:
    """Return the error about a field that its rule needs."""
    return FieldError(field, "is null" if field in record else "is missing")


def wrong_kind(field: str, wanted: str, value: object) -> FieldError:
    """Return the error about a field of another type than `wanted`."""
    return FieldError(field, f"is not {wanted} but {kind(value)}")


def storable(value: str, field: str, limit: int | None = None) -> str:
    """Return `value`, which is storable and, if `limit` is given, has no more bytes in UTF-8."""
    if "\0" in value:
        raise FieldError(field, NOT_STORABLE)
    if limit is not None and 4 * len(value) > limit and (size := len(value.encode())) > limit:
        raise FieldError(field, f"has {size} bytes, more than {limit}")
    return value


def as_id(value: object, field: str) -> str:
    """Return `value` as an id."""
    if type(value) is int and 0 <= value < _TOO_LARGE:
        return str(value)
    if type(value) is not str:
        raise wrong_kind(field, "a string", value)
    if not value:
        raise FieldError(field, "is empty")
    return storable(value, field, ID_BYTES)


def need_id(record: Record, field: str) -> str:
    """Return the id that `field` holds."""
    value = record.get(field)
    if type(value) is str and 0 < len(value) <= _SHORT_ID and "\0" not in value:
        return value
    if value is None:
        raise missing(record, field)
    return as_id(value, field)


def id_or_none(record: Record, field: str) -> str | None:
    """Return the id that `field` holds, None if it is absent or empty."""
    value = record.get(field)
    return None if value is None or value == "" else as_id(value, field)


def need_text(record: Record, field: str, limit: int | None = None) -> str:
    """Return the non-empty text that `field` holds."""
    text = text_or_none(record, field, limit)
    if text is None:
        raise missing(record, field) if record.get(field) is None else FieldError(field, "is empty")
    return text


def text_or_none(record: Record, field: str, limit: int | None = None) -> str | None:
    """Return the text that `field` holds, None if it is absent or empty."""
    value = record.get(field)
    if value is None or value == "":
        return None
    if type(value) is not str:
        raise wrong_kind(field, "a string", value)
    return storable(value, field, limit)


def need_owner(record: Record, field: str) -> Owner:
    """Return the owner that `field` holds, its type in upper case and in its proper spelling."""
    value = record.get(field)
    if type(value) is not dict:
        raise missing(record, field) if value is None else wrong_kind(field, "an object", value)
    try:
        given = value.get("Type")
        kind_of_owner = _OWNER_TYPES.get(given) if type(given) is str else None
        return Owner(kind_of_owner or _owner_type(value), need_id(value, "Id"))
    except FieldError as error:
        raise error.within(field) from None


def _owner_type(record: Record) -> str:
    upper = need_text(record, "Type", ID_BYTES).upper()
    return storable(_OWNER_TYPES.get(upper, upper), "Type", ID_BYTES)


def as_path(value: object, field: str) -> str:
    """Return `value` as a normalised class path."""
    if type(value) is not str:
        raise wrong_kind(field, "a string", value)
    if len(value) > _SHORT_PATH:
        while "//" in value:
            value = value.replace("//", "/")
        storable("/" + value.strip("/"), field, PATH_BYTES)
    elif "\0" in value:
        raise FieldError(field, NOT_STORABLE)
    return paths.normalise(value)


def class_path(record: Record, field: str) -> str:
    """Return the class path that `field` holds; absent, it is the root."""
    value = record.get(field)
    return paths.ROOT if value is None else as_path(value, field)


def place(record: Record, owner: str = "Owner", path: str = "ClassPath") -> Place:
    """Return the place that the fields `owner` and `path` hold."""
    return Place(need_owner(record, owner), class_path(record, path))


def items(record: Record, field: str, *, empty: bool) -> list[object]:
    """Return the array that `field` holds; it may be empty only where `empty` says so."""
    value = record.get(field)
    if type(value) is not list:
        raise missing(record, field) if value is None else wrong_kind(field, "an array", value)
    if not value and not empty:
        raise FieldError(field, "is empty")
    return value


def ids(record: Record, field: str, *, empty: bool = False) -> tuple[str, ...]:
    """Return the set of ids that `field` holds, each once, in order."""
    values = items(record, field, empty=empty)
    for index, value in enumerate(values):
        if type(value) is not str or not 0 < len(value) <= _SHORT_ID or "\0" in value:
            values[index] = as_id(value, f"{field}[{index}]")
    return _unique(values)


def class_paths(record: Record, field: str, *, empty: bool = False) -> tuple[str, ...]:
    """Return the set of class paths that `field` holds, normalised, each once, in order."""
    values = items(record, field, empty=empty)
    return _unique([as_path(value, f"{field}[{index}]") for index, value in enumerate(values)])


def tags(record: Record, field: str) -> tuple[str, ...] | None:
    """Return the set of tags that `field` holds, each once, in order; None if it is absent."""
    if record.get(field) is None:
        return None
    values = items(record, field, empty=True)
    for index, value in enumerate(values):
        if type(value) is not str:
            raise wrong_kind(f"{field}[{index}]", "a string", value)
        if not value:
            raise FieldError(f"{field}[{index}]", "is empty")
        storable(value, f"{field}[{index}]", TAG_BYTES)
    return _unique(values)


def tag_ids(record: Record, field: str) -> tuple[str, ...] | None:
    """Return the set of preset tags' ids that `field` holds; None if it is absent."""
    return None if record.get(field) is None else ids(record, field, empty=True)


def _unique(values: list[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))  # type: ignore[arg-type]


def part(record: Record, field: str, read: Callable[[Record], _Part]) -> _Part | None:
    """Return what `read` makes of the object that `field` holds, None if it is absent."""
    value = record.get(field)
    return None if value is None else _part(value, field, read)


def parts(record: Record, field: str, read: Callable[[Record], _Part]) -> Iterator[_Part]:
    """Yield what `read` makes of each object in the array that `field` holds; it may be empty."""
    for index, value in enumerate(items(record, field, empty=True)):
        yield _part(value, f"{field}[{index}]", read)


def _part(value: object, field: str, read: Callable[[Record], _Part]) -> _Part:
    if type(value) is not dict:
        raise wrong_kind(field, "an object", value)
    try:
        return read(value)
    except FieldError as error:
        raise error.within(field) from None


def whole_or_none(record: Record, field: str) -> int | None:
    """Return the whole number that `field` holds (`1.0` is one), None if it is absent."""
    value = record.get(field)
    if type(value) is float and value.is_integer():
        value = int(value)
    if value is None or (type(value) is int and -INT64 <= value < INT64):
        return value
    if type(value) in (int, float):
        raise FieldError(field, "is not a whole number of 64 bits")
    raise wrong_kind(field, "a number", value)


def number_or_none(record: Record, field: str) -> float | None:
    """Return the number that `field` holds, None if it is absent."""
    value = record.get(field)
    if value is None or type(value) is float:
        return value
    if type(value) is not int:
        raise wrong_kind(field, "a number", value)
    if not -INT64 <= value < INT64:
        raise FieldError(field, "is not a number of 64 bits")
    return float(value)
