"""What `import mirror` promises: opening, appending, applying, reading, following, proving."""

import shutil
import subprocess
import sys
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import mirror
from mirror import api
from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.errors import (
    AlreadyServing,
    ConfigurationError,
    DatabaseUnavailable,
    FeedReset,
    InputError,
    NotFound,
)
from mirror.store.engine import Database, open_database
from mirror.store.journal import Source
from mirror.sync.lock import ServeLock
from tests.naive.bodies import ANN, BEN, CREW, added, created, deleted, moved, moved_class, uploaded

SAMPLES = Path(__file__).parents[1] / "data" / "deliveries.jsonl"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "mirror.db"
    mirror.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def url(fresh: Path, tmp_path: Path) -> str:
    shutil.copyfile(fresh, tmp_path / "mirror.db")
    return f"sqlite:///{tmp_path / 'mirror.db'}"


@pytest.fixture
def library(url: str) -> Iterator[mirror.Mirror]:
    with mirror.open(url) as opened:
        yield opened


def put(library: mirror.Mirror, *bodies: bytes) -> None:
    library.extend(bodies)
    library.apply()


# -------------------------------------------------------------------------------- the module


def test_every_public_name_can_be_had_and_is_explained() -> None:
    for name in mirror.__all__:
        found = getattr(mirror, name)
        assert name in dir(mirror)
        assert isinstance(found, typing.NewType) or found.__doc__


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'mirror' has no attribute 'walk'"):
        getattr(mirror, "walk")  # noqa: B009 - a type checker would say the same


def test_importing_mirror_loads_nothing_else() -> None:
    script = "import sys, mirror; print(sorted(n for n in sys.modules if n.startswith('mirror')))"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "['mirror']"


