"""Bytes that are no JSON object mirror accepts: quarantined with the reason, in time, never raised."""

import sys
from time import perf_counter

import pytest

from mirror.core.decode import decode
from mirror.core.decoding.syntax import MAX_DEPTH
from mirror.core.events import ClassCreated, Undecoded
from mirror.core.model import Owner, Place
from tests.unit.core.bodies import PAYLOADS, PERSON, body, decoded, quarantined, understood

CREATED = body("Class.Created", PAYLOADS["Class.Created"])
MEGABYTE = 1 << 20


def beside(value: bytes) -> bytes:
    """A sound delivery with one more field, which nobody reads."""
    return CREATED[:-1] + b', "More": ' + value + b"}"


def nested(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * levels + b"1" + closing * levels


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "The body is empty"),
        (b"   ", "The body cannot be parsed as JSON: input data was truncated"),
        (CREATED[:-1], "The body cannot be parsed as JSON: input data was truncated"),
        (b"\xef\xbb\xbf" + CREATED, "The body begins with a byte order mark"),
        (CREATED + b"x", "The body cannot be parsed as JSON: trailing characters"),
        (CREATED + CREATED, "The body cannot be parsed as JSON: trailing characters"),
        (CREATED + b"\0", "The body cannot be parsed as JSON: trailing characters"),
        (CREATED.decode().encode("utf-16"), "The body is not UTF-8 at byte 0"),
        (CREATED.decode().encode("utf-16-le"), "The body cannot be parsed as JSON"),
        (beside(b'"\xff"'), "The body is not UTF-8 at byte "),
        (beside(b'"\xc0\x80"'), "The body is not UTF-8 at byte "),
        (beside(b'"\xed\xa0\x80"'), "The body is not UTF-8 at byte "),
        (beside(b'"\xf4\x90\x80\x80"'), "The body is not UTF-8 at byte "),
        (beside(b'"\xe4\xb8"'), "The body is not UTF-8 at byte "),
        (beside(b'"%s"' % "素材".encode("gbk")), "The body is not UTF-8 at byte "),
        (beside(b'{"\xff": 1}'), "The body is not UTF-8 at byte "),
        (beside(rb'"\ud8"'), "The body cannot be parsed as JSON: invalid character in unicode"),
        (beside(rb'"\ud800\udcx"'), "The body cannot be parsed as JSON: invalid "),
        (beside(rb"\ud800"), "The body cannot be parsed as JSON: invalid character"),
        (beside(rb'"\ud800", NaN'), "The body cannot be parsed as JSON: "),
        (beside(b"NaN"), "The body cannot be parsed as JSON: invalid character"),
        (beside(b"Infinity"), "The body cannot be parsed as JSON: invalid character"),
        (beside(b"-Infinity"), "The body cannot be parsed as JSON: invalid"),
        (beside(b"1e999"), "The body cannot be parsed as JSON: number out of range"),
        (beside(b"-1e999"), "The body cannot be parsed as JSON: number out of range"),
        (beside(b"9" * 5000), "The body cannot be parsed as JSON: integer value out of range"),
        (beside(b"01"), "The body cannot be parsed as JSON: invalid number"),
        (beside(b"1."), "The body cannot be parsed as JSON: invalid number"),
        (beside(b"+1"), "The body cannot be parsed as JSON: invalid character"),
        (beside(b"'x'"), "The body cannot be parsed as JSON: invalid character"),
        (beside(b'"\x00"'), "The body cannot be parsed as JSON: invalid character"),
        (beside(b'"\n"'), "The body cannot be parsed as JSON: invalid character"),
        (beside(rb'"\x41"'), "The body cannot be parsed as JSON: invalid escape character"),
        (beside(b"[1,]"), "The body cannot be parsed as JSON: "),
        (beside(b"1 // why"), "The body cannot be parsed as JSON: "),
        (b"EventType=Class.Created", "The body cannot be parsed as JSON: invalid character"),
        (b"<xml/>", "The body cannot be parsed as JSON: invalid character"),
        (b"[]", "The body is not an object but an array"),
        (b"[" + CREATED + b"]", "The body is not an object but an array"),
        (b"null", "The body is not an object but null"),
        (b"true", "The body is not an object but a boolean"),
        (b"17", "The body is not an object but a number"),
        (b'"Class.Created"', "The body is not an object but a string"),
        (b"{}", "EventType is missing"),
        (b'{"eventtype": "Class.Created"}', "EventType is missing"),
        (b'{"EventType": null}', "EventType is null"),
        (b'{"EventType": ""}', "EventType is empty"),
        (b'{"EventType": ["Class.Created"]}', "EventType is not a string but an array"),
        (b'{"EventType": 1}', "EventType is not a string but a number"),
        (rb'{"EventType": "Class.Created\u0000"}', "EventType contains U+0000 or a lone surrogate"),
        (rb'{"EventType": "Class.\ud83d"}', "EventType contains U+0000 or a lone surrogate"),
    ],
    ids=repr,
)
def test_bytes_that_are_no_delivery_are_quarantined_with_the_reason(
    sent: bytes, reason: str
) -> None:
    outcome = decode(sent)
    assert quarantined(outcome).startswith(reason)
    assert isinstance(outcome, Undecoded)
    assert outcome.event_type is None


