"""Random work keeps the platform's rules, and its callbacks tell all but what is silent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.platform.simulator import (
    LIFELIKE,
    PRESET_CLASSES,
    SILENT,
    Limits,
    Owner,
    Platform,
    Refused,
    Workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirror.platform.simulator import Callback

Place = tuple[str, str]


def place(owner: dict[str, str], path: str) -> Place:
    return owner["Id"], path or "/"


def under(path: str, parent: str) -> bool:
    return path == parent or path.startswith(f"{parent}/")


class Fold:
    """The feed told again, as naively as can be: sets of places.

    `classes` starts from what there is; `heard` is what the feed alone has named.
    """

    def __init__(self, platform: Platform) -> None:
        self.classes = {(o.id, path) for o in platform.owners() for path in platform.classes(o)}
        self.where = {id_: (o.id, path) for id_, (o, path) in platform.locations().items()}
        self.heard: set[Place] = set()

    def hear(self, callbacks: Iterable[Callback]) -> None:
        for callback in callbacks:
            body = json.loads(callback.body)
            self.apply(callback.event_type, list(body.values())[2])

    def apply(self, kind: str, said: dict[str, Any]) -> None:
        match kind:
            case "Storage.NewFileCreated":
                self.enter([said["MaterialId"]], said)
            case "Material.Imported":
                self.enter([pair["MaterialId"] for pair in said["MediaInfoSet"]], said)
            case "Material.Added":
                self.enter(said["MaterialIdSet"], said)
            case "Material.Moved":
                source = place(said["SourceOwner"], said["SourceClassPath"])
                assert {self.where[material] for material in said["MaterialIdSet"]} == {source}
                dest = place(said["DestinationOwner"], said["DestinationClassPath"])
                self.where |= dict.fromkeys(said["MaterialIdSet"], dest)
                self.name(dest, (source[0], "/"))
            case "Material.Deleted":
                self.where = {k: v for k, v in self.where.items() if k not in said["MaterialIdSet"]}
            case "Class.Created":
                self.classes.add(place(said["Owner"], said["ClassPath"]))
                self.name(place(said["Owner"], said["ClassPath"]))
            case "Class.Deleted":
                gone = {place(said["Owner"], path) for path in said["ClassPathSet"]}
                self.classes -= gone
                self.heard -= gone
                self.name(place(said["Owner"], "/"))
            case "Class.Moved":
                self.move(said)
            case _:
                assert kind.startswith(("Project.", "Task.", "Material.Modified"))

    def enter(self, materials: list[str], said: dict[str, Any]) -> None:
        assert not self.where.keys() & materials
        self.where |= dict.fromkeys(materials, place(said["Owner"], said["ClassPath"]))
        self.name(place(said["Owner"], said["ClassPath"]))

    def name(self, *places: Place) -> None:
        for owner, path in places:
            steps = path.strip("/").split("/")
            self.heard |= {(owner, "/" + "/".join(steps[:at])) for at in range(len(steps) + 1)}

    def move(self, said: dict[str, Any]) -> None:
        dest_owner, dest = place(said["DestinationOwner"], said["DestinationClassPath"])
        nests = (dest_owner, dest) in self.classes
        for source in said["SourceClassPathSet"]:
            base = source.rpartition("/")[2]
            target = f"{dest.rstrip('/')}/{base}" if nests else dest

            def moved(at: Place, source: str = source, target: str = target) -> Place:
                owner, path = at
                if owner != said["SourceOwner"]["Id"] or not under(path, source):
                    return at
                return dest_owner, target + path.removeprefix(source)

            self.name((said["SourceOwner"]["Id"], source))
            self.classes = {moved(at) for at in self.classes}
            self.heard = {moved(at) for at in self.heard}
            self.name((dest_owner, target))
            self.where = {id_: moved(at) for id_, at in self.where.items()}


def assert_told(fold: Fold, platform: Platform) -> None:
    """The feed and the platform agree on every class and every location."""
    assert fold.classes == {(o.id, path) for o in platform.owners() for path in platform.classes(o)}
    locations = platform.locations()
    assert fold.where == {id_: (o.id, path) for id_, (o, path) in locations.items()}
    unmentioned = {(o.id, path) for o in platform.owners() for path in platform.unmentioned(o)}
    assert fold.heard == fold.classes - unmentioned


def assert_sound(platform: Platform) -> None:
    """The tree's invariants, from every side the platform shows."""
    seen: list[str] = []
    for owner in platform.owners():
        for path in platform.classes(owner):
            assert path == "/" or (path.rpartition("/")[0] or "/") in platform.classes(owner)
            below = platform.subclasses(owner, path)
            assert len(set(below)) == len(below)
            media = platform.media_in(owner, path)
            assert {(medium.owner, medium.path) for medium in media} <= {(owner, path)}
            seen += [medium.id for medium in media]
    assert sorted(seen) == sorted(platform.materials())
    for file in platform.files().values():
        bound = [id_ for id_, one in platform.materials().items() if one.file_id == file.id]
        assert sorted(file.material_ids) == sorted(bound)
    classes, materials, projects = platform.count()
    assert classes == sum(len(platform.classes(owner)) for owner in platform.owners())
    assert (materials, projects) == (len(platform.materials()), len(platform.projects()))


