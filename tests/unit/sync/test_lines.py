"""Archives are read line by line in bounded memory, compressed or not, and found again by content."""

import gzip
import io
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from mirror.errors import InputError
from mirror.sync import compressed, lines
from mirror.sync.compressed import opened
from mirror.sync.lines import Mark, Piece, find, pieces

LONGEST = 10


def split(content: bytes, after: Mark | None = None) -> list[bytes | None]:
    return [line for piece in pieces(io.BytesIO(content), LONGEST, after) for line in piece.lines]


def marks(content: bytes) -> list[Mark]:
    return [piece.end for piece in pieces(io.BytesIO(content), LONGEST)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\r\n\r\nb\r\n", [b"a", b"", b"b"]),
        (b"\n\n", [b"", b""]),
        (b"a\x00b\rc\n", [b"a\x00b\rc"]),
        (b"0123456789\n0123456789\r\n0123456789a\n", [b"0123456789", b"0123456789", None]),
        (b"a\n" + b"x" * 99 + b"\nb", [b"a", None, b"b"]),
        (b"x" * 99, [None]),
    ],
)
def test_lines_lose_their_ends_and_nothing_else(
    content: bytes, expected: list[bytes | None]
) -> None:
    assert split(content) == expected


def test_a_piece_knows_its_lines_and_where_it_ends() -> None:
    content = b"a\nbc\n"
    assert list(pieces(io.BytesIO(content), LONGEST)) == [
        Piece(1, [b"a", b"bc"], Mark(2, 5, sha256(content).digest()))
    ]


small_lines = st.lists(st.sampled_from([b"", b"a", b"ab\r", b"x" * 10, b"y" * 11, b"z" * 40]))


@given(
    raw=small_lines,
    block=st.integers(1, 30),
    most=st.integers(1, 3),
    ended=st.booleans(),
    data=st.data(),
)
def test_the_size_of_a_block_makes_no_difference_and_any_piece_can_be_resumed(
    raw: list[bytes], block: int, most: int, data: st.DataObject, *, ended: bool
) -> None:
    content = b"\n".join(raw) + (b"\n" if ended and raw else b"")
    expected = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    if not expected[-1]:
        del expected[-1]
    in_one = [line if len(line) <= LONGEST else None for line in expected]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        patch.setattr(lines, "MOST_LINES", most)
        parts = list(pieces(io.BytesIO(content), LONGEST))
        assert [line for part in parts for line in part.lines] == in_one
        if parts:
            mark = data.draw(st.sampled_from(parts)).end
            assert find(io.BytesIO(content), [mark]) == [mark]
            assert split(content, mark) == in_one[mark.lines :]


def test_the_places_that_the_content_shares_are_found() -> None:
    ab, ac = marks(b"a\nb\n")[-1], marks(b"a\nc\n")[-1]
    known = [ac, *marks(b"a\nb\nc\nd\n"), *marks(b"a\n"), ab]
    assert find(io.BytesIO(b"a\nb\nc\n"), known) == [*marks(b"a\n"), ab]
    assert find(io.BytesIO(b"b\n"), known) == []
    assert find(io.BytesIO(b""), known) == []


@pytest.mark.parametrize(
    ("grown", "more"), [(b"a\nb\nc\n", [b"c"]), (b"a\nb\r\nc\n", [b"c"]), (b"a\nb", [])]
)
def test_a_file_that_grew_goes_on_after_its_old_end(grown: bytes, more: list[bytes]) -> None:
    mark = marks(b"a\nb")[-1]
    assert find(io.BytesIO(grown), [mark]) == [mark]
    assert split(grown, mark) == more


def test_a_last_line_that_went_on_is_another_content() -> None:
    mark = marks(b"a\nb")[-1]
    assert find(io.BytesIO(b"a\nbc\n"), [mark]) == []


CONTENT = b'{"a":1}\n' * 1000


@pytest.mark.parametrize("name", ["plain.jsonl", "a.gz", "a.zst", "named otherwise"])
def test_the_first_bytes_tell_how_a_file_is_compressed(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    half = len(CONTENT) // 2
    file.write_bytes(
        {
            "plain.jsonl": CONTENT,
            "a.gz": gzip.compress(CONTENT[:half]) + gzip.compress(CONTENT[half:]),
            "a.zst": zstandard.compress(CONTENT[:half]) + zstandard.compress(CONTENT[half:]),
            "named otherwise": zstandard.compress(CONTENT),
        }[name]
    )
    with opened(file) as content:
        assert content.read() == CONTENT


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_file_that_is_cut_off_or_damaged_is_an_error(tmp_path: Path, compress) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    whole = compress(CONTENT)
    for broken in (whole[:-5], whole[:-9] + b"\0" * 9, whole + b"garbage"):
        file = tmp_path / "broken"
        file.write_bytes(broken)
        with pytest.raises(InputError, match=r"cut off or damaged"), opened(file) as content:
            content.read()


def test_a_missing_file_and_a_folder_are_told_in_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match=r"could not be read: "), opened(path):
            pass


def test_a_file_that_swells_is_read_in_bounded_steps(tmp_path: Path) -> None:
    file = tmp_path / "bomb"
    file.write_bytes(zstandard.compress(b"\0" * (64 * 1024**2)))
    with opened(file) as content:
        assert [piece.lines for piece in pieces(content, LONGEST)] == [[None]]
    assert compressed.INPUT // 4 * 128 * 1024 <= 64 * 1024**2
