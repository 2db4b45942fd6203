"""Numbers, times and sizes as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from markupsafe import Markup

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
_STEP = 1000


def number(value: int) -> str:
    """Its digits in threes."""
    return f"{value:,}"


def utc(micros: int) -> datetime:
    """Microseconds since 1970 as a time."""
    return _EPOCH + timedelta(microseconds=micros)


def time(micros: int | None) -> Markup:
    """A time in UTC; in a browser with scripts, it becomes the reader's own."""
    if micros is None:
        return Markup("–")
    when = utc(micros)
    return Markup('<time datetime="{}">{} UTC</time>').format(
        when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        when.strftime("%Y-%m-%d %H:%M:%S"),
    )


def size(value: int | None) -> str:
    """Bytes in the unit that suits them."""
    if value is None:
        return "–"
    amount, unit = float(value), _UNITS[0]
    for unit in _UNITS:
        if amount < _STEP or unit == _UNITS[-1]:
            break
        amount /= _STEP
    return f"{value} B" if unit == "B" else f"{amount:.1f} {unit}"


def duration(seconds: float | None) -> str:
    """Hours, minutes and seconds."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
