"""A class with much in it moves by the same statements as one with little, on both engines."""

import pytest
import sqlalchemy as sa

from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.store import journal
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.sync.apply import Applier, apply_all
from tests.naive import bodies
from tests.naive.bodies import ANN

AT = 1_700_000_000_000_000


def appended(database: Database, *feed: bytes) -> None:
    with database.write() as connection:
        journal.append(connection, "default", [Arrival(body, Micros(AT)) for body in feed])


def sent(database: Database, body: bytes) -> list[tuple[str, int]]:
    """The statements that applying a delivery takes, with the rows each writes; nothing is in memory before."""
    appended(database, body)
    seen: list[tuple[str, int]] = []

    def note(*told: object) -> None:
        statement, parameters, many = str(told[2]), told[3], told[5]
        seen.append((statement, len(parameters) if many and isinstance(parameters, list) else 1))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        assert apply_all(Applier(database, "default", Rules())) == 1
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    return seen


@pytest.mark.parametrize("event", ["moved", "renamed", "given away"])
def test_what_is_in_a_class_takes_no_part_in_its_move(database: Database, event: str) -> None:
    body = {
        "moved": bodies.moved_class(ANN, "/a", "/x"),
        "renamed": bodies.moved_class(ANN, "/a", "/z"),
        "given away": bodies.moved_class(ANN, "/a", "/", destination_owner=bodies.BEN),
    }
    appended(database, *(bodies.created(ANN, path) for path in ("/a", "/a/b", "/x", "/x/a2")))
    appended(database, bodies.created(bodies.BEN, "/own"))
    appended(database, bodies.added([f"m{number:05}" for number in range(3_000)], ANN, "/a/b"))
    apply_all(Applier(database, "default", Rules()))
    statements = sent(database, body[event])
    touched = [text for text, _ in statements if "materials" in text or "tags" in text]
    assert touched == []
    assert max(rows for _, rows in statements) <= 10
    with database.read() as connection:
        newest = "SELECT outcome, change_count FROM delivery_log ORDER BY seq DESC LIMIT 1"
        assert tuple(connection.exec_driver_sql(newest).one()) == ("applied", 2)


def test_what_a_deleted_class_held_is_touched(database: Database) -> None:
    # The listening would notice.
    appended(database, bodies.created(ANN, "/a"), bodies.added(["m1", "m2"], ANN, "/a"))
    apply_all(Applier(database, "default", Rules()))
    statements = sent(database, bodies.class_deleted(ANN, "/a"))
    assert any("materials" in text for text, _ in statements)
