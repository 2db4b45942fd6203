"""Parses the bytes of a delivery: strict UTF-8 JSON with an object at the top, or `Malformed`.

Strict means: no byte order mark, no NaN, no number beyond a double or 4,300 digits, nothing after
the object, and nothing nested deeper than `MAX_DEPTH`. An escaped lone surrogate reads as U+0000. Of
a key given twice the last value holds. Time and memory grow with the size of the body alone.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import cast

import msgspec

from mirror.core.decoding.fields import Record, kind
from mirror.errors import MirrorError

MAX_DEPTH = 64
"""Levels of arrays and objects, the outermost counted. The platform's own bodies have seven."""

TOO_DEEP = f"The body nests deeper than {MAX_DEPTH} levels"

_DECODER = msgspec.json.Decoder()
_BOM = b"\xef\xbb\xbf"
_NEITHER_BRACKET_NOR_QUOTE = bytes(set(range(256)) - set(b'[]{}"'))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\.",
    re.DOTALL,
)


class Malformed(MirrorError):
    """The bytes are not a JSON object that mirror accepts; the message is the reason."""


def parse(body: bytes) -> Record:
    """Return the object that `body` is."""
    if depth(body) > MAX_DEPTH:
        raise Malformed(TOO_DEEP)
    value = _parsed(body)
    if type(value) is not dict:
        reason = f"The body is not an object but {kind(value)}"
        raise Malformed(reason)
    return cast("Record", value)


def _parsed(body: bytes) -> object:
    try:
        return cast("object", _DECODER.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        # JSON allows lone surrogates, msgspec does not. As null characters they get through to the
        # fields, where neither can be stored; in a field that nobody reads, neither does harm.
        mended = _ESCAPE.sub(lambda found: rb"\u0000" if found["lone"] else found[0], body)
        if mended == body:
            raise Malformed(_why(body, error)) from None
    return _parsed(mended)


def depth(body: bytes) -> int:
    """Return a number that exceeds `MAX_DEPTH` exactly if `body` nests deeper than that."""
    opened = body.count(b"{") + body.count(b"[")
    if opened <= MAX_DEPTH:
        return opened
    # What is in strings does not count. These few passes are C; a loop over 16 MiB is not.
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = body.translate(_STEPS, _NEITHER_BRACKET_NOR_QUOTE).replace(b'""', b"")
    outside = b"".join(marks.split(b'"')[::2])
    return max(accumulate(memoryview(outside).cast("b")), default=0)


def _why(body: bytes, error: Exception) -> str:
    if not body:
        return "The body is empty"
    if body.startswith(_BOM):
        return "The body begins with a byte order mark"
    try:
        body.decode()
    except UnicodeDecodeError as undecodable:
        return f"The body is not UTF-8 at byte {undecodable.start}"
    # msgspec's own place ("… - at `$[...]`") tells nobody anything.
    said = str(error).partition(" - at ")[0].removeprefix("JSON is malformed: ")
    return f"The body cannot be parsed as JSON: {said[:1].lower()}{said[1:]}"
