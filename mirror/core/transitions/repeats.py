"""Events that were heard before: a way back and forth, or a repeat of which nobody could tell.

The platform repeats what was not answered, and a proxy may hide from us that it was not. Such a repeat comes within
the horizon, but other events may have come in between, so that it does not find what the first one found.
"""

from __future__ import annotations

from hashlib import sha256

from msgspec import json

from mirror.core.library import Library
from mirror.core.model import Heard

CREATED_AGAIN = "created-again"
MOVED_AGAIN = "moved-again"
DELETED_AGAIN = "deleted-again"
STATUS_AGAIN = "status-again"


def heard_before(library: Library, *said: object) -> bool:
    """Tell whether the same was said within the horizon, and remember that it was said now."""
    digest = sha256(json.encode(said)).hexdigest()
    known = library.heard.get(digest)
    library.heard.put(digest, Heard(digest, library.now))
    return known is not None
