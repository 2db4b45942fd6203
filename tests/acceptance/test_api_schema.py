"""The API keeps to its own description, also when somebody tries to make it break it."""

import json
import os
import subprocess
import sys

from tests.support.processes import Mirror, eventually

PROGRAM = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
LEFT_OUT = (
    # A cursor, a moment or a key has to fit what no schema can say.
    "positive_data_acceptance",
    # Wrong tokens are answered by 401 and, after some of them, by 429.
    "ignored_auth",
)


def test_schemathesis_finds_nothing(mirror: Mirror, samples: list[bytes]) -> None:
    with mirror.serving() as server:
        for sample in samples:
            assert server.post(sample) == 200
        assert eventually(lambda: mirror.progress().applied_seq == len(samples))
        token = mirror.json("token", "add", "schemathesis")["token"]
        tried = subprocess.run(
            [
                *PROGRAM,
                "run",
                f"{server.url}/api/v1/openapi.json",
                "--header",
                f"Authorization: Bearer {token}",
                "--phases=examples,coverage,fuzzing",
                f"--exclude-checks={','.join(LEFT_OUT)}",
                "--max-examples=6",
                "--seed=1",
                "--generation-database=none",
                "--no-color",
            ],
            cwd=mirror.folder,
            env={**os.environ, "COVERAGE_PROCESS_START": ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=55,
        )
        assert tried.returncode == 0, tried.stdout[-5_000:] + tried.stderr[-2_000:]
        assert "Tested: 14" in tried.stdout
        log = server.log.read_text()
        assert "Traceback" not in log
        assert token not in log


def test_the_description_names_every_operation_and_type(mirror: Mirror) -> None:
    with mirror.set(READ_TOKEN="a token of these tests").serving() as server:
        status, body = server.request(
            "GET",
            f"{server.url}/api/v1/openapi.json",
            Authorization="Bearer a token of these tests",
        )
    assert status == 200
    found = json.loads(body)
    assert found["openapi"] == "3.1.0"
    assert len(found["paths"]) == 14
    assert {"Material", "Change", "Failure", "Error"} <= set(found["components"]["schemas"])
