"""Templates become pages: everything that is put into one is escaped."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import jinja2

from mirror.store.queries import browse, lists
from mirror.web.pages import figures, scales, text, words
from mirror.web.pages.look import Look, Shown
from mirror.web.pages.words import Language

TEMPLATES = Path(__file__).parents[1] / "templates"

NAVIGATION: tuple[tuple[str, str, str], ...] = (
    ("/", "library", "library"),
    ("/projects", "project", "projects"),
    ("/tasks", "export", "tasks"),
    ("/deliveries", "inbox", "deliveries"),
    ("/doubts", "doubt", "doubts"),
    ("/health", "health", "health"),
)
"""The pages that every page leads to: path, icon, and the key of its name in the words of `frame`."""


@cache
def environment() -> jinja2.Environment:
    """Where templates are compiled, once."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "name": text.name,
        "plain": text.plain,
        "code": text.code,
        "token": text.token,
        "number": figures.number,
        "time": figures.time,
        "size": figures.size,
        "duration": figures.duration,
        "clock": scales.clock,
    }
    return made


def render(look: Look, shown: Shown) -> str:
    """A page, or a part of one."""
    return _template(shown.template).render(
        look=look,
        link=look.link,
        here=look.here,
        at=look.at,
        **_spoken(look.language),
        frame=partial(_frame, look),
        **shown.values,
    )


def render_outside(language: Language, template: str, **values: object) -> str:
    """A page that looks at no platform: a login, an error."""
    return _template(template).render(look=None, at=None, **_spoken(language), **values)


def _template(name: str) -> jinja2.Template:
    return environment().get_template(name)


def _spoken(language: Language) -> dict[str, object]:
    return {
        "t": partial(words.say, language),
        "said": partial(words.has, language),
        "language": language,
        "tags": words.TAGS,
        "languages": words.NAMES,
    }


def _frame(look: Look) -> dict[str, object]:
    """What is around every whole page."""
    stamp = look.stamp
    return {
        "navigation": NAVIGATION,
        "strip": browse.strip(look.connection, stamp),
        "platforms": lists.platforms(look.connection),
        "feed": f"{stamp.feed_generation}:{stamp.applied_seq + 1}:0",
    }
