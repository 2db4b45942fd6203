"""Every sentence of the pages, in each language: `en/` and `zh/` hold one file a family of pages.

A key is `FILE.NAME`. A sentence that counts has the forms `one` and `other`, chosen by `n`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import msgspec
from markupsafe import Markup, escape
from starlette.requests import Request

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES: Mapping[Language, str] = {"en": "English", "zh": "中文"}
TAGS: Mapping[Language, str] = {"en": "en", "zh": "zh-Hans"}
"""What a document of each language says it is in."""

COOKIE = "mirror-language"
KEPT_SECONDS = 365 * 86_400

Sentence = str | dict[Literal["one", "other"], str]


@cache
def catalogue(language: Language) -> dict[str, Sentence]:
    """All sentences of a language by their keys."""
    found: dict[str, Sentence] = {}
    for file in sorted(files(__name__).joinpath(language).iterdir(), key=lambda each: each.name):
        if file.name.endswith(".json"):
            family = file.name.removesuffix(".json")
            words = msgspec.json.decode(file.read_bytes(), type=dict[str, Sentence])
            found |= {f"{family}.{name}": sentence for name, sentence in words.items()}
    return found


def say(language: Language, key: str, **values: object) -> Markup:
    """A sentence; what is put into it is escaped, unless it is markup already. Raises KeyError."""
    sentence = catalogue(language)[key]
    if isinstance(sentence, dict):
        sentence = sentence["one" if values.get("n") == 1 else "other"]
    shown = {name: f"{value:,}" if _counts(value) else value for name, value in values.items()}
    return Markup(escape(sentence)).format(**shown)  # noqa: S704 - the sentence is ours, and escaped


def has(language: Language, key: str) -> bool:
    """Whether there is such a sentence."""
    return key in catalogue(language)


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def chosen(text: str | None) -> Language | None:
    """The language that somebody names, if it is one of ours."""
    return next((each for each in LANGUAGES if each == text), None)


def language_of(request: Request) -> Language:
    """The language that a reader chose, else the one that the browser likes best."""
    kept = chosen(request.cookies.get(COOKIE))
    return kept or preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> Language:
    """The best of ours in an Accept-Language header; English if there is none."""
    best: tuple[float, Language] = (0.0, "en")
    for part in header.split(",")[:50]:
        tag, _, rest = part.strip().partition(";")
        match = _QUALITY.fullmatch(rest.replace(" ", ""))
        quality = 1.0 if not rest else float(match[1]) if match else 0.0
        language = chosen(tag.split("-")[0].lower())
        if language is not None and quality > best[0]:
            best = (quality, language)
    return best[1]


_QUALITY = re.compile(r"q=([01](?:\.\d{1,3})?)")
