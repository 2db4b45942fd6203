"""What of a delivery's body may be shown: everything but addresses that open something."""

from __future__ import annotations

from typing import Any

import msgspec

from mirror.core.secrets import HIDDEN, mask_address, mask_addresses

ADDRESSES = frozenset(
    {"sourcecontext", "source", "url", "coverurl", "materialurl", "previewurl", "streamurl"}
    | {"pushurl", "playurl", "address"}
)
"""Fields that hold an address, which may come without its scheme."""
DEEPEST = 200


def shown(body: bytes) -> Any:  # noqa: ANN401 - it is whatever the platform sent
    """A body as JSON without its secrets; None if it is no JSON, and so nobody knows what is in it."""
    try:
        return _masked("", msgspec.json.decode(body), 0)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def text(value: str | None) -> str | None:
    """Free text without its secrets."""
    return None if value is None else mask_addresses(value)


def _masked(name: str, value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            return mask_address(value) if _is_address(name) else mask_addresses(value)
        case dict() | list() if depth == DEEPEST:
            return HIDDEN
        case dict():
            return {
                mask_addresses(key): _masked(key, inner, depth + 1) for key, inner in value.items()
            }
        case list():
            return [_masked(name, inner, depth + 1) for inner in value]
        case _:
            return value


def _is_address(name: str) -> bool:
    folded = name.lower().replace("_", "")
    return folded in ADDRESSES or folded.endswith(("url", "urlset"))
