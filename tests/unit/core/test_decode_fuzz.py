"""Whatever the bytes are: an answer, the same each time, with text that every engine can store."""

import copy
import json
import math
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mirror.core import paths
from mirror.core.decode import decode
from mirror.core.decoding.syntax import MAX_DEPTH
from mirror.core.events import Decoded, Undecoded
from mirror.core.names import named
from tests.unit.core.bodies import PAYLOADS, SAMPLES, body, key_of

SOURCES = st.sampled_from(["callback", "import", "reconcile"])
BODIES = (*SAMPLES, *(body(event_type, payload) for event_type, payload in PAYLOADS.items()))

# Text with what makes trouble: null characters, surrogates, separators, much of it.
TEXTS = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc", "Lo"], include_characters='/\0\\"'), max_size=5),
    st.sampled_from(["", "/", "//", "PERSON", "x" * 256, "类" * 700, "rtmp://a/b", "\ud800"]),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXTS | st.sampled_from(["Id", "Type", "MaterialId"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def texts(value: object) -> list[str]:
    """Every text in an answer."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, msgspec.Struct):
        value = [getattr(value, field) for field in value.__struct_fields__]
    if isinstance(value, tuple | list):
        return [text for item in value for text in texts(item)]
    return []


def check(sent: bytes, source: str) -> None:
    answer = decode(sent, source)
    assert decode(sent, source) == answer
    for text in texts(answer):
        text.encode()  # no lone surrogates
        assert "\0" not in text
    if isinstance(answer, Undecoded):
        assert answer.reason
        assert answer.event_type != ""
        assert len((answer.event_type or "").encode()) <= 255
    else:
        check_names(answer)


def check_names(answer: Decoded) -> None:
    names = named(answer.event)
    for keys in (names.owners, names.material_ids, names.file_ids, names.project_ids):
        assert len(set(keys)) == len(keys)
        for text in texts(keys):
            assert 0 < len(text.encode()) <= 255
    for place in places(answer.event):
        assert paths.normalise(place) == place
        assert len(place.encode()) <= 2000


def places(value: object) -> list[str]:
    """Every class path in an event."""
    if isinstance(value, tuple) and hasattr(value, "path"):
        return [value.path]
    if isinstance(value, msgspec.Struct):
        found = [list(getattr(value, name, ())) for name in ("paths", "source_paths")]
        inside = [places(getattr(value, field)) for field in value.__struct_fields__]
        return [path for part in (*found, *inside) for path in part]
    if isinstance(value, tuple):
        return [path for item in value for path in places(item)]
    return []


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


def depth(value: object) -> int:
    inside: list[Any] = []
    if isinstance(value, dict):
        inside = list(value.values())
    elif isinstance(value, list):
        inside = value
    else:
        return 0
    return 1 + max(map(depth, inside), default=0)


def finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


@given(st.binary(max_size=200), SOURCES)
def test_random_bytes_get_an_answer(sent: bytes, source: str) -> None:
    check(sent, source)


@given(VALUES, SOURCES)
def test_random_json_gets_an_answer(value: object, source: str) -> None:
    check(dumped(value), source)


@given(st.sampled_from(sorted(PAYLOADS)), VALUES, SOURCES)
def test_a_random_payload_gets_an_answer(event_type: str, payload: object, source: str) -> None:
    check(dumped({"EventType": event_type, key_of(event_type): payload}), source)


@given(st.data(), SOURCES)
def test_a_payload_with_a_random_field_gets_an_answer(data: st.DataObject, source: str) -> None:
    event_type = data.draw(st.sampled_from(sorted(PAYLOADS)))
    payload = copy.deepcopy(PAYLOADS[event_type])
    inside: Any = payload
    while True:
        step = data.draw(st.sampled_from(list(inside) if isinstance(inside, dict) else [0]))
        deeper = inside[step]
        if isinstance(deeper, dict | list) and deeper and data.draw(st.booleans()):
            inside = deeper
            continue
        inside[step] = data.draw(VALUES)
        break
    check(dumped({"EventType": event_type, key_of(event_type): payload}), source)


@given(st.sampled_from(BODIES), st.data(), SOURCES)
def test_a_mutated_delivery_gets_an_answer(sent: bytes, data: st.DataObject, source: str) -> None:
    changed = bytearray(sent)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(changed)))
        end = data.draw(st.integers(start, min(len(changed), start + 8)))
        token = st.sampled_from([b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"null"])
        changed[start:end] = data.draw(st.binary(max_size=4) | token)
    check(bytes(changed), source)


@given(st.sampled_from(BODIES), st.data())
def test_what_is_taken_is_what_a_strict_parser_takes(sent: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(sent)))
    token = st.sampled_from(
        [b'"', b"\\", b"\\u0041", b"{", b"[", b",", b"1e5", b"NaN", b"\xff", b"\\ud8", b"\\ud80a"]
    )
    changed = sent[:start] + data.draw(token) + sent[start + data.draw(st.integers(0, 3)) :]
    try:
        value = json.loads(changed.decode(), parse_constant=finite, parse_float=finite)
    except ValueError:
        value = None
    answer = decode(changed)
    malformed = isinstance(answer, Undecoded) and answer.reason.startswith("The body ")
    assert malformed == (not isinstance(value, dict))


@given(VALUES)
def test_depth_is_what_the_parsed_value_has(value: object) -> None:
    sent = dumped({"EventType": "x", "Value": [value] * 40})
    levels = 2 + depth(value)
    for extra in (0, MAX_DEPTH - levels, MAX_DEPTH - levels + 1):
        body = b'{"a":' * extra + sent + b"}" * extra
        answer = decode(body)
        assert isinstance(answer, Undecoded)
        too_deep = answer.reason == "The body nests deeper than 64 levels"
        assert too_deep == (levels + extra > MAX_DEPTH)
