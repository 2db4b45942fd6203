"""Writes down, for the newest revision, what a new database consists of: `python migrations/freeze.py`.

A revision must always do the same, so it runs these files and not the code that made them.
"""

import sys
from pathlib import Path

MIGRATIONS = Path(__file__).resolve().parent
sys.path.insert(0, str(MIGRATIONS.parent))

from mirror.store import ddl, dialects, migrate  # noqa: E402 - the path comes first


def files() -> dict[Path, str]:
    """What each file of the newest revision should say."""
    return {
        MIGRATIONS / "sql" / f"{migrate.HEAD}.{dialect}.sql": ddl.script(dialect)
        for dialect in dialects.NAMES
    }


if __name__ == "__main__":
    for path, script in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(script, encoding="utf-8")
