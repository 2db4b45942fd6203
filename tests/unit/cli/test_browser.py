"""A browser opens only where somebody sits in front of a screen."""

import sys
import webbrowser

import pytest

from mirror.cli import browser


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    urls: list[str] = []

    def note(url: str) -> bool:
        urls.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", note)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in browser.SCREENS:
        monkeypatch.delenv(name, raising=False)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    return urls


def test_a_browser_opens_for_whoever_has_a_screen(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    assert browser.show("http://127.0.0.1:1/login?key=x")
    assert opened == ["http://127.0.0.1:1/login?key=x"]


def test_a_text_browser_does_not_take_the_terminal(opened: list[str]) -> None:
    assert not browser.show("http://127.0.0.1:1/")
    assert opened == []


def test_nothing_opens_where_nobody_looks(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert not browser.show("http://127.0.0.1:1/")
    assert opened == []


def test_a_browser_that_cannot_be_started_is_none(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(url: str) -> bool:
        raise webbrowser.Error(url)

    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(webbrowser, "open", fail)
    assert not browser.show("http://127.0.0.1:1/")
