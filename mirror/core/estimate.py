"""A share estimated from a sample, with the interval that holds the true one in 95 of 100 cases."""

from __future__ import annotations

from math import sqrt

from msgspec import Struct

Z = 1.959964
"""Standard deviations that a normal distribution's middle 95% reach."""


class Estimate(Struct, frozen=True):
    """A share between 0 and 1, estimated from `drawn` rows, and its 95% interval."""

    drawn: int
    share: float
    low: float
    high: float


def estimate(found: int, drawn: int) -> Estimate:
    """Return the share that `found` of `drawn` rows suggest, with Wilson's score interval.

    It holds for few rows and for shares near 0, where the textbook interval does not. Nothing drawn says nothing:
    from 0 to 1.
    """
    if drawn == 0:
        return Estimate(0, 0.0, 0.0, 1.0)
    share = found / drawn
    squared = Z * Z
    middle = (share + squared / (2 * drawn)) / (1 + squared / drawn)
    reach = sqrt(share * (1 - share) / drawn + squared / (4 * drawn * drawn)) * Z
    reach /= 1 + squared / drawn
    low = 0.0 if found == 0 else max(0.0, middle - reach)
    high = 1.0 if found == drawn else min(1.0, middle + reach)
    return Estimate(drawn, share, low, high)
