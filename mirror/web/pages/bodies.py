"""Bodies of deliveries as people read them, without their secrets."""

from __future__ import annotations

import json

from markupsafe import Markup
from msgspec import Struct

from mirror.web.api import secrets
from mirror.web.pages import text

MOST_LINES = 2_000
LONGEST_LINE = 2_000


class Body(Struct, frozen=True):
    """A body indented; None if it is no JSON, and so nobody knows where secrets are in it."""

    shown: Markup | None
    lines: int
    size: int  # bytes as it came

    @property
    def is_cut(self) -> bool:
        """Whether there is more of it than is shown."""
        return self.lines > MOST_LINES


def body(raw: bytes) -> Body:
    """What may be shown of it, escaped line by line."""
    found = secrets.shown(raw)
    if found is None:
        return Body(None, 0, len(raw))
    lines = json.dumps(found, ensure_ascii=False, indent=2).split("\n")
    kept = [text.name(line, LONGEST_LINE) for line in lines[:MOST_LINES]]
    return Body(Markup("\n").join(kept), len(lines), len(raw))
