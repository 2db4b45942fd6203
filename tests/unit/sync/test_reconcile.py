"""Reconciliation, race by race: what arrives while the platform is read, and what stops a run in its middle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import pytest

from mirror.core.model import MaterialId, Seq
from mirror.core.model import Owner as MirrorOwner
from mirror.errors import PlatformUnavailable
from mirror.platform.answers import Answer
from mirror.store import reconciling, sweeps
from mirror.store.engine import Database
from mirror.store.reconciling import Tally
from mirror.sync.reading import DrySink, JournalSink
from mirror.sync.reconcile import Reconciler
from tests.naive import bodies
from tests.support.direct_reader import DirectReader
from tests.support.mirrored import (
    MaterialAnswer,
    Mirrored,
    Watchful,
    corrections,
    mine,
    mirrored,
)
from tests.support.worlds import SECOND

# ------------------------------------------------------------------ while it is read


def test_an_event_between_the_pages_of_a_listing(at: Mirrored) -> None:
    first, *_, last = sorted(at.upload("/a", 60))

    def shift() -> None:
        at.world.platform.delete_materials([first])  # the second page now begins one too late
        at.world.platform.upload(at.ann, "/b", "new.mp4")
        at.told()

    at.before("media_ids", shift, number=2)
    at.world.reconcile()
    assert at.exact()
    assert at.place(first) is None
    assert at.place(last) == "/a"


def test_a_medium_that_slips_between_pages_is_not_taken_for_deleted(at: Mirrored) -> None:
    ids = sorted(at.upload("/a", 60))

    def shift() -> None:
        at.world.platform.delete_materials(ids[:3])
        at.world.held()  # and nobody is told

    at.before("media_ids", shift, number=2)
    at.world.reconcile()
    assert {at.place(i) for i in ids[3:]} == {"/a"}
    assert at.world.differences().keys() <= {
        "media",
        "files",
    }  # the three were read before they went
    at.world.reconcile()
    assert at.exact()


def test_a_creation_that_arrives_after_the_material_was_seen(at: Mirrored) -> None:
    made = at.world.platform.upload(at.ann, "/a", "x.mp4")
    late = at.world.held()
    at.world.platform.move_materials([made.id], at.ann, "/b")
    moved = at.world.held()
    at.world.reconcile()
    assert at.place(made.id) == "/b"
    at.world.arrive(late)
    assert at.place(made.id) == "/b"
    at.world.arrive(moved)
    assert at.place(made.id) == "/b"
    at.world.reconcile()
    assert at.exact()
    assert Tally("late", "Material.Added", 1) in at.tallies()


def test_a_move_that_arrives_after_it_was_seen(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.move_materials([m], at.ann, "/b")
    late = at.world.held()
    at.world.reconcile()
    assert at.place(m) == "/b"
    at.world.arrive(late)
    assert at.place(m) == "/b"
    assert at.reasons() == {"moves-tangled"}
    at.world.reconciler().settle_doubts()
    assert at.exact()


def test_a_move_that_arrives_after_a_later_one_was_seen_is_in_doubt(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.move_materials([m], at.ann, "/b")
    late = at.world.held()
    at.world.platform.move_materials([m], at.ann, "/成片")
    at.world.held()  # lost
    at.world.reconcile()
    at.world.arrive(late)
    assert at.reasons() == {"moves-tangled"}
    at.world.reconciler().settle_doubts()
    assert at.place(m) == "/成片"
    assert at.exact()


def test_a_rename_of_a_class_that_arrives_after_it_was_seen(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.move_classes(at.ann, ["/a"], at.ann, "/c")
    late = at.world.held()
    at.world.reconcile()
    assert at.place(m) == "/c"
    at.world.arrive(late)
    assert at.place(m) == "/c"
    assert at.reasons() == {"inferred-class"}  # /c/a, as if /a had been another
    at.world.reconciler().settle_doubts()
    assert at.exact()


def test_a_deletion_that_arrives_after_it_was_seen(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.delete_materials([m])
    late = at.world.held()
    at.world.reconcile()
    assert at.place(m) is None
    changes = at.world.changes()
    at.world.arrive(late)
    assert at.world.changes() == changes
    assert at.exact()


def test_a_modification_that_arrives_after_it_was_seen(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.modify(m, name="new")
    late = at.world.held()
    at.world.reconcile()
    assert at.name(m) == "new"
    at.world.arrive(late)
    assert at.exact()


def test_a_modification_that_arrives_after_two_were_seen_is_in_doubt(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.modify(m, name="first")
    late = at.world.held()
    at.world.platform.modify(m, name="second")
    at.told()
    at.world.reconcile()
    assert at.name(m) == "second"
    at.world.arrive(late)
    assert at.reasons() == {"modified-twice"}
    at.world.reconciler().settle_doubts()
    assert at.exact()


def test_an_event_that_arrives_while_its_material_is_read_holds(at: Mirrored) -> None:
    [m] = at.upload("/a")

    class Slow(Watchful):
        def materials(self, material_ids: Sequence[MaterialId]) -> MaterialAnswer:
            answer = super().materials(material_ids)
            if m in material_ids and at.place(m) == "/a":
                at.world.platform.move_materials(
                    [m], at.ann, "/b"
                )  # after the platform has answered
                at.told()
            return answer

    at.world.reader = Slow(at.world)
    at.world.reconcile()
    assert at.place(m) == "/b"
    assert at.exact()


def test_a_class_that_moves_during_a_sweep(at: Mirrored) -> None:
    ids = at.upload("/a", 60)

    def move() -> None:
        at.world.platform.move_classes(at.ann, ["/a"], at.ann, "/b")
        at.told()

    at.before("media_ids", move, number=2)
    at.world.reconcile()
    assert {at.place(i) for i in ids} == {"/b/a"}
    assert at.exact()


def test_media_read_just_before_their_class_moved_are_read_again(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.move_materials([m], at.ann, "/成片")
    at.world.held()  # lost: the mirror has it in /a

    class Slow(Watchful):
        moved = False

        def materials(self, material_ids: Sequence[MaterialId]) -> MaterialAnswer:
            answer = super().materials(material_ids)
            if m in material_ids and not self.moved:
                self.moved = True
                at.world.platform.create_class(at.ann, "/c")
                at.told()
            return answer

    at.world.reader = slow = Slow(at.world)
    at.world.reconcile()
    assert [some for some in slow.asked if m in some] == [(m,), (m,)]
    assert at.exact()


def test_a_stale_read_after_a_class_move_places_nothing(at: Mirrored) -> None:
    [m] = at.upload("/a")
    stale = DirectReader(at.world.platform).materials([MaterialId(m)])
    before = at.world.reconciler()
    head = JournalSink(at.world.database, at.world.name, at.world.apply).head()
    at.world.platform.move_classes(at.ann, ["/a"], at.ann, "/c")
    at.told()

    class Stale(Watchful):
        def materials(self, material_ids: Sequence[MaterialId]) -> MaterialAnswer:
            return stale

    class Old(JournalSink):
        def head(self) -> Seq:
            return head

    before._reader = Stale(at.world)
    before._sink = Old(at.world.database, at.world.name, at.world.apply)
    before.read_materials([MaterialId(m)])
    at.world.apply()
    assert at.place(m) == "/c"
    assert "/a" not in at.paths()
    at.world.reconcile()
    assert at.exact()


def test_classes_are_listed_anew_while_they_change(at: Mirrored) -> None:
    class Slow(Watchful):
        def class_paths(self, owner: MirrorOwner) -> Sequence[str]:
            listed = super().class_paths(owner)
            if owner == mine(at.ann) and self.names.count("class_paths") < 3:
                n = self.names.count("class_paths")
                at.world.platform.create_class(at.ann, f"/new {n}")
                at.told()
            return listed

    at.world.platform.create_class(at.ann, "/untold")
    at.world.held()
    at.world.reader = slow = Slow(at.world)
    at.world.reconciler().sweep([mine(at.ann)])
    assert slow.names.count("class_paths") == 3
    assert at.exact()


def test_an_owner_whose_classes_never_rest_stays_the_next_one_to_be_read(at: Mirrored) -> None:
    class Restless(Watchful):
        def class_paths(self, owner: MirrorOwner) -> Sequence[str]:
            listed = super().class_paths(owner)
            at.world.platform.create_class(at.ann, f"/new {len(self.names)}")
            at.told()
            return listed

    at.world.reader = Restless(at.world)
    at.world.reconciler().sweep([mine(at.ann)])
    with at.world.database.read() as connection:
        found = {s.owner: s for s in sweeps.listed(connection, at.world.name)}
    mine_now = found[mine(at.ann)]
    assert mine_now.started_at is not None
    assert mine_now.finished_at is not None
    assert mine_now.finished_at < mine_now.started_at


# ------------------------------------------------------------------ doubts


def test_a_doubt_raised_between_the_media_and_the_classes_survives(at: Mirrored) -> None:
    [m] = at.upload("/a")

    def nest() -> None:
        # That /c was created is lost, so the mirror takes this for a rename and puts both together.
        with at.world.platform.muted():
            at.world.platform.create_class(at.ann, "/c")
        at.world.platform.upload(at.ann, "/c", "other.mp4")
        at.world.platform.move_classes(at.ann, ["/a"], at.ann, "/c")
        at.told()

    at.before("class_paths", nest)
    sweep = at.world.reconciler()
    sweep.sweep_owner(mine(at.ann))
    at.world.apply()
    assert at.place(m) == "/c"
    assert at.reasons() == {"merged", "nest-or-rename"}
    sweep.settle_doubts()
    sweep.enrich(100)
    at.world.apply()
    assert at.place(m) == "/c/a"
    assert at.exact()


def test_a_doubt_raised_while_a_sweep_was_interrupted_survives_its_end(at: Mirrored) -> None:
    at.upload("/a", 60)
    sweep = at.world.reconciler(budget=4)  # a page, its 50 media
    assert not sweep.run(only=[mine(at.ann)]).complete
    at.world.apply()
    at.world.pass_time(SECOND)
    at.world.platform.create_class(at.ann, "/c")
    at.world.platform.move_classes(at.ann, ["/a"], at.ann, "/c/d")
    at.told()  # nobody listed the owner since /c/d left, so this was read as it is meant
    with at.world.database.read() as connection:
        doubts = reconciling.doubted_owners(connection, at.world.name)
    at.world.reconciler().sweep_owner(mine(at.ann))
    at.world.apply()
    with at.world.database.read() as connection:
        assert reconciling.doubted_owners(connection, at.world.name) == doubts
    at.world.reconciler().settle_doubts()
    assert at.exact()


def test_doubted_classes_that_the_platform_lists_are_settled_by_one_call(at: Mirrored) -> None:
    at.upload("/a", 30)
    at.world.platform.create_class(at.ann, "/c")
    at.world.held()  # lost
    at.world.platform.upload(at.ann, "/c", "x.mp4")
    at.told()
    assert at.reasons() == {"inferred-class"}
    at.world.reconciler().settle_doubts()
    assert at.reader.names == ["class_paths"]
    assert at.reasons() == set()


def test_materials_are_asked_for_in_twenties(at: Mirrored) -> None:
    ids = at.upload("/a", 45)
    at.world.reconciler().read_materials([MaterialId(i) for i in ids])
    assert [len(some) for some in at.reader.asked] == [20, 20, 5]


def test_a_preset_that_was_seen_elsewhere_is_in_doubt_when_it_is_named(at: Mirrored) -> None:
    at.world.platform.move_classes(at.ann, ["/收藏"], at.ann, "/a/收藏")
    late = at.world.held()
    at.world.platform.move_classes(at.ann, ["/a/收藏"], at.ann, "/c")
    at.world.held()  # lost
    at.world.reconcile()
    assert at.exact()
    at.world.arrive(late)
    assert "/a/收藏" in at.paths()
    assert at.reasons() == {"inferred-class"}
    at.world.reconciler().settle_doubts()
    assert at.exact()


# ------------------------------------------------------------------ deletions


def test_what_a_listing_lacks_stays_if_it_answers_by_its_id(at: Mirrored) -> None:
    ids = at.upload("/a", 3)

    class Forgetful(Watchful):
        def media_ids(self, owner: MirrorOwner) -> Iterator[Sequence[MaterialId]]:
            for page in super().media_ids(owner):
                yield [i for i in page if i != ids[0]]

    at.world.reader = reader = Forgetful(at.world)
    at.world.reconcile()
    assert at.exact()
    assert sum(ids[0] in some for some in reader.asked) == 1


def test_what_a_listing_lacks_goes_if_its_id_is_missing(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.delete_materials([m])
    at.world.held()  # lost
    at.world.reconcile()
    assert at.exact()
    assert at.tallies()[-1] == Tally("silent-or-lost", "Material.Deleted", 1)


def test_what_nothing_can_be_told_of_stays_as_it_is(at: Mirrored) -> None:
    [m] = at.upload("/a")

    class Blind(Watchful):
        def materials(self, material_ids: Sequence[MaterialId]) -> MaterialAnswer:
            return Answer(unreadable=tuple(material_ids))

    at.world.reader = Blind(at.world)
    at.world.reconcile()
    assert at.place(m) == "/a"


def test_a_forged_deletion_is_taken_back_and_counted(at: Mirrored) -> None:
    kept, gone = at.upload("/a", 2)
    at.world.platform.delete_materials([gone])
    at.told()
    at.world.arrive([bodies.deleted([kept])])
    assert at.place(kept) is None
    at.world.reconciler().confirm_deletions(100)
    at.world.apply()
    assert at.place(kept) == "/a"
    assert at.place(gone) is None
    assert Tally("misread", "Material.Deleted", 1) in at.tallies()
    at.reader.forget()
    at.world.reconciler().confirm_deletions(100)
    assert at.reader.asked == []
    assert at.exact()


# ------------------------------------------------------------------ stopped in the middle


def drifted(at: Mirrored) -> None:
    """Much is different from what the mirror has: lost and silent changes, of all kinds."""
    platform = at.world.platform
    ids = at.upload("/a", 25)
    platform.create_project("SWITCHER", "gala", at.ann)
    with platform.muted():
        platform.move_materials(ids[:5], at.ann, "/b")
        platform.delete_materials(ids[5:8])
        platform.modify(ids[8], name="renamed", tags=["new"])
        platform.create_class(at.ann, "/c")
        platform.upload(at.ann, "/c", "untold.mp4")
        platform.move_classes(at.ann, ["/b"], at.ann, "/c")
    platform.create_class(at.ann, "/d")
    at.world.held()
    platform.upload(at.ann, "/d", "told.mp4")
    at.told()


def test_a_budget_spent_in_the_middle_is_continued(at: Mirrored) -> None:
    drifted(at)
    calls = 0
    for _ in range(40):
        outcome = at.world.reconciler(budget=3).run()
        at.world.pass_time(SECOND)
        assert outcome.calls <= 3
        calls += outcome.calls
        with at.world.database.read() as connection:
            found = {s.owner: s for s in sweeps.listed(connection, at.world.name)}
        swept = found[mine(at.ann)]
        if swept.finished_at is not None and swept.finished_at > (swept.started_at or 0):
            break
    mine_now = [i for some in at.reader.asked for i in some]
    assert len(mine_now) == len(set(mine_now))
    at.reader.forget()
    at.world.reconcile(full=False)
    assert at.exact()


class Killed(BaseException):
    """The process ends here."""


class Dying:
    """A hook that lets so many reads pass, and then raises."""

    def __init__(self, reads: int, failure: type[BaseException]) -> None:
        self.left = reads
        self.failure = failure

    def __call__(self, _name: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.failure


@pytest.mark.parametrize("failure", [Killed, PlatformUnavailable])
def test_a_run_that_ends_at_any_read_is_completed_by_the_next(
    database: Database, failure: type[BaseException]
) -> None:
    with mirrored(database) as whole:
        drifted(whole)
        whole.reader.forget()
        whole.world.reconcile()
        assert whole.exact()
        expected, reads = corrections(whole.world), len(whole.reader.names)
    assert {row[0] for row in expected} >= {"never-received", "silent-or-lost"}
    for number in range(0, reads, 1 if failure is Killed else 3):
        with mirrored(database) as broken:
            drifted(broken)
            broken.reader.hook = Dying(number, failure)
            with pytest.raises(failure):
                broken.world.reconcile(full=False)
            broken.reader.hook = lambda _name: None
            broken.world.apply()
            broken.world.reconcile(full=False)
            assert broken.exact(), number
            assert corrections(broken.world) == expected, number


@pytest.mark.parametrize(
    "call", ["owners", "class_paths", "media_ids", "materials", "projects", "tasks"]
)
def test_a_platform_that_is_away_leaves_everything_in_order(at: Mirrored, call: str) -> None:
    drifted(at)
    at.world.platform.export(
        at.world.platform.create_project("VIDEO_EDIT", "cut", at.ann).id, at.ann, "/a", "out.mp4"
    )
    at.told()

    def away() -> None:
        raise PlatformUnavailable("The platform does not answer.")

    at.before(call, away)
    with pytest.raises(PlatformUnavailable):
        at.world.reconcile()
    at.world.apply()
    assert at.world.faults() == []
    at.world.reconcile()
    assert at.exact()


def test_a_run_told_to_stop_makes_no_call_more(at: Mirrored) -> None:
    at.upload("/a", 60)
    stopped = at.world.reconciler(stopping=lambda: len(at.reader.names) >= 4)
    outcome = stopped.run()
    assert (outcome.calls, outcome.complete) == (4, False)
    assert len(at.reader.names) == 4


# ------------------------------------------------------------------ without writing


def test_a_dry_run_tells_the_same_corrections_and_writes_nothing(at: Mirrored) -> None:
    drifted(at)
    world = at.world
    sink = DrySink(world.database, world.name, world.rules)
    rows, head = world.rows(), sink.head()
    dry = Reconciler(world.database, world.name, at.reader, sink, dry=True)
    assert dry.run(full=True).complete
    journaled = JournalSink(world.database, world.name, world.apply)
    assert journaled.head() == head
    assert world.rows() == rows
    assert corrections(world) == set()
    told = {(c.label, c.entity, c.key, c.event_type, c.detail) for c in sink.corrections}
    assert len(told) == len(sink.corrections)
    world.reconcile()
    assert corrections(world) == told
    assert told != set()


# ------------------------------------------------------------------ samples


def test_a_sample_estimates_what_is_wrong_and_what_nobody_doubted(at: Mirrored) -> None:
    ids = at.upload("/a", 40)
    platform = at.world.platform
    platform.move_materials(ids[:10], at.ann, "/b")
    at.world.held()  # lost: wrong without a doubt
    platform.move_materials(ids[10:20], at.ann, "/b")
    first = at.world.held()
    platform.move_materials(ids[10:20], at.ann, "/成片")
    at.told()
    assert first
    assert at.reasons() == {"moves-tangled"}
    at.world.random = Random(7)
    at.world.reconciler().sample(20)
    at.world.apply()
    with at.world.database.read() as connection:
        drawn = reconciling.sampled(connection, at.world.name)
    [asked] = at.reader.asked
    wrong = [i for i in asked if i in ids[:10]]
    assert drawn == reconciling.Sampled(20, len(wrong), len(wrong))
    assert at.world.random.random() != Random(7).random()
    assert {at.place(i) for i in wrong} == {"/b"}


def test_a_clock_that_went_back_leaves_nothing_unread(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.reconcile()
    at.world.platform.move_materials([m], at.ann, "/b")
    at.world.held()  # lost
    at.world.now -= 1800 * SECOND
    at.world.reconcile(full=False)
    assert at.place(m) == "/b"
    at.world.platform.move_materials([m], at.ann, "/a")
    at.world.held()  # lost
    at.world.reconcile(full=False)
    assert at.exact()


def test_a_rename_that_arrives_after_only_a_medium_of_it_was_seen(at: Mirrored) -> None:
    [m] = at.upload("/a")
    at.world.platform.move_classes(at.ann, ["/a"], at.ann, "/c")
    late = at.world.held()
    made = at.world.platform.upload(at.ann, "/c", "new.mp4")
    at.told()
    at.world.reconciler().enrich(100)
    at.world.apply()
    assert at.place(made.id) == "/c"
    assert at.reasons() == {"inferred-class"}
    at.world.arrive(late)
    assert {at.place(m), at.place(made.id)} == {"/c"}  # not /c/a
    assert "/c/a" not in at.paths()
    at.world.reconciler().settle_doubts()
    assert at.exact()
