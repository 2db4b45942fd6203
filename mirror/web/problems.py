"""What goes wrong has one shape: `{"error": {"code", "message", "next", "parameter"}}` with a status.

`next` says what to do about it, `parameter` names the one that is to blame; both may be null.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct
from starlette.responses import Response

from mirror.errors import FeedReset, InputError, MirrorError, NotFound, Unavailable

STATUSES = {
    400: "bad_request",
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    410: "feed_reset",
    421: "unknown_host",
    429: "too_many_attempts",
    500: "internal",
    503: "unavailable",
}
"""Every status that is an error, and its usual code."""


class Error(Struct, frozen=True):
    """What went wrong. `code` is a word for programs, which stays."""

    code: str
    message: str
    next: str | None = None
    parameter: str | None = None


class Failure(Struct, frozen=True):
    """The body of every answer that is an error."""

    error: Error


class Problem(Exception):
    """An answer that is an error, raised wherever that is found out."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        next: str | None = None,  # noqa: A002 - its name in the answer
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.failure = Failure(Error(code or STATUSES[status], message, next, parameter))


def problem_of(error: MirrorError) -> Problem:
    """The answer that an error of ours makes; its message says what to do already."""
    match error:
        case NotFound():
            return Problem(404, str(error))
        case InputError():
            return Problem(400, str(error))
        case FeedReset():
            return Problem(410, str(error), next="Read the changes from their beginning.")
        case Unavailable():
            return Problem(503, str(error), headers={"Retry-After": "5"})
        case _:
            return Problem(500, str(error))


def answer(problem: Problem) -> Response:
    """The response that tells of a problem."""
    return Response(
        msgspec.json.encode(problem.failure),
        status_code=problem.status,
        media_type="application/json",
        headers=problem.headers,
    )
