"""What somebody watching over the mirror looks at: how fast it goes, what it doubts, what was put right.

Every read touches no more than a page of rows, or a bounded number that it names.
"""

from mirror.store.queries.oversight.access import Access, Login, access
from mirror.store.queries.oversight.corrections import CorrectionRow, corrections, tallied
from mirror.store.queries.oversight.doubts import (
    MANY,
    Reasons,
    Suspicion,
    Thing,
    reasons,
    suspicions,
    things,
)
from mirror.store.queries.oversight.exports import exports
from mirror.store.queries.oversight.kinds import KindRow, kinds
from mirror.store.queries.oversight.rates import MOST, clock, counted, seqs_at
from mirror.store.queries.oversight.repeats import repeats_of
from mirror.store.queries.oversight.size import Size, size
from mirror.store.queries.oversight.subjects import Subject, subjects
from mirror.store.queries.oversight.waiting import Waiting, waiting

__all__ = [
    "MANY",
    "MOST",
    "Access",
    "CorrectionRow",
    "KindRow",
    "Login",
    "Reasons",
    "Size",
    "Subject",
    "Suspicion",
    "Thing",
    "Waiting",
    "access",
    "clock",
    "corrections",
    "counted",
    "exports",
    "kinds",
    "reasons",
    "repeats_of",
    "seqs_at",
    "size",
    "subjects",
    "suspicions",
    "tallied",
    "things",
    "waiting",
]
