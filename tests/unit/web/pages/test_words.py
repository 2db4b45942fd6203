"""Both languages say everything that the pages ask for, and nothing else."""

import re
import string
from pathlib import Path
from typing import get_args

import pytest
from markupsafe import Markup

from mirror.core.decode import EVENT_TYPES
from mirror.core.model import LinkKind, Origin, Outcome, State
from mirror.web.pages import words
from mirror.web.pages.render import NAVIGATION
from mirror.web.pages.words import Language, Sentence, catalogue, preferred, say
from tests.unit.project.checkout import text

PACKAGE = Path(words.__file__).parents[2]
SAID = re.compile(r"""\b(?:t|said|say)\(\s*(?:language,\s*)?["']([\w.]+\w)["']\s*[,)]""")


def forms(sentence: Sentence) -> list[str]:
    return [sentence] if isinstance(sentence, str) else list(sentence.values())


def fields(sentence: Sentence) -> set[str]:
    return {
        name
        for form in forms(sentence)
        for _, name, _, _ in string.Formatter().parse(form)
        if name is not None
    }


def test_both_languages_have_the_same_sentences() -> None:
    assert catalogue("en").keys() == catalogue("zh").keys()


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_no_sentence_is_empty(language: Language) -> None:
    assert [key for key, each in catalogue(language).items() if not all(forms(each))] == []


def test_both_languages_put_in_the_same_things() -> None:
    assert [
        key
        for key, sentence in catalogue("en").items()
        if fields(sentence) != fields(catalogue("zh")[key])
    ] == []


def sources() -> dict[str, str]:
    found = [*PACKAGE.glob("templates/**/*.html"), *PACKAGE.glob("pages/*.py")]
    return {path.name: path.read_text("utf-8") for path in [*found, PACKAGE / "login.py"]}


def test_every_sentence_that_is_asked_for_is_there() -> None:
    asked = {key for source in sources().values() for key in SAID.findall(source)}
    assert len(asked) > 100
    assert sorted(asked - catalogue("en").keys()) == []


def test_what_is_joined_from_words_is_there() -> None:
    joined = {
        "frame.nav_": [key for _, _, key in NAVIGATION],
        "frame.event_": list(EVENT_TYPES),
        "frame.outcome_": [*get_args(Outcome), "pending"],
        "material.state_": get_args(State),
        "material.origin_": get_args(Origin),
        "library.origin_": get_args(Origin),
        "material.link_": get_args(LinkKind),
        "material.about_": ["detached", "deleted"],
    }
    missing = [
        start + word
        for start, known in joined.items()
        for word in known
        if start + word not in catalogue("en")
    ]
    assert missing == []


def test_every_doubt_has_its_words() -> None:
    table = text(Path("docs/semantics.md")).partition("| reason | about |")[2].partition("\n\n")[0]
    reasons = {
        f"doubt.{reason}" for reason in re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
    }
    assert "doubt.rename-guessed" in reasons
    assert reasons == {key for key in catalogue("en") if key.startswith("doubt.")}


def test_what_is_put_into_a_sentence_is_escaped() -> None:
    assert say("en", "find.results_for", text="<b>") == Markup("Search: &lt;b&gt;")


def test_a_sentence_counts() -> None:
    assert say("en", "library.media_in", n=1) == "1 medium"
    assert say("en", "library.media_in", n=1234) == "1,234 media"
    assert say("zh", "library.media_in", n=1) == "1 个媒体"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,zh;q=0.9", "en"),
        ("fr, zh-Hant;q=0.5, en;q=0.3", "zh"),
        ("fr", "en"),
        ("zh;q=nonsense", "en"),
        ("zh;q=0", "en"),
        ("," * 5000, "en"),
    ],
)
def test_the_browsers_wish_is_read(header: str, language: str) -> None:
    assert preferred(header) == language
