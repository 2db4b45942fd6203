"""What `verify` finds: nothing in a sound mirror, and by its name whatever was changed by hand."""

from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from mirror.core.rules import Rules
from mirror.store.dialects import guards
from mirror.store.engine import Database, open_database
from mirror.store.schema import STATE, checkpoints, journal
from mirror.sync.apply import Applier
from mirror.sync.verify import Difference, verify
from tests.support.journals import append, apply, state
from tests.support.rich import FEED
from tests.support.stepping import StepDatabase

RULES = Rules()
REBUILD = "Run `mirror rebuild`."


@pytest.fixture
def mirror(database: Database) -> Database:
    """A database with a row in every state table, applied to the end."""
    append(database, "default", FEED)
    apply(database, "default")
    assert all(state(database, "default").values())
    return database


def found(database: Database, rules: Rules = RULES) -> list[Difference]:
    return list(verify(database, "default", rules))


def by_hand(database: Database, *statements: Any) -> None:  # noqa: ANN401 - what can be executed
    with database.write() as connection:
        for statement in statements:
            if isinstance(statement, str):
                connection.exec_driver_sql(statement)
            else:
                connection.execute(statement)


def key_of(table: sa.Table, row: tuple[Any, ...]) -> dict[str, Any]:
    columns = [column.name for column in list(table.c)[2:]]
    named = dict(zip(columns, row, strict=True))
    return {column.name: named[column.name] for column in list(table.primary_key)[2:]}


def of_row(table: sa.Table, key: dict[str, Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in key.items()))


def place(table: sa.Table, key: dict[str, Any]) -> str:
    return f"{table.name} of 'default', {', '.join(map(str, key.values()))}"


def another(column: sa.Column[Any], value: object) -> object:
    """Another value that the column can hold."""
    if isinstance(column.type, sa.Boolean):
        return not value
    if isinstance(column.type, sa.Integer | sa.Float):
        return (value or 0) + 1  # type: ignore[operator]  # a number
    return f"{value or ''}!"


# ----------------------------------------------------------------------------------- sound


def test_a_sound_mirror_yields_nothing(mirror: Database) -> None:
    assert found(mirror) == []


def test_a_journal_of_which_nothing_is_applied_yields_nothing(database: Database) -> None:
    append(database, "default", FEED)
    assert found(database) == []


def test_a_mirror_that_lags_behind_its_journal_yields_nothing(mirror: Database) -> None:
    append(mirror, "default", [arrival._replace(redelivery_of=None) for arrival in FEED])
    assert found(mirror) == []


def test_a_mirror_is_verified_without_being_written_to(mirror: Database) -> None:
    with closing(open_database(mirror.url, read_only=True)) as read_only:
        assert found(read_only) == []


def test_what_arrives_and_is_applied_meanwhile_is_no_difference(mirror: Database) -> None:
    more = [arrival._replace(redelivery_of=None) for arrival in FEED]
    applier = Applier(mirror, "default", RULES, batch=1)

    def meanwhile(_: str) -> None:
        if more:
            append(mirror, "default", [more.pop(0), more.pop(0)])
            applier.run_once()

    assert found(StepDatabase(mirror, meanwhile)) == []
    assert applier.seq > len(FEED)


# ----------------------------------------------------------------------------------- state


@pytest.mark.parametrize("last", [False, True], ids=["first row", "last row"])
def test_a_row_edited_by_hand_in_any_state_table_is_named_with_its_column(
    mirror: Database, last: bool
) -> None:
    expected = {}
    for table in STATE:
        rows = state(mirror, "default")[table.name]
        key = key_of(table, rows[-1 if last else 0])
        rest = [column for column in list(table.c)[2:] if column.name not in key]
        column = (rest or [table.c[next(reversed(key))]])[-1]
        values = dict(
            zip((c.name for c in list(table.c)[2:]), rows[-1 if last else 0], strict=True)
        )
        new = another(column, values[column.name])
        by_hand(mirror, sa.update(table).where(of_row(table, key)).values({column.name: new}))
        if rest:
            expected[place(table, key)] = f"{column.name} is {new!r}, a rebuild says"
        else:  # all of it is key: one row is gone, another has come
            expected[place(table, key)] = "the row is missing"
            moved = place(table, {**key, column.name: new})
            expected[moved] = "the row stands in the live state only"
    told = {difference.where: difference.what for difference in found(mirror)}
    assert told.keys() == expected.keys()
    assert all(expected[where] in what for where, what in told.items()), told


def test_a_row_removed_by_hand_from_any_state_table_is_named(mirror: Database) -> None:
    expected = set()
    for table in STATE:
        key = key_of(table, state(mirror, "default")[table.name][-1])
        by_hand(mirror, sa.delete(table).where(of_row(table, key)))
        expected.add(place(table, key))
    told = [difference for difference in found(mirror) if difference.kind == "state"]
    assert {difference.where for difference in told} == expected
    assert {difference.what for difference in told} == {"the row is missing; a rebuild has it."}
    assert {difference.remedy for difference in told} == {REBUILD}


