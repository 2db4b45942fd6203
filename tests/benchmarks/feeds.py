"""Feeds of the simulated platform, and databases that hold them: made once, kept in the work folder.

Everything follows from a seed. A name in the work folder holds all that a file depends on: the simulator's code, the
schema and the rules; so what an older checkout made is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path

from mirror.core.encode import encode
from mirror.core.events import MaterialsObserved
from mirror.core.model import MaterialId, Micros, Seq
from mirror.core.rules import VERSION, Rules
from mirror.platform import simulator
from mirror.platform.simulator import Limits, Platform, Workload
from mirror.store import ddl, journal, migrate
from mirror.store.engine import Database, open_database
from mirror.store.platforms import DEFAULT
from mirror.sync.apply import Applier, apply_all
from tests.support.direct_reader import DirectReader

SEED = 1
START, SPACING = 1_700_000_000_000_000, 200_000
"""Microseconds: when the first delivery of a feed came, and how far apart they are."""
FILLING = {
    "upload": 30,
    "import_media": 40,
    "copy_material": 4,
    "link_material": 2,
    "modify": 12,
    "move_materials": 6,
    "delete_materials": 2,
    "export": 4,
    "create_project": 1,
    "start": 2,
    "stop": 2,
    "interrupt": 1,
}
MEDIA_A_CLASS = 500
TOGETHER = 20
"""Materials that one call of the platform's API describes."""
OBSERVED = b'{"EventType":"Mirror.'
CHUNK = 20_000


class Feed:
    """Callbacks as lines of a file, in the order in which they were sent."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def bodies(self, after: int = 0, limit: int | None = None) -> Iterator[bytes]:
        """The bodies from a place on."""
        until = None if limit is None else after + limit
        with self.path.open("rb") as lines:
            for line in islice(lines, after, until):
                yield line.rstrip(b"\n")


# ---------------------------------------------------------------------- what is kept


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
    return digest.hexdigest()[:8]


def _simulator_digest() -> str:
    folder = Path(simulator.__path__[0])
    return _digest(*(path.read_bytes() for path in sorted(folder.glob("*.py"))))


def _database_digest() -> str:
    return _digest(_simulator_digest(), ddl.script("sqlite"), str(VERSION))


def _made(path: Path, make: Callable[[Path], None]) -> Path:
    """The file, made beside its place if it is not there yet; two makers wait for each other."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                draft = path.with_suffix(".draft")
                for rest in path.parent.glob(draft.name + "*"):
                    rest.unlink()
                make(draft)
                draft.rename(path)
    return path


