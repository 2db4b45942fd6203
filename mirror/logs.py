"""Log records go in, lines for people or machines come out: a sentence plus its fields.

Callback URLs, login links and reading tokens are secrets: whatever a record says, they are never
written.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

import msgspec

# The token ends where a URL does.
_SECRET = re.compile(r"(/callback/[^/\s\"'<>]+/|/login\?key=|\bBearer )[^\s\"'<>]+")
_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_CONTROL_BUT_LINES = {code: text for code, text in _CONTROL.items() if code != ord("\n")}


def configure(style: str, level: str, stream: TextIO | None = None) -> None:
    """Sends all logs to `stream` (standard error), as `text` or `json`, from `level` upwards."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # What libraries do by the way is told by sentences of ours. More than that, at a low level they
    # write down what they send and get: keys, and media addresses that are signed.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    logging.getLogger("mirror").setLevel(level.upper())
    # uvicorn's own access log names the path, and so the token.
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False


def redacted(text: str) -> str:
    """`text` without the tokens of callback URLs and of readers, and the keys of login links."""
    return _SECRET.sub(r"\1***", text)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}


def _time(record: logging.LogRecord) -> str:
    when = datetime.fromtimestamp(record.created, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextLines(logging.Formatter):
    """`2026-03-01T09:30:00.123Z info Applied 40 deliveries platform=studio seq=4852`."""

    def format(self, record: logging.LogRecord) -> str:
        """Makes the line, and further ones for a traceback."""
        words = [_time(record), record.levelname.lower(), record.getMessage()]
        words += [f"{name}={value}" for name, value in _fields(record).items()]
        text = " ".join(words).translate(_CONTROL)
        if record.exc_info:
            traceback = self.formatException(record.exc_info).translate(_CONTROL_BUT_LINES)
            text = f"{text}\n{traceback}"
        return redacted(text)


class JsonLines(logging.Formatter):
    """One JSON object a record; a field keeps its name and type where JSON has it."""

    def format(self, record: logging.LogRecord) -> str:
        """Makes the line."""
        values: dict[str, object] = {
            "at": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            values["traceback"] = self.formatException(record.exc_info)
        # A field of a record never takes the place of one of these.
        values |= _fields(record) | values
        try:
            line = msgspec.json.encode(values, enc_hook=str)
        except UnicodeEncodeError:  # half of a surrogate pair, as in a file name that is no text
            values = {name: _text(value) for name, value in values.items()}
            line = msgspec.json.encode(values)
        return redacted(line.decode())


def _text(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()
