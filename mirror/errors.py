"""Every error that mirror raises on purpose, in one tree.

    MirrorError
    ├── ConfigurationError      a setting or an argument is wrong                    (exit code 2)
    ├── InputError              a given file or value cannot be used                 (exit code 2)
    ├── NotFound                a named thing does not exist                         (exit code 2)
    ├── Unavailable             the database or the platform could not be reached    (exit code 3)
    │   ├── DatabaseUnavailable
    │   └── PlatformUnavailable
    │       └── PlatformRefused it answered that it won't do this; others may go on
    ├── SchemaOutdated          the database needs a migration                       (exit code 3)
    ├── AlreadyServing          another process serves the same database             (exit code 3)
    ├── LeaseLost               another applier took over; this one wrote nothing
    ├── FeedReset               the change feed starts anew; read it from its beginning
    └── Broken                  a promise of the journal or the state does not hold  (exit code 1)

Messages say what happened, to which thing, and what to do next.
"""

from __future__ import annotations


class MirrorError(Exception):
    """The root: `exit_code` is what a command ends with when the error reaches its top."""

    exit_code = 1


class ConfigurationError(MirrorError):
    """A setting or an argument is wrong; nothing was done."""

    exit_code = 2


class InputError(MirrorError):
    """A given file or value cannot be used."""

    exit_code = 2


class NotFound(MirrorError):
    """A named platform, delivery, class or material does not exist."""

    exit_code = 2


class Unavailable(MirrorError):
    """Something outside this process could not be reached; trying again later may help."""

    exit_code = 3


class DatabaseUnavailable(Unavailable):
    """The database could not be opened, read or made durable."""


class PlatformUnavailable(Unavailable):
    """The platform's API could not be reached or refused the call."""


class PlatformRefused(PlatformUnavailable):
    """The platform answered that it does not do this: it concerns one thing, and the rest may go on."""


class SchemaOutdated(MirrorError):
    """The database has another schema revision than this version of mirror needs."""

    exit_code = 3


class AlreadyServing(MirrorError):
    """Another process serves the same database file."""

    exit_code = 3


class LeaseLost(MirrorError):
    """The fenced checkpoint did not match: another applier or a rebuild went first. Nothing was written."""


class FeedReset(MirrorError):
    """A rebuild made the change feed anew, so a place in the old one means nothing any more."""


class Broken(MirrorError):
    """The journal or the state contradicts itself."""
