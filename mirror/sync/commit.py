"""Posts go in, durable deliveries come out: one transaction for many, redeliveries decided in it.

The tokens are looked up in the same transaction, so a revoked one opens nothing from then on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from msgspec.structs import replace

from mirror.core.model import Micros, Seq
from mirror.store import journal, platforms, receipts
from mirror.store.engine import Database, Speaker
from mirror.store.journal import Arrival
from mirror.store.platforms import Keys
from mirror.store.receipts import Receipt
from mirror.sync.receipts import Ledger, Receipts

TOUCH_EVERY = 1_000_000
"""Microseconds between two notes that a token was used."""
PRUNE_EVERY = 60_000_000
"""Microseconds between two removals of receipts that no redelivery can come for any more."""


class Post(NamedTuple):
    """A body for a platform, brought by the token with this digest."""

    platform: str
    token: bytes
    body: bytes


class Answer(NamedTuple):
    """Whether the answer to a delivery is known to have reached the platform."""

    platform: str
    seq: Seq
    arrived: bool


class Moment(NamedTuple):
    """Now: by the clock that tells arrival times, and by a steady one, which nobody can set.

    How long ago something was is a matter of the steady one: a clock that is put right must neither
    bring an old receipt back nor end a new one.
    """

    clock: Micros
    steady: Micros

    def recalled(self, receipt: Receipt) -> Receipt:
        """A receipt as it was recorded, with the steady time; none is from the future."""
        age = max(0, self.clock - receipt.received_at)
        return replace(receipt, received_at=Micros(self.steady - age))

    def recorded(self, receipt: Receipt) -> Receipt:
        """A receipt with the time that the clock of now would have told."""
        return replace(receipt, received_at=Micros(self.clock - self.steady + receipt.received_at))


def _steady() -> Micros:
    return Micros(time.monotonic_ns() // 1000)


class Committer:
    """Appends for one thread, and keeps the receipts of every platform it appended to."""

    def __init__(
        self,
        database: Database,
        window: int,
        learn: Callable[[Keys], None] = lambda _: None,
        *,
        steady: Callable[[], Micros] = _steady,
    ) -> None:
        """Takes the retry window in microseconds; `learn` is told the tokens of each commit.

        `steady` tells microseconds since some moment.
        """
        self._steady = steady
        self._database = database
        self._window = window
        self._learn = learn
        self._books: dict[str, Receipts] = {}
        self._unsure = False
        self._touched: dict[tuple[str, bytes], Micros] = {}
        self._pruned: dict[str, Micros] = {}

    @property
    def has_open_answers(self) -> bool:
        """Whether the fate of some answer is not written down yet."""
        return any(book.has_unanswered or book.ledger() for book in self._books.values())

    def note(self, answer: Answer) -> None:
        """Takes the fate of an answer; the next transaction writes down what it must."""
        book = self._books[answer.platform]
        if answer.arrived:
            book.confirm(answer.seq)
        else:
            book.fail(answer.seq)

    def applied(self) -> dict[str, Seq]:
        """How far each platform is applied. Raises MirrorError."""
        with self._database.read() as connection:
            return platforms.applied(connection)

    def commit(self, posts: Sequence[Post]) -> list[Seq | None]:
        """Appends posts in order; returns their seqs, None for a token that opens nothing now.

        Raises MirrorError, and then nothing was appended.
        """
        written: list[tuple[Receipts, Seq]] = []
        try:
            with self._database.write_driven() as connection:
                now = self._now(connection)
                keys = platforms.load_keys(connection)
                seqs = self._append(connection, posts, keys, now, written)
                ledgers = self._write_ledgers(connection, now)
                used = self._touch(connection, posts, seqs, now)
        except BaseException:
            for book, seq in reversed(written):
                book.withdraw(seq)
            self._unsure = True
            raise
        self._write_off(ledgers)
        self._touched |= used
        self._learn(keys)
        return seqs

    def flush(self) -> None:
        """Writes down the fate of answers by itself. Raises MirrorError; it is kept then."""
        if any(book.ledger() for book in self._books.values()):
            with self._database.write_driven() as connection:
                ledgers = self._write_ledgers(connection, self._now(connection))
            self._write_off(ledgers)

    def _now(self, connection: Speaker) -> Moment:
        return Moment(self._database.now(connection), self._steady())

    def _append(
        self,
        connection: Speaker,
        posts: Sequence[Post],
        keys: Keys,
        now: Moment,
        written: list[tuple[Receipts, Seq]],
    ) -> list[Seq | None]:
        seqs: list[Seq | None] = [None] * len(posts)
        by_platform: dict[str, list[int]] = {}
        for place, post in enumerate(posts):
            if post.token in keys.digests.get(post.platform, ()):
                by_platform.setdefault(post.platform, []).append(place)
        for platform, places in by_platform.items():
            book = self._book(connection, platform, now)
            bodies = [posts[place].body for place in places]
            for place, seq in zip(
                places, _append_all(connection, platform, book, bodies, now, written), strict=True
            ):
                seqs[place] = seq
        return seqs

    def _book(self, connection: Speaker, platform: str, now: Moment) -> Receipts:
        """The receipts of a platform; after a failed commit, with what it may have left after all.

        Whoever lost the connection while committing doesn't know whether it happened.
        """
        if self._unsure:
            for name, known in self._books.items():
                _recall(connection, name, known, now, self._window)
            self._unsure = False
        book = self._books.get(platform)
        if book is None:
            book = Receipts(self._window)
            _recall(connection, platform, book, now, self._window)
            self._books[platform] = book
        return book

    def _write_ledgers(self, connection: Speaker, now: Moment) -> list[tuple[Receipts, Ledger]]:
        ledgers = []
        for platform, book in self._books.items():
            ledger = book.ledger()
            if ledger is not None:
                failed = [now.recorded(receipt) for receipt in ledger.failed]
                receipts.record_unconfirmed(connection, platform, failed)
                receipts.advance_confirmed(connection, platform, ledger.confirmed_seq)
                if failed and _is_due(self._pruned.get(platform), now, PRUNE_EVERY):
                    receipts.prune(connection, platform, Micros(now.clock - self._window))
                    self._pruned[platform] = now.steady
                ledgers.append((book, ledger))
        return ledgers

    @staticmethod
    def _write_off(ledgers: Sequence[tuple[Receipts, Ledger]]) -> None:
        for book, ledger in ledgers:
            book.written(ledger)

    def _touch(
        self,
        connection: Speaker,
        posts: Sequence[Post],
        seqs: Sequence[Seq | None],
        now: Moment,
    ) -> dict[tuple[str, bytes], Micros]:
        used = {
            (post.platform, post.token)
            for post, seq in zip(posts, seqs, strict=True)
            if seq is not None
        }
        due = [key for key in used if _is_due(self._touched.get(key), now, TOUCH_EVERY)]
        platforms.touch(connection, dict.fromkeys(due, now.clock))
        return dict.fromkeys(due, now.steady)


def _is_due(last: Micros | None, now: Moment, every: int) -> bool:
    return last is None or now.steady - last >= every


def _recall(connection: Speaker, platform: str, book: Receipts, now: Moment, window: int) -> None:
    since = Micros(now.clock - window)
    receipts.prune(connection, platform, since)
    head = journal.head_of(connection, platform)
    known = receipts.load_recent(connection, platform, since)
    book.recall([now.recalled(receipt) for receipt in known], head.confirmed_seq, head.seq)


def _append_all(
    connection: Speaker,
    platform: str,
    book: Receipts,
    bodies: Sequence[bytes],
    now: Moment,
    written: list[tuple[Receipts, Seq]],
) -> list[Seq]:
    """Appends bodies in order; an equal one among them is decided after the one before has a seq."""
    seqs: list[Seq] = []
    group: dict[bytes, Arrival] = {}
    for body in bodies:
        digest = sha256(body).digest()
        if digest in group:
            seqs += _append_group(connection, platform, book, group, now, written)
            group = {}
        repeats = book.decide(digest, now.steady)
        group[digest] = Arrival(body, now.clock, "callback", repeats)
    seqs += _append_group(connection, platform, book, group, now, written)
    return seqs


def _append_group(
    connection: Speaker,
    platform: str,
    book: Receipts,
    group: dict[bytes, Arrival],
    now: Moment,
    written: list[tuple[Receipts, Seq]],
) -> list[Seq]:
    seqs = journal.append(connection, platform, list(group.values()))
    for seq, (digest, arrival) in zip(seqs, group.items(), strict=True):
        book.append(seq, digest, now.steady, arrival.redelivery_of)
        written.append((book, seq))
    return seqs
