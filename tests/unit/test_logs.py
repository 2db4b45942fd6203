"""Log lines: a sentence plus fields, for people or machines, and never a token."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirror import logs

URL = "http://127.0.0.1:8000/callback/studio/s3cret-token_A?x=1"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    ours = logging.getLogger("mirror")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


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


def test_a_reading_token_is_never_written() -> None:
    assert logs.redacted("Authorization: Bearer s3cret, more") == "Authorization: Bearer *** more"


def test_libraries_do_not_write_down_what_they_send(stream: io.StringIO) -> None:
    logs.configure("json", "debug", stream)
    for name in ("tencentcloud_sdk_common", "urllib3.connectionpool", "uvicorn.error", "alembic"):
        logging.getLogger(name).debug("SendRequest: Authorization s3cret")
        logging.getLogger(name).info("GetResponse: https://vod.example.com/x?sign=s3cret")
    logging.getLogger("mirror.test").debug("Asked for")
    logging.getLogger("urllib3").warning("Told")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [
        "Asked for",
        "Told",
    ]


def test_a_field_takes_no_place_of_the_lines_own(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    own = {"at": 1, "level": 2, "logger": 3, "traceback": 4}
    try:
        int("x")
    except ValueError:
        logging.getLogger("mirror.test").exception("It failed", extra=own)
    line = json.loads(stream.getvalue())
    assert (line["level"], line["logger"]) == ("error", "mirror.test")
    assert line["traceback"].startswith("Traceback")


def test_every_value_that_json_lacks_is_written_as_text(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    values = {"path": Path("a"), "number": 1e400, "owner": ("TEAM", 7)}
    logging.getLogger("mirror.test").info("Odd", extra=values)
    line = json.loads(stream.getvalue())
    assert (line["path"], line["number"], line["owner"]) == ("a", None, ["TEAM", 7])


def test_text_that_is_none_is_written_out(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    logging.getLogger("mirror.test").info("No file \udcff", extra={"name_of_it": "\ud800"})
    line = json.loads(stream.getvalue())
    assert (line["message"], line["name_of_it"]) == ("No file \\udcff", "\\ud800")
