"""A command killed beside a server or alone: the server goes on, and the same command ends the work."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults import points
from tests.faults.child import Fault
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted

KILLED = -9
BODIES = unique(60)
EARLY, AMID, LATE = BODIES[:30], BODIES[30:50], BODIES[50:]
CLEANED = {"rebuild.cleaned"}
"""Points after which nothing is left to be deleted."""
PASSAGES = {"rebuild.cleaned": 2, "rebuild.amid-cleanup": 3}
"""Before it fills a generation, a rebuild looks for old ones to delete."""


@pytest.fixture
def small(mirror: Faulted) -> Faulted:
    """A mirror whose rebuilds and imports take several transactions for little."""
    mirror.tune(rebuild__BATCH=10, rebuild__NEARLY=5, lines__MOST_LINES=10)
    return mirror


@pytest.mark.parametrize("point", points.REBUILD)
def test_a_rebuild_is_killed_while_a_server_goes_on(small: Faulted, point: str) -> None:
    client = small.client(gap=0.02)
    with ExitStack() as stack:
        server = stack.enter_context(small.serving())
        stack.callback(client.stop)
        client.post_all(EARLY)
        load = client.begin(AMID)
        fault = Fault(point, PASSAGES.get(point, 1), role="rebuild")
        small.run("rebuild", code=KILLED, faults=[fault])
        small.reached()
        load.wait()
        *abandoned, live = small.generations()
        assert bool(abandoned) is (point not in CLEANED)
        small.run("rebuild")
        *abandoned, fresh = small.generations()
        assert (abandoned, fresh > live) == ([], True)
        client.post_all(LATE)
        server.stop()
    assert [operation.statuses for operation in small.operations] == [[200]] * len(BODIES)
    small.judge().check()


@pytest.mark.parametrize("point", ["apply.between", "apply.before-commit"])
def test_a_rebuild_is_killed_within_a_batch(small: Faulted, point: str) -> None:
    with small.serving() as server:
        small.client().post_all(BODIES)
        server.stop()
    # With so many counting as nearly done, all batches but the first go into the swap's transaction.
    small.tune(rebuild__BATCH=10, rebuild__NEARLY=11)
    for passage in (1, 4):
        small.run("rebuild", code=KILLED, faults=[Fault(point, passage)])
        small.reached()
        small.judge().check()
    small.run("rebuild")
    small.judge().check()


@pytest.mark.parametrize("point", ["rebuild.before-swap", "rebuild.after-swap"])
def test_rebuild_and_server_are_killed_in_the_swap(small: Faulted, point: str) -> None:
    client = small.client(gap=0.02)
    with ExitStack() as stack:
        with small.serving() as server:
            client.post_all(EARLY)
            load = client.begin(AMID)
            stack.callback(client.stop)
            fault = Fault(point, 1, "kill-both", role="rebuild")
            small.run("rebuild", code=KILLED, faults=[fault])
            server.died()
        again = stack.enter_context(small.serving())
        load.wait()
        client.post_all(LATE)
        again.stop()
    small.judge().check()


def write_lines(folder: Path) -> Path:
    file = folder / "archive.jsonl"
    file.write_bytes(b"".join(body + b"\n" for body in EARLY))
    return file


@pytest.mark.parametrize("point", points.IMPORT)
def test_an_import_is_killed_and_goes_on_where_it_was(small: Faulted, point: str) -> None:
    file = write_lines(small.folder)
    passage = 1 if point == "import.before-finish" else 2
    small.run("import", file.name, code=KILLED, faults=[Fault(point, passage)])
    small.reached()
    small.run("import", file.name)
    small.run("import", file.name)
    assert small.bodies() == list(EARLY)
    small.judge().check()


@pytest.mark.parametrize("point", ["import.between", "import.after-commit"])
def test_an_import_is_killed_while_a_server_goes_on(small: Faulted, point: str) -> None:
    file = write_lines(small.folder)
    client = small.client(gap=0.01)
    with small.serving() as server, client.posting(AMID):
        small.run("import", file.name, code=KILLED, faults=[Fault(point, 2)])
        small.reached()
        small.run("import", file.name)
        client.post_all(LATE)
        server.stop()
    assert small.bodies("import") == list(EARLY)
    small.judge().check()


@pytest.mark.parametrize("point", ["apply.between", "apply.before-commit", "apply.after-commit"])
def test_an_import_that_applies_alone_is_killed(small: Faulted, point: str) -> None:
    file = write_lines(small.folder)
    small.run("import", file.name, code=KILLED, faults=[Fault(point)])
    small.reached()
    small.run("import", file.name)
    assert small.bodies() == list(EARLY)
    small.judge().check()
