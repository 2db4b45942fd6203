"""Group commit: what waits goes together, a failure fails its own, a failed disk ends it all."""

import asyncio
import shutil
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from sqlalchemy.exc import OperationalError

from mirror.core.model import Seq
from mirror.errors import DatabaseUnavailable, MirrorError, Unavailable
from mirror.sync import writer as writing
from mirror.sync.commit import Answer, Post
from mirror.sync.pace import Pace
from mirror.sync.writer import Writer


class Commits:
    """Stands for the committer: gives seqs, when it may, or fails."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.answers: list[Answer] = []
        self.flushes = 0
        self.may = threading.Event()
        self.may.set()
        self.failures: list[Exception] = []
        self.has_open_answers = False
        self.done: dict[str, Seq] = {}
        self._seq = 0

    def commit(self, posts: Sequence[Post]) -> list[Seq | None]:
        self.may.wait(10)
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append([post.body for post in posts])
        seqs: list[Seq | None] = []
        for post in posts:
            self._seq += bool(post.token)
            seqs.append(Seq(self._seq) if post.token else None)
        return seqs

    def applied(self) -> dict[str, Seq]:
        return self.done

    def note(self, answer: Answer) -> None:
        self.answers.append(answer)

    def flush(self) -> None:
        self.flushes += 1


class Parts(NamedTuple):
    """A writer and what it works with."""

    writer: Writer
    commits: Commits
    told: list[object]


def post(body: bytes) -> Post:
    return Post("default", b"token", body)


def parts(**options: object) -> Parts:
    commits, told = Commits(), list[object]()
    writer = Writer(
        commits,  # type: ignore[arg-type]
        on_commit=lambda: told.append("commit"),
        on_failure=told.append,
        **options,  # type: ignore[arg-type]
    )
    return Parts(writer, commits, told)


def disk_failure() -> MirrorError:
    class Driver(Exception):
        sqlite_errorname = "SQLITE_IOERR_FSYNC"

    error = DatabaseUnavailable("The disk failed at /var/lib.")
    error.__cause__ = OperationalError("COMMIT", None, Driver())
    return error


def test_a_lone_callback_waits_for_nobody() -> None:
    async def scenario() -> None:
        writer, commits, told = parts()
        writer.start()
        started = time.monotonic()
        assert await writer.append(post(b"a")) == 1
        assert time.monotonic() - started < 0.5
        await writer.stop()
        assert commits.batches == [[b"a"]]
        assert told == ["commit"]

    asyncio.run(scenario())


def test_what_came_while_a_commit_ran_goes_into_the_next() -> None:
    async def scenario() -> None:
        writer, commits, _ = parts()
        commits.may.clear()
        writer.start()
        first = writer.append(post(b"0"))
        await asyncio.sleep(0.05)
        rest = [writer.append(post(b"%d" % n)) for n in range(1, 6)]
        commits.may.set()
        assert await asyncio.gather(first, *rest) == [1, 2, 3, 4, 5, 6]
        await writer.stop()
        assert commits.batches == [[b"0"], [b"1", b"2", b"3", b"4", b"5"]]

    asyncio.run(scenario())


def test_a_batch_is_bounded_in_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(writing, "BYTES_AT_ONCE", 5)

    async def scenario() -> None:
        writer, commits, _ = parts()
        commits.may.clear()
        writer.start()
        first = writer.append(post(b"0"))
        await asyncio.sleep(0.05)
        rest = [writer.append(post(body)) for body in (b"a", b"b", b"c", b"large", b"d")]
        commits.may.set()
        await asyncio.gather(first, *rest)
        await writer.stop()
        assert commits.batches == [[b"0"], [b"a", b"b"], [b"c", b"large"], [b"d"]]

    asyncio.run(scenario())


def test_a_full_queue_refuses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_WAITING", 2)

    async def scenario() -> None:
        writer, commits, _ = parts()
        commits.may.clear()
        writer.start()
        waiting = [writer.append(post(b"a")), writer.append(post(b"b"))]
        with pytest.raises(Unavailable, match="wait to be written already"):
            await writer.append(post(b"c"))
        assert await asyncio.wait_for(writer.why_not(), 1) is not None
        commits.may.set()
        await asyncio.gather(*waiting)
        assert await writer.append(post(b"d")) == 3
        await writer.stop()

    asyncio.run(scenario())


def test_a_failed_commit_fails_its_callbacks_and_the_next_goes_on() -> None:
    async def scenario() -> None:
        writer, commits, told = parts()
        commits.failures = [DatabaseUnavailable("It is locked."), RuntimeError("a bug")]
        writer.start()
        with pytest.raises(DatabaseUnavailable, match="locked"):
            await writer.append(post(b"a"))
        with pytest.raises(DatabaseUnavailable, match="unexpectedly"):
            await writer.append(post(b"b"))
        assert await writer.append(post(b"c")) == 1
        await writer.stop()
        assert told == ["commit"]

    asyncio.run(scenario())


def test_after_a_failure_of_the_disk_nothing_is_tried_again() -> None:
    async def scenario() -> None:
        writer, commits, told = parts()
        failure = disk_failure()
        commits.failures = [failure]
        writer.start()
        doomed = [writer.append(post(b"a"))]
        with pytest.raises(DatabaseUnavailable):
            await doomed[0]
        with pytest.raises(Unavailable, match="has to be started again"):
            await writer.append(post(b"b"))
        reason = await writer.why_not()
        assert reason is not None
        assert "/var/lib" not in reason
        await writer.stop()
        assert told == [failure]
        assert commits.batches == []
        assert commits.flushes == 0

    asyncio.run(scenario())


def test_too_little_free_space_refuses_until_there_is_more(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int

    free = [10]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free[0]))

    async def scenario() -> None:
        writer, commits, _ = parts(folder=tmp_path, reserve=11)
        writer.start()
        with pytest.raises(Unavailable, match="reserve"):
            await writer.append(post(b"a"))
        assert "nearly full" in (await writer.why_not() or "")
        free[0] = 11
        assert await writer.append(post(b"b")) == 1
        assert await writer.why_not() is None
        await writer.stop()
        assert commits.batches == [[b"b"], [b""]]

    asyncio.run(scenario())


def test_an_answer_is_known_to_the_commit_of_any_later_callback() -> None:
    async def scenario() -> None:
        writer, commits, _ = parts()
        writer.start()
        seq = await writer.append(post(b"a"))
        assert seq is not None
        writer.answered("default", seq, arrived=True)
        await writer.append(post(b"b"))
        assert commits.answers == [Answer("default", Seq(1), arrived=True)]
        await writer.stop()

    asyncio.run(scenario())


def test_the_fate_of_the_last_answers_is_written_down_without_a_further_callback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "IDLE", 0.02)

    async def scenario() -> None:
        writer, commits, _ = parts()
        writer.start()
        await writer.append(post(b"a"))
        writer.answered("default", Seq(1), arrived=True)
        await asyncio.sleep(0.3)
        assert commits.flushes == 1
        assert len(commits.answers) == 1
        writer.answered("default", Seq(1), arrived=False)
        await writer.stop()
        assert (len(commits.answers), commits.flushes) == (2, 2)

    asyncio.run(scenario())


def test_a_callback_whose_request_was_given_up_counts_as_not_answered() -> None:
    async def scenario() -> None:
        writer, commits, _ = parts()
        commits.may.clear()
        writer.start()
        given_up = writer.append(post(b"a"))
        given_up.cancel()
        commits.may.set()
        await writer.append(post(b"b"))
        await writer.stop()
        assert Answer("default", Seq(1), arrived=False) in commits.answers

    asyncio.run(scenario())


def test_stopping_writes_what_waits_and_then_refuses() -> None:
    async def scenario() -> None:
        writer, commits, _ = parts()
        commits.may.clear()
        writer.start()
        waiting = [writer.append(post(b"%d" % n)) for n in range(3)]
        stopping = asyncio.create_task(writer.stop())
        await asyncio.sleep(0.02)
        with pytest.raises(Unavailable, match="stopping"):
            await writer.append(post(b"late"))
        commits.may.set()
        assert await asyncio.gather(*waiting) == [1, 2, 3]
        await stopping
        await writer.stop()

    asyncio.run(scenario())


class Held(Pace):
    """A pace that lets nobody in."""

    def room(self, now: float) -> int | None:
        return 0


def test_a_callback_is_held_back_for_the_applier_for_so_long_at_most() -> None:
    async def scenario() -> None:
        writer, commits, _ = parts(hold=0.05)
        writer.pace = Held()
        writer.start()
        assert await asyncio.wait_for(writer.append(post(b"a")), 10) == 1
        assert writer.figures.paced >= 0.05
        assert commits.batches == [[b"a"]]
        await writer.stop()

    asyncio.run(scenario())


def test_nobody_is_held_back_when_others_would_be_refused_for_it_or_when_it_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "ENOUGH", 2)

    async def scenario() -> None:
        writer, commits, _ = parts(hold=3600.0)
        writer.pace = Held()
        writer.start()
        waiting = [writer.append(post(b"%d" % number)) for number in range(3)]
        assert await asyncio.wait_for(asyncio.gather(*waiting), 10) == [1, 2, 3]
        last = writer.append(post(b"last"))
        await asyncio.sleep(0.05)
        assert not last.done()
        await asyncio.wait_for(writer.stop(), 10)
        assert await last == 4
        assert commits.batches[-1] == [b"last"]

    asyncio.run(scenario())


def test_an_applier_that_cannot_be_asked_holds_nobody_back() -> None:
    class Silent(Commits):
        def applied(self) -> dict[str, Seq]:
            raise DatabaseUnavailable("It is locked.")

    async def scenario() -> None:
        writer = Writer(Silent(), hold=3600.0)  # type: ignore[arg-type]
        writer.start()
        for number in range(1, 4):
            assert await asyncio.wait_for(writer.append(post(b"a")), 10) == number
            await asyncio.sleep(0.03)
        assert writer.figures.paced < 1
        await writer.stop()

    asyncio.run(scenario())


def test_what_a_writer_does_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_WAITING", 2)

    async def scenario() -> None:
        writer, commits, _ = parts()
        commits.may.clear()
        writer.start()
        waiting = [writer.append(post(b"a")), writer.append(post(b"b"))]
        assert writer.waiting == 2
        with pytest.raises(Unavailable):
            await writer.append(post(b"c"))
        commits.failures = [DatabaseUnavailable("It is locked.")]
        commits.may.set()
        await asyncio.gather(*waiting, return_exceptions=True)
        await writer.append(post(b"d"))
        figures = writer.figures
        assert (figures.callbacks + figures.failed, figures.refused) == (3, 1)
        assert (figures.failed >= 1, figures.commits >= 1, figures.largest >= 1) == (True,) * 3
        assert writer.waiting == 0
        await writer.stop()

    asyncio.run(scenario())
