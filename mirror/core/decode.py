"""Turns the bytes of a delivery into the event they mean, or into the reason why not.

Pure, and total: every body gets an answer, the same one each time, and no exception. All text in an
answer can be stored on every engine. The rules are those of platform.md and docs/semantics.md,
"Outcomes"; what each field may hold is said in `mirror.core.decoding.fields`.
"""

from __future__ import annotations

from contextlib import suppress

from mirror.core.decoding.fields import ID_BYTES, FieldError, Record, missing, need_text, wrong_kind
from mirror.core.decoding.kinds import OBSERVATION_KINDS, PLATFORM_KINDS, Kind
from mirror.core.decoding.syntax import Malformed, parse
from mirror.core.events import Decoded, Event, Undecoded

EVENT_TYPES: tuple[str, ...] = tuple(known.event_type for known in PLATFORM_KINDS)
"""The platform's event types, spelled as it documents them."""

_PLATFORMS = {known.event_type: known for known in PLATFORM_KINDS}
_FOLDED = {known.event_type.lower(): known for known in (*PLATFORM_KINDS, *OBSERVATION_KINDS)}
_OURS = "mirror."


def decode(body: bytes, source: str = "callback") -> Decoded | Undecoded:
    """Return what `body`, which came from `source`, says; never raises.

    Dispatches on `EventType`, without regard to its case. A payload under another event's key
    counts only where the proper key is absent or null and exactly one other has the proper shape.
    """
    try:
        envelope = parse(body)
        given = need_text(envelope, "EventType")
    except (Malformed, FieldError) as error:
        return Undecoded("quarantined", str(error))
    known = _PLATFORMS.get(given) or _FOLDED.get(given.lower())
    event_type = _cut(given) if known is None else known.event_type
    if source != "reconcile" and given[: len(_OURS)].lower() == _OURS:
        reason = f"Mirror.* types are not taken from source {source!r}"
        return Undecoded("unrecognised", reason, event_type)
    if known is None:
        return Undecoded("unrecognised", "EventType is none that this version knows", event_type)
    try:
        return Decoded(event_type, _event(envelope, known))
    except FieldError as error:
        return Undecoded("quarantined", str(error), event_type)


def _event(envelope: Record, known: Kind) -> Event:
    payload = envelope.get(known.key)
    if type(payload) is dict:
        try:
            return known.read(payload)
        except FieldError as error:
            raise error.within(known.key) from None
    if payload is not None:
        raise wrong_kind(known.key, "an object", payload)
    misplaced = _misplaced(envelope, known)
    if len(misplaced) != 1:
        raise missing(envelope, known.key)
    return misplaced[0]


def _misplaced(envelope: Record, known: Kind) -> list[Event]:
    found = []
    for key, payload in envelope.items():
        if key.endswith("Event") and type(payload) is dict and known.fits(payload):
            with suppress(FieldError):
                found.append(known.read(payload))
    return found


def _cut(event_type: str) -> str:
    return event_type.encode()[:ID_BYTES].decode(errors="ignore")
