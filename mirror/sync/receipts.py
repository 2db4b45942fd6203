"""The book of receipts: body digests and times go in; out comes whether a body is a redelivery.

The platform sends no ids, and repeats a delivery up to three times when it saw no 200. So a body is
a redelivery if an equal one was journaled within the window and its answer is not known to have
reached the platform. One book is about one platform; it knows no clock, and one thread owns it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from mirror.core.model import Micros, Seq
from mirror.store.receipts import Receipt

REPEATS = 3  # product page 1156/71329
MOST_FAILED = 500_000  # beyond, the oldest are forgotten: a flood must not fill the memory


class Ledger(Struct, frozen=True):
    """What a restart must know: every answer up to `confirmed_seq` arrived, but for `failed`."""

    confirmed_seq: Seq
    failed: tuple[Receipt, ...]


@dataclass(slots=True)
class _Chain:
    """A delivery and its repeats, while the answer to at least one of them is not known."""

    first: Seq
    digest: bytes
    repeats: int = 0
    open: dict[Seq, Micros] = field(default_factory=dict)

    def accounts_for(self, now: Micros, window: int) -> bool:
        return self.repeats < REPEATS and any(now - at <= window for at in self.open.values())


class Receipts:
    """The receipts of one platform that may still matter. `window` is in microseconds."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._chains: dict[bytes, list[_Chain]] = {}  # by digest, oldest first
        self._open: dict[Seq, _Chain] = {}
        self._unanswered: dict[Seq, None] = {}  # ascending, since seqs are given in order
        self._failed: deque[tuple[Micros, Seq]] = deque()
        self._head = Seq(0)
        self._unwritten: dict[Seq, None] = {}
        self._written_seq = Seq(0)

    def __len__(self) -> int:
        """Counts the receipts whose answer is not known to have arrived."""
        return len(self._open)

    @property
    def has_unanswered(self) -> bool:
        """Whether some answer's fate is still to come."""
        return bool(self._unanswered)

    @property
    def confirmed_seq(self) -> Seq:
        """The seq up to which every answer arrived or is known to have failed."""
        return Seq(next(iter(self._unanswered)) - 1) if self._unanswered else self._head

    def recall(self, known: Iterable[Receipt], confirmed_seq: Seq, head: Seq) -> None:
        """Takes up what others left: those of `known`, in order of seq, that this book missed.

        Nobody will learn the fate of their answers, so they count as failed.
        """
        for receipt in known:
            if receipt.seq <= self._head:
                continue
            chain = self._chain(receipt.digest, receipt.first)
            chain.repeats = max(chain.repeats, receipt.repeats)
            self._enter(chain, receipt.seq, receipt.received_at)
            self._failed.append((receipt.received_at, receipt.seq))
            if receipt.seq > confirmed_seq:
                self._unwritten[receipt.seq] = None
        self._head = max(self._head, head)
        self._written_seq = max(self._written_seq, confirmed_seq)

    def decide(self, digest: bytes, now: Micros) -> Seq | None:
        """Names the delivery that a body arriving now repeats; None if it is a new one."""
        self._expire(now)
        for chain in self._chains.get(digest, ()):
            if chain.accounts_for(now, self._window):
                return chain.first
        return None

    def append(self, seq: Seq, digest: bytes, now: Micros, redelivery_of: Seq | None) -> None:
        """Notes a body as journaled and not yet answered; `redelivery_of` is what `decide` said."""
        if redelivery_of is None and digest not in self._chains:  # as nearly always
            self._chains[digest] = [chain := _Chain(seq, digest, 0, {seq: now})]
            self._open[seq] = chain
        else:
            chain = self._chain(digest, seq if redelivery_of is None else redelivery_of)
            if redelivery_of is not None:
                chain.repeats += 1
                self._unwritten |= dict.fromkeys(
                    failed for failed in chain.open if self._settled(failed)
                )
            self._enter(chain, seq, now)
        self._unanswered[seq] = None
        self._head = seq

    def withdraw(self, seq: Seq) -> None:
        """Takes back the newest `append`: its transaction was rolled back."""
        chain = self._open[seq]
        if seq != chain.first:
            chain.repeats -= 1
        del self._unanswered[seq]
        self._close(seq)
        self._head = Seq(seq - 1)

    def confirm(self, seq: Seq) -> None:
        """Notes that the answer was written in time to a platform that was still there."""
        self._unanswered.pop(seq, None)
        self._close(seq)

    def fail(self, seq: Seq) -> None:
        """Notes that the answer may not have arrived: late, not 200, or nobody there."""
        self._unanswered.pop(seq, None)
        chain = self._open.get(seq)
        if chain is not None:
            self._failed.append((chain.open[seq], seq))
            self._unwritten[seq] = None

    def ledger(self) -> Ledger | None:
        """What changed since `written`, to go into the next transaction."""
        if not self._unwritten and self.confirmed_seq == self._written_seq:
            return None
        failed = []
        for seq in self._unwritten:
            chain = self._open.get(seq)
            if chain is not None:
                at = chain.open[seq]
                failed.append(Receipt(seq, chain.digest, at, chain.first, chain.repeats))
        return Ledger(self.confirmed_seq, tuple(failed))

    def written(self, ledger: Ledger) -> None:
        """Notes that the transaction with `ledger` was committed."""
        self._written_seq = ledger.confirmed_seq
        self._unwritten.clear()

    def _settled(self, seq: Seq) -> bool:
        return seq not in self._unanswered

    def _chain(self, digest: bytes, first: Seq) -> _Chain:
        chains = self._chains.setdefault(digest, [])
        for chain in chains:
            if chain.first == first:
                return chain
        chain = _Chain(first, digest)
        chains.append(chain)
        return chain

    def _enter(self, chain: _Chain, seq: Seq, at: Micros) -> None:
        chain.open[seq] = at
        self._open[seq] = chain

    def _close(self, seq: Seq) -> None:
        chain = self._open.pop(seq, None)
        if chain is None:
            return
        del chain.open[seq]
        if not chain.open:
            chains = self._chains[chain.digest]
            chains.remove(chain)
            if not chains:
                del self._chains[chain.digest]

    def _expire(self, now: Micros) -> None:
        while self._failed and (
            now - self._failed[0][0] > self._window or len(self._failed) > MOST_FAILED
        ):
            self._close(self._failed.popleft()[1])
