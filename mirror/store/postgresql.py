"""Opens PostgreSQL databases so that a commit survives the server's power loss."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import sqlalchemy as sa

from mirror.errors import ConfigurationError, DatabaseUnavailable

DURABLE = {"on", "remote_apply", "remote_write"}
"""Values of synchronous_commit under which a commit is on the server's disk before it is told."""


def make_engine(url: sa.URL, busy_timeout: float) -> sa.Engine:
    """An engine on psycopg 3; sessions speak UTC and commit durably."""
    if find_spec("psycopg") is None:
        raise ConfigurationError(
            "PostgreSQL needs a driver that is not installed: pip install 'cme-mirror[postgresql]'."
        )
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=4,
        max_overflow=28,
        pool_timeout=busy_timeout,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": max(2, round(busy_timeout)),
            "application_name": "mirror",
            "options": f"-c timezone=UTC -c lock_timeout={round(busy_timeout * 1000)}",
        },
    )
    name = url.render_as_string(hide_password=True)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - psycopg is optional
        with connection.cursor() as cursor:
            effect = cursor.execute("SHOW synchronous_commit").fetchone()[0]
            encoding = cursor.execute("SHOW server_encoding").fetchone()[0]
        connection.rollback()
        if effect not in DURABLE:
            raise DatabaseUnavailable(
                f"Database {name}: synchronous_commit is {effect!r}, so acknowledged callbacks "
                "could be lost. Set it to `on` for this user or database."
            )
        if encoding != "UTF8":
            raise DatabaseUnavailable(
                f"Database {name}: its encoding is {encoding}, where UTF8 is needed."
            )

    return engine
