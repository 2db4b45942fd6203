"""The simulated disk itself, on traces of a few calls: what is safe, what may be lost, and how."""

from collections.abc import Sequence

from tests.faults.power.disk import Disk, Image
from tests.faults.power.losses import SECTORS, Everything, Nothing, Some, losses
from tests.faults.power.trace import Record, boundaries

WAL, OTHER = 7, 8
SYNCED_FOLDER = (5, 6)


def opened(times: tuple[int, int], name: str, file: int = WAL) -> Record:
    return Record(*times, file, 0, "o", name, b"", 1)


def wrote(times: tuple[int, int], data: bytes, offset: int = 0, file: int = WAL) -> Record:
    return Record(*times, file, offset, "w", "", data, 1)


def cut(times: tuple[int, int], length: int) -> Record:
    return Record(*times, WAL, length, "t", "", b"", 1)


def synced(times: tuple[int, int], file: int = WAL) -> Record:
    return Record(*times, file, 0, "s", "", b"", 1)


def folder_synced(times: tuple[int, int] = SYNCED_FOLDER) -> Record:
    return Record(*times, 1, 0, "d", "", b"", 1)


def unlinked(times: tuple[int, int], name: str) -> Record:
    return Record(*times, 0, 0, "u", name, b"", 1)


def renamed(times: tuple[int, int], name: str, to: str) -> Record:
    return Record(*times, 0, 0, "r", name, to.encode(), 1)


def left(records: Sequence[Record], at: int) -> Image:
    """What is there for certain."""
    return Disk(records, {}).at(at)(Nothing())


def all_left(records: Sequence[Record], at: int) -> list[Image]:
    """What many adversaries leave."""
    image = Disk(records, {}).at(at)
    return [image(Some(str(seed))) for seed in range(300)]


CREATED = [opened((1, 2), "a"), folder_synced()]


def test_a_write_is_safe_once_a_later_sync_has_returned() -> None:
    records = [*CREATED, wrote((10, 11), b"x"), synced((12, 20))]
    assert left(records, 19) == {"a": b""}
    assert left(records, 20) == {"a": b"x"}


def test_a_sync_that_began_before_a_write_had_returned_does_not_save_it() -> None:
    records = [*CREATED, wrote((10, 13), b"x"), synced((12, 20))]
    assert left(records, 30) == {"a": b""}


def test_a_sync_saves_its_own_file_only() -> None:
    two = [opened((3, 4), "b", OTHER), wrote((10, 11), b"x"), wrote((10, 12), b"y", file=OTHER)]
    records = [*CREATED[:1], two[0], folder_synced(), *two[1:], synced((13, 14), OTHER)]
    assert left(records, 30) == {"a": b"", "b": b"y"}


def test_a_write_may_be_there_from_its_first_moment_and_not_before() -> None:
    records = [*CREATED, wrote((10, 30), b"x")]
    assert Disk(records, {}).at(9)(Everything()) == {"a": b""}
    assert Disk(records, {}).at(10)(Everything()) == {"a": b"x"}


def test_a_name_is_lost_until_its_folder_is_synced() -> None:
    records = [opened((1, 2), "a"), wrote((3, 4), b"x"), synced((5, 6)), folder_synced((7, 8))]
    assert left(records, 7) == {}
    assert left(records, 8) == {"a": b"x"}


def test_an_unlinked_name_may_come_back() -> None:
    records = [*CREATED, unlinked((10, 11), "a")]
    assert left(records, 12) == {"a": b""}
    assert left([*records, folder_synced((13, 14))], 14) == {}


def test_a_renaming_is_safe_once_the_folder_is_synced() -> None:
    records = [*CREATED, renamed((10, 11), "a", "b")]
    assert left(records, 12) == {"a": b""}
    assert Disk(records, {}).at(12)(Everything()) == {"b": b""}


def test_an_inode_that_is_used_again_is_another_file() -> None:
    old = [*CREATED, wrote((10, 11), b"old"), synced((12, 13)), unlinked((14, 15), "a")]
    records = [*old, opened((16, 17), "a"), wrote((18, 19), b"n"), synced((20, 21))]
    assert left(records, 30) == {"a": b"old"}
    assert left([*records, folder_synced((22, 23))], 30) == {"a": b"n"}


def test_what_was_there_before_is_safe() -> None:
    disk = Disk([wrote((1, 2), b"X", 1)], {"a": (WAL, b"abc")})
    image = disk.at(9)
    assert image(Nothing()) == {"a": b"abc"}
    assert image(Everything()) == {"a": b"aXc"}


def test_sectors_are_torn_apart_and_never_within() -> None:
    size = 3 * SECTORS[0]
    records = [*CREATED, wrote((10, 11), b"1" * size), wrote((12, 13), b"2" * size)]
    seen = {image["a"] for image in all_left(records, 20)}
    pieces = {found[: SECTORS[0]] for found in seen if found}
    whole = {b"1" * SECTORS[0], b"2" * SECTORS[0]}
    assert whole < pieces
    assert all(len(set(piece)) == 1 for found in seen for piece in _known(found))
    assert any(b"1" in found and b"2" in found for found in seen)
    assert any(found.startswith(b"2") and b"1" in found for found in seen)  # against their order


def _known(found: bytes) -> list[bytes]:
    """The sectors of a content that were written, not filled up."""
    sectors = [found[at : at + SECTORS[0]] for at in range(0, len(found), SECTORS[0])]
    return [sector for sector in sectors if set(sector) & set(b"12") and len(set(sector)) < 9]


def test_nothing_is_behind_a_cut_that_was_lost() -> None:
    before = [*CREATED, wrote((10, 11), b"old"), synced((12, 13))]
    records = [*before, cut((14, 15), 1), wrote((16, 17), b"new", 1)]
    seen = {image["a"] for image in all_left(records, 20)}
    assert seen == {b"old", b"o", b"onew"}


def test_a_file_may_be_long_without_what_was_written() -> None:
    records = [*CREATED, wrote((10, 11), b"x" * 100)]
    seen = {image["a"] for image in all_left(records, 20)}
    assert {b"", bytes(100), b"x" * 100} < seen


def test_the_same_seed_loses_the_same() -> None:
    records = [*CREATED, wrote((10, 11), b"1" * 9999), wrote((12, 13), b"2" * 9999)]

    def images() -> list[Image]:
        image = Disk(records, {}).at(20)
        return [image(loss) for loss in losses(20, of="it")]

    assert images() == images()


def test_power_goes_before_amid_and_after_each_sync() -> None:
    assert boundaries([*CREATED, synced((10, 20))]) == [4, 5, 6, 9, 15, 20]
