"""Archives in and out with real processes: interruptions, a server beside, standard input."""

import gzip
from pathlib import Path

from mirror.errors import MirrorError
from tests.support.processes import Mirror, eventually

CREATED = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/%d"}}'
)


def archive(folder: Path, count: int) -> list[bytes]:
    lines = [CREATED % number for number in range(count)]
    (folder / "archive.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return lines


def head(mirror: Mirror) -> int:
    try:
        return mirror.progress().head_seq
    except MirrorError:  # not made yet
        return 0


def test_a_killed_import_resumes_and_takes_no_line_twice(mirror: Mirror) -> None:
    lines = archive(mirror.folder, 30_000)
    with mirror.start("import", "archive.jsonl") as killed:
        assert eventually(lambda: head(mirror) > 2_000)
        killed.kill()
    taken = head(mirror)
    assert 0 < taken < 30_000
    (report,) = mirror.json("import", "archive.jsonl")["files"]
    assert report["resumed_line"] == taken + 1
    assert mirror.bodies() == lines
    assert mirror.progress().lag == 0
    (report,) = mirror.json("import", "archive.jsonl")["files"]
    assert report["appended"] == 0


def test_an_import_beside_a_server_is_applied_by_it(mirror: Mirror) -> None:
    archive(mirror.folder, 3_000)
    with mirror.serving() as server:
        mirror.run("import", "archive.jsonl")
        assert mirror.progress().applied_seq == 3_000
        assert server.post(CREATED % 1) == 200
        assert server.terminate() == 0
        assert "another" not in server.log.read_text()  # no applier took over from another
    assert [row.source for row in mirror.journal()[-2:]] == ["import", "callback"]


def test_standard_input_is_taken_and_said_to_be_unresumable(mirror: Mirror) -> None:
    lines = b"\n".join(CREATED % number for number in range(5))
    with (mirror.folder / "in").open("wb") as file:
        file.write(gzip.compress(lines))
    with (mirror.folder / "in").open("rb") as file:
        printed = mirror.run("import", "-", stdin=file)
    assert "appended 5 deliveries" in printed
    assert mirror.bodies() == lines.splitlines()
