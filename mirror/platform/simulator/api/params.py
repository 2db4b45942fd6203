"""Checks the parameters of a call as the platform's gateway does: known, of the right kind, there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from mirror.platform.simulator.api.errors import ApiError
from mirror.platform.simulator.model import Owner

Params = dict[str, Any]


def _text(value: object) -> bool:
    return isinstance(value, str)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _entity(value: object) -> bool:
    return isinstance(value, dict) and _text(value.get("Type")) and _text(value.get("Id"))


def _sorting(value: object) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


_KINDS: Final[Mapping[str, Callable[[object], bool]]] = {
    **dict.fromkeys(("Platform", "Operator", "ClassPath", "ProjectId", "TaskId", "Phone"), _text),
    **dict.fromkeys(("Offset", "Limit"), _whole),
    **dict.fromkeys(("MaterialIds", "ProjectIds", "TeamIds", "CategorySet"), _texts),
    **dict.fromkeys(("AspectRatioSet", "Modes", "TaskTypeSet", "StatusSet"), _texts),
    "Owner": _entity,
    "Sort": _sorting,
}


class _Taken(NamedTuple):
    needed: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


_PAGE: Final = ("Offset", "Limit")
_MEDIA: Final = _Taken(("ClassPath", "Owner"), (*_PAGE, "Operator"))
_ACTIONS: Final[Mapping[str, _Taken]] = {
    "DescribeClass": _Taken(("Owner",), ("Operator",)),
    "ListMedia": _MEDIA,
    "FlattenListMedia": _MEDIA,
    "DescribeMaterials": _Taken(("MaterialIds",), ("Sort", "Operator")),
    "DescribeProjects": _Taken(
        also=(
            *("ProjectIds", "AspectRatioSet", "CategorySet", "Modes", "Sort", "Owner"),
            *(*_PAGE, "Operator"),
        )
    ),
    "DescribeTeams": _Taken(also=("TeamIds", *_PAGE)),
    "DescribeAccounts": _Taken(also=("Phone", *_PAGE)),
    "DescribeTasks": _Taken(also=("ProjectId", "TaskTypeSet", "StatusSet", *_PAGE, "Operator")),
    "DescribeTaskDetail": _Taken(("TaskId",), ("Operator",)),
}


def read_params(action: str, body: bytes, platform_id: str) -> Params:
    """The parameters of a call to `platform_id`, or `ApiError`."""
    taken = _ACTIONS.get(action)
    if taken is None:
        raise ApiError("InvalidAction")
    given = _object(body)
    for name in ("Platform", *taken.needed):
        if name not in given:
            raise ApiError("MissingParameter", f"The request lacks the parameter `{name}`.")
    for name, value in given.items():
        if name not in ("Platform", *taken.needed, *taken.also):
            raise ApiError("UnknownParameter", f"The parameter `{name}` is not recognized.")
        if not _KINDS[name](value):
            raise ApiError("InvalidParameter", f"The parameter `{name}` is of a wrong type.")
    if not given["Platform"]:
        raise ApiError("InvalidParameterValue.Platform", "The platform is empty.")
    if given["Platform"] != platform_id:
        raise ApiError("ResourceNotFound.Platform")
    return given


def _object(body: bytes) -> Params:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ApiError("InvalidParameter", "The body is not a JSON object.")
    return value


def window(
    params: Params, default: int, most: int | None, code: str = "InvalidParameterValue"
) -> tuple[int, int]:
    """Offset and limit; `code` is said if the limit is out of range."""
    offset, limit = params.get("Offset", 0), params.get("Limit", default)
    if offset < 0:
        raise ApiError("InvalidParameterValue", f"Offset {offset} is negative.")
    if limit < 0 or (most is not None and limit > most):
        raise ApiError(code, f"Limit {limit} is not within 0 and {most}.")
    return offset, limit


def at_most(params: Params, name: str, most: int) -> list[str]:
    """A list of ids that has no more than `most`; empty if it was not given."""
    ids: list[str] = params.get(name, [])
    if len(ids) > most:
        raise ApiError("InvalidParameterValue", f"{name} holds {len(ids)}, more than {most}.")
    return ids


def owner(params: Params) -> Owner:
    """The owner that was given; it need not exist."""
    kind = params["Owner"]["Type"]
    if kind not in ("PERSON", "TEAM"):
        raise ApiError("InvalidParameterValue.OwnerType", f"{kind} is no type of owner.")
    return Owner(kind, params["Owner"]["Id"])


def newest_first(params: Params) -> bool:
    """Which way to sort; both fields, creation and update, are taken for the creation."""
    sort = params.get("Sort", {})
    if sort.get("Field", "CreateTime") not in ("CreateTime", "UpdateTime"):
        raise ApiError("InvalidParameterValue", f"Nothing is sorted by {sort['Field']}.")
    if sort.get("Order", "Desc") not in ("Asc", "Desc"):
        raise ApiError("InvalidParameterValue.SortOrder", "Order is Asc or Desc.")
    return bool(sort.get("Order", "Desc") == "Desc")
