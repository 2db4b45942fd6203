"""Hides what must not be shown of an address: stream addresses and signed URLs are secrets.

The raw ones live in the journal alone; state, views, feed and pages hold what is returned here.
"""

from __future__ import annotations

import re

HIDDEN = "…"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ADDRESS = re.compile(r"[A-Za-z0-9+.-]{1,31}://\S*")  # bounded: no text makes the search slow
_AUTHORITY_ENDS = re.compile(r"[/\\?#\s]")
_MEDIA_ENDS = re.compile(r"[?#\s]")
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\](?::\d*)?|[^\[\]:@]*(?::\d*)?")


def mask_address(address: str) -> str:
    """Return `address` without its secret parts; masking twice is masking once.

    Of an http(s) address, scheme, host and path stay: user info, query and fragment go. Of any
    other address, scheme and host stay and `/…` stands for the rest, also where the scheme is left
    out. What looks like no address (the id of a project) stays as it is.
    """
    address = address.strip()
    found = _SCHEME.match(address)
    scheme = "" if found is None else found[0].lower()
    authority, rest = _split(address[len(scheme) :], _AUTHORITY_ENDS)
    host = authority.rpartition("@")[2]
    if scheme and not _HOST.fullmatch(host):
        host = HIDDEN
    if scheme in {"http://", "https://"}:
        return f"{scheme}{host}{_split(rest, _MEDIA_ENDS)[0]}"
    return f"{scheme}{host}/{HIDDEN}" if scheme or rest else host


def mask_addresses(text: str) -> str:
    """Return `text` with each address in it masked that has a scheme."""
    if "://" not in text:
        return text
    return _ADDRESS.sub(lambda found: mask_address(found[0]), text)


def _split(text: str, end: re.Pattern[str]) -> tuple[str, str]:
    found = end.search(text)
    return (text, "") if found is None else (text[: found.start()], text[found.start() :])
