"""The first schema: tables, the journal's guards, the public views."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    dialect = op.get_context().dialect.name
    script = (SQL / f"{revision}.{dialect}.sql").read_text(encoding="utf-8")
    for statement in script.removesuffix(";\n").split(";\n\n"):
        op.execute(sa.text(statement))


def downgrade() -> None:
    # Beneath the first schema there is nothing, so going back would drop the journal.
    raise RuntimeError(
        "The first schema can't be taken back, because the journal would go with it. "
        "To start over, use another database."
    )