def test_whitespace_around_the_object_is_json() -> None:
    assert decode(b" \t\r\n" + CREATED + b"\n") == decode(CREATED)


def test_escapes_and_surrogate_pairs_are_json() -> None:
    sent = rb'{"\u0045ventType": "\u0043lass.Created", "ClassCreatedEvent":'
    sent += rb'{"Owner": {"Type": "PERSON", "Id": "\ud83d\ude00"}, "ClassPath": "\/\u5a92"}}'
    assert understood(decode(sent)) == ClassCreated(Place(Owner("PERSON", "😀"), "/媒"))


def test_of_a_key_given_twice_the_last_value_holds() -> None:
    sent = b'{"EventType": 1, "EventType": "Class.Created", "ClassCreatedEvent": null,'
    sent += b'"ClassCreatedEvent": {"Owner": {"Type": "TEAM", "Id": "t"},'
    sent += b'"Owner": {"Type": "PERSON", "Id": "x", "Id": "p"}, "ClassPath": "/a"}}'
    assert understood(decode(sent)) == ClassCreated(Place(Owner("PERSON", "p"), "/a"))


LONE = [rb"\u0000", rb"\ud800", rb"\uDFFF", rb"\ud800\ud800\udc00", rb"\udc00\ud800", rb"\ud83d x"]


@pytest.mark.parametrize("escape", LONE, ids=repr)
def test_what_cannot_be_stored_is_named_with_its_field(escape: bytes) -> None:
    sent = CREATED.replace(b'"p1"', b'"p' + escape + b'"')
    assert decode(sent) == Undecoded(
        "quarantined",
        "ClassCreatedEvent.Owner.Id contains U+0000 or a lone surrogate",
        "Class.Created",
    )


@pytest.mark.parametrize("escape", LONE, ids=repr)
def test_what_cannot_be_stored_does_no_harm_where_nobody_reads_it(escape: bytes) -> None:
    assert decode(beside(b'"' + escape + b'"')) == decode(CREATED)
    assert decode(beside(b'{"' + escape + b'": 1}')) == decode(CREATED)


def test_escaped_backslashes_begin_no_escape() -> None:
    name = "\\ud800 \\\\u0000"
    sent = body("Material.Modified", {"MaterialId": "m", "Name": name})
    assert understood(decode(sent)).name == name
    lone = sent[:-1] + rb', "More": "\ud800"}'
    assert understood(decode(lone)).name == name


# ----------------------------------------------------------------------------------------- depth


@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":[', b"]}]")])
def test_a_body_nests_up_to_the_limit_and_no_deeper(brackets: tuple[bytes, bytes]) -> None:
    levels = brackets[0].count(b"[") + brackets[0].count(b"{")
    fits = (MAX_DEPTH - 1) // levels
    assert decode(beside(nested(fits, *brackets))) == decode(CREATED)
    reason = quarantined(decode(beside(nested(fits + 1, *brackets))))
    assert reason == "The body nests deeper than 64 levels"


