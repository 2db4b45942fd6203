"""The small library that the recipes of docs/sql.md and Datasette's queries are answered for."""

from datetime import UTC, datetime

from mirror.core.model import Micros
from mirror.core.rules import Rules
from mirror.store import journal
from mirror.store.engine import Database
from mirror.store.journal import Arrival, Source
from mirror.sync.apply import Applier, apply_all
from tests.naive import bodies

TEAM: bodies.Owner = ("TEAM", "42")


def described(material_id: str, path: str, file_id: str, size: int, seconds: int) -> bodies.Payload:
    """What the platform's API tells of a material's file."""
    metadata = {"Size": size, "Duration": seconds}
    return bodies.seen(material_id, TEAM, path, file_id=file_id, metadata=metadata)


def link(material_id: str, status: str, **target: object) -> bodies.Payload:
    """A link in `/footage/2026`, as the platform's API tells it."""
    told = {**target, "Status": status}
    return bodies.seen(material_id, TEAM, "/footage/2026", material_type="LINK", link=told)


LIBRARY: list[tuple[str, Source, bytes]] = [
    ("2026-03-01 08:00", "callback", bodies.created(TEAM, "/footage")),
    ("2026-03-01 08:05", "callback", bodies.created(TEAM, "/footage/2026")),
    ("2026-03-01 08:10", "callback", bodies.created(TEAM, "/empty")),
    ("2026-03-01 09:00", "callback", bodies.uploaded("m-1", TEAM, "/footage", file_id="f-sunset")),
    ("2026-03-01 09:01", "callback", bodies.uploaded("m-2", TEAM, "/footage", file_id="f-sea")),
    ("2026-03-01 09:02", "callback", bodies.imported([("m-3", "f-sunset")], TEAM, "/footage/2026")),
    ("2026-03-01 09:03", "callback", bodies.uploaded("m-4", TEAM, "/rough cuts", file_id="f-cut")),
    ("2026-03-01 09:04", "callback", bodies.uploaded("m-5", TEAM, "/footage", file_id="f-old")),
    (
        "2026-03-01 09:30",
        "callback",
        bodies.modified("m-1", name="Sunset", tags=["sea", "evening"]),
    ),
    ("2026-03-01 09:31", "callback", bodies.modified("m-2", name="Sea", tags=["sea"])),
    ("2026-03-01 09:32", "callback", bodies.modified("m-5", name="Take 1")),
    ("2026-03-01 10:00", "callback", bodies.stream_connect("p-relay", "Working")),
    ("2026-03-01 10:30", "callback", bodies.deleted(["m-5"])),
    (
        "2026-03-01 11:00",
        "callback",
        bodies.stream_connect("p-relay", "InputInterrupted", end_point="Main"),
    ),
    (
        "2026-03-01 12:00",
        "reconcile",
        bodies.materials_observed(
            14,
            described("m-1", "/footage", "f-sunset", 300, 30),
            described("m-2", "/footage", "f-sea", 400, 40),
            described("m-4", "/rough cuts", "f-cut", 500, 50),
            link("l-here", "Normal", Kind="material", TargetMaterialId="m-1"),
            link("l-gone", "Normal", Kind="material", TargetMaterialId="m-5"),
            link(
                "l-class",
                "NotFound",
                Kind="class",
                TargetOwner=bodies.owner_object(TEAM),
                TargetClassPath="/gone",
            ),
        ),
    ),
    ("2026-03-01 13:30", "callback", bodies.stream_connect("p-relay", "Stopped")),
    ("2026-03-02 03:00", "callback", bodies.switcher("p-switch", "Started")),
    ("2026-03-02 03:10", "callback", bodies.created(TEAM, "/later")),
    ("2026-03-02 03:20", "callback", bodies.modified("m-4", name="First cut")),
    ("2026-03-02 03:30", "callback", bodies.moved(["m-2"], TEAM, "/footage", "/footage/2026")),
]
"""When each delivery came, from where, and its body."""
LAST = "2026-03-02 04:00"


def fill(database: Database, *more: bytes) -> None:
    """Receives and applies all of it, and what comes after it."""
    arrivals = [
        Arrival(body, Micros(round(1_000_000 * _utc(time).timestamp())), source)
        for time, source, body in [*LIBRARY, *((LAST, "callback", body) for body in more)]
    ]
    with database.write() as connection:
        journal.append(connection, "default", arrivals)
    apply_all(Applier(database, "default", Rules()))


def _utc(time: str) -> datetime:
    return datetime.fromisoformat(time).replace(tzinfo=UTC)