def test_a_row_added_by_hand_to_any_state_table_is_named(mirror: Database) -> None:
    expected = set()
    for table in STATE:
        row = dict(state_row(mirror, table))
        for column in list(table.primary_key)[2:]:
            row[column.name] = another(column, row[column.name])
        if table.name == "classes":
            row["path"] = "/by hand"  # which is unique for each owner
        by_hand(mirror, sa.insert(table).values(row))
        expected.add(place(table, {c.name: row[c.name] for c in list(table.primary_key)[2:]}))
    told = [difference for difference in found(mirror) if difference.kind == "state"]
    assert {difference.where for difference in told} == expected
    assert {difference.what for difference in told} == {
        "the row stands in the live state only; a rebuild does not have it."
    }


def state_row(database: Database, table: sa.Table) -> sa.RowMapping:
    with database.read() as connection:
        rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns.values()))
        return rows.mappings().all()[-1]


@pytest.mark.parametrize("column", ["logical_at", "next_class_id"])
def test_a_checkpoint_edited_by_hand_is_named(mirror: Database, column: str) -> None:
    by_hand(mirror, sa.update(checkpoints).values({column: checkpoints.c[column] + 1}))
    (difference,) = found(mirror)
    assert difference.kind == "state"
    assert difference.where == "checkpoint of 'default'"
    assert difference.what.startswith(f"{column} is ")


def test_a_tree_that_does_not_hold_together_breaks_an_invariant(mirror: Database) -> None:
    by_hand(mirror, "UPDATE classes SET path = '/elsewhere/x' WHERE path = '/归档'")
    told = {(difference.kind, difference.where.split(",")[0]) for difference in found(mirror)}
    assert ("invariant", "state of 'default'") in told
    assert ("state", "classes of 'default'") in told


def test_a_live_material_without_a_class_breaks_an_invariant(mirror: Database) -> None:
    by_hand(mirror, "UPDATE materials SET class_id = NULL WHERE material_id = 'm1'")
    (breach,) = (difference for difference in found(mirror) if difference.kind == "invariant")
    assert breach.where == "state of 'default', m1"
    assert "live" in breach.what


# --------------------------------------------------------------------------------- journal


def unguarded(database: Database, *statements: Any) -> None:  # noqa: ANN401 - what can be executed
    """Change the journal as somebody could who means to."""
    names = [text.split()[2] for text in guards("sqlite") if text.startswith("CREATE TRIGGER")]
    by_hand(database, *(f"DROP TRIGGER {name}" for name in names), *statements)


def test_one_byte_of_the_journal_edited_is_named(mirror: Database) -> None:
    body = FEED[4].body.replace(b"Opening", b"Openinh")
    unguarded(mirror, sa.update(journal).where(journal.c.seq == 5).values(body=body))
    (difference,) = found(mirror)
    assert difference.kind == "journal"
    assert difference.where == "journal of 'default', seq 5"
    assert "was edited" in difference.what
    assert "backup" in difference.remedy


@pytest.mark.parametrize("column", ["received_at", "redelivery_of"])
def test_what_else_the_journal_says_of_a_delivery_cannot_be_edited_unseen(
    mirror: Database, column: str
) -> None:
    unguarded(mirror, sa.update(journal).where(journal.c.seq == 6).values({column: 1}))
    assert [difference.where for difference in found(mirror)] == ["journal of 'default', seq 6"]


@pytest.mark.parametrize("seq", [1, 7, len(FEED)])
def test_a_delivery_gone_from_the_journal_is_named(mirror: Database, seq: int) -> None:
    unguarded(mirror, sa.delete(journal).where(journal.c.seq == seq))
    (difference,) = found(mirror)
    assert difference.where == f"journal of 'default', seq {seq}"
    assert difference.what == f"delivery {seq} is missing."


def test_two_deliveries_swapped_in_the_journal_are_named(mirror: Database) -> None:
    def seq(old: int, new: int) -> sa.Update:
        return sa.update(journal).where(journal.c.seq == old).values(seq=new)

    unguarded(mirror, seq(3, 99), seq(8, 3), seq(99, 8))
    (difference,) = found(mirror)
    assert difference.where == "journal of 'default', seq 3"
    assert difference.what == "deliveries 3 and 8 were swapped."


# ----------------------------------------------------------------------------------- rules


def test_state_made_by_other_rules_is_reported_with_the_remedy(mirror: Database) -> None:
    (difference,) = found(mirror, Rules(horizon=1))
    assert difference.kind == "rules"
    assert difference.where == "state of 'default'"
    assert "made by other rules" in difference.what
    assert difference.remedy == REBUILD
    assert difference.describe().endswith(REBUILD)
