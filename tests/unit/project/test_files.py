"""What no committed file may hold, and how long one may get."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.project.checkout import ROOT, files, text

LINES = 350
# Files of mirror/ that may be longer, each with its reason.
LONGER: dict[Path, str] = {}

MACHINE = re.compile(r"(?:file://|(?<![\w.~}/-]))/(?:work|root|home|Users|tmp)/[\w.-]")
SOURCE = re.compile(r"index-url|find-links|trusted-host|resolved\"?:")
HOST = re.compile(r"\bhttps?://(?:[^\s/@{}]+@)?([A-Za-z0-9.-]+)")
# Where files may send a reader or a program; a new host goes here with the reason it is needed.
HOSTS = {
    "127.0.0.1": "this machine",
    "localhost": "this machine",
    "testserver": "what Starlette's test client calls the server",
    "apache.org": "the licence",
    "github.com": "projects that documents speak of",
    "keepachangelog.com": "the form of the changelog",
    "semver.org": "what a version promises",
    "tencent.com": "the platform's documents",
    "tencentcloudapi.com": "the platform's API",
    "w3.org": "names of XML vocabularies in SVG",
}
# Names that belong to nobody, for examples and tests (RFC 2606, RFC 6761).
NOBODYS = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid)$")
CLOCKS_AND_DOORS = {"now", "utcnow", "today", "open", "print", "input", "eval", "exec"}


def hits(pattern: re.Pattern[str]) -> Iterator[str]:
    for name in files():
        if name == Path(__file__).relative_to(ROOT):
            continue
        for number, line in enumerate(text(name).splitlines(), start=1):
            if pattern.search(line):
                yield f"{name}:{number}: {line.strip()}"


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    assert list(hits(MACHINE)) == []


@pytest.mark.parametrize("line", ["cd /root/x", "'/home/a'", "--into=/Users/b", "file:///tmp/c"])
def test_a_path_of_a_machine_is_seen(line: str) -> None:
    assert MACHINE.search(line)


@pytest.mark.parametrize(
    "line", ["GET /v1/home/a", "$scratch/tmp/c", "~/desk/x", "/homes/", "/workshop/"]
)
def test_other_paths_are_let_be(line: str) -> None:
    assert not MACHINE.search(line)


def test_no_file_says_where_packages_come_from() -> None:
    assert list(hits(SOURCE)) == []


def known(host: str) -> bool:
    if host.isupper():  # a placeholder: https://HOST
        return True
    host = host.lower().rstrip(".")
    parents = {host.split(".", start)[-1] for start in range(host.count(".") + 1)}
    return bool(NOBODYS.search(host)) or not parents.isdisjoint(HOSTS)


@pytest.mark.parametrize(
    ("host", "verdict"),
    [
        ("cme.tencentcloudapi.com", True),
        ("mirror.example.com", True),
        ("studio.test", True),
        ("HOST", True),
        ("nottencent.com", False),
        ("packages.internal", False),
    ],
)
def test_a_host_is_known_by_itself_or_a_parent(host: str, verdict: bool) -> None:
    assert known(host) is verdict


def test_no_file_names_a_host_without_a_reason() -> None:
    unknown = [
        f"{name}: {host}"
        for name in files()
        for host in HOST.findall(text(name))
        if not known(host)
    ]
    assert unknown == []


def test_no_module_outgrows_its_noun() -> None:
    long = {
        name: length
        for name in files()
        if name.parts[0] == "mirror" and name.suffix == ".py" and name not in LONGER
        if (length := len(text(name).splitlines())) > LINES
    }
    assert long == {}


def called(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of every call, without what the name belongs to."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                yield node.lineno, name
            case _:
                pass


@pytest.mark.parametrize(
    "name",
    [name for name in files() if name.is_relative_to("mirror/core") and name.suffix == ".py"],
    ids=str,
)
def test_core_asks_no_clock_and_opens_nothing(name: Path) -> None:
    # Import rules can forbid the module `time`, but not a method of `datetime` or a builtin.
    found = [call for call in called(ast.parse(text(name))) if call[1] in CLOCKS_AND_DOORS]
    assert found == []


def test_every_module_of_mirror_opens_with_a_sentence() -> None:
    silent = [
        str(name)
        for name in files()
        if name.parts[0] == "mirror" and name.suffix == ".py"
        if not (ast.get_docstring(ast.parse(text(name))) or "")
        .split("\n\n")[0]
        .endswith((".", ":"))
    ]
    assert silent == []
