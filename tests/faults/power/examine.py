"""Opens an image of the disk as `mirror` opens a database, and tells what it holds and what is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from msgspec import Struct

from mirror.core.model import Seq
from mirror.core.rules import Rules
from mirror.errors import MirrorError
from mirror.store import checkpoints, journal, migrate, platforms
from mirror.store.engine import Connection, Database, open_database
from mirror.store.platforms import DEFAULT, Keys
from mirror.store.schema import STATE
from mirror.sync.verify import verify
from tests.faults.power.disk import Image
from tests.faults.power.recorder import DATABASE

EVERYTHING = 1_000_000


class Found(Struct, frozen=True):
    """What an image holds: bodies in journal order, tokens, how far state is; and what is wrong."""

    image: Image
    bodies: tuple[bytes, ...] = ()
    keys: Keys = Keys({})
    applied: int = 0
    generation: int = 0
    wrong: tuple[str, ...] = ()

    @property
    def has_schema(self) -> bool:
        """Whether there is a mirror at all; else a start makes one."""
        return DEFAULT in self.keys.digests or bool(self.generation)


class Examiner:
    """Examines images, each once; a state is held against a rebuild the first time it is seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[bytes, Found] = {}
        self._proven: set[bytes] = set()

    @property
    def distinct(self) -> int:
        """How many images differed."""
        return len(self._found)

    @property
    def proven(self) -> int:
        """How many states were held against a rebuild."""
        return len(self._proven)

    def examine(self, image: Image) -> Found:
        """What an image holds."""
        key = sha256()
        for name, content in sorted(image.items()):
            key.update(f"{name}\0{len(content)}\0".encode())
            key.update(content)
        known = self._found.get(key.digest())
        if known is None:
            known = self._found[key.digest()] = self._open(image, Random(key.digest()))
        return known

    def keep(self, image: Image) -> Path:
        """Lays an image out in a folder of its own."""
        folder = Path(mkdtemp(dir=self._folder)) / "data"
        lay_out(image, folder)
        return folder

    def _open(self, image: Image, random: Random) -> Found:
        folder = self._folder / "image"
        lay_out(image, folder, random)
        try:
            if not (folder / DATABASE).exists():
                return Found(image)
            with closing(open_database(f"sqlite:///{folder / DATABASE}")) as database:
                return self._look(database, image)
        except MirrorError as error:
            return Found(image, wrong=(f"cannot be opened: {error}",))
        finally:
            shutil.rmtree(folder)

    def _look(self, database: Database, image: Image) -> Found:
        if migrate.current(database) is None:
            with database.read() as connection:
                tables = connection.exec_driver_sql("SELECT name FROM sqlite_master").all()
            return Found(image, wrong=tuple(f"half a schema: {table}" for table in tables))
        migrate.require_current(database)
        with database.read() as connection:
            wrong = [*_unsound(connection)]
            wrong += [fault.what for fault in journal.check_chain(connection, DEFAULT)]
            rows = journal.read(connection, DEFAULT, Seq(0), EVERYTHING)
            keys = platforms.load_keys(connection)
            generation = checkpoints.live_generation(connection, DEFAULT)
            live = checkpoints.current(connection, DEFAULT)
            state = list(_rows(connection, generation))
        applied = 0 if live is None else live.seq
        if applied > len(rows):
            wrong.append(f"the checkpoint {applied} is beyond the journal's end {len(rows)}")
        # The digest stands for all deliveries up to there.
        made_of = [row.digest for row in rows[:applied][-1:]]
        key = sha256(repr((live, made_of, state)).encode()).digest()
        if not wrong and key not in self._proven:
            wrong += [one.describe() for one in verify(database, DEFAULT, Rules())]
            self._proven |= set() if wrong else {key}
        bodies = tuple(row.body for row in rows)
        return Found(image, bodies, keys, applied, generation, tuple(wrong))


def _rows(connection: Connection, generation: int) -> Iterator[object]:
    """All state of a generation, in plain SQL: there are many images, and each is a new engine."""
    for table in STATE:
        keys = ", ".join(column.name for column in table.primary_key)
        asked = f"SELECT * FROM {table.name} WHERE generation = {generation} ORDER BY {keys}"  # noqa: S608
        yield table.name
        yield [tuple(row) for row in connection.exec_driver_sql(asked)]


def _unsound(connection: Connection) -> Iterator[str]:
    for check in ("integrity_check", "foreign_key_check"):
        for row in connection.exec_driver_sql(f"PRAGMA {check}"):
            if tuple(row) != ("ok",):
                yield f"{check}: {tuple(row)}"


def lay_out(image: Image, folder: Path, random: Random | None = None) -> None:
    """Writes an image; with `random` there may be random bytes where shared memory was."""
    folder.mkdir()
    for name, content in image.items():
        (folder / name).write_bytes(content)
    if random is not None and random.random() < 0.5:
        (folder / f"{DATABASE}-shm").write_bytes(random.randbytes(random.choice((3, 4096, 32768))))
