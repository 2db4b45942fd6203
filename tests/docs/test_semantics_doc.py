"""The documents say what the code does: doubts, outcomes, event types, examples, paths of files.

What can be collected from the code is collected from its syntax, so that a reason which is new in
the code, or gone from it, is missed in the text.
"""

import ast
import re
from collections.abc import Iterator
from itertools import count, dropwhile, takewhile
from pathlib import Path
from typing import get_args

import pytest

from mirror.core.decode import EVENT_TYPES, decode
from mirror.core.decoding.kinds import OBSERVATION_KINDS, PLATFORM_KINDS, Kind
from mirror.core.events import Decoded
from mirror.core.model import Label, MaterialId, Outcome, Owner, Place
from mirror.core.paths import DEFAULT_PRESETS, name, parent
from tests.naive import bodies
from tests.naive.bodies import ANN
from tests.support.memory import MemoryMirror

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CORE = ROOT / "mirror" / "core"

REASON = re.compile(r"[a-z]+(?:-[a-z]+)+")
JSON = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?<![\w/.-])(?:mirror|tests|docs|migrations)/[\w./-]*[\w/]")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
OWN = ["README.md", "architecture.md", "glossary.md", "platform.md", "semantics.md"]


def text(document: str) -> str:
    return (DOCS / document).read_text(encoding="utf-8")


def section(document: str, heading: str) -> str:
    """What stands beneath a heading, up to the next one of its level or above."""
    level, _, rest = text(document).partition(f" {heading}\n")
    marks = level.rpartition("\n")[2]
    assert marks.strip("#") == "", heading
    return re.split(rf"^#{{1,{len(marks)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def table(document: str, heading: str) -> list[list[str]]:
    """The rows of the first table beneath a heading, without its head."""
    lines = dropwhile(
        lambda line: not line.startswith("|"), section(document, heading).splitlines()
    )
    rows = [
        line.strip("|").split("|") for line in takewhile(lambda line: line.startswith("|"), lines)
    ]
    return [[cell.strip() for cell in row] for row in rows[2:]]


# ------------------------------------------------------------------ doubts and outcomes


def modules() -> Iterator[ast.Module]:
    for path in sorted(CORE.rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def constants() -> dict[str, str]:
    """Every name that a module of the core gives to a text."""
    found = {}
    for module in modules():
        for node in module.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(value))):
                    found[name] = value
                case _:
                    pass
    return found


def reasons() -> set[str]:
    """Every reason that is given to `doubt`, by itself or by name, and every text that looks like one.

    A move collects its reasons before it gives them, so what looks like a reason counts, too.
    """
    names = constants()
    found = set()
    for module in modules():
        for node in ast.walk(module):
            match node:
                case ast.Call(func=ast.Attribute(attr="doubt"), args=[_, _, reason]):
                    if isinstance(reason, ast.Constant):
                        found.add(str(reason.value))
                    elif isinstance(reason, ast.Name) and reason.id in names:
                        found.add(names[reason.id])
                case ast.Constant(value=str(value)) if REASON.fullmatch(value):
                    found.add(value)
                case _:
                    pass
    return found - set(get_args(Label))


def test_every_label_of_a_correction_is_explained_and_no_other() -> None:
    told = [row[0].strip("`") for row in table("semantics.md", "Corrections")]
    assert sorted(told) == sorted(get_args(Label))


def test_every_reason_of_a_doubt_is_explained_and_no_other() -> None:
    rows = table("semantics.md", "Doubts")
    told = [row[0].strip("`") for row in rows]
    assert len(told) == len(set(told))
    assert set(told) == reasons()
    assert all(len(row) == 5 and all(row) for row in rows)


def test_reasons_are_seen_where_they_are_written_and_where_they_are_named() -> None:
    assert {"creation-dropped", "unplaced", "nest-or-rename", "unknown-status"} <= reasons()


def test_every_outcome_is_explained_and_no_other() -> None:
    told = [row[0].strip("`") for row in table("semantics.md", "Outcomes")]
    assert sorted(told) == sorted(get_args(Outcome))


# -------------------------------------------------------------------------- event types


def test_every_event_type_and_its_payload_key_is_in_the_platforms_table() -> None:
    rows = table("platform.md", "The thirteen event types")
    told = {row[0].strip("`"): row[1].strip("`") for row in rows}
    assert told == {known.event_type: known.key for known in PLATFORM_KINDS}
    assert tuple(told) == EVENT_TYPES
    assert len(told) == 13


@pytest.mark.parametrize("known", PLATFORM_KINDS, ids=lambda known: known.event_type)
def test_the_platforms_table_tells_the_fields_that_the_decoder_reads(known: Kind) -> None:
    rows = {row[0].strip("`"): row[2] for row in table("platform.md", "The thirteen event types")}
    told = set(re.findall(r"[A-Z][A-Za-z]+", rows[known.event_type]))
    assert known.needed | known.optional <= told | {"SourceClassPathSet"}


