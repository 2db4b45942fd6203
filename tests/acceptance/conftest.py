"""What tests of real processes start with."""

from pathlib import Path

import pytest

from tests.support.processes import ROOT, Mirror


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    """The command, in a folder of this test's own."""
    return Mirror(tmp_path)


@pytest.fixture
def samples() -> list[bytes]:
    """Bodies as the platform sends them."""
    return (ROOT / "tests" / "data" / "deliveries.jsonl").read_bytes().splitlines()
