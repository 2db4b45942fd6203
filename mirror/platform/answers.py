"""What the client hands back: pages of listings, and answers to questions by id."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

from mirror.core.events import ObservedMaterial, ObservedProject
from mirror.core.model import MaterialId, Owner

Found = TypeVar("Found")
Id = TypeVar("Id")


class KnownOwner(Struct, frozen=True):
    """A team or a registered person."""

    owner: Owner
    name: str | None = None


class Page(Struct, frozen=True):
    """One page of media; the next one begins `rows` further on.

    `total` is how many media there were when it was read. `classes` are the paths directly below, if
    the call tells. `unreadable` are there, but how cannot be told; some may even lack an id.
    """

    materials: tuple[ObservedMaterial, ...]
    total: int
    rows: int
    classes: tuple[str, ...] = ()
    unreadable: tuple[MaterialId, ...] = ()


class ProjectPage(Struct, frozen=True):
    """One page of projects; the next one begins `rows` further on."""

    projects: tuple[ObservedProject, ...]
    total: int
    rows: int


class OwnerPage(Struct, frozen=True):
    """One page of teams or accounts; the next one begins `rows` further on."""

    owners: tuple[KnownOwner, ...]
    total: int
    rows: int


class ProjectListing(Struct, frozen=True):
    """All pages of projects. `complete`: no other project existed while they were read."""

    projects: tuple[ObservedProject, ...]
    complete: bool


class Answer(Struct, Generic[Found, Id], frozen=True):
    """What became of each id that was asked for, each in exactly one of the three.

    `missing` are not there, as the platform said for each of them. `unreadable` are there, or may be:
    nothing can be told about them.
    """

    found: tuple[Found, ...] = ()
    missing: tuple[Id, ...] = ()
    unreadable: tuple[Id, ...] = ()

    def __add__(self, other: Answer[Found, Id]) -> Answer[Found, Id]:
        return Answer(
            self.found + other.found,
            self.missing + other.missing,
            self.unreadable + other.unreadable,
        )
