"""Settings are read once, every bad value is named, and docs/settings.md tells the same."""

from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from mirror.errors import ConfigurationError
from mirror.settings import SETTINGS, Settings, load, misspelt

ROOT = Path(__file__).parents[2]
NOWHERE = Path("there is no such file")


def loaded(**variables: str) -> Settings:
    return load({f"MIRROR_{name}": text for name, text in variables.items()}, NOWHERE)


def table() -> str:
    """The settings as docs/settings.md has to list them."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else ""
        rows.append(f"| `MIRROR_{setting.name}` | {default} | {setting.meaning} |")
    return "\n".join(rows)


def test_each_setting_has_one_row_and_one_field() -> None:
    assert [setting.field for setting in SETTINGS] == [field.name for field in fields(Settings)]


def test_the_page_on_settings_lists_them_as_they_are() -> None:
    assert table() in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_without_any_variable_every_setting_has_its_default() -> None:
    settings = loaded()
    assert settings.database == "sqlite:///mirror.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.max_body_bytes == 16 * 1024 * 1024
    assert (settings.retry_window, settings.confirm_limit) == (600, 3)
    assert settings.allowed_sources == settings.preset_classes == ()
    assert settings.read_token is None


def test_every_bad_value_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(PORT="http", RETRY_WINDOW="soon", ALLOWED_SOURCES="10.0.0.0/8, office")
    message = str(caught.value)
    assert "MIRROR_PORT 'http' is no port" in message
    assert "MIRROR_RETRY_WINDOW 'soon' is no duration" in message
    assert "MIRROR_ALLOWED_SOURCES" in message
    assert "'office'" in message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("RETRY_WINDOW", "0"),
        ("RETRY_WINDOW", "31d"),
        ("MAX_BODY_BYTES", "0"),
        ("MAX_BODY_BYTES", "1TiB"),
        ("MAX_BODY_BYTES", "513MiB"),
        ("PUBLIC_URL", "mirror.example.com"),
        ("PUBLIC_URL", "ftp://mirror.example.com"),
        ("DATABASE", "mirror.db"),
        ("PRESET_CLASSES", "媒资"),
        ("API_RATE", "fast"),
        ("API_RATE", "nan"),
        ("LOG_FORMAT", "xml"),
        ("READ_TOKEN", "short"),
    ],
)
def test_a_bad_value_is_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"MIRROR_{name}"):
        loaded(**{name: text})


def test_a_secret_is_neither_in_an_error_nor_in_the_settings_text() -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(READ_TOKEN="hush")
    assert "hush" not in str(caught.value)
    settings = loaded(SECRET_KEY="hush hush", DATABASE="postgresql://me:hush@db.test/mirror")
    assert settings.secret_key == "hush hush"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("600", 600), ("10m", 600), ("1.5h", 5400), ("250ms", 0.25), ("2 S", 2), ("1d", 86400)],
)
def test_a_duration_may_have_a_unit(text: str, seconds: float) -> None:
    assert loaded(RETRY_WINDOW=text).retry_window == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("1MB", 1_000_000), ("2mib", 2_097_152), ("1 KiB", 1024)]
)
def test_a_size_may_have_a_unit(text: str, size: int) -> None:
    assert loaded(MAX_BODY_BYTES=text).max_body_bytes == size


def test_lists_are_separated_by_commas() -> None:
    settings = loaded(TRUSTED_PROXIES="127.0.0.1, ::1,10.1.0.0/16", PRESET_CLASSES="/a,/a/b,")
    assert settings.trusted_proxies == (
        ip_network("127.0.0.1/32"),
        ip_network("::1/128"),
        ip_network("10.1.0.0/16"),
    )
    assert settings.preset_classes == ("/a", "/a/b")


def test_an_empty_variable_means_not_set() -> None:
    assert loaded(PORT="", PRESET_CLASSES=" ") == loaded()


def test_the_environment_wins_over_the_file_and_an_option_over_both(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("MIRROR_PORT=1\nMIRROR_HOST=file.test\nMIRROR_SECRET_ID=a$b\nOTHER=1\n")
    settings = load({"MIRROR_PORT": "2"}, file, {"database": None, "port": "3"})
    assert (settings.host, settings.port) == ("file.test", 3)
    assert load({"MIRROR_PORT": "2"}, file).port == 2
    assert settings.secret_id == "a$b"


def test_a_misspelt_variable_is_pointed_out() -> None:
    environ = {"MIRROR_RETRY_WINDW": "1m", "MIRROR_TEST_POSTGRESQL": "x", "PATH": "/bin"}
    assert list(misspelt(environ, NOWHERE)) == [
        "MIRROR_RETRY_WINDW is no setting of mirror; did you mean MIRROR_RETRY_WINDOW?"
    ]
