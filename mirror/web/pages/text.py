"""Text of the platform in HTML: escaped, apart from what is around it, and nothing in it unseen.

A name may hold markup, or characters that reorder or hide what stands beside them: those are
written out, as `U+202E`.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from markupsafe import Markup, escape

MOST = 300
"""Characters of a name that a list shows."""

# Control characters, and those that reorder, hide or take no room.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def _written_out(match: re.Match[str]) -> str:
    return f"U+{ord(match[0]):04X}"


def plain(value: object, most: int = MOST) -> str:
    """For an attribute or a title: what is unseen stands between ⟨⟩."""
    return _UNSEEN.sub(lambda match: f"⟨{_written_out(match)}⟩", _cut(str(value), most))


def name(value: object, most: int = MOST) -> Markup:
    """For a page: isolated from the text around it, and what is unseen in a frame of its own."""
    shown, end = [], 0
    text = _cut(str(value), most)
    for match in _UNSEEN.finditer(text):
        shown.append(escape(text[end : match.start()]))
        shown.append(Markup('<span class="unseen">{}</span>').format(_written_out(match)))
        end = match.end()
    shown.append(escape(text[end:]))
    return Markup("<bdi>{}</bdi>").format(Markup().join(shown))


def token(value: object) -> str:
    """An id as `data-when` and `data-key` hold it: with no space in it, as scripts encode it."""
    return quote(str(value), safe="!'()*")


def code(value: str) -> Markup:
    """A command, within a sentence."""
    return Markup("<code>{}</code>").format(value)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"
