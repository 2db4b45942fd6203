"""A running server with a small library, and visitors with the system's Chromium."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browsers import Site, Visit, Visitor, browser, executable
from tests.support.processes import Mirror

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """One browser for all."""
    pytest.importorskip("playwright", reason="needs the extra `browser`")
    if executable() is None:
        pytest.skip("Chromium is not on this machine")
    with browser() as running:
        yield running


@pytest.fixture(scope="session")
def site(chromium: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server for all tests: each has a team of its own."""
    folder = tmp_path_factory.mktemp("site")
    mirror = Mirror(folder)
    with mirror.serving() as server:
        yield Site(mirror, server, chromium)


@pytest.fixture
def visit(site: Site, chromium: "Browser") -> Iterator[Visit]:
    """Makes visitors who are logged in; in the end nothing may have gone wrong in their browsers."""
    visitors: list[Visitor] = []

    def made(**options: Any) -> Visitor:  # noqa: ANN401 - Playwright's
        visitor = site.visit(chromium, **options)
        visitors.append(visitor)
        return visitor

    yield made
    for visitor in visitors:
        visitor.close()
    assert [complaint for each in visitors for complaint in each.complaints] == []
