"""docs/commands.md tells every command with its options and arguments, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from mirror import errors
from mirror.cli import app

TEXT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
OPTION = re.compile(r"`(--?[a-z][a-z-]*)[^`]*`")


def commands(group: object, name: str) -> Iterator[tuple[str, object]]:
    """Every command that does something, by its full name."""
    found = getattr(group, "commands", None)
    if found is None:
        yield name, group
        return
    for word, command in found.items():
        yield from commands(command, f"{name} {word}")


COMMANDS = dict(commands(typer.main.get_command(app), "mirror"))
SECTIONS = dict(re.findall(r"^## (mirror .*)\n((?:(?!## ).*\n)*)", TEXT, re.MULTILINE))


def told(section: str) -> set[str]:
    """Options of a command's own table, and those it has in common with others."""
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `-")]
    common = re.findall(r"Common: ((?:`--[a-z]+`[,.]?\s*)+)", section)
    return set(OPTION.findall(" ".join(rows + common)))


def test_every_command_has_a_section_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_told_and_no_other(name: str) -> None:
    command = COMMANDS[name]
    options = {
        spelling
        for parameter in getattr(command, "params")  # noqa: B009 - typer brings its own click
        if parameter.param_type_name == "option"
        for spelling in parameter.opts
    }
    assert told(SECTIONS[name]) == options - {"--help", "-h"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_is_told(name: str) -> None:
    arguments = [
        parameter.metavar
        for parameter in getattr(COMMANDS[name], "params")  # noqa: B009 - as above
        if parameter.param_type_name == "argument"
    ]
    assert not arguments or f"`{' '.join([name, *arguments])}`" in SECTIONS[name]


def test_every_exit_code_of_an_error_is_told() -> None:
    codes = {
        error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.MirrorError)
    }
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}
    assert codes | {0} <= rows
