"""What is asked by who watches over the mirror: right answers, from indexes, on every engine."""

from itertools import pairwise
from typing import cast

import pytest
import sqlalchemy as sa

from mirror.core.model import Micros, Owner, Seq
from mirror.core.rules import Rules
from mirror.store import journal, platforms, reading_tokens
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.store.queries import lists, oversight
from mirror.store.queries.oversight import Thing
from mirror.store.schema import metadata
from mirror.sync.apply import Applier, apply_all
from tests.contracts.test_plans import filled
from tests.naive import bodies
from tests.properties import feeds
from tests.support import rich
from tests.support.library import insert
from tests.support.plans import Ask, plans

__all__ = ["filled"]

SECOND = 1_000_000
START = 1_700_000_000_000_000


@pytest.fixture
def told(database: Database) -> Database:
    """A mirror that was told a little of everything."""
    put(database, [_arrival(each) for each in rich.FEED])
    return database


def _arrival(each: feeds.Arrival) -> Arrival:
    repeated = None if each.redelivery_of is None else Seq(each.redelivery_of)
    source = cast("journal.Source", each.source)
    return Arrival(each.body, Micros(each.at), source, repeated)


def put(database: Database, arrivals: list[Arrival]) -> None:
    with database.write() as connection:
        journal.append(connection, "default", arrivals)
    apply_all(Applier(database, "default", Rules()))


def stamped(connection: sa.Connection) -> lists.Stamp:
    return lists.stamp(connection, "default")


# ------------------------------------------------------------------------------------------ rates


def test_times_are_found_as_each_would_be_by_itself(database: Database) -> None:
    came = [START + second * SECOND for second in (0, 0, 1, 5, 5, 5, 9, 30)]
    put(database, [Arrival(b"{}", Micros(at)) for at in came])
    times = [Micros(START + second * SECOND) for second in (-1, 0, 1, 2, 5, 29, 30, 99)]
    with database.read() as connection:
        found = oversight.seqs_at(connection, "default", times)
        singly = [journal.seq_at(connection, "default", at) for at in times]
    assert found == singly == [0, 2, 3, 3, 6, 7, 8, 8]


def test_no_journal_has_no_times(database: Database) -> None:
    with database.read() as connection:
        assert oversight.seqs_at(connection, "default", [Micros(START)]) == [0]
        assert oversight.seqs_at(connection, "default", []) == []


def test_outcomes_are_counted_behind_a_delivery(told: Database) -> None:
    with told.read() as connection:
        stamp = stamped(connection)
        assert oversight.counted(connection, stamp, "quarantined", Seq(0)) == 1
        assert oversight.counted(connection, stamp, "redelivery", Seq(0)) == 1
        assert oversight.counted(connection, stamp, "quarantined", stamp.head_seq) == 0


def test_the_clock_is_that_of_arrivals(database: Database) -> None:
    with database.write() as connection:
        before = database.now(connection)
        assert before <= oversight.clock(connection) <= database.now(connection)


# ------------------------------------------------------------------------------- what came when


def test_what_waits_is_told_with_its_age(database: Database) -> None:
    put(database, [Arrival(b"{}", Micros(START))])
    with database.write() as connection:
        journal.append(connection, "default", [Arrival(b"{}", Micros(START + n)) for n in (7, 8)])
    with database.read() as connection:
        found = oversight.waiting(connection, stamped(connection))
    assert (found.count, found.since) == (2, START + 7)
    assert found.applied_at is not None


def test_nothing_waits_in_an_empty_mirror(database: Database) -> None:
    with database.read() as connection:
        found = oversight.waiting(connection, stamped(connection))
    assert found == oversight.Waiting(0, None, None, None)


def test_each_event_type_has_its_newest_delivery(told: Database) -> None:
    with told.read() as connection:
        found = {row.event_type: row for row in oversight.kinds(connection, stamped(connection))}
        log = lists.deliveries(connection, stamped(connection), lists.Deliveries(), None, 100).rows
    assert len(found) == 13
    newest = {row.event_type: row for row in reversed(log)}
    for name, row in found.items():
        known = newest.get(name)
        assert row.seq == (None if known is None else known.seq)
        assert row.received_at == (None if known is None else known.received_at)
    assert any(row.seq is None for row in found.values())


