"""What people write becomes values: durations, sizes, addresses, moments.

Every reader takes stripped text and raises ValueError with a clause that follows it: "is no port".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
LARGEST_BODY = 512 * 1024**2  # engines take a value of this size whole
LONGEST = 30 * 86400.0
SHORTEST_TOKEN = 16
HIGHEST_PORT = 65535


def _measured(text: str, units: Mapping[str, float], kind: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.lower())
    if match is None or match[2] not in units:
        raise ValueError(f"is no {kind}, such as {'10m or 600' if units is SECONDS else '16MiB'}")
    return float(match[1]) * units[match[2]]


def seconds(text: str) -> float:
    """Reads a duration: `600`, `10m`, `1.5h`."""
    value = _measured(text, SECONDS, "duration")
    if not 0 < value <= LONGEST:
        raise ValueError("is not between 1ms and 30d")
    return value


def size(text: str) -> int:
    """Reads a size in bytes: `1048576`, `16MiB`."""
    return int(_measured(text, BYTES, "size"))


def body_size(text: str) -> int:
    """Reads the size of the largest body."""
    value = size(text)
    if not 0 < value <= LARGEST_BODY:
        raise ValueError("is not between 1 and 512MiB")
    return value


def port(text: str) -> int:
    """Reads a port; 0 lets the system choose a free one."""
    if not text.isascii() or not text.isdigit() or int(text) > HIGHEST_PORT:
        raise ValueError(f"is no port (0 to {HIGHEST_PORT})")
    return int(text)


def networks(text: str) -> tuple[Network, ...]:
    """Reads a comma list of addresses and networks."""
    found = []
    for part in items(text):
        try:
            found.append(ip_network(part, strict=False))
        except ValueError:
            raise ValueError(f"names {part!r}, which is no IP address or network") from None
    return tuple(found)


def items(text: str) -> tuple[str, ...]:
    """Reads a comma list; empty items are dropped."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def paths(text: str) -> tuple[str, ...]:
    """Reads a comma list of absolute class paths."""
    found = items(text)
    for path in found:
        if not path.startswith("/"):
            raise ValueError(f"names {path!r}, which does not start with a slash")
    return found


def url(text: str) -> str:
    """Reads an http(s) address; a trailing slash is dropped."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is no http or https address, such as https://mirror.example.com")
    return text.rstrip("/")


def database_url(text: str) -> str:
    """Reads a database's address; the store checks the rest."""
    if "://" not in text:
        raise ValueError("is no database URL, such as sqlite:///mirror.db")
    return text


def rate(text: str) -> float:
    """Reads calls a second."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1000:  # noqa: PLR2004 - no platform allows more
        raise ValueError("is no rate between 0 and 1000 calls a second")
    return value


def read_token(text: str) -> str:
    """Reads a token that people could not guess."""
    if len(text) < SHORTEST_TOKEN:
        raise ValueError(f"is shorter than {SHORTEST_TOKEN} characters")
    return text


def one_of(*choices: str) -> Callable[[str], str]:
    """Makes a reader that takes any of `choices`, in any case."""

    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return text.lower()

    return read


def moment(text: str) -> int:
    """Reads a time as microseconds since 1970: ISO 8601; without an offset it is UTC.

    A date alone is its first instant.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is no time, such as 2026-03-01T09:30:00+08:00") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    since = when - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
