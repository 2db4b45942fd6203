"""Documents lead where they say, and both READMEs offer the same commands."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.unit.project.checkout import ROOT, files, text

DOCUMENTS = [name for name in files() if name.suffix == ".md"]
FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(
    r"\[[^\]\n]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE
)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
EXPLICIT = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
BLOCK = re.compile(r"^<!-- ci: (\w+) -->\n```sh\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def prose(name: Path) -> str:
    return FENCE.sub("", text(name))


def anchors(name: Path) -> set[str]:
    """The anchors that a code host makes of a document's headings."""
    found = set(EXPLICIT.findall(prose(name)))
    seen: Counter[str] = Counter()
    for heading in HEADING.findall(prose(name)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def links(name: Path) -> Iterator[str]:
    for inline, reference in LINK.findall(CODE.sub("", prose(name))):
        yield inline or reference


def leads_nowhere(name: Path, link: str) -> bool:
    if re.match(r"[a-z][a-z0-9+.-]*:", link):
        return False
    path, _, anchor = unquote(link).partition("#")
    target = (ROOT / name.parent / path).resolve() if path else ROOT / name
    if not target.is_relative_to(ROOT) or not target.exists():
        return True
    return bool(anchor) and anchor not in anchors(target.relative_to(ROOT))


@pytest.mark.parametrize("name", DOCUMENTS, ids=str)
def test_every_link_of_a_document_leads_somewhere(name: Path) -> None:
    assert [link for link in links(name) if leads_nowhere(name, link)] == []


def test_both_readmes_offer_the_same_commands() -> None:
    english = BLOCK.findall(text(Path("README.md")))
    assert [name for name, _ in english] == ["run", "test"]
    assert BLOCK.findall(text(Path("README.zh-CN.md"))) == english


@pytest.mark.parametrize(
    "command", [command for _, command in BLOCK.findall(text(Path("README.md")))]
)
def test_a_readme_command_is_one_line(command: str) -> None:
    assert "\n" not in command