SMALL = Limits(classes=30, depth=4, materials=40)
SEEDS = st.integers(0, 10_000)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(1, 150), st.booleans(), st.booleans(), st.integers(0, 30))
def test_a_complete_feed_in_order_tells_every_location(
    seed: int, steps: int, cross_owner: bool, presets: bool, before: int
) -> None:
    platform = Platform(seed, persons=1, teams=1)
    work = Workload(platform, seed, cross_owner=cross_owner, presets=presets, limits=SMALL)
    work.bootstrap(before)
    fold = Fold(platform)
    work.run(steps)
    fold.hear(platform.drain())
    assert_told(fold, platform)
    assert_sound(platform)


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(1, 150))
def test_silent_work_keeps_the_rules_too(seed: int, steps: int) -> None:
    platform = Platform(seed, persons=1, teams=1)
    Workload(platform, seed, LIFELIKE | dict.fromkeys(SILENT, 30), limits=SMALL).run(steps)
    assert_sound(platform)


def test_every_operation_is_performed_sooner_or_later() -> None:
    work = Workload(Platform(1), 1, LIFELIKE | dict.fromkeys(SILENT, 30), limits=SMALL)
    work.run(5_000)
    assert set(work.done) == {*LIFELIKE, *SILENT}


def test_without_silent_operations_none_is_performed() -> None:
    work = Workload(Platform(1), 1, limits=SMALL)
    work.run(2_000)
    assert not set(work.done) & set(SILENT)


def test_without_cross_owner_moves_nothing_changes_hands() -> None:
    def crossings(*, cross_owner: bool) -> int:
        platform = Platform(1)
        Workload(platform, 1, cross_owner=cross_owner).run(2_000)
        payloads = [list(json.loads(body).values())[2] for body, _, _ in platform.drain()]
        return sum(p.get("SourceOwner") != p.get("DestinationOwner") for p in payloads)

    assert crossings(cross_owner=False) == 0
    assert crossings(cross_owner=True) > 0


def test_preset_classes_stay_unless_asked_otherwise() -> None:
    def lost(*, presets: bool) -> bool:
        platform = Platform(1)
        before = {owner: platform.classes(owner) for owner in platform.owners()}
        Workload(platform, 1, presets=presets).run(2_000)
        return any(before[owner] - platform.classes(owner) for owner in before)

    assert not lost(presets=False)
    assert lost(presets=True)


def test_limits_bound_what_the_work_makes() -> None:
    platform = Platform(1, persons=1, teams=1)
    Workload(platform, 1, silent=True, limits=SMALL).run(3_000)
    classes, materials, projects = platform.count()
    # Two roots and twice the presets are there anyway.
    assert classes <= 30 + 2 * (1 + len(PRESET_CLASSES))
    assert materials <= 40
    assert projects <= SMALL.projects
    paths = [path for owner in platform.owners() for path in platform.classes(owner)]
    assert max(path.count("/") for path in paths) <= SMALL.depth


