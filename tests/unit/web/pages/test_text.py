"""Text of the platform can do nothing to a page, and hides nothing in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.web.pages.figures import duration, number, size, time
from mirror.web.pages.text import MOST, name, plain


def test_markup_is_text() -> None:
    assert name("<script>alert(1)</script>") == ("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>")
    assert "<img" not in name('"><img src=x onerror=alert(1)>')


@pytest.mark.parametrize(
    "unseen", ["\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\ud800", "\ufeff"]
)
def test_what_is_unseen_is_written_out(unseen: str) -> None:
    code = f"U+{ord(unseen):04X}"
    assert name(f"a{unseen}b") == f'<bdi>a<span class="unseen">{code}</span>b</bdi>'
    assert plain(f"a{unseen}b") == f"a⟨{code}⟩b"


def test_names_that_people_write_stay_as_they_are() -> None:
    for text in ("早间连线.mp4", "Ångström é", "👩‍🎬 clip", "עברית"):
        assert name(text) == f"<bdi>{text}</bdi>"
        assert plain(text) == text


@given(st.text())
def test_no_text_opens_a_tag(text: str) -> None:
    shown = str(name(text)).removeprefix("<bdi>").removesuffix("</bdi>")
    rest = shown.replace('<span class="unseen">', "").replace("</span>", "")
    assert not {"<", ">", '"', "'"} & set(rest)


def test_a_long_name_is_cut() -> None:
    assert len(plain("x" * 1_000_000)) == MOST + 1


def test_numbers_as_people_read_them() -> None:
    assert number(1_234_567) == "1,234,567"
    assert [size(each) for each in (None, 0, 999, 1_000, 623_312_345, 10**18)] == [
        "–",
        "0 B",
        "999 B",
        "1.0 KB",
        "623.3 MB",
        "1000.0 PB",
    ]
    assert [duration(each) for each in (None, 0, 59.6, 3_725)] == ["–", "0:00", "1:00", "1:02:05"]
    assert time(0) == ('<time datetime="1970-01-01T00:00:00.000Z">1970-01-01 00:00:00 UTC</time>')
    assert time(None) == "–"
