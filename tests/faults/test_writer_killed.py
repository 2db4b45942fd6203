"""Long rebuilds and imports write in a process beside them: either may be killed, and nothing is half done."""

import pytest

from tests.faults.child import Fault
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted

KILLED, UNREACHABLE = -9, 3
BODIES = unique(60)

# The first write transaction of that process opens the database, each other one is a batch.
BEFORE = Fault("write.before-commit", 3, role="writer")
AFTER = Fault("write.after-commit", 3, role="writer")


@pytest.fixture
def hasty(mirror: Faulted) -> Faulted:
    """A mirror whose work is worth a second process after one batch of ten."""
    mirror.tune(rebuild__BATCH=10, rebuild__NEARLY=1, settle__BATCH=10, sinks__WORTH_IT=1)
    return mirror


@pytest.mark.parametrize(
    ("code", "fault"),
    [(UNREACHABLE, BEFORE), (KILLED, Fault("apply.after-commit", 4, role="rebuild"))],
)
def test_a_rebuild_or_its_writer_is_killed(hasty: Faulted, code: int, fault: Fault) -> None:
    with hasty.serving() as server:
        hasty.client().post_all(BODIES)
        server.stop()
    hasty.run("rebuild", code=code, faults=[fault])
    hasty.reached()
    hasty.judge().check()
    hasty.run("rebuild")
    assert len(hasty.generations()) == 1
    hasty.judge().check()


def test_the_writer_of_an_import_is_killed(hasty: Faulted) -> None:
    file = hasty.folder / "archive.jsonl"
    file.write_bytes(b"".join(body + b"\n" for body in BODIES))
    hasty.run("import", file.name, code=UNREACHABLE, faults=[AFTER])
    hasty.reached()
    hasty.run("import", file.name)
    assert hasty.bodies() == list(BODIES)
    hasty.judge().check()
