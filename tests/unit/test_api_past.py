"""What `import mirror` promises of the past."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import mirror
from mirror.core.model import Owner
from mirror.errors import InputError, NotFound
from tests.naive.bodies import CREW, added, created, deleted, modified, moved

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
STORY = [
    created(CREW, "/a"),
    added(["m1", "m2"], CREW, "/a"),
    moved(["m1"], CREW, "/a", "/b"),
    modified("m1", name="Trailer"),
    deleted(["m2"]),
]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[mirror.Mirror]:
    with mirror.open(f"sqlite:///{tmp_path / 'mirror.db'}") as opened:
        for place, body in enumerate(STORY):
            opened.append(body, received_at=NEW_YEAR + timedelta(minutes=place))
        opened.apply()
        yield opened


def test_the_library_of_an_earlier_moment_reads_like_the_present(library: mirror.Mirror) -> None:
    past = library.at(2)
    assert past.seq == 2
    assert repr(past) == "<Past of platform 'default' after delivery 2>"
    shown = {branch.path: [m.material_id for m in branch.media] for branch in past.tree()}
    assert shown == {"/": [], "/a": ["m1", "m2"]}
    assert [branch.path for branch in past.tree(CREW, "/a")] == ["/a"]
    assert [len(branch.media) for branch in past.tree(media=1)] == [0, 1]
    assert [branch.path for branch in past.tree(depth=0)] == ["/"]
    assert [(row.owner, row.class_count, row.material_count) for row in past.owners()] == [
        (Owner(*CREW), 2, 2)
    ]
    assert past.material("m2").state == "live"
    assert library.material("m2").state == "deleted"


def test_a_moment_may_be_a_time(library: mirror.Mirror) -> None:
    assert library.at(NEW_YEAR).seq == 1
    assert library.at(NEW_YEAR + timedelta(seconds=179)).seq == 3
    with pytest.raises(NotFound, match="still to come"):
        library.at(datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(NotFound, match="had nothing then"):
        library.at(NEW_YEAR - timedelta(microseconds=1))
    with pytest.raises(InputError, match="time zone"):
        library.at(datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused


def test_a_moment_to_come_is_refused_at_once(library: mirror.Mirror) -> None:
    with pytest.raises(NotFound, match="its journal ends at 5"):
        library.at(6)


def test_a_moment_stays_what_it_was_while_more_arrives_and_after_a_rebuild(
    library: mirror.Mirror,
) -> None:
    past = library.at(3)
    before = (past.tree(), past.material("m1"), past.owners())
    library.append(deleted(["m1"]))
    library.apply()
    library.rebuild()
    assert (past.tree(), past.material("m1"), past.owners()) == before


def test_a_history_and_a_difference(library: mirror.Mirror) -> None:
    found = library.history("material", "m1", limit=2)
    assert [one.delivery.seq for one in found.happenings] == [3, 4]
    older = library.history("material", "m1", before=found.before)
    assert [one.delivery.seq for one in older.happenings] == [2]
    changes = library.diff(2, NEW_YEAR + timedelta(minutes=4))
    assert [(each.folder, each.key, each.what) for each in changes] == [
        ("/", "3", "added"),
        ("/a", "m2", "removed"),
        ("/b", "m1", "moved"),
    ]
    with pytest.raises(NotFound):
        library.history("file", "nobody")
