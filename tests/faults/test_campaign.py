"""Kills at random moments under load: a few seeds always, many when there is time."""

import os
from pathlib import Path

import pytest

from tests.faults import campaign
from tests.faults.nursery import Nursery

FEW = range(1, 21)
FIRST = int(os.environ.get("MIRROR_TEST_FIRST_SEED", "1001"))
MANY = range(FIRST, FIRST + int(os.environ.get("MIRROR_TEST_SEEDS", "200")))


@pytest.mark.parametrize("seed", FEW)
def test_random_kills_lose_nothing_and_apply_nothing_twice(
    tmp_path: Path, nursery: Nursery, template: Path, seed: int
) -> None:
    campaign.run(seed, tmp_path, nursery, template).verdict.check()


@pytest.mark.slow
@pytest.mark.parametrize("seed", MANY)
def test_many_random_kills_lose_nothing_and_apply_nothing_twice(
    tmp_path: Path, nursery: Nursery, template: Path, seed: int
) -> None:
    campaign.run(seed, tmp_path, nursery, template, campaign.LONG).verdict.check()