@pytest.mark.parametrize("known", OBSERVATION_KINDS, ids=lambda known: known.event_type)
def test_every_observation_has_a_section_with_its_body(known: Kind) -> None:
    [body] = JSON.findall(section("semantics.md", known.event_type))
    meaning = decode(body.encode(), "reconcile")
    assert isinstance(meaning, Decoded)
    assert meaning.event_type == known.event_type
    assert f'"{known.key}"' in body


@pytest.mark.parametrize("body", JSON.findall(text("platform.md")))
def test_an_example_of_a_callback_can_be_decoded(body: str) -> None:
    assert isinstance(decode(body.encode()), Decoded)


def test_every_preset_class_is_named() -> None:
    told = section("platform.md", "Preset classes")
    missing = [
        path
        for path in DEFAULT_PRESETS
        if f"`{path}`" not in told and not (parent(path) != "/" and f"`{name(path)}`" in told)
    ]
    assert missing == []


# ---------------------------------------------------------------------- worked examples


def test_the_worked_example_of_classes_comes_out_as_told() -> None:
    mirror, clock = MemoryMirror(), count(step=1_000_000)

    def deliver(body: bytes) -> str:
        return mirror.deliver(body, next(clock)).outcome

    def standing() -> dict[str, int]:
        return dict(mirror.library.tree(Owner(*ANN)))

    def class_of(material_id: str) -> int | None:
        material = mirror.library.materials.rows[MaterialId(material_id)]
        assert material is not None
        return material.class_id

    def doubts() -> set[tuple[str, str]]:
        return {(doubt[1], doubt[2]) for doubt in mirror.rows()["doubts"]}

    deliver(bodies.created(ANN, "/春节"))
    deliver(bodies.created(ANN, "/归档"))
    deliver(bodies.added(["m"], ANN, "/春节"))
    assert standing() == {"/": 1, "/春节": 2, "/归档": 3}
    deliver(bodies.moved_class(ANN, "/春节", "/归档"))
    assert standing() == {"/": 1, "/归档/春节": 2, "/归档": 3}
    deliver(bodies.added(["n"], ANN, "/春节"))
    assert (class_of("m"), class_of("n"), doubts()) == (2, 2, set())
    deliver(bodies.moved_class(ANN, "/归档/春节", "/新春"))
    assert standing() == {"/": 1, "/新春": 2, "/归档": 3}
    assert doubts() == {("2", "rename-guessed")}
    deliver(bodies.moved_class(ANN, "/花絮", "/归档"))
    assert standing() == {"/": 1, "/新春": 2, "/归档": 3, "/归档/花絮": 4}
    assert doubts() == {("2", "rename-guessed"), ("4", "inferred-class")}
    assert deliver(bodies.created(ANN, "/花絮")) == "applied"
    assert standing() == {"/": 1, "/新春": 2, "/归档": 3, "/归档/花絮": 4}
    assert doubts() == {("2", "rename-guessed")}


def test_the_worked_example_of_a_tangle_comes_out_as_told() -> None:
    mirror = MemoryMirror()
    feed = (
        bodies.added(["m"], ANN, "/媒资"),
        bodies.moved(["m"], ANN, "/成片", "/收藏"),
        bodies.moved(["m"], ANN, "/媒资", "/成片"),
    )
    told = [row[3].strip() for row in table("semantics.md", "A worked example: a tangle")]
    for second, body in enumerate(feed):
        mirror.deliver(body, second * 1_000_000)
        material = mirror.library.materials.rows[MaterialId("m")]
        assert material is not None
        assert material.class_id is not None
        here = mirror.library.classes.rows[material.class_id]
        assert here is not None
        assert here.place == Place(Owner(*ANN), told[second].split("`")[1])
        reasons_now = {doubt[2] for doubt in mirror.rows()["doubts"]}
        assert reasons_now == ({"moves-tangled"} if second else set())


# ---------------------------------------------------------------------- files and links


def files_named(document: str) -> list[str]:
    return sorted(set(FILE.findall(text(document))))


@pytest.mark.parametrize("document", OWN)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    assert [path for path in files_named(document) if not (ROOT / path).exists()] == []


def test_files_are_seen_in_diagrams_and_in_the_text() -> None:
    named = files_named("architecture.md")
    assert {"mirror/core/fold.py", "mirror/core/transitions/", "mirror/errors.py"} <= set(named)


def anchors(path: Path) -> set[str]:
    headings = HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}


@pytest.mark.parametrize("document", OWN)
def test_every_link_leads_to_a_heading_that_exists(document: str) -> None:
    lost = []
    for path, anchor in LINK.findall(text(document)):
        target = (DOCS / path).resolve() if path else DOCS / document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(f"{path}#{anchor}")
    assert lost == []
