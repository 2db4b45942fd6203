"""What is read of a moment is what was there: a rebuild until that moment, row for row, at every moment."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from shutil import copyfile

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.core.model import Owner, Seq
from mirror.core.rules import Rules
from mirror.store import feed as feeding
from mirror.store import schema
from mirror.store.engine import Connection, Database, open_database
from mirror.store.feed import Position
from mirror.store.queries.past import Past, differences, history
from mirror.sync.apply import Applier
from mirror.sync.rebuild import rebuild, rebuild_into
from tests.properties.feeds import SECOND, START, Arrival, feeds
from tests.support.journals import apply, journaled, public_rows
from tests.support.memory import MemoryMirror
from tests.support.past_rows import Row, Rows, past_rows, then


def every_state(feed: list[Arrival]) -> list[Rows]:
    """The rows after the first delivery, the second, and so on."""
    mirror = MemoryMirror()
    states = []
    for arrival in feed:
        mirror.deliver(*arrival)
        states.append(then(mirror.rows()))
    return states


def check_every_moment(
    database: Database, platform: str, states: list[Rows], limit: int = 100
) -> None:
    for seq, expected in enumerate(states, start=1):
        with database.read() as connection:
            found = past_rows(Past(connection, platform, Seq(seq)), limit)
        for name, rows in expected.items():
            assert found[name] == rows, (seq, name)


def check(database: Database, feed: list[Arrival], limit: int, batch: int) -> None:
    platform = journaled(database, feed)
    apply(database, platform, batch=batch)
    states = every_state(feed)
    check_every_moment(database, platform, states, limit)
    rebuild(database, platform, Rules())
    check_every_moment(database, platform, states)


limits = st.sampled_from((1, 2, 100, 100))
batches = st.sampled_from((1, 7, 100))


@settings(max_examples=15)
@given(feed=feeds(most=18), limit=limits, batch=batches)
def test_every_moment_reads_as_it_was_then_and_does_after_a_rebuild(
    shared: Database, feed: list[Arrival], limit: int, batch: int
) -> None:
    check(shared, feed, limit, batch)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=500)
@given(feed=feeds(most=40), limit=limits, batch=batches)
def test_every_moment_of_five_hundred_feeds_reads_as_it_was_then(
    shared: Database, feed: list[Arrival], limit: int, batch: int
) -> None:
    check(shared, feed, limit, batch)


@settings(max_examples=3)
@given(feed=feeds(most=16))
def test_every_moment_reads_as_a_rebuild_until_then(
    shared: Database, migrated_file: Path, feed: list[Arrival]
) -> None:
    platform = journaled(shared, feed)
    apply(shared, platform)
    states = []
    for seq in range(1, len(feed) + 1):
        target_file = migrated_file.with_name("then.db")
        target_file.unlink(missing_ok=True)
        copyfile(migrated_file, target_file)
        with closing(open_database(f"sqlite:///{target_file}")) as target:
            rebuild_into(shared, target, platform, Rules(), until=Seq(seq))
            states.append(then(public_rows(target, platform)))
    check_every_moment(shared, platform, states)


# ------------------------------------------------------------------------ single things, times


@settings(max_examples=6)
@given(feed=feeds(most=20))
def test_a_thing_that_is_asked_for_reads_as_in_its_list(
    shared: Database, feed: list[Arrival]
) -> None:
    platform = journaled(shared, feed)
    apply(shared, platform)
    for seq in range(1, len(feed) + 1):
        with shared.read() as connection:
            past = Past(connection, platform, Seq(seq))
            classes = past.classes()
            live = {row.material_id: row for row in past.materials()}
            shown = past.tree(media=9)
            for row in classes:
                owner = Owner(row.owner_type, row.owner_id)
                assert past.class_at(owner, row.class_path) == row
                inside = past.materials(owner, row.class_path, beneath=False)
                assert len(inside) == row.material_count
                assert [one.material_id for one in inside] == [
                    medium.material_id
                    for branch in shown
                    if branch.class_id == row.class_id
                    for medium in branch.media
                ]
            for gone in past.gone():
                found = past.material(gone.material_id)
                assert (found.state, found.changed_at) == (gone.state, gone.changed_at)
                assert found.class_id is None
            for material_id, one in live.items():
                found = past.material(material_id)
                assert found.place == (Owner(one.owner_type, one.owner_id), one.class_path)
                assert (found.name, found.tags, found.preset_tags) == (
                    *(one.name, one.tags),
                    one.preset_tags,
                )
                assert (found.file and found.file.file_id) == one.file_id
            for file in past.files():
                assert past.file(file.file_id) == file
                showing = [m for m in live.values() if m.file_id == file.file_id]
                assert file.live_materials == len(showing)
            assert [past.project(p.project_id) for p in past.projects()] == past.projects()
            assert [past.task(t.task_id) for t in past.tasks()] == past.tasks()
            assert {o.owner: (o.class_count, o.material_count) for o in past.owners()} == {
                branch.owner: (branch.class_total + 1, branch.material_total)
                for branch in shown
                if branch.depth == 0
            }


@settings(max_examples=10)
@given(feed=feeds(most=12))
def test_times_are_those_of_the_views_where_no_clock_went_back(
    shared: Database, feed: list[Arrival]
) -> None:
    forward = [one._replace(at=START + place * SECOND) for place, one in enumerate(feed)]
    platform = journaled(shared, forward)
    applier = Applier(shared, platform, Rules(), batch=1)
    expected: list[tuple[set[tuple[object, ...]], set[tuple[object, ...]]]] = []
    for _ in forward:
        applier.run_once()
        with shared.read() as connection:
            now = Past(connection, platform, Seq(len(expected) + 1))
            expected.append((_times(now), public_times(connection, platform)))
    for seq, (seen, shown) in enumerate(expected, start=1):
        with shared.read() as connection:
            found = _times(Past(connection, platform, Seq(seq)))
        assert found == seen == shown


def _times(past: Past) -> set[tuple[object, ...]]:
    return {
        *((m.material_id, m.created_at, m.changed_at) for m in past.materials()),
        *((m.material_id, m.changed_at) for m in past.gone()),
        *((p.project_id, p.status_at) for p in past.projects()),
        *((t.task_id, t.completed_at, "task") for t in past.tasks()),
    }


def public_times(connection: Connection, platform: str) -> set[tuple[object, ...]]:
    found: set[tuple[object, ...]] = set()
    for table, names in (
        (schema.materials, ("material_id", "created_at", "changed_at")),
        (schema.projects, ("project_id", "status_at")),
        (schema.tasks, ("task_id", "completed_at")),
    ):
        query = sa.select(*table.c).where(table.c.platform == platform)
        for row in connection.execute(query).mappings():
            values = tuple(row[name] for name in names)
            if table is schema.materials and row["class_id"] is None:
                values = (row["material_id"], row["changed_at"])
            found.add((*values, "task") if table is schema.tasks else values)
    return found


# ---------------------------------------------------------------------- between two moments


def keyed(rows: Rows) -> dict[tuple[str, str], Row]:
    """Things that exist, by kind and id, without what a difference does not look at."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows["classes"]:
        found["class", str(row[0])] = row[1:5]
    for row in rows["media"]:
        found["material", row[0]] = (row[3], *row[5:11])
    for row in rows["gone"]:
        if row[1] == "detached":
            found["material", row[0]] = (None, row[2], row[3])
    for row in rows["files"]:
        found["file", row[0]] = row[1:]
    for row in rows["projects"]:
        if not row[9]:
            found["project", row[0]] = row[1:9]
    for row in rows["tasks"]:
        found["task", row[0]] = row[1:6]
    return found