def _write_lines(path: Path, bodies: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(body + b"\n" for body in bodies)


# ---------------------------------------------------------------------- feeds


def lifelike(work: Path, deliveries: int, seed: int = SEED) -> Feed:
    """Work in lifelike proportions on a platform that was empty."""
    name = f"lifelike-{deliveries}-{seed}-{_simulator_digest()}.jsonl"

    def make(path: Path) -> None:
        platform = Platform(seed, persons=8, teams=4)
        work_done = Workload(platform, seed, limits=Limits(classes=max(100, deliveries // 500)))
        _write_lines(path, islice(_sent(platform, work_done), deliveries))

    return Feed(_made(work / name, make))


def traffic(work: Path, materials: int, deliveries: int, seed: int = SEED) -> Feed:
    """What comes next, once a library has grown to so many materials; the feed may be longer."""
    name = _grown(materials, seed)
    for path in work.glob(f"{name}.*.jsonl"):
        if path.suffixes[0][1:].isdigit() and int(path.suffixes[0][1:]) >= deliveries:
            return Feed(path)

    def make(path: Path) -> None:
        platform, classes = Platform(seed, persons=8, teams=4), _classes(materials)
        filling = _filling(platform, materials, classes, seed)
        _made(work / f"{name}.filling.jsonl", lambda draft: _write_lines(draft, filling))
        for _ in filling:
            pass  # it was there already, but the platform has to get there, too
        work_done = Workload(platform, seed + 1, limits=Limits(classes=classes))
        _write_lines(path, islice(_sent(platform, work_done), deliveries))

    return Feed(_made(work / f"{name}.{deliveries}.jsonl", make))


def filling(work: Path, materials: int, seed: int = SEED) -> Feed:
    """The callbacks that a library grows by to so many materials."""

    def make(path: Path) -> None:
        platform = Platform(seed, persons=8, teams=4)
        _write_lines(path, _filling(platform, materials, _classes(materials), seed))

    return Feed(_made(work / f"{_grown(materials, seed)}.filling.jsonl", make))


def _grown(materials: int, seed: int) -> str:
    return f"grown-{materials}-{seed}-{_simulator_digest()}"


def _classes(materials: int) -> int:
    return max(100, materials // MEDIA_A_CLASS)


def _filling(platform: Platform, materials: int, classes: int, seed: int) -> Iterator[bytes]:
    """What happens until there are so many; then a reading of the links, which no callback tells from media."""
    limits = Limits(classes=classes, together=10)
    Workload(platform, seed, {"create_class": 1}, limits=limits).run(classes // 2)
    filling = Workload(platform, seed, FILLING, limits=limits)
    sent = 0
    while platform.count()[1] < materials:
        filling.step()
        if len(platform.outbox) >= CHUNK or platform.count()[1] >= materials:
            sent += len(platform.outbox)
            yield from (callback.body for callback in platform.drain())
    links = [MaterialId(key) for key, one in platform.materials().items() if one.link is not None]
    reader = DirectReader(platform)
    for start in range(0, len(links), TOGETHER):
        found = reader.materials(links[start : start + TOGETHER]).found
        yield encode(MaterialsObserved(Seq(sent), found))


def _sent(platform: Platform, work: Workload) -> Iterator[bytes]:
    """The bodies that work on a platform causes, without end."""
    while True:
        while len(platform.outbox) < 1_000:
            work.step()
        for callback in platform.drain():
            yield callback.body


def encoded(event_type: str, key: str, payload: Mapping[str, object]) -> bytes:
    """A body as the platform sends it."""
    envelope = {"EventType": event_type, "Operator": "cmeid_system", key: payload}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


# ---------------------------------------------------------------------- databases


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """A database, open as a server has it; afterwards one file holds all of it."""
    with closing(open_database(f"sqlite:///{path}")) as database:
        migrate.upgrade(database)
        yield database
    one_file(path)


def one_file(path: Path) -> None:
    """Takes what waits in the write-ahead log into the file itself."""
    with closing(open_database(f"sqlite:///{path}")) as database, database.write() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("COMMIT")
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        driver.execute("BEGIN IMMEDIATE")
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


def append(database: Database, bodies: Iterable[bytes]) -> int:
    """Journals bodies as they would have come, one each fifth of a second; returns how many."""
    with database.read() as connection:
        first = int(journal.head(connection, DEFAULT))
    total = first
    rest = iter(bodies)
    while some := list(islice(rest, CHUNK)):
        arrivals = [
            journal.Arrival(body, Micros(START + place * SPACING), _source(body))
            for place, body in enumerate(some, start=total)
        ]
        with database.write() as connection:
            journal.append(connection, DEFAULT, arrivals)
        total += len(some)
    return total - first


def _source(body: bytes) -> journal.Source:
    return "reconcile" if body.startswith(OBSERVED) else "callback"


def apply(database: Database) -> None:
    """Applies what the journal holds. Raises AssertionError if the rules took any of it for broken."""
    apply_all(Applier(database, DEFAULT, Rules(), batch=CHUNK))
    require_sound(database)


def require_sound(database: Database) -> None:
    """Raises AssertionError if a delivery of the simulator, which sends sound ones alone, is quarantined."""
    with database.read() as connection:
        query = "SELECT count(*), max(detail) FROM outcomes WHERE outcome = 'quarantined'"
        broken, why = connection.exec_driver_sql(query).one()
    if broken:
        raise AssertionError(f"{broken:,} deliveries are quarantined: {why}")


def journaled(work: Path, deliveries: int) -> Path:
    """A database whose journal holds a lifelike feed, with nothing applied."""
    feed = lifelike(work, deliveries)

    def make(path: Path) -> None:
        with opened(path) as database:
            append(database, feed.bodies())

    return _made(work / f"journal-{deliveries}-{_database_digest()}.db", make)


def applied_feed(work: Path, name: str, bodies: Callable[[], Iterable[bytes]]) -> Path:
    """A database that a feed was applied to; its name must tell all that the feed depends on."""

    def make(path: Path) -> None:
        with opened(path) as database:
            append(database, bodies())
            apply(database)

    return _made(work / f"{name}-{_database_digest()}.db", make)


def applied(work: Path, deliveries: int) -> Path:
    """The lifelike feed, applied."""
    return applied_feed(work, f"applied-{deliveries}", lifelike(work, deliveries).bodies)


def library(work: Path, materials: int) -> Path:
    """A database with so many materials, brought there by callbacks."""
    return applied_feed(work, f"library-{materials}", lambda: filling(work, materials).bodies())


def prepare_library(work: str, materials: int, after: int = 0) -> dict[str, str]:
    """Makes a library, and so many callbacks that come next, so that nothing that is timed has to."""
    if after:
        traffic(Path(work), materials, after)
    return {"database": str(library(Path(work), materials))}
