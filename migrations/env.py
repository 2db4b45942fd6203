"""Runs the migrations in `versions/` on a connection that is given, or on MIRROR_DATABASE's.

A caller hands its connection over as `config.attributes["connection"]` and commits it itself: a
migration then stands or falls with whatever else that transaction holds. Without one (the `alembic`
command in a checkout) the address is MIRROR_DATABASE, or the default of every other command.
"""

import os

import sqlalchemy as sa
from alembic import context

from mirror.store.schema import metadata

DEFAULT_DATABASE = "sqlite:///mirror.db"


def migrate(connection: sa.Connection) -> None:
    """Migrates the database behind `connection`, all steps or none."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite cannot alter most things in place; batch mode copies the table instead.
        render_as_batch=connection.dialect.name == "sqlite",
        # Both engines roll DDL back, so a failed upgrade leaves what was there before.
        transactional_ddl=True,
        transaction_per_migration=False,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def print_sql(database: str) -> None:
    """Prints the statements of the migrations, for `alembic upgrade --sql`."""
    context.configure(
        url=database,
        target_metadata=metadata,
        literal_binds=True,
        render_as_batch=database.startswith("sqlite"),
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Picks the connection."""
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    database = os.environ.get("MIRROR_DATABASE") or DEFAULT_DATABASE
    if context.is_offline_mode():
        print_sql(database)
        return
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()


main()
