"""An export with envelopes gives back every delivery, to the byte and the microsecond."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mirror.core.model import Micros, Seq
from mirror.errors import InputError
from mirror.store.journal import Arrival, Delivery
from mirror.sync import envelope

DIGEST = bytes(range(32))


def delivery(body: bytes, at: int = 0, redelivery_of: int | None = None) -> Delivery:
    repeats = None if redelivery_of is None else Seq(redelivery_of)
    return Delivery("studio", Seq(7), Micros(at), "callback", body, repeats, DIGEST)


@given(
    body=st.binary() | st.text().map(str.encode),
    at=st.integers(-(10**15), 10**17),
    redelivery_of=st.none() | st.integers(1, 6),
)
@example(body=b"", at=0, redelivery_of=None)
@example(body='{"ClassPath":"/媒资"}\n'.encode(), at=1, redelivery_of=1)
@example(body=b"\0" * 5000, at=1, redelivery_of=1)
def test_a_line_gives_back_its_delivery(body: bytes, at: int, redelivery_of: int | None) -> None:
    line = envelope.line(delivery(body, at, redelivery_of))
    assert b"\n" not in line
    assert len(line) <= envelope.longest_line(len(body))
    repeats = None if redelivery_of is None else Seq(redelivery_of)
    arrival = Arrival(body, Micros(at), "callback", repeats)
    assert envelope.read_line(line) == (7, DIGEST, arrival)


def test_a_line_reads_like_the_delivery_it_is() -> None:
    line = envelope.line(delivery('{"a":"媒资"}'.encode(), 1_767_225_600_000_001))
    assert json.loads(line) == {
        "seq": 7,
        "received_at": "2026-01-01T00:00:00.000001Z",
        "source": "callback",
        "digest": DIGEST.hex(),
        "body": '{"a":"媒资"}',
    }


def test_bytes_that_are_no_text_stand_as_base64() -> None:
    assert json.loads(envelope.line(delivery(b"\xff\xfe")))["body_base64"] == "//4="


def test_a_header_is_told_from_a_body() -> None:
    header = envelope.header("studio", Seq(1), Seq(7), DIGEST)
    found = envelope.read_header(header)
    assert found is not None
    assert (found.platform, found.first, found.last, found.digest) == ("studio", 1, 7, DIGEST.hex())
    for body in (b"", b"{}", b'{"EventType":"Class.Created"}', b"\xff", b"[1]"):
        assert envelope.read_header(body) is None


def test_the_header_of_a_newer_version_is_refused() -> None:
    header = envelope.header("studio", Seq(1), Seq(7), DIGEST)
    with pytest.raises(InputError, match="version 2"):
        envelope.read_header(header.replace(b'"mirror_journal":1', b'"mirror_journal":2'))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b'{"seq":1,"received_at":"x","source":"callback","digest":"00","body":""}',
        b'{"seq":1,"received_at":"2026-01-01","source":"callback","digest":"00","body":""}',
        b'{"seq":1,"received_at":"2026-01-01T00:00:00Z","source":"me","digest":"00","body":""}',
        b'{"seq":1,"received_at":"2026-01-01T00:00:00Z","source":"import","digest":"x","body":""}',
        b'{"seq":1,"received_at":"2026-01-01T00Z","source":"import","digest":"","body_base64":"?"}',
        b'{"seq":1,"received_at":"2026-01-01T00Z","source":"import","digest":"","body":"\xff"}',
    ],
)
def test_a_line_that_is_no_delivery_is_refused(line: bytes) -> None:
    with pytest.raises(InputError):
        envelope.read_line(line)
