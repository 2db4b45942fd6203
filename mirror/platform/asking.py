"""Asks by id: in calls of at most twenty, and in ever smaller ones where some id fails a whole call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from mirror.core.decoding.fields import FieldError, Record
from mirror.platform.answers import Answer
from mirror.platform.failures import CallRefused

Found = TypeVar("Found")
Id = TypeVar("Id", bound=str)

MOST_IDS: Final = 20

_EITHER: Final = "InvalidParameterValue"  # an id that is not there, or one that is not liked

# A refusal with one of these is due to an id that is not there, ...
_ABSENT: Final = frozenset(
    {
        *("ResourceNotFound", "InvalidParameterValue.DataNotFoundInDB"),
        *("InvalidParameterValue.MaterialId", "InvalidParameterValue.ProjectId"),
        "InvalidParameterValue.TaskId",
    }
)
# ... with one of these, to an id that the platform does not like: it may be there all the same.
_DISLIKED: Final = frozenset(
    {
        *("InvalidParameter", "InvalidParameter.Id", "InvalidParameterValue"),
        *("OperationDenied", "OperationDenied.PermissionDeny"),
    }
)


def ask(ids: Iterable[Id], call: Callable[[Sequence[Id]], Answer[Found, Id]]) -> Answer[Found, Id]:
    """The answers about `ids`, each of which is asked for once.

    `call` is given at most twenty. A refusal that a smaller call may escape splits it in halves.
    Where several ids are refused one by one and none gets an answer, the fault is not theirs: then
    CallRefused. Only the code that is documented for ids that are not there may be due to each of them.
    """
    unique = list(dict.fromkeys(ids))
    answer = Answer[Found, Id]()
    refusals: list[CallRefused] = []
    for at in range(0, len(unique), MOST_IDS):
        answer += _asked(unique[at : at + MOST_IDS], call, refusals)
        if len(refusals) > 1 and not answer.found and not answer.missing:
            raise refusals[0]
    return answer


def _asked(
    ids: Sequence[Id],
    call: Callable[[Sequence[Id]], Answer[Found, Id]],
    refusals: list[CallRefused],
) -> Answer[Found, Id]:
    try:
        return call(ids)
    except CallRefused as refused:
        if refused.code not in _ABSENT | _DISLIKED:
            raise
        if len(ids) == 1 and refused.code in _ABSENT:
            return Answer(missing=tuple(ids))
        if len(ids) == 1:
            if refused.code != _EITHER:
                refusals.append(refused)
            return Answer(unreadable=tuple(ids))
    half = len(ids) // 2
    return _asked(ids[:half], call, refusals) + _asked(ids[half:], call, refusals)


def sorted_out(
    ids: Sequence[Id],
    listed: Iterable[Record],
    identify: Callable[[Record], Id],
    read: Callable[[Record], Found],
) -> Answer[Found, Id]:
    """The answer that a whole listing of what is there of `ids` gives.

    Raises FieldError for a row that nobody asked for, or that does not say which one it is: then the
    listing answers something else.
    """
    found: dict[Id, Found] = {}
    unreadable: dict[Id, None] = {}
    for row in listed:
        identity = identify(row)
        if identity not in ids:
            raise FieldError("The answer", "tells of an id that was not asked for")
        try:
            found[identity] = read(row)
        except FieldError:
            unreadable[identity] = None
    for identity in unreadable:
        found.pop(identity, None)
    missing = tuple(identity for identity in ids if identity not in found | unreadable)
    return Answer(tuple(found.values()), missing, tuple(unreadable))
