"""Settings: MIRROR_* variables and a `.env` file go in, one frozen `Settings` comes out.

The environment wins over `.env`, an option of a command over both; empty means not set. All bad
values are reported together. docs/settings.md is written from `SETTINGS`.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from dotenv import dotenv_values

from mirror import values
from mirror.errors import ConfigurationError
from mirror.values import Network

PREFIX = "MIRROR_"
TESTING = "MIRROR_TEST_"  # what the project's own tests are told by


@dataclass(frozen=True)
class Settings:
    """What the environment says, checked. Durations are seconds, sizes are bytes."""

    database: str = field(repr=False)  # it may hold a password
    read_database: str | None = field(repr=False)
    host: str
    port: int
    public_url: str | None
    read_token: str | None = field(repr=False)
    allowed_sources: tuple[Network, ...]
    trusted_proxies: tuple[Network, ...]
    max_body_bytes: int
    disk_reserve: int
    retry_window: float
    confirm_limit: float
    reorder_horizon: float
    preset_classes: tuple[str, ...]
    secret_id: str | None = field(repr=False)
    secret_key: str | None = field(repr=False)
    api_endpoint: str
    api_rate: float
    log_format: str
    log_level: str


class Setting(NamedTuple):
    """One setting as people meet it. `read` raises ValueError with a clause that ends "is …"."""

    name: str
    default: str
    read: Callable[[str], object]
    meaning: str
    unset: object = None  # its value when it is neither given nor has a default
    secret: bool = False

    @property
    def field(self) -> str:
        """Its name in `Settings`."""
        return self.name.lower()


def load(
    environ: Mapping[str, str] | None = None,
    env_file: Path = Path(".env"),
    options: Mapping[str, str | None] = MappingProxyType({}),
) -> Settings:
    """Reads every setting once; `options` are a command's own, by field, and None is not given.

    Raises ConfigurationError naming every bad value.
    """
    given = _given(os.environ if environ is None else environ, env_file)
    given |= {name.upper(): text for name, text in options.items() if text is not None}
    found: dict[str, Any] = {}
    wrong: list[str] = []
    for setting in SETTINGS:
        text = given.get(setting.name) or setting.default
        try:
            found[setting.field] = setting.read(text) if text else setting.unset
        except ValueError as error:
            shown = "" if setting.secret else f" {text!r}"
            wrong.append(f"{PREFIX}{setting.name}{shown} {error}")
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    return Settings(**found)


def misspelt(environ: Mapping[str, str], env_file: Path = Path(".env")) -> Iterator[str]:
    """Yields a sentence for each MIRROR_* variable that no setting reads."""
    known = {setting.name for setting in SETTINGS}
    for name in sorted(_given(environ, env_file)):
        if name not in known and not (PREFIX + name).startswith(TESTING):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {PREFIX}{close[0]}?" if close else ""
            yield f"{PREFIX}{name} is no setting of mirror{hint}"


def _given(environ: Mapping[str, str], env_file: Path) -> dict[str, str]:
    # No interpolation: a secret may hold a dollar sign.
    in_file = dotenv_values(env_file, interpolate=False) if env_file.is_file() else {}
    both = {**in_file, **environ}
    return {
        name.removeprefix(PREFIX): text.strip()
        for name, text in both.items()
        if name.startswith(PREFIX) and text is not None and text.strip()
    }


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DATABASE",
        "sqlite:///mirror.db",
        values.database_url,
        "The database. A relative SQLite file is in the working directory.",
    ),
    Setting(
        "READ_DATABASE",
        "",
        values.database_url,
        "Where commands that only read look instead, such as a standby.",
    ),
    Setting("HOST", "127.0.0.1", str, "The address that `mirror serve` listens on."),
    Setting(
        "PORT", "8000", values.port, "The port that `mirror serve` listens on; 0 takes a free one."
    ),
    Setting(
        "PUBLIC_URL",
        "",
        values.url,
        "What callback URLs start with: how the platform reaches this server. "
        "Without it, `http://HOST:PORT`.",
    ),
    Setting(
        "READ_TOKEN",
        "",
        values.read_token,
        "A token that may read over HTTP, beside those in the database.",
        secret=True,
    ),
    Setting(
        "ALLOWED_SOURCES",
        "",
        values.networks,
        "Addresses and networks, with commas between, that may post callbacks. "
        "Without it, any may.",
        unset=(),
    ),
    Setting(
        "TRUSTED_PROXIES",
        "",
        values.networks,
        "Proxies whose `X-Forwarded-For` is believed; the right-most address there that is no "
        "such proxy is the sender's.",
        unset=(),
    ),
    Setting("MAX_BODY_BYTES", "16MiB", values.body_size, "The largest body that is accepted."),
    Setting(
        "DISK_RESERVE",
        "256MiB",
        values.size,
        "With less free space than this beside an SQLite database, callbacks get 503, so that "
        "the rest of the machine goes on.",
    ),
    Setting(
        "RETRY_WINDOW",
        "10m",
        values.seconds,
        "How long an equal body may be the platform's repeat of one whose answer got lost.",
    ),
    Setting(
        "CONFIRM_LIMIT",
        "3s",
        values.seconds,
        "An answer that took longer may not have reached the platform.",
    ),
    Setting(
        "REORDER_HORIZON",
        "10m",
        values.seconds,
        "How late a delivery may come and still be put in its place. "
        "Changing it changes the rules: rebuild afterwards.",
    ),
    Setting(
        "PRESET_CLASSES",
        "",
        values.paths,
        "Classes that every owner has without any event, with commas between. Without it, those "
        "the platform documents. Changing it changes the rules: rebuild afterwards.",
        unset=(),
    ),
    Setting("SECRET_ID", "", str, "The API key's id, for reading the platform.", secret=True),
    Setting("SECRET_KEY", "", str, "The API key itself.", secret=True),
    Setting(
        "API_ENDPOINT",
        "https://cme.tencentcloudapi.com",
        values.url,
        "Where the platform's API is; `http://127.0.0.1:PORT` serves for a simulator.",
    ),
    Setting("API_RATE", "15", values.rate, "The most calls a second of one API action."),
    Setting("LOG_FORMAT", "text", values.one_of("text", "json"), "`text` or `json`."),
    Setting(
        "LOG_LEVEL",
        "info",
        values.one_of("debug", "info", "warning", "error"),
        "`debug`, `info`, `warning` or `error`.",
    ),
)