def test_brackets_side_by_side_or_in_text_are_no_depth() -> None:
    assert decode(beside(b"[" + b"[],{}," * 1000 + b"[]]")) == decode(CREATED)
    for text in (b"[" * 1000, b"{" * 1000, rb"\"[\\" * 100, rb"\\\"{" * 100, b'","[' * 100):
        assert decode(beside(b'["' + text + b'"]')) == decode(CREATED)


def test_depth_is_seen_behind_text() -> None:
    deep = nested(MAX_DEPTH)
    for text in (b'"]]]]"', rb'"\"]]]]"', rb'"\\"', rb'"\\\"]]"', b'"",""', b'"[","]"', b'"]",""'):
        reason = quarantined(decode(beside(b"[" + text + b"," + deep + b"]")))
        assert reason == "The body nests deeper than 64 levels"


def test_the_reason_does_not_depend_on_how_deep_the_caller_is() -> None:
    sent = b'{"a":' * 1000

    def below(levels: int) -> Undecoded:
        outcome = decode(sent) if levels == 0 else below(levels - 1)
        assert isinstance(outcome, Undecoded)
        return outcome

    assert below(0) == below(sys.getrecursionlimit() // 2)


# ------------------------------------------------------------------------------------------ size


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"[" * 10 * MEGABYTE, id="arrays never closed"),
        pytest.param(b'{"a":' * 2 * MEGABYTE, id="objects never closed"),
        pytest.param(b"]" * 10 * MEGABYTE, id="arrays never opened"),
        pytest.param(nested(5 * MEGABYTE), id="arrays in arrays"),
        pytest.param(b"[" * 99 + b'"' + rb"\"" * 5 * MEGABYTE, id="a text never closed"),
        pytest.param(b"[" * 99 + b'"' + b"\\" * 10 * MEGABYTE, id="backslashes"),
        pytest.param(b"[" * 99 + b'"",' * 3 * MEGABYTE, id="empty texts"),
        pytest.param(b'"' * 10 * MEGABYTE, id="quotes"),
        pytest.param(b'"' + rb"\ud83d\ude00" * MEGABYTE, id="surrogate pairs"),
        pytest.param(b'"' + rb"\ud83d" * MEGABYTE, id="lone surrogates"),
        pytest.param(b"1" * 10 * MEGABYTE, id="a number"),
        pytest.param(b"1." + b"1" * 10 * MEGABYTE, id="digits after the point"),
        pytest.param(b" " * 10 * MEGABYTE, id="whitespace"),
        pytest.param(b"\x80" * 10 * MEGABYTE, id="no UTF-8"),
    ],
)
def test_ten_megabytes_of_nonsense_are_quarantined_in_time(sent: bytes) -> None:
    started = perf_counter()
    quarantined(decode(sent))
    assert perf_counter() - started < 10


def test_ten_megabytes_of_one_text_are_kept() -> None:
    name = "名" * (10 * MEGABYTE // 3)
    event = understood(decoded("Material.Modified", {"MaterialId": "m", "Name": name}))
    assert event.name == name


def test_a_hundred_thousand_ids_in_one_set_are_all_there() -> None:
    ids = [f"5fdafaca1a2b3c0001c{number:05}" for number in range(100_000)]
    event = understood(decoded("Material.Deleted", {"MaterialIdSet": [*ids, *ids]}))
    assert event.material_ids == tuple(ids)


@pytest.mark.parametrize(
    "path", ["/segment" * 10_000, "/a" * 10_000, "a/" * 10_000 + "b", "/" * 10_000 + "a" * 2001]
)
def test_a_path_of_ten_thousand_segments_is_refused(path: str) -> None:
    reason = quarantined(decoded("Class.Created", {"Owner": PERSON, "ClassPath": path}))
    assert reason.startswith("ClassCreatedEvent.ClassPath has ")


def test_a_path_of_nothing_but_slashes_is_the_root() -> None:
    path = "/" * 10 * MEGABYTE
    event = understood(decoded("Class.Created", {"Owner": PERSON, "ClassPath": path}))
    assert event.place.path == "/"
