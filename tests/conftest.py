"""What holds for every test: how Hypothesis runs, and which tests may not be skipped."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# A slow machine is no bug: tests that are about time measure it themselves.
settings.register_profile("mirror", deadline=None, print_blob=True)
settings.load_profile("mirror")

# Markers whose tests must run here: a skip becomes a failure. `.ci/run` sets it.
NOT_FOR = "Skipped: not for "
"""Begins the reason of a skip that lacks nothing."""
REQUIRED = frozenset(os.environ.get("MIRROR_TEST_REQUIRE", "").split())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fails a skipped test that carries a required marker, unless it has nothing to ask of that engine."""
    report = yield
    marks = REQUIRED.intersection(mark.name for mark in item.iter_markers())
    if (
        report.skipped
        and marks
        and not hasattr(report, "wasxfail")
        and NOT_FOR not in report.longreprtext
    ):
        report.outcome = "failed"
        report.longrepr = (
            f"Skipped, though MIRROR_TEST_REQUIRE asks for {', '.join(sorted(marks))}: "
            f"{report.longreprtext}"
        )
    return report
