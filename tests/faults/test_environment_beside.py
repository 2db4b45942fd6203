"""Other processes beside a server under load: a second server is refused, commands do their work, nothing is harmed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.environment import traffic
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted
from tests.support.processes import eventually


@contextmanager
def load(mirror: Faulted) -> Iterator[None]:
    """Callbacks come all the time, and are applied, as long as this lasts."""
    with traffic(mirror.client(connections=2)):
        assert eventually(lambda: mirror.applied() > 20)
        yield


def test_a_second_server_is_refused_and_the_first_goes_on(mirror: Faulted) -> None:
    with mirror.serving() as server:
        with load(mirror):
            for _ in range(2):
                mirror.run("serve", "--port=0", code=3)
            assert server.process.poll() is None
        refusals = [line for line in mirror.log_text().splitlines() if line.startswith("mirror: ")]
        assert len(refusals) == 2
        for line in refusals:
            assert "Database sqlite:///mirror.db is being served already" in line
            assert f"by http://127.0.0.1:{mirror.port}" in line
            assert "Stop that first, or name another database" in line
        server.stop()
    verdict = mirror.judge().check()
    assert verdict.acknowledged == verdict.operations
    # Of those that were refused nothing stays behind.
    with mirror.serving() as server:
        assert mirror.client().post(unique(1, seed=3)[0])[0].acknowledged
        server.stop()


def test_rebuild_import_and_verify_do_their_work_beside_a_server_under_load(
    mirror: Faulted,
) -> None:
    archived = unique(300, seed=2)
    (mirror.folder / "archive.jsonl").write_bytes(b"\n".join(archived) + b"\n")
    with mirror.serving() as server:
        with load(mirror):
            mirror.run("import", "archive.jsonl")
            mirror.run("rebuild")
            mirror.run("verify")
        server.stop()
    assert "nothing differs" in mirror.log_text()
    verdict = mirror.judge().check()
    assert verdict.acknowledged == verdict.operations
    assert mirror.bodies("import") == list(archived)


def test_platforms_are_added_and_looked_at_beside_a_server_under_load(mirror: Faulted) -> None:
    with mirror.serving() as server:
        with load(mirror):
            mirror.run("platform", "add", "studio", "--json")
            mirror.run("status", "--json")
            mirror.run("database", "upgrade", "--json")
        server.stop()
    printed = [json.loads(line) for line in mirror.log_text().splitlines() if line[:1] == "{"]
    assert printed[0]["name"] == "studio"
    assert printed[-1]["changed"] is False
    verdict = mirror.judge().check()
    assert verdict.acknowledged == verdict.operations