def test_repeats_are_found_from_what_they_repeat(told: Database) -> None:
    with told.read() as connection:
        stamp = stamped(connection)
        assert oversight.repeats_of(connection, stamp, Seq(5)) == [16]
        assert oversight.repeats_of(connection, stamp, Seq(6)) == []


# --------------------------------------------------------------------------------------- lists


def test_exports_come_newest_first_and_page_by_page(database: Database) -> None:
    exported = [
        bodies.export(f"t{n}", status="FAIL" if n % 2 else "SUCCESS") for n in (3, 1, 2, 0, 4)
    ]
    put(database, [Arrival(body, Micros(START + n)) for n, body in enumerate(exported)])
    with database.read() as connection:
        stamp = stamped(connection)
        first = oversight.exports(connection, stamp, lists.Tasks(), None, 2)
        rest = oversight.exports(connection, stamp, lists.Tasks(), first.next, 9)
        failed = oversight.exports(connection, stamp, lists.Tasks(status="FAIL"), None, 9)
    assert [row.task_id for row in (*first.rows, *rest.rows)] == ["t4", "t0", "t2", "t1", "t3"]
    assert rest.next is None
    assert [row.task_id for row in failed.rows] == ["t1", "t3"]


def test_doubts_come_newest_first_with_what_they_are_about(told: Database) -> None:
    with told.read() as connection:
        stamp = stamped(connection)
        everything = oversight.suspicions(connection, stamp, None, None, 100).rows
        counts = oversight.reasons(connection, stamp)
        paged, place = [], None
        while True:
            page = oversight.suspicions(connection, stamp, None, place, 1)
            paged += page.rows
            if (place := page.next) is None:
                break
        unplaced = oversight.suspicions(connection, stamp, "unplaced", None, 100).rows
    assert paged == everything
    assert [row.doubt.since_seq for row in everything] == sorted(
        (row.doubt.since_seq for row in everything), reverse=True
    )
    assert counts.all
    assert sum(counts.counts.values()) == len(everything) > 3
    assert list(counts.counts.values()) == sorted(counts.counts.values(), reverse=True)
    assert {row.doubt.reason for row in unplaced} <= {"unplaced"}
    assert len(unplaced) == counts.counts.get("unplaced", 0)
    named = {(row.doubt.kind, row.doubt.key): row.thing for row in everything}
    assert named["material", "m2"].name == "Opening"
    assert any(thing.path for (kind, _), thing in named.items() if kind == "class")


def test_things_that_are_not_known_have_no_name(told: Database) -> None:
    wanted = {("material", "m2"), ("material", "none"), ("class", "x"), ("class", "9" * 40)}
    with told.read() as connection:
        found = oversight.things(connection, stamped(connection), wanted | {("file", "f1")})
        classes = oversight.things(connection, stamped(connection), {("class", "1")})
    assert found == {("material", "m2"): Thing("Opening")}
    assert classes["class", "1"].owner == Owner("PERSON", "ann")


def test_corrections_come_newest_first(database: Database) -> None:
    with database.write() as connection:
        for seq, ordinal, label in ((1, 1, "late"), (3, 1, "misread"), (3, 2, "late")):
            row = {"seq": seq, "ordinal": ordinal, "label": label}
            insert(connection, "corrections", {**row, "entity": "material", "key": "m"})
    with database.read() as connection:
        stamp = stamped(connection)
        first = oversight.corrections(connection, stamp, None, None, 2)
        second = oversight.corrections(connection, stamp, None, first.next, 2)
        late = oversight.corrections(connection, stamp, "late", None, 9)
        counts = oversight.tallied(connection, stamp)
    assert [(row.seq, row.ordinal) for row in first.rows] == [(3, 2), (3, 1)]
    assert [(row.seq, row.ordinal) for row in second.rows] == [(1, 1)]
    assert [row.seq for row in late.rows] == [3, 1]
    assert counts == {"late": 2, "misread": 1}


