"""One call at a time: paced, counted, tried again while that may help, and read."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from mirror.core.decoding.fields import FieldError, Record
from mirror.platform.failures import ErrorReply, NoReply, giving_up, refusal
from mirror.platform.pacing import Backoff, Clock, Patience, TokenBucket
from mirror.platform.sdk import Sdk

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Calls:
    """Makes calls for one platform from any thread."""

    def __init__(
        self,
        sdk: Sdk,
        platform_id: str,
        *,
        rate: float,
        patience: Patience,
        clock: Clock,
    ) -> None:
        """`rate` is a limit for each action by itself, as the platform's is."""
        self._sdk = sdk
        self._platform_id = platform_id
        self._rate = rate
        self._attempts = patience.attempts
        self._backoff = Backoff(patience)
        self._clock = clock
        self._lock = Lock()  # guards the two below
        self._buckets: dict[str, TokenBucket] = {}
        self._made: Counter[str] = Counter()

    @property
    def made(self) -> Counter[str]:
        """How many calls of each action were sent, repeated ones included."""
        with self._lock:
            return self._made.copy()

    def make(self, action: str, params: Record, read: Callable[[Record], _T]) -> _T:
        """What `read` makes of the answer; its FieldError counts as no answer.

        Raises ConfigurationError or CallRefused at once, CallFailed after the last attempt.
        """
        attempt = 1
        while True:
            failure = self._tried(action, params, read)
            if not isinstance(failure, ErrorReply | NoReply):
                return failure
            if attempt >= self._attempts:
                raise giving_up(failure, action, str(self._sdk.endpoint), attempt)
            wait = self._backoff.after(attempt)
            log.warning(
                "A call to the platform failed and is tried again",
                extra={
                    "action": action,
                    "reason": failure.code if isinstance(failure, ErrorReply) else str(failure),
                    "attempt": attempt,
                    "wait_seconds": round(wait, 3),
                },
            )
            self._clock.sleep(wait)
            attempt += 1

    def _tried(
        self, action: str, params: Record, read: Callable[[Record], _T]
    ) -> _T | ErrorReply | NoReply:
        self._admitted(action).take()
        try:
            return read(self._sdk.call(action, {"Platform": self._platform_id} | params))
        except FieldError as error:
            return NoReply(f"the answer cannot be read: {error}")
        except NoReply as error:
            return error
        except ErrorReply as error:
            if error.passing:
                return error
            raise refusal(error, action, self._platform_id) from None

    def _admitted(self, action: str) -> TokenBucket:
        with self._lock:
            self._made[action] += 1
            bucket = self._buckets.get(action)
            if bucket is None:
                bucket = self._buckets[action] = TokenBucket(self._rate, self._clock)
            return bucket
