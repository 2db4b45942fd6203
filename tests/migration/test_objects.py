"""What a migrated database consists of besides its tables."""

import sqlalchemy as sa

from mirror.store import views
from mirror.store.engine import Database


def test_every_view_is_there_with_its_columns(database: Database) -> None:
    with database.read() as connection:
        inspector = sa.inspect(connection)
        found = {
            name: [column["name"] for column in inspector.get_columns(name)]
            for name in inspector.get_view_names()
        }
    assert found == {name: views.columns(name) for name in views.QUERIES}


def test_every_view_can_be_read(database: Database) -> None:
    with database.read() as connection:
        for name in views.QUERIES:
            rows = connection.execute(sa.select(views.view(name))).all()
            assert len(rows) == (1 if name == "mirror_status" else 0), name


def test_the_journal_is_guarded(database: Database) -> None:
    if database.dialect == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'journal'"
        expected = {
            "journal_refuses_delete",
            "journal_refuses_update",
            "journal_takes_the_next_seq_only",
        }
    else:
        query = (
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'journal'::regclass AND NOT tgisinternal"
        )
        expected = {
            "journal_refuses_truncate",
            "journal_refuses_update",
            "journal_takes_the_next_seq_only",
        }
    with database.read() as connection:
        assert set(connection.exec_driver_sql(query).scalars()) == expected


def test_keys_are_compared_byte_by_byte(database: Database) -> None:
    with database.write() as connection:
        for name in ("b", "B", "a", "\u00e9", "e\u0301", "媒"):
            connection.execute(
                sa.text("INSERT INTO tags VALUES ('default', 1, 'custom', :name, 'm')"),
                {"name": name},
            )
        found = connection.execute(sa.text("SELECT tag FROM tags ORDER BY tag")).scalars()
        assert list(found) == sorted(["b", "B", "a", "\u00e9", "e\u0301", "媒"])
