"""A simulated platform, its callbacks on the way, and a mirror of it in a real database, on one clock.

Operations go on and callbacks arrive while somebody reads: `World.read_meanwhile` is a hook for `DirectReader`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random

import pytest
import sqlalchemy as sa

from mirror.core.model import Micros, Seq
from mirror.core.rules import Rules
from mirror.platform import simulator
from mirror.platform.simulator import Channel, Limits, Platform, Workload
from mirror.store import journal, platforms, views
from mirror.store.engine import Database
from mirror.sync.apply import Applier, apply_all
from mirror.sync.reading import JournalSink
from mirror.sync.reconcile import Outcome, Reconciler
from mirror.sync.verify import verify
from tests.support.database_rows import Row, database_rows
from tests.support.direct_reader import DirectReader

SECOND = 1_000_000
_NUMBERS = count(1)

Truth = dict[str, set[Row]]


class World:
    """One platform and its mirror. Time passes with operations and reads only."""

    def __init__(
        self,
        database: Database,
        *,
        seed: int = 1,
        channel: Channel | None = None,
        silent: bool = False,
        presets: bool = False,
        cross_owner: bool = True,
        gap: int = SECOND,
        oddities: float = 0.0,
        apply_at_once: bool = True,
        limits: Limits | None = None,
    ) -> None:
        self.database = database
        self.name = f"world-{next(_NUMBERS)}"
        self.rules = Rules()
        self.platform = Platform(seed, persons=2, teams=1, oddities=oddities)
        self.work = Workload(
            self.platform,
            seed,
            silent=silent,
            presets=presets,
            cross_owner=cross_owner,
            limits=limits or Limits(classes=20, depth=4),
        )
        self.reader = DirectReader(self.platform)
        self.now = self.platform.now_us
        self.gap = gap
        self.apply_at_once = apply_at_once
        self.on_the_way: list[tuple[int, int, bytes]] = []
        self._channel = channel or Channel()
        self._sent = count()
        self.random = Random(seed)
        with database.write() as connection:
            platforms.add(connection, self.name, now=Micros(1))
        self.applier = Applier(database, self.name, self.rules)

    # ------------------------------------------------------------------ the platform's side

    def operate(self, count: int = 1) -> None:
        """Perform operations, each followed by a pause; what is due arrives."""
        for _ in range(count):
            self.work.step()
            self.send()
            self.pass_time(self.gap)

    def send(self) -> None:
        """Put what the platform wants to say on its way."""
        callbacks = self.platform.drain()
        for delivery in self._channel.deliver(callbacks, start_us=self.now):
            heapq.heappush(self.on_the_way, (delivery.at_us, next(self._sent), delivery.body))

    def held(self) -> list[bytes]:
        """Take what the platform wants to say; the test lets it `arrive` when it likes, or never."""
        return [callback.body for callback in self.platform.drain()]

    def arrive(self, bodies: Iterable[bytes]) -> None:
        """Journal callbacks now, and apply them if that is done at once."""
        arrived = [journal.Arrival(body, Micros(self.now)) for body in bodies]
        with self.database.write() as connection:
            journal.append(connection, self.name, arrived)
        if self.apply_at_once:
            self.apply()

    def pass_time(self, micros: int) -> None:
        """Let time pass, and what is due arrive."""
        self.now += micros
        arrived = []
        while self.on_the_way and self.on_the_way[0][0] <= self.now:
            at, _, body = heapq.heappop(self.on_the_way)
            arrived.append(journal.Arrival(body, Micros(at)))
        if arrived:
            with self.database.write() as connection:
                journal.append(connection, self.name, arrived)
        if self.apply_at_once:
            self.apply()

    def all_arrived(self) -> None:
        """Let time pass until nothing is on its way any more."""
        self.send()
        if self.on_the_way:
            self.pass_time(max(at for at, _, _ in self.on_the_way) - self.now)
        self.apply()

    # ------------------------------------------------------------------ the mirror's side

    def apply(self, until: Seq | None = None) -> None:
        """Apply what has arrived."""
        apply_all(self.applier, until=until)

    def reconciler(self, **options: object) -> Reconciler:
        """A reconciler that journals what it learns."""
        sink = JournalSink(self.database, self.name, self.apply)
        return Reconciler(
            self.database,
            self.name,
            self.reader,
            sink,
            random=self.random,
            **options,  # type: ignore[arg-type]
        )

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Make the database tell this world's time."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Database, "now", lambda _database, _connection: self.tick())
            yield

    def tick(self) -> Micros:
        """Tell the time; no two things happen in the same microsecond."""
        self.now += 1
        return Micros(self.now)

    @contextmanager
    def meanwhile(self, happen: Callable[[str], None]) -> Iterator[None]:
        """Let something happen before each read of the platform."""
        before, self.reader.hook = self.reader.hook, happen
        try:
            yield
        finally:
            self.reader.hook = before

    def reconcile(self, *, full: bool = True) -> Outcome:
        """Read everything, and apply what was learnt."""
        outcome = self.reconciler().run(full=full)
        self.apply()
        return outcome

    # ------------------------------------------------------------------ comparing the two

    def rows(self) -> Truth:
        """What the mirror shows."""
        with self.database.read() as connection:
            return database_rows(connection, self.name)

    def doubts(self) -> set[Row]:
        return self.rows()["doubts"]

    def changes(self) -> int:
        """How many rows the change feed has."""
        shown = views.view("change_log")
        with self.database.read() as connection:
            statement = sa.select(sa.func.count()).where(shown.c.platform == self.name)
            return int(connection.execute(statement).scalar_one())

    def differences(self) -> dict[str, tuple[set[Row], set[Row]]]:
        """What only the mirror has, and what only the platform has, of all that its API tells."""
        mine, theirs = told(self.rows()), truth(self.platform)
        return {
            name: (mine[name] - theirs[name], theirs[name] - mine[name])
            for name in theirs
            if mine[name] != theirs[name]
        }

    def faults(self) -> list[str]:
        """What `mirror verify` finds."""
        return [found.describe() for found in verify(self.database, self.name, self.rules)]


# ---------------------------------------------------------------------- in comparable form


def told(rows: dict[str, set[Row]]) -> Truth:
    """The mirror's rows, as far as the platform's API tells them."""
    media = {row[0]: row for row in rows["media"]}
    files = {row[7] for row in rows["media"]}
    return {
        "classes": {(*row[1:3], row[3]) for row in rows["classes"]},
        "media": {(*row[0:3], row[4], *row[5:8], *row[9:11]) for row in media.values()},
        "detached": {row[:1] for row in rows["gone"] if row[1] == "detached"},
        "links": {_link(row) for row in rows["links"]},
        "files": {(row[0], *row[4:]) for row in rows["files"] if row[0] in files},
        "projects": {
            (*row[:3], row[4] if row[1] in {"STREAM_CONNECT", "MEDIA_CAST"} else None)
            for row in rows["projects"]
            if not row[9]
        },
    }


def _link(row: Row) -> Row:
    material_id, kind, _, target, owner_type, owner_id, path, status = row
    return (material_id, kind, target, owner_type, owner_id, path, status)


def truth(platform: Platform) -> Truth:
    """The platform in the same form."""
    materials = platform.materials().values()
    bound = {m.file_id for m in materials if m.file_id}
    return {
        "classes": {
            (*owner, path) for owner in platform.owners() for path in platform.classes(owner)
        },
        "media": {_material(m) for m in materials},
        "detached": set(),
        "links": {_target(m.id, m.link) for m in materials if m.link is not None},
        "files": {
            (f.id, n.size, n.duration, n.width, n.height, n.container, n.bitrate)
            for f in platform.files().values()
            if f.id in bound
            for n in [f.metadata]
        },
        "projects": {
            (
                *(p.id, p.category, p.name),
                p.running if p.category in {"STREAM_CONNECT", "MEDIA_CAST"} else None,
            )
            for p in platform.projects().values()
        },
    }


def _material(m: simulator.Material) -> Row:
    tags = (tuple(sorted(set(some))) for some in (m.preset_tags, m.tags))
    return (m.id, *m.owner, m.path, m.name, m.type, m.file_id or None, *tags)


def _target(material_id: str, link: simulator.Link) -> Row:
    if link.kind == "material" or link.owner is None:
        return (material_id, link.kind, link.material_id, None, None, None, link.status)
    return (material_id, link.kind, None, *link.owner, link.path, link.status)
