"""Dependencies are asked for in ranges, and pinned without a word about where they come from."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[3]
OURS = "cme-mirror"
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+")


@cache
def requirements() -> list[Requirement]:
    """Every requirement of the package and of its extras, in the order of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = cast("dict[str, list[str]]", project["optional-dependencies"])
    lines = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    return [asked for line in lines if (asked := Requirement(line)).name != OURS]


def pin_lines() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("asked", requirements(), ids=lambda asked: asked.name)
def test_a_dependency_is_a_range_with_both_ends(asked: Requirement) -> None:
    assert {one.operator for one in asked.specifier} == {">=", "<"}
    assert asked.url is None


def test_a_pin_is_a_name_and_a_version_only() -> None:
    assert [line for line in pin_lines() if not PIN.fullmatch(line)] == []


def test_every_dependency_is_pinned_inside_its_range() -> None:
    pinned = {
        canonicalize_name(name): Version(version)
        for name, version in (line.split("==") for line in pin_lines())
    }
    outside = [
        str(asked)
        for asked in requirements()
        if (version := pinned.get(canonicalize_name(asked.name))) is None
        or version not in asked.specifier
    ]
    assert outside == []
