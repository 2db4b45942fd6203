"""Which body is a redelivery: examples of each rule, and a specification that any run follows."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from msgspec import Struct

from mirror.core.model import Micros, Seq
from mirror.store.receipts import Receipt
from mirror.sync.receipts import REPEATS, Receipts

WINDOW = 600
BODY = b"one body"


def at(time: int) -> Micros:
    return Micros(time)


def post(book: Receipts, seq: int, now: int = 0, digest: bytes = BODY) -> int | None:
    """Appends a body as the writer does; returns what it repeats."""
    first = book.decide(digest, at(now))
    book.append(Seq(seq), digest, at(now), first)
    return first


def test_an_equal_body_after_a_confirmed_answer_is_a_new_event() -> None:
    book = Receipts(WINDOW)
    assert post(book, 1) is None
    book.confirm(Seq(1))
    assert post(book, 2) is None
    assert len(book) == 1


def test_an_equal_body_while_the_first_is_not_answered_is_a_redelivery() -> None:
    book = Receipts(WINDOW)
    post(book, 1)
    assert post(book, 2) == 1


def test_a_failed_answer_accounts_for_three_repeats_and_no_fourth() -> None:
    book = Receipts(WINDOW)
    post(book, 1)
    book.fail(Seq(1))
    for seq in (2, 3, 4):
        assert post(book, seq, seq) == 1
        book.confirm(Seq(seq))
    assert post(book, 5, 5) is None


def test_repeats_that_fail_themselves_do_not_account_for_more() -> None:
    book = Receipts(WINDOW)
    for seq, first in ((1, None), (2, 1), (3, 1), (4, 1), (5, None), (6, 5)):
        assert post(book, seq, seq) == first
        book.fail(Seq(seq))


def test_a_repeat_whose_answer_failed_is_repeated_though_the_first_answer_arrived() -> None:
    book = Receipts(WINDOW)
    post(book, 1)
    assert post(book, 2) == 1
    book.confirm(Seq(1))
    book.fail(Seq(2))
    assert post(book, 3) == 1


def test_beyond_the_window_an_equal_body_is_a_new_event() -> None:
    book = Receipts(WINDOW)
    post(book, 1, 0)
    book.fail(Seq(1))
    assert book.decide(BODY, at(WINDOW)) == 1
    assert book.decide(BODY, at(WINDOW + 1)) is None
    assert len(book) == 0


def test_another_body_is_no_redelivery() -> None:
    book = Receipts(WINDOW)
    post(book, 1)
    assert post(book, 2, digest=b"another") is None


def test_the_watermark_waits_for_the_oldest_answer() -> None:
    book = Receipts(WINDOW)
    for seq in (1, 2, 3):
        post(book, seq, digest=b"%d" % seq)
    book.confirm(Seq(2))
    assert book.confirmed_seq == 0
    book.fail(Seq(1))
    assert book.confirmed_seq == 2
    book.confirm(Seq(3))
    assert book.confirmed_seq == 3


def test_only_exceptions_are_recorded() -> None:
    book = Receipts(WINDOW)
    post(book, 1, digest=b"1")
    post(book, 2, digest=b"2")
    book.confirm(Seq(1))
    book.fail(Seq(2))
    ledger = book.ledger()
    assert ledger is not None
    assert ledger.confirmed_seq == 2
    assert ledger.failed == (Receipt(Seq(2), b"2", at(0), Seq(2)),)
    book.written(ledger)
    assert book.ledger() is None


def test_a_repeat_is_counted_in_what_was_recorded_before() -> None:
    book = Receipts(WINDOW)
    post(book, 1)
    book.fail(Seq(1))
    first = book.ledger()
    assert first is not None
    book.written(first)
    post(book, 2)
    ledger = book.ledger()
    assert ledger is not None
    assert ledger.failed == (Receipt(Seq(1), BODY, at(0), Seq(1), repeats=1),)


def test_what_was_rolled_back_was_never_there() -> None:
    book = Receipts(WINDOW)
    post(book, 1)
    book.fail(Seq(1))
    for seq in (2, 3, 4):
        assert post(book, seq) == 1
    for seq in (4, 3, 2):
        book.withdraw(Seq(seq))
    for seq in (2, 3, 4):
        assert post(book, seq) == 1


def test_receipts_of_an_earlier_process_count_as_failed() -> None:
    book = Receipts(WINDOW)
    known = [Receipt(Seq(3), BODY, at(0), Seq(3), repeats=2), Receipt(Seq(8), b"8", at(0), Seq(8))]
    book.recall(known, confirmed_seq=Seq(7), head=Seq(8))
    ledger = book.ledger()
    assert ledger is not None
    assert ledger.confirmed_seq == 8
    assert [receipt.seq for receipt in ledger.failed] == [8]
    assert post(book, 9) == 3
    assert post(book, 10) is None
    assert post(book, 11, digest=b"8") == 8


class Entry(Struct):
    """One journaled body of the specification."""

    seq: int
    digest: bytes
    at: int
    redelivery_of: int | None
    arrived: bool = False


class Redeliveries(RuleBasedStateMachine):
    """Any run of posts, answers, rolled back and committed batches, and crashes."""

    @initialize()
    def start(self) -> None:
        self.journal: list[Entry] = []
        self.unanswered: list[Entry] = []
        self.now = 0
        self.durable: dict[int, Receipt] = {}
        self.durable_seq = 0
        self.book = Receipts(WINDOW)

    def expected(self, digest: bytes) -> int | None:
        """The rule as it is written, over everything that ever was."""
        for first in self.journal:
            if first.redelivery_of is None and first.digest == digest:
                repeats = [entry for entry in self.journal if entry.redelivery_of == first.seq]
                if len(repeats) < REPEATS and any(
                    not entry.arrived and self.now - entry.at <= WINDOW
                    for entry in [first, *repeats]
                ):
                    return first.seq
        return None

    def commit(self) -> None:
        ledger = self.book.ledger()
        if ledger is not None:
            self.durable_seq = ledger.confirmed_seq
            self.durable |= {receipt.seq: receipt for receipt in ledger.failed}
            self.book.written(ledger)

    @rule(digests=st.lists(st.sampled_from([b"a", b"b"]), min_size=1, max_size=4))
    def a_batch_arrives(self, digests: list[bytes]) -> None:
        for digest in digests:
            seq = len(self.journal) + 1
            expected = self.expected(digest)
            assert post(self.book, seq, self.now, digest) == expected
            entry = Entry(seq, digest, self.now, expected)
            self.journal.append(entry)
            self.unanswered.append(entry)
        self.commit()

    @rule(digests=st.lists(st.sampled_from([b"a", b"b"]), min_size=1, max_size=4))
    def a_batch_is_rolled_back(self, digests: list[bytes]) -> None:
        seqs = range(len(self.journal) + 1, len(self.journal) + 1 + len(digests))
        for seq, digest in zip(seqs, digests, strict=True):
            post(self.book, seq, self.now, digest)
        for seq in reversed(seqs):
            self.book.withdraw(Seq(seq))

    @precondition(lambda self: self.unanswered)
    @rule(data=st.data(), arrived=st.booleans())
    def an_answer_is_written(self, data: st.DataObject, *, arrived: bool) -> None:
        entry = data.draw(st.sampled_from(self.unanswered))
        self.unanswered.remove(entry)
        entry.arrived = arrived
        if arrived:
            self.book.confirm(Seq(entry.seq))
        else:
            self.book.fail(Seq(entry.seq))

    @rule(seconds=st.sampled_from([1, 200, 300, 601]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def the_process_dies_and_starts_again(self) -> None:
        self.unanswered.clear()
        for entry in self.journal:
            # What was not recorded is not known.
            if entry.seq > self.durable_seq:
                entry.arrived = False
                first = entry.redelivery_of or entry.seq
                repeats = sum(other.redelivery_of == first for other in self.journal)
                self.durable[entry.seq] = Receipt(
                    Seq(entry.seq), entry.digest, at(entry.at), Seq(first), repeats
                )
        self.book = Receipts(WINDOW)
        known = [self.durable[seq] for seq in sorted(self.durable)]
        self.book.recall(known, Seq(self.durable_seq), Seq(len(self.journal)))

    @invariant()
    def the_book_holds_no_more_than_it_must(self) -> None:
        assert len(self.book) <= len(self.journal)


TestRedeliveries = Redeliveries.TestCase
TestRedeliveries.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
