"""Log lines: a sentence plus fields, for people or machines, and never a token."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from mirror import logs

URL = "http://127.0.0.1:8000/callback/studio/s3cret-token_A?x=1"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_for_people_is_a_sentence_and_its_fields(stream: io.StringIO) -> None:
    logs.configure("text", "info", stream)
    logging.getLogger("mirror.test").info("Applied %d deliveries", 40, extra={"seq": 4852})
    logging.getLogger("mirror.test").debug("Not asked for")
    time, rest = stream.getvalue().split(" ", 1)
    assert time.endswith("Z")
    assert rest == "info Applied 40 deliveries seq=4852\n"


def test_a_line_for_machines_keeps_the_types_of_fields(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    logging.getLogger("mirror.test").info("Applied", extra={"seq": 4852, "owner": {"a"}})
    line = json.loads(stream.getvalue())
    assert line["message"] == "Applied"
    assert line["level"] == "info"
    assert line["logger"] == "mirror.test"
    assert line["seq"] == 4852


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_line_holds_a_token(stream: io.StringIO, style: str) -> None:
    logs.configure(style, "debug", stream)
    log = logging.getLogger("mirror.test")
    log.info("Posted to %s", URL, extra={"url": URL})
    try:
        int(URL)
    except ValueError:
        log.exception("It failed")
    assert "s3cret" not in stream.getvalue()
    assert stream.getvalue().count("/callback/studio/***") == 3


def test_a_log_line_is_one_line(stream: io.StringIO) -> None:
    logs.configure("text", "info", stream)
    logging.getLogger("mirror.test").info("a\x1b[31mred\r\nb")
    assert "a\\x1b[31mred\\x0d\\x0ab\n" in stream.getvalue()


def test_the_access_log_of_the_server_stays_off(stream: io.StringIO) -> None:
    logs.configure("text", "debug", stream)
    logging.getLogger("uvicorn.access").info('"POST %s"', URL)
    assert stream.getvalue() == ""
    assert not logging.getLogger("uvicorn.access").hasHandlers()


def test_the_key_of_a_login_link_is_never_written() -> None:
    told = logs.redacted("GET /login?key=s3cret&next=/x HTTP/1.1")
    assert told == "GET /login?key=*** HTTP/1.1"