@settings(max_examples=40)
@given(feed=feeds(most=20), data=st.data())
def test_a_difference_between_two_moments_is_what_their_states_do_not_share(
    shared: Database, feed: list[Arrival], data: st.DataObject
) -> None:
    platform = journaled(shared, feed)
    apply(shared, platform)
    states = every_state(feed)
    one, other = (data.draw(st.integers(1, len(feed))) for _ in range(2))
    with shared.read() as connection:
        found = differences(connection, platform, Seq(one), Seq(other))
        back = differences(connection, platform, Seq(other), Seq(one))
    before, after = keyed(states[one - 1]), keyed(states[other - 1])
    told = {(each.kind, each.key): each for each in found if each.kind != "link"}
    assert {key for key, each in told.items() if each.what == "added"} == after.keys() - before
    assert {key for key, each in told.items() if each.what == "removed"} == before.keys() - after
    changed = {key for key in before.keys() & after if before[key] != after[key]}
    listed = {key for key, each in told.items() if each.what not in {"added", "removed"}}
    # Of a detached one the state shows neither tags nor type, but the difference tells them.
    detached = {
        key
        for key in before.keys() & after
        if key[0] == "material" and before[key][0] is after[key][0] is None
    }
    assert listed - detached <= changed
    # Of classes that moved along with one above them only that one is listed.
    assert {kind for kind, _ in changed - listed} <= {"class"}
    assert sum(each.beneath for each in found) == len(changed - listed)
    assert {(each.kind, each.key, flipped(each.what)) for each in back} == {
        (each.kind, each.key, each.what) for each in found
    }
    sides = sorted((str(each.before), str(each.after)) for each in found)
    assert sorted((str(each.after), str(each.before)) for each in back) == sides


def flipped(what: str) -> str:
    return {"added": "removed", "removed": "added"}.get(what, what)


# --------------------------------------------------------------------------------- histories


@settings(max_examples=15)
@given(feed=feeds(most=20), limit=st.sampled_from((1, 3, 50)))
def test_a_history_tells_each_change_of_a_thing_once(
    shared: Database, feed: list[Arrival], limit: int
) -> None:
    platform = journaled(shared, feed)
    apply(shared, platform)
    with shared.read() as connection:
        log = feeding.read(connection, platform, Position(1, Seq(0), 0), Seq(len(feed)))
        kinds = {(c.entity if c.entity != "link" else "material", c.key) for c in log}
        for kind, key in kinds:
            told: list[tuple[int, int]] = []
            before: Seq | None = None
            while True:
                page = history(connection, platform, kind, key, before=before, limit=limit)
                assert len(page.happenings) <= limit
                seqs = [happening.delivery.seq for happening in page.happenings]
                assert seqs == sorted(set(seqs))
                told = [
                    (happening.delivery.seq, change.ordinal)
                    for happening in page.happenings
                    for change in happening.changes
                ] + told
                if page.before is None:
                    break
                before = page.before
            names = {kind, "link"} if kind == "material" else {kind}
            assert told == [(c.seq, c.ordinal) for c in log if c.key == key and c.entity in names]
