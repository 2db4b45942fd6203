"""The log of a real server, its applier's lines included: whole lines of JSON, and not one secret."""

import json
import re
from pathlib import Path

from tests.support.processes import ROOT, Mirror, eventually

SAMPLES = (ROOT / "tests" / "data" / "deliveries.jsonl").read_bytes().splitlines()
TOKEN = "s3cret-of-the-settings"


def test_every_line_is_json_with_the_same_fields_and_no_secret(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path).set(LOG_FORMAT="json", LOG_LEVEL="debug", READ_TOKEN=TOKEN)
    with mirror.serving() as server:
        token = server.callback_url.rsplit("/", 1)[1]
        login = re.escape(server.url) + r"/login\?key="
        for body in SAMPLES:
            assert server.post(body) == 200
        wrong = server.callback_url[:-1]
        assert server.post(b"{}", wrong) == 404
        bearer = f"Bearer {TOKEN}"
        assert server.request("GET", "/api/v1/status", Authorization=bearer)[0] == 200
        assert server.request("GET", "/login?key=not-the-one")[0] in {401, 403, 404, 410}
        assert eventually(lambda: mirror.progress().lag == 0)
        assert eventually(lambda: "Applied" in server.log.read_text())
        assert server.terminate() == 0
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert all({"at", "level", "logger", "message"} <= set(line) for line in lines)
    assert {line["logger"].split(".")[0] for line in lines} == {"mirror"}
    messages = [line["message"] for line in lines]
    assert {"Serving", "Stopped"} <= set(messages)
    [refused] = [line for line in lines if line["message"].startswith("Refused callbacks")]
    assert (refused["status"], refused["count"], refused["level"]) == (404, 1, "warning")
    applied = [line for line in lines if line["message"].startswith("Applied")]
    assert max(line["seq"] for line in applied) == len(SAMPLES)
    assert {line["platform"] for line in applied} == {"default"}
    text = server.log.read_text()
    for secret in (token, token[:-1], TOKEN, "not-the-one"):
        assert secret not in text
    assert not re.search(login + r"(?!\*\*\*)", text)
