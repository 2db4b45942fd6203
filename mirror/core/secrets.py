"""Hides what must not be shown of an address: stream addresses and signed URLs are secrets.

The raw ones live in the journal alone; state, views, feed and pages hold what is returned here.
"""

from __future__ import annotations

import re

HIDDEN = "…"

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*)://")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_AUTHORITY_ENDS = re.compile(r"[/\\?#\s]")
_MEDIA_ENDS = re.compile(r"[?#\s]")
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\](?::\d*)?|[^\[\]:@]*(?::\d*)?")


def mask_address(text: str) -> str:
    """Return `text` without its secret parts; masking twice is masking once.

    Of an http(s) address, scheme, host and path stay: user info, query and fragment go. Of any
    other address, scheme and host stay and `/…` stands for the rest. Text with no scheme (a
    project's id) has nothing to hide.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        return text
    name = scheme[1].lower()
    rest = text[scheme.end() :]
    authority, path = _split(rest, _AUTHORITY_ENDS)
    host = _host(authority)
    if name not in {"http", "https"}:
        return f"{name}://{host}/{HIDDEN}"
    return f"{name}://{host}{_split(path, _MEDIA_ENDS)[0]}"


def mask_addresses(text: str) -> str:
    """Return `text` with each address in it masked."""
    if "://" not in text:
        return text
    return _ADDRESS.sub(lambda found: mask_address(found[0]), text)


def _split(text: str, end: re.Pattern[str]) -> tuple[str, str]:
    found = end.search(text)
    return (text, "") if found is None else (text[: found.start()], text[found.start() :])


def _host(authority: str) -> str:
    host = authority.rpartition("@")[2]
    return host if _HOST.fullmatch(host) else HIDDEN
