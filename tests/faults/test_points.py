"""A process killed at a named point: what was acknowledged is there, all is applied, and nothing twice."""

from contextlib import ExitStack

import pytest

from tests.faults import points
from tests.faults.child import Fault
from tests.faults.loads import unique
from tests.faults.mirrors import Faulted
from tests.faults.verdict import Verdict
from tests.support.processes import eventually

BODIES = unique(60)
EARLY, LATE, LAST = BODIES[:20], BODIES[20:45], BODIES[45:]


def crash_and_recover(mirror: Faulted, fault: Fault, *arguments: str) -> Verdict:
    """Traffic, a crash amid it, a restart beside those who try again, more traffic, a peaceful stop."""
    client = mirror.client(gap=0.02, pieces="long" in fault.point)
    with ExitStack() as stack:
        with mirror.serving(*arguments, faults=[fault]) as server:
            load = client.begin((*EARLY, *LATE))
            stack.callback(client.stop)
            server.died()
        mirror.reached()
        again = stack.enter_context(mirror.serving(*arguments))
        load.wait()
        client.post_all(LAST)
        again.stop()
    assert client.failed == []
    return mirror.judge().check()


@pytest.mark.parametrize("point", points.RECEIVER)
def test_the_receiver_is_killed(mirror: Faulted, point: str) -> None:
    passage = 1 if point == "answer.settled" else 4
    verdict = crash_and_recover(mirror, Fault(point, passage, role="receiver"))
    # What was durable and not answered came again, and was known for what it is.
    unanswered = {"receive.after-commit", "answer.before", "answer.long-before"}
    assert verdict.redeliveries > 0 or point not in unanswered


@pytest.mark.parametrize(
    "point", ["receive.after-commit", "apply.between", "apply.amid-rows", "apply.before-commit"]
)
def test_receiver_and_applier_are_killed_together(mirror: Faulted, point: str) -> None:
    passage = 8 if point == "apply.amid-rows" else 2
    crash_and_recover(mirror, Fault(point, passage, "kill-both"))


@pytest.mark.parametrize("point", ["receive.after-commit", "apply.between", "apply.before-commit"])
def test_one_process_that_does_it_all_is_killed(mirror: Faulted, point: str) -> None:
    crash_and_recover(mirror, Fault(point, 2), "--single-process")


@pytest.mark.parametrize("point", points.APPLIER)
def test_the_applier_is_killed_while_the_receiver_goes_on(mirror: Faulted, point: str) -> None:
    client = mirror.client()
    fault = Fault(point, 8 if point == "apply.amid-rows" else 2, role="applier")
    with mirror.serving(faults=[fault]) as server:
        client.post_all(EARLY)
        assert eventually(lambda: mirror.applied() == len(EARLY))
        client.post_all(LATE)
        mirror.reached()
        client.post_all(LAST)
        server.stop()
    assert [operation.statuses for operation in mirror.operations] == [[200]] * len(BODIES)
    mirror.judge().check()


@pytest.mark.parametrize("point", [*points.RECOVERY, "apply.between", "apply.before-commit"])
def test_recovery_itself_is_killed(mirror: Faulted, point: str) -> None:
    client = mirror.client()
    with ExitStack() as stack:
        crash = Fault("receive.after-commit", 4, "kill-both")
        with mirror.serving(faults=[crash]) as server:
            load = client.begin(EARLY)
            stack.callback(client.stop)
            server.died()
        fault = Fault(point, act="kill-both")
        with mirror.serving(faults=[fault], listen=False) as server:
            server.died()
        mirror.reached()
        again = stack.enter_context(mirror.serving())
        load.wait()
        client.post_all(LATE)
        again.stop()
    assert mirror.judge().check().redeliveries > 0
