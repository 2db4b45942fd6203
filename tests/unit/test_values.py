"""What people write becomes a value, or an error that says what would."""

import pytest

from mirror.values import moment

NEW_YEAR = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-01-01", NEW_YEAR),
        ("2026-01-01T00:00:00", NEW_YEAR),
        ("2026-01-01 00:00", NEW_YEAR),
        ("2026-01-01T00:00:00Z", NEW_YEAR),
        ("2026-01-01T08:00:00+08:00", NEW_YEAR),
        ("2026-01-01T00:00:00.000001Z", NEW_YEAR + 1),
        ("1969-12-31T23:59:59.999999Z", -1),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, micros: int) -> None:
    assert moment(text) == micros


@pytest.mark.parametrize("text", ["", "yesterday", "12", "2026-13-01", "2026-01-01T25:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        moment(text)
