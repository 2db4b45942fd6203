"""One look at a page: who asks for what, in which language, at which moment, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct
from starlette.requests import Request

from mirror.core.model import Seq
from mirror.store.queries import Connection, lists
from mirror.store.queries.lists import Stamp
from mirror.web.api.params import seq_of, time_of
from mirror.web.pages.words import Language
from mirror.web.problems import Problem

LONGEST = 2_000
"""Characters of a parameter."""
KEPT = ("platform", "at")
"""Parameters that links to other pages take along."""


class Look(Struct, frozen=True):
    """What a page is made from. `path` and `query` are the parameters of the request."""

    connection: Connection
    stamp: Stamp
    address: str
    path: Mapping[str, Any]
    query: Mapping[str, str]
    language: Language
    at: Seq | None  # the moment that is looked back at

    @property
    def place(self) -> str:
        """The address of this very page, without its query."""
        return quote(self.address)

    def link(self, path: str, **params: object) -> str:
        """The address of a page, of the same platform and moment; `at=None` leaves the moment."""
        kept = {name: self.query[name] for name in KEPT if self.query.get(name)}
        query = {name: value for name, value in (kept | params).items() if value not in {None, ""}}
        return quote(path) + ("?" + urlencode(query) if query else "")

    def here(self, **params: object) -> str:
        """The address of this very page, with some parameters changed."""
        return self.link(self.address, **(dict(self.query) | params))


class Shown(Struct, frozen=True):
    """A template and what it shows."""

    template: str
    values: Mapping[str, Any]


class Page(Struct, frozen=True):
    """What is at a path."""

    path: str
    show: Callable[[Look], Shown]


def look(connection: Connection, request: Request, language: Language) -> Look:
    """What a request looks at. Raises Problem 400 and NotFound."""
    query = dict(request.query_params)
    for name, value in query.items():
        if len(value) > LONGEST or "\x00" in value:
            raise Problem(400, f"Parameter {name!r} is too long, or no text.", parameter=name)
    stamp = lists.stamp(connection, query.get("platform") or None)
    return Look(
        connection=connection,
        stamp=stamp,
        address=request.url.path,
        path=dict(request.path_params),
        query=query,
        language=language,
        at=_moment(connection, stamp, query.get("at", "")),
    )


def _moment(connection: Connection, stamp: Stamp, text: str) -> Seq | None:
    text = text.strip()
    if not text:
        return None
    found = seq_of(text)
    if found is None:
        found = lists.seq_at(connection, stamp.platform, time_of("at", text))
    return found


def number(look: Look, name: str, default: int, most: int) -> int:
    """A whole number of the query, at most `most`. Raises Problem 400."""
    text = look.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < _LONG):
        raise Problem(400, f"Parameter {name!r} is no whole number.", parameter=name)
    return min(int(text), most)


_LONG = 19