def test_access_shows_no_token(database: Database) -> None:
    with database.write() as connection:
        token = reading_tokens.add(connection, "grafana", now=Micros(1))
        reading_tokens.log_in(connection, now=Micros(1), until=Micros(50))
        reading_tokens.log_in(connection, now=Micros(2), until=Micros(90))
        callback = platforms.rotate(connection, "default", now=Micros(3))
        found = oversight.access(connection, Micros(60))
    assert [each.name for each in found.platforms] == ["default"]
    assert [each.name for each in found.tokens] == ["grafana"]
    assert [each.expires_at for each in found.logins] == [90]
    assert token not in repr(found)
    assert callback not in repr(found)


def test_sizes_are_told(told: Database) -> None:
    with told.read() as connection:
        found = oversight.size(connection, stamped(connection))
    lengths = [len(each.body) for each in rich.FEED]
    assert found.database > sum(lengths)
    assert found.body == pytest.approx(sum(lengths) / len(lengths), abs=1)


def test_deliveries_are_about_what_says_most(told: Database) -> None:
    with told.read() as connection:
        stamp = stamped(connection)
        log = lists.deliveries(connection, stamp, lists.Deliveries(), None, 100).rows
        found = oversight.subjects(connection, stamp, [row.seq for row in log])
        assert oversight.subjects(connection, stamp, []) == {}
    assert set(found) == {row.seq for row in log if row.change_count}
    assert (found[Seq(2)].entity, found[Seq(2)].key) == ("material", "m1")  # not its file
    assert (found[Seq(5)].thing.name, found[Seq(9)].entity) == ("Opening", "project")


# --------------------------------------------------------------------------------------- plans


def of(ask: object, *arguments: object) -> Ask:
    def asked(connection: sa.Connection) -> object:
        return ask(connection, stamped(connection), *arguments)  # type: ignore[operator]

    return asked


EDGES = [Micros(START + n * SECOND) for n in range(20)]
QUESTIONS: dict[str, Ask] = {
    "times": lambda c: oversight.seqs_at(c, "default", EDGES),
    "waiting": of(oversight.waiting),
    "event types": of(oversight.kinds),
    "repeats": of(oversight.repeats_of, Seq(7)),
    "quarantined": of(oversight.counted, "quarantined", Seq(7)),
    "exports after": of(oversight.exports, lists.Tasks(), (500, "t"), 50),
    "doubts after": of(oversight.suspicions, None, (500, "material", "m", "unplaced"), 50),
    "corrections after": of(oversight.corrections, None, (500, 1), 50),
    "sizes": of(oversight.size),
    "subjects": of(oversight.subjects, [Seq(7), Seq(9)]),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_read_whole(filled: Database, question: str) -> None:
    with filled.read() as connection:
        # So few rows PostgreSQL would rather sort than follow their index.
        found = plans(connection, QUESTIONS[question], unsorted="after" in question)
    assert found
    whole = [table for plan in found for table in plan.whole if table in metadata.tables]
    assert whole == [], "\n".join(plan.text for plan in found)


NEWEST = {
    "exports": of(oversight.exports, lists.Tasks(), None, 50),
    "exports after": QUESTIONS["exports after"],
    "doubts": of(oversight.suspicions, None, None, 50),
    "doubts after": QUESTIONS["doubts after"],
    "corrections": of(oversight.corrections, None, None, 50),
    "corrections after": QUESTIONS["corrections after"],
}


@pytest.mark.parametrize("question", NEWEST)
def test_sqlite_gives_the_newest_without_sorting(filled: Database, question: str) -> None:
    if filled.dialect != "sqlite":
        pytest.skip("not for PostgreSQL, which may sort a page")
    with filled.read() as connection:
        found = plans(connection, NEWEST[question])
    assert not any(plan.sorts for plan in found), "\n".join(plan.text for plan in found)


def test_times_take_no_more_queries_than_halving(filled: Database) -> None:
    with filled.read() as connection:
        head = stamped(connection).head_seq
        asked = plans(connection, QUESTIONS["times"])
        found = oversight.seqs_at(connection, "default", EDGES)
    assert len(asked) <= head.bit_length() + 2
    assert all(one <= other for one, other in pairwise(found))
