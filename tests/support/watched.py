"""A mirror that something is going on in: projects on and off, exports, things that cannot be read."""

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser

from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.store import journal
from mirror.store.engine import Database
from mirror.store.journal import Arrival
from mirror.sync.apply import Applier, apply_all
from tests.naive import bodies
from tests.support.web import Web

SECOND = 1_000_000
MINUTE = 60 * SECOND
START = 1_700_000_000_000_000
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>\u202egpj'
SECRET = "s3cret"


def put(
    database: Database, *some: bytes, start: int = START, step: int = SECOND, apply: bool = True
) -> None:
    """Bodies arrive one by one, and are applied."""
    with database.write() as connection:
        head = journal.head(connection, "default")
        arrivals = [
            Arrival(body, Micros(start + (head + number) * step))
            for number, body in enumerate(some)
        ]
        journal.append(connection, "default", arrivals)
    if apply:
        apply_all(Applier(database, "default", Rules()))


def connection_of(project_id: str, status: str, **payload: object) -> bytes:
    """`Project.StreamConnect.StatusChanged`."""
    told = {"ProjectId": project_id, "Status": status, **payload}
    return _event("Project.StreamConnect.StatusChanged", told)


def cast(project_id: str, status: str, **payload: object) -> bytes:
    """`Project.MediaCast.StatusChanged`."""
    told = {"ProjectId": project_id, "Status": status, **payload}
    return _event("Project.MediaCast.StatusChanged", told)


def recorded(material_id: str) -> bytes:
    """A live recording, with the secret address of its stream."""
    told = {
        "FileId": f"file-of-{material_id}",
        "MaterialId": material_id,
        "OperationType": "LiveStreamRecord",
        "Owner": {"Type": "TEAM", "Id": "t"},
        "ClassPath": "/live",
        "SourceContext": f"push.example.com/live/{SECRET}?txSecret={SECRET}",
    }
    return _event("Storage.NewFileCreated", told)


def _event(event_type: str, told: Mapping[str, object]) -> bytes:
    key = event_type.replace(".", "") + "Event"
    return json.dumps({"EventType": event_type, key: told}).encode()


PROJECTS = (
    bodies.switcher("gala", "Started"),
    bodies.switcher("gala", "PvwStarted"),
    bodies.switcher("gala", "PgmStarted"),
    bodies.switcher("gala", "PgmStopped"),
    connection_of("line", "Working"),
    connection_of(
        "line",
        "OutputInterrupted",
        OutputInterruptInfo={"Id": "o1", "Url": f"rtmp://push.example.com/live/{SECRET}"},
    ),
    cast("cast", "Started"),
    cast("cast", "Stopped"),
    bodies.switcher("odd", "Recycled"),
    bodies.switcher(HOSTILE, HOSTILE),
)


class _Checker(HTMLParser):
    """Finds what the content policy forbids, ids that are there twice, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.wrong.append(f"<{tag} {name}={value!r}>")
            if name == "id":
                self.ids.append(str(value))
            if name == "href" and tag == "a" and "language=" not in str(value):
                self.links.append(str(value))
        if tag in {"style", "iframe", "object"}:
            self.wrong.append(f"<{tag}>")
        if tag == "script" and "src" not in dict(attrs):
            self.wrong.append("<script> inline")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


class Seen:
    """A page as somebody reads it."""

    def __init__(self, html: str) -> None:
        checker = _Checker()
        checker.feed(html)
        assert checker.wrong == []
        assert len(set(checker.ids)) == len(checker.ids), checker.ids
        assert SECRET not in html
        self.html = html
        self.text = re.sub(r"\s+", " ", " ".join(checker.text))
        assert "\u202e" not in html
        self.links = checker.links


def see(web: Web, url: str, language: str = "en") -> Seen:
    """What a page shows; it must keep what every page keeps."""
    answer = web.get(url, headers={"Accept": "text/html", "Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return Seen(answer.text)
