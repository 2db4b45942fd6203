"""Class paths as text: `/`, `/a`, `/a/b`. A place is a path in one owner's tree."""

from typing import NamedTuple

Owner = tuple[str, str]

ROOT = "/"


class Place(NamedTuple):
    """Where something is, or is said to be."""

    owner: Owner
    path: str


def normalise(text: str) -> str:
    """Leading `/`, no trailing `/`, no empty segments; `""` and `/` are the root."""
    return "/" + "/".join(segment for segment in text.split("/") if segment)


def parent(path: str) -> str:
    """The path above; nothing is above the root."""
    return normalise(path.rpartition("/")[0])


def basename(path: str) -> str:
    """The last segment; empty for the root."""
    return path.rpartition("/")[2]


def join(path: str, name: str) -> str:
    return normalise(path + "/" + name)


def depth(path: str) -> int:
    return 0 if path == ROOT else path.count("/")


def beneath(path: str, above: str) -> bool:
    """Truly below: a path is not beneath itself."""
    return path != above and (above == ROOT or path.startswith(above + "/"))


def at_or_beneath(place: Place, above: Place) -> bool:
    return place.owner == above.owner and (
        place.path == above.path or beneath(place.path, above.path)
    )


def rebase(place: Place, old: Place, new: Place) -> Place:
    """A place at or beneath `old`, as it reads once `old` has become `new`."""
    return Place(new.owner, normalise(new.path + "/" + place.path[len(old.path) :]))


def prefixes(path: str) -> list[str]:
    """The path itself first, then what is above it, up to and with the root."""
    found = [path]
    while found[-1] != ROOT:
        found.append(parent(found[-1]))
    return found
