"""What becomes of a call that went wrong: tried again, told to the user as a setting, or given up.

MirrorError
├── ConfigurationError      the key, the clock or the platform's id is wrong: never tried again
└── Unavailable
    └── PlatformUnavailable
        └── CallFailed      tried until the attempts were used up
            └── CallRefused the platform answered that it won't: never tried again
"""

from __future__ import annotations

from typing import Final

from mirror.errors import ConfigurationError, PlatformRefused, PlatformUnavailable

_PASSING: Final = ("RequestLimitExceeded", "InternalError", "ServiceUnavailable")
_KEY: Final = ("AuthFailure", "UnauthorizedOperation", "InvalidCredential")
_PLATFORM: Final = (
    *("InvalidParameterValue.Platform", "InvalidParameter.Platform"),
    *("ResourceNotFound.Platform", "ResourceNotFound.PlatformNotFound"),
)
_REMEDIES: Final = {
    "AuthFailure.SignatureExpire": "Set this machine's clock: it differs from the platform's by "
    "more than five minutes.",
    "AuthFailure.SecretIdNotFound": "Check MIRROR_SECRET_ID.",
    "AuthFailure.SignatureFailure": "Check MIRROR_SECRET_KEY: it does not fit MIRROR_SECRET_ID.",
}
_GRANT: Final = "Check MIRROR_SECRET_ID and MIRROR_SECRET_KEY, and that the key may read CME."


class CallFailed(PlatformUnavailable):
    """A call brought no answer. `code` is the platform's, empty if it said none."""

    def __init__(self, message: str, *, action: str, code: str) -> None:
        super().__init__(message)
        self.action = action
        self.code = code


class CallRefused(CallFailed, PlatformRefused):
    """The platform answered that it does not do this, such as for an id that is not there."""


class ErrorReply(Exception):
    """The platform answered with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    @property
    def passing(self) -> bool:
        """Whether the same call may well succeed later."""
        return _is_one_of(self.code, _PASSING)


class NoReply(Exception):
    """No answer came, or none that can be read; the message is a clause that says why."""


def refusal(error: ErrorReply, action: str, platform_id: str) -> Exception:
    """The error to raise for one that trying again does not mend."""
    said = f"{action} was refused with {error.code} ({error.message})"
    if _is_one_of(error.code, _KEY):
        return ConfigurationError(f"{said}. {_REMEDIES.get(error.code, _GRANT)}")
    if error.code in _PLATFORM:
        return ConfigurationError(
            f"{said}. The platform's id is {platform_id!r} here: `mirror platform list` shows it, "
            "and `mirror platform add NAME --platform-id ID` sets another."
        )
    return CallRefused(f"{said}.", action=action, code=error.code)


def giving_up(error: ErrorReply | NoReply, action: str, where: str, attempts: int) -> CallFailed:
    """The error to raise when the attempts are used up."""
    code = error.code if isinstance(error, ErrorReply) else ""
    why = f"{code} ({error.message})" if isinstance(error, ErrorReply) else str(error)
    remedy = f"Try again later, and check that {where} can be reached from here."
    if _is_one_of(code, _PASSING):
        remedy = "Try again later."
    if _is_one_of(code, ("RequestLimitExceeded",)):
        remedy = "Try again later, or with a lower MIRROR_API_RATE: others may use the same key."
    times = "once" if attempts == 1 else f"{attempts} times"
    return CallFailed(f"{action} failed {times}: {why}. {remedy}", action=action, code=code)


def _is_one_of(code: str, families: tuple[str, ...]) -> bool:
    return any(code == family or code.startswith(f"{family}.") for family in families)
