"""Posts go in, durable deliveries come out: one transaction for many, redeliveries decided in it.

The tokens are looked up in the same transaction, so a revoked one opens nothing from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from mirror.core.model import Micros, Seq
from mirror.store import journal, platforms, receipts
from mirror.store.engine import Connection, Database
from mirror.store.journal import Arrival
from mirror.store.platforms import Keys
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


class Committer:
    """Appends for one thread, and keeps the receipts of every platform it appended to."""

    def __init__(
        self, database: Database, window: int, learn: Callable[[Keys], None] = lambda _: None
    ) -> None:
        """Takes the retry window in microseconds; `learn` is told the tokens of each commit."""
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
            with self._database.write() as connection:
                now = self._database.now(connection)
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
            with self._database.write() as connection:
                ledgers = self._write_ledgers(connection, self._database.now(connection))
            self._write_off(ledgers)

    def _append(
        self,
        connection: Connection,
        posts: Sequence[Post],
        keys: Keys,
        now: Micros,
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

    def _book(self, connection: Connection, platform: str, now: Micros) -> Receipts:
        """The receipts of a platform; after a failed commit, with what it may have left after all.

        Whoever lost the connection while committing doesn't know whether it happened.
        """
        if self._unsure:
            for name, known in self._books.items():
                _recall(connection, name, known, Micros(now - self._window))
            self._unsure = False
        book = self._books.get(platform)
        if book is None:
            book = Receipts(self._window)
            _recall(connection, platform, book, Micros(now - self._window))
            self._books[platform] = book
        return book

    def _write_ledgers(self, connection: Connection, now: Micros) -> list[tuple[Receipts, Ledger]]:
        ledgers = []
        for platform, book in self._books.items():
            ledger = book.ledger()
            if ledger is not None:
                receipts.record_unconfirmed(connection, platform, ledger.failed)
                receipts.advance_confirmed(connection, platform, ledger.confirmed_seq)
                if ledger.failed and now - self._pruned.get(platform, 0) >= PRUNE_EVERY:
                    receipts.prune(connection, platform, Micros(now - self._window))
                    self._pruned[platform] = now
                ledgers.append((book, ledger))
        return ledgers

    @staticmethod
    def _write_off(ledgers: Sequence[tuple[Receipts, Ledger]]) -> None:
        for book, ledger in ledgers:
            book.written(ledger)

    def _touch(
        self,
        connection: Connection,
        posts: Sequence[Post],
        seqs: Sequence[Seq | None],
        now: Micros,
    ) -> dict[tuple[str, bytes], Micros]:
        used = {
            (post.platform, post.token)
            for post, seq in zip(posts, seqs, strict=True)
            if seq is not None
        }
        due = {key: now for key in used if now - self._touched.get(key, 0) >= TOUCH_EVERY}
        platforms.touch(connection, due)
        return due


def _recall(connection: Connection, platform: str, book: Receipts, since: Micros) -> None:
    receipts.prune(connection, platform, since)
    head = journal.head_of(connection, platform)
    known = receipts.load_recent(connection, platform, since)
    book.recall(known, head.confirmed_seq, head.seq)


def _append_all(
    connection: Connection,
    platform: str,
    book: Receipts,
    bodies: Sequence[bytes],
    now: Micros,
    written: list[tuple[Receipts, Seq]],
) -> list[Seq]:
    """Appends bodies in order; an equal one among them is decided after the one before has a seq."""
    seqs: list[Seq] = []
    group: dict[bytes, Arrival] = {}
    for body in bodies:
        digest = sha256(body).digest()
        if digest in group:
            seqs += _append_group(connection, platform, book, group, written)
            group = {}
        group[digest] = Arrival(body, now, "callback", book.decide(digest, now))
    seqs += _append_group(connection, platform, book, group, written)
    return seqs


def _append_group(
    connection: Connection,
    platform: str,
    book: Receipts,
    group: dict[bytes, Arrival],
    written: list[tuple[Receipts, Seq]],
) -> list[Seq]:
    seqs = journal.append(connection, platform, list(group.values()))
    for seq, (digest, arrival) in zip(seqs, group.items(), strict=True):
        book.append(seq, digest, arrival.received_at, arrival.redelivery_of)
        written.append((book, seq))
    return seqs