def test_reading_a_library_loads_neither_web_nor_command_line() -> None:
    script = (
        "import sys, mirror; mirror.open; "
        "print({'uvicorn', 'starlette', 'typer', 'rich', 'alembic'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()"


# ----------------------------------------------------------------------------------- opening


def test_a_file_that_does_not_exist_is_created_and_migrated(tmp_path: Path) -> None:
    with mirror.open(f"sqlite:///{tmp_path / 'new.db'}") as library:
        assert library.platform == "default"
        assert (library.owners(), library.tree(), list(library.changes())) == ([], [], [])
        assert library.apply() == 0
        assert library.verify() == []
        assert library.warnings == ()


def test_a_file_that_does_not_exist_is_not_created_to_be_read(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        mirror.open(f"sqlite:///{tmp_path / 'new.db'}", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_platform_is_refused(url: str) -> None:
    with pytest.raises(NotFound, match="no platform 'studio'"):
        mirror.open(url, platform="studio")


def test_a_mirror_opened_to_be_read_can_be_read_and_not_written(
    url: str, library: mirror.Mirror
) -> None:
    put(library, created(ANN, "/a"))
    with mirror.open(url, read_only=True) as reader:
        assert [branch.path for branch in reader.tree()] == ["/", "/a"]
        with pytest.raises(ConfigurationError, match="reading only"):
            reader.append(b"{}")
        with pytest.raises(ConfigurationError, match="reading only"):
            reader.apply()


def test_only_the_server_writes_where_two_processes_must_not(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def single(url: str, *, read_only: bool) -> Database:
        database = open_database(url, read_only=read_only)
        database.single_writer = True
        return database

    monkeypatch.setattr(api, "open_database", single)
    with ServeLock(url, url):
        with pytest.raises(AlreadyServing, match="read_only"):
            mirror.open(url)
        mirror.open(url, read_only=True).close()


def test_a_mirror_says_which_one_it_is(library: mirror.Mirror) -> None:
    assert repr(library).startswith("<Mirror of platform 'default' in sqlite:///")


# --------------------------------------------------------------------------------- appending


def test_what_is_appended_is_there_for_others_at_once(url: str, library: mirror.Mirror) -> None:
    assert library.append(b"{}") == 1
    with mirror.open(url, read_only=True) as other:
        assert other.status().progress.head_seq == 1
        assert other.status().progress.lag == 1


def test_bodies_are_appended_in_their_order_whatever_they_are(library: mirror.Mirror) -> None:
    assert library.extend([b"", b"\xff", b"{}", created(ANN, "/a")]) == [1, 2, 3, 4]
    assert library.apply() == 4
    status = library.status()
    assert (status.quarantined, status.counts.classes) == (3, 2)


def test_many_are_appended_piece_by_piece(
    library: mirror.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "TOGETHER", 2)
    monkeypatch.setattr(api, "TOGETHER_BYTES", 10)
    assert library.extend([b"{}", b"{}", b" " * 20, b"{}"]) == [1, 2, 3, 4]
    assert library.extend([]) == []


def test_an_error_of_the_source_leaves_whole_pieces(
    library: mirror.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bodies() -> Iterator[bytes]:
        yield from [b"1", b"2", b"3"]
        raise OSError("gone")

    monkeypatch.setattr(api, "TOGETHER", 2)
    with pytest.raises(OSError, match="gone"):
        library.extend(bodies())
    assert library.status().progress.head_seq == 2


def test_the_arrival_time_is_the_one_given_or_now(library: mirror.Mirror) -> None:
    at = datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    library.append(added(["m"], ANN, "/a"), received_at=at)
    library.apply()
    assert mirror.as_datetime(library.material("m").created_at) == at
    library.append(added(["n"], ANN, "/a"))
    library.apply()
    age = datetime.now(UTC) - mirror.as_datetime(library.material("n").created_at)
    assert timedelta(0) <= age < timedelta(minutes=1)


@pytest.mark.parametrize("source", typing.get_args(Source))
def test_the_source_is_kept(library: mirror.Mirror, source: Source) -> None:
    library.append(b'{"EventType": "Mirror.Nothing"}', source=source)
    library.apply()
    assert library.status().progress.applied_seq == 1


def test_what_is_no_delivery_is_refused(
    library: mirror.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    text: typing.Any = "{}"
    with pytest.raises(InputError, match="bytes, exactly as received, not str"):
        library.append(text)
    with pytest.raises(InputError, match="time zone"):
        library.append(b"{}", received_at=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
    monkeypatch.setattr(api, "LARGEST_RESTORED", 3)
    with pytest.raises(InputError, match="too large"):
        library.append(b"1234")
    assert library.status().progress.head_seq == 0


# ---------------------------------------------------------------------------------- applying


def test_apply_says_how_many_and_does_nothing_twice(library: mirror.Mirror) -> None:
    library.extend([created(ANN, "/a"), created(ANN, "/b")])
    assert (library.apply(), library.apply()) == (2, 0)


def test_apply_leaves_the_work_to_a_server(
    url: str, library: mirror.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.append(created(ANN, "/a"))
    monkeypatch.setattr("mirror.sync.settle.STALLED", 0.2)
    with (
        ServeLock(url, url),
        pytest.raises(mirror.MirrorError, match="server has applied nothing"),
    ):
        library.apply()
    assert library.status().progress.applied_seq == 0
    assert library.apply() == 1


def test_other_rules_are_not_mixed_in(url: str, library: mirror.Mirror) -> None:
    put(library, created(ANN, "/a"))
    with mirror.open(url, rules=Rules(horizon=1)) as other:
        other.append(created(ANN, "/b"))
        with pytest.raises(ConfigurationError, match="other rules"):
            other.apply()
        assert [found.kind for found in other.verify()] == ["rules"]
        other.rebuild()
        assert other.status().progress.applied_seq == 2
        assert other.verify() == []


# ----------------------------------------------------------------------------------- reading


def test_the_tree_comes_parents_first_with_the_media_of_each_class(library: mirror.Mirror) -> None:
    put(
        library,
        created(ANN, "/a"),
        created(ANN, "/a/b"),
        created(ANN, "/a-b"),
        added(["n", "m"], ANN, "/a"),
        added(["o"], CREW, "/c"),
    )
    seen = [
        (tuple(branch.owner), branch.path, [medium.material_id for medium in branch.media])
        for branch in library.tree()
    ]
    assert seen == [
        (ANN, "/", []),
        (ANN, "/a", ["m", "n"]),
        (ANN, "/a/b", []),
        (ANN, "/a-b", []),
        (CREW, "/", []),
        (CREW, "/c", ["o"]),
    ]


def test_a_tree_is_of_one_owner_from_a_path_so_deep_with_so_many_media(
    library: mirror.Mirror,
) -> None:
    put(library, created(ANN, "/a/b/c"), added(["m", "n"], ANN, "/a"), created(BEN, "/a"))
    found = library.tree(ANN, "/a", 1, media=1)
    assert [(branch.path, branch.material_count, len(branch.media)) for branch in found] == [
        ("/a", 2, 1),
        ("/a/b", 0, 0),
    ]
    assert library.tree(mirror.Owner(*ANN), "/a", 1, media=1) == found


@pytest.mark.parametrize("asked", [(None, "/x"), (BEN, "/"), (ANN, "/x")])
def test_a_class_that_is_not_there_is_said_to_be_missing(
    library: mirror.Mirror, asked: tuple[tuple[str, str] | None, str]
) -> None:
    put(library, created(ANN, "/a"))
    with pytest.raises(NotFound, match="no class"):
        library.tree(*asked)


def test_owners_come_with_how_much_they_have(library: mirror.Mirror) -> None:
    put(library, created(CREW, "/a"), added(["m"], ANN, "/"))
    assert [
        (tuple(row.owner), row.class_count, row.material_count) for row in library.owners()
    ] == [
        (ANN, 1, 1),
        (CREW, 2, 0),
    ]


def test_a_live_material_has_its_place_file_and_doubts(library: mirror.Mirror) -> None:
    put(library, uploaded("m", ANN, "/成片", file_id="f"))
    put(library, moved(["m"], ANN, "/别处", "/新", destination_owner=CREW))
    found = library.material("m")
    assert (found.state, found.place) == ("live", (CREW, "/新"))
    assert found.class_id is not None
    assert found.file is not None
    assert found.file.file_id == "f"
    assert [doubt.reason for doubt in found.doubts] == ["moves-tangled"]
    assert found.in_doubt


def test_the_doubt_of_a_class_is_its_materials_doubt(library: mirror.Mirror) -> None:
    put(library, added(["m"], ANN, "/inferred"), added(["n"], ANN, "/成片"))
    assert (library.material("m").in_doubt, library.material("m").doubts) == (True, ())
    assert not library.material("n").in_doubt


def test_a_second_place_of_a_material_is_a_link(library: mirror.Mirror) -> None:
    put(library, added(["m"], ANN, "/成片"), added(["m"], CREW, "/成片"))
    assert [link.kind for link in library.material("m").links] == ["placement"]


def test_a_deleted_material_remembers_where_it_was(library: mirror.Mirror) -> None:
    put(library, added(["m"], ANN, "/成片"), deleted(["m", "never seen"]))
    found = library.material("m")
    assert (found.state, found.place, found.class_id) == ("deleted", (ANN, "/成片"), None)
    assert library.material("never seen").place is None


def test_a_material_that_nobody_named_is_not_found(library: mirror.Mirror) -> None:
    with pytest.raises(NotFound, match="no material 'm'"):
        library.material("m")


# --------------------------------------------------------------------------------- following


def test_changes_come_in_order_and_can_be_taken_up_anywhere(
    library: mirror.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.extend(SAMPLES.read_bytes().splitlines())
    library.apply()
    every = list(library.changes())
    assert [change.position for change in every] == sorted(change.position for change in every)
    assert len(every) > 30
    for place, change in enumerate(every):
        assert list(library.changes(change.position)) == every[place + 1 :]


def test_a_change_tells_what_was_and_what_is(library: mirror.Mirror) -> None:
    put(library, created(ANN, "/a"), added(["m"], ANN, "/a"), deleted(["m"]))
    *_, inserted, gone = [one for one in library.changes() if one.entity == "material"]
    assert (inserted.op, inserted.key, inserted.before) == ("insert", "m", None)
    assert inserted.after is not None
    assert gone.seq == 3
    assert gone.before is not None


def test_changes_end_with_what_was_applied_when_they_began(library: mirror.Mirror) -> None:
    put(library, created(ANN, "/a"))
    feed = library.changes()
    first = next(feed)
    put(library, created(ANN, "/b"))
    assert {change.seq for change in [first, *feed]} == {1}
    assert {change.seq for change in library.changes(first.position)} == {1, 2}


def test_a_rebuild_with_the_same_changes_goes_unnoticed(library: mirror.Mirror) -> None:
    put(library, created(ANN, "/a"), created(ANN, "/b"))
    feed = library.changes()
    first = next(feed)
    assert not library.rebuild().changed_feed
    assert [first, *feed] == list(library.changes())


def test_a_rebuild_with_other_changes_resets_the_feed(url: str, library: mirror.Mirror) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    library.append(moved_class(ANN, "/x", "/y"), received_at=at)
    library.append(created(ANN, "/x"), received_at=at + timedelta(minutes=1))
    library.apply()
    *_, last = library.changes()
    with mirror.open(url, rules=Rules(horizon=1)) as other:
        assert other.rebuild().changed_feed
    with pytest.raises(FeedReset, match="from the beginning"):
        list(library.changes(last.position))
    assert {change.position.generation for change in library.changes()} == {2}


# ----------------------------------------------------------------------------------- proving


def test_a_rebuild_goes_into_another_database_up_to_a_delivery(
    library: mirror.Mirror, tmp_path: Path
) -> None:
    put(library, created(ANN, "/a"), created(ANN, "/b"))
    target = f"sqlite:///{tmp_path / 'earlier.db'}"
    told: list[int] = []
    report = library.rebuild(into=target, until=Seq(1), progress=told.append)
    assert (report.seq, sum(told)) == (1, 1)
    with mirror.open(target, read_only=True) as earlier:
        assert [branch.path for branch in earlier.tree()] == ["/", "/a"]
    with pytest.raises(InputError, match="not empty"):
        library.rebuild(into=target)


def test_the_live_state_is_not_rebuilt_to_an_earlier_one(library: mirror.Mirror) -> None:
    with pytest.raises(InputError, match="needs `into`"):
        library.rebuild(until=Seq(1))


def test_a_state_that_was_tampered_with_is_found_out(url: str, library: mirror.Mirror) -> None:
    put(library, created(ANN, "/a"), created(ANN, "/b"))
    with library._database.write() as connection:
        connection.exec_driver_sql("UPDATE classes SET origin = 'observed'")
    assert len(library.verify()) == 3
    assert [found.kind for found in library.verify(most=1)] == ["state"]
    library.rebuild()
    assert library.verify() == []


def test_changes_are_followed_from_where_one_was_and_go_on_with_what_comes(
    library: mirror.Mirror,
) -> None:
    put(library, created(ANN, "/a"), added(["m", "n"], ANN, "/a"))
    first, *others = library.changes()
    followed = library.follow(first.position, pause=0.01)
    assert [next(followed) for _ in others] == others
    library.append(deleted(["m"]))
    library.apply()
    assert (next(followed).seq, next(library.follow(others[-1].position)).op) == (3, "update")