def test_equal_seeds_do_equal_work_and_others_do_not() -> None:
    def bodies(seed: int) -> list[bytes]:
        platform = Platform(1)
        Workload(platform, seed, silent=True).run(300)
        return [callback.body for callback in platform.drain()]

    assert bodies(1) == bodies(1)
    assert bodies(1) != bodies(2)


def test_bootstrapping_fills_the_library_and_tells_nothing() -> None:
    platform = Platform(1)
    Workload(platform, 1).bootstrap(300)
    assert len(platform.materials()) >= 300
    assert platform.outbox == []
    assert all(material.told == frozenset() for material in platform.materials().values())
    assert all(platform.unmentioned(o) == platform.classes(o) for o in platform.owners())


def test_a_mix_that_allows_nothing_says_so() -> None:
    with pytest.raises(Refused, match="mix"):
        Workload(Platform(1), 1, {"move_materials": 1}).step()
    with pytest.raises(ValueError, match="juggle"):
        Workload(Platform(1), 1, {"juggle": 1})


# Any operation with any arguments, sensible or not.

PATHS = st.sampled_from(
    ["", "/", "/a", "/b", "/a/b", "/b/a", "/a/b/a", "/收藏", "/收藏/a", "/素材", "/成片/x"]
)
OWNER = st.integers(0, 1)
WHICH = st.lists(st.integers(0, 5), max_size=3)
OPERATIONS = st.one_of(
    st.tuples(st.just("create"), OWNER, PATHS),
    st.tuples(st.just("move"), OWNER, st.lists(PATHS, max_size=3), OWNER, PATHS),
    st.tuples(st.just("delete"), OWNER, st.lists(PATHS, max_size=2)),
    st.tuples(st.just("upload"), OWNER, PATHS),
    st.tuples(st.just("move_materials"), WHICH, OWNER, PATHS),
    st.tuples(st.just("delete_materials"), WHICH),
    st.tuples(st.just("link"), OWNER, PATHS, OWNER, PATHS),
)


def perform(platform: Platform, operation: tuple[Any, ...]) -> None:
    owners: list[Owner] = platform.owners()
    ids = [*sorted(platform.materials()), *("absent" for _ in range(6))]
    match operation:
        case "create", owner, path:
            platform.create_class(owners[owner], path)
        case "move", owner, paths, dest_owner, dest:
            platform.move_classes(owners[owner], paths, owners[dest_owner], dest)
        case "delete", owner, paths:
            platform.delete_classes(owners[owner], paths)
        case "upload", owner, path:
            platform.upload(owners[owner], path, "clip.mp4")
        case "move_materials", which, owner, path:
            platform.move_materials([ids[at] for at in which], owners[owner], path)
        case "delete_materials", which:
            platform.delete_materials([ids[at] for at in which])
        case _:
            _, owner, path, dest_owner, dest = operation
            platform.link_class(owners[owner], path, owners[dest_owner], dest)


def everything(platform: Platform) -> tuple[object, ...]:
    classes = [platform.classes(owner) for owner in platform.owners()]
    return classes, platform.materials(), platform.files(), list(platform.outbox), platform.n


@settings(deadline=None, max_examples=200)
@given(st.lists(OPERATIONS, max_size=25))
def test_whatever_is_asked_is_told_or_refused_without_a_trace(
    operations: list[tuple[Any, ...]],
) -> None:
    platform = Platform(1, persons=1, teams=1, roots=("/", ""))
    fold = Fold(platform)
    for operation in operations:
        before = everything(platform)
        try:
            perform(platform, operation)
        except Refused:
            assert everything(platform) == before
        else:
            assert everything(platform) != before
    fold.hear(platform.drain())
    assert_told(fold, platform)
    assert_sound(platform)
