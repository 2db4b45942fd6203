"""How long callbacks wait is counted once for each, however much waits and whatever is told in between."""

import threading
from pathlib import Path

from mirror.core.model import Seq
from mirror.errors import DatabaseUnavailable
from mirror.sync import meters
from mirror.sync.meters import Apply, Latencies, sizes
from tests.support.processes import eventually


class Checkpoints:
    """Stands for the applier's: how far it is, or why that cannot be told."""

    def __init__(self) -> None:
        self.seqs: dict[str, Seq] = {}
        self.failures = 0
        self.looks = threading.Semaphore(0)

    def __call__(self) -> dict[str, Seq]:
        self.looks.release()
        if self.failures:
            self.failures -= 1
            raise DatabaseUnavailable("It is locked.")
        return dict(self.seqs)


def applied(**seqs: int) -> tuple[Apply, Checkpoints]:
    checkpoints = Checkpoints()
    checkpoints.seqs = {name: Seq(seq) for name, seq in seqs.items()}
    return Apply(checkpoints), checkpoints


def test_a_latency_counts_in_the_first_bucket_that_holds_it() -> None:
    latencies = Latencies((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.2, 7.0):
        latencies.add(seconds)
    latencies.add(1.0, 3)
    assert latencies.counts == [2, 4, 1]
    assert latencies.total == 10.35


def test_a_commit_is_measured_once_it_is_applied_as_a_whole() -> None:
    apply, checkpoints = applied(studio=4)
    apply.appended("studio", Seq(5), 5, 100.0)
    apply.appended("other", Seq(1), 1, 100.0)
    assert apply.look(100.2)
    assert sum(apply.latencies.counts) == 0
    checkpoints.seqs["studio"] = Seq(5)
    assert apply.look(100.4)
    assert (sum(apply.latencies.counts), round(apply.latencies.total, 6)) == (5, 2.0)
    checkpoints.seqs["other"] = Seq(9)
    assert not apply.look(101.0)
    assert (sum(apply.latencies.counts), round(apply.latencies.total, 6)) == (6, 3.0)


def test_however_much_waits_every_delivery_is_measured_and_little_is_kept() -> None:
    apply, checkpoints = applied()
    for seq in range(1, 3 * meters.MOST):
        apply.appended("studio", Seq(seq), 1, float(seq))
        assert len(apply._waiting["studio"]) <= meters.MOST
    checkpoints.seqs["studio"] = Seq(2 * meters.MOST)
    assert apply.look(1e6)
    done = sum(apply.latencies.counts)
    # Neighbours are applied together: at most one group less than what really is.
    assert 2 * meters.MOST - 8 <= done <= 2 * meters.MOST
    checkpoints.seqs["studio"] = Seq(3 * meters.MOST)
    assert not apply.look(1e6)
    assert sum(apply.latencies.counts) == 3 * meters.MOST - 1


def test_the_thread_looks_until_all_is_applied_and_survives_a_failing_database() -> None:
    apply, checkpoints = applied()
    checkpoints.failures = 2
    apply.start()
    apply.appended("studio", Seq(1), 1, 0.0)
    for _ in range(3):
        assert checkpoints.looks.acquire(timeout=10)
    assert sum(apply.latencies.counts) == 0
    checkpoints.seqs["studio"] = Seq(1)
    assert eventually(lambda: sum(apply.latencies.counts) == 1)
    apply.stop()


def test_a_thread_that_has_nothing_to_do_ends_at_once() -> None:
    apply, checkpoints = applied()
    apply.start()
    apply.stop()
    assert not checkpoints.looks.acquire(blocking=False)
    Apply(checkpoints).stop()


def test_sizes_are_those_of_the_files(tmp_path: Path) -> None:
    assert sizes(None) == (None, None)
    free, wal = sizes(tmp_path / "mirror.db")
    assert wal == 0
    assert free is not None
    assert free > 0
    (tmp_path / "mirror.db-wal").write_bytes(bytes(77))
    assert sizes(tmp_path / "mirror.db")[1] == 77
    assert sizes(tmp_path / "gone" / "mirror.db") == (None, 0)
