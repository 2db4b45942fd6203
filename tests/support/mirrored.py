"""A small platform with a mirror of it, for tests that say what happens call by call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import select

from mirror.core.events import ObservedMaterial
from mirror.core.model import MaterialId, Seq
from mirror.core.model import Owner as MirrorOwner
from mirror.platform.answers import Answer
from mirror.platform.simulator import Owner
from mirror.store import reconciling, schema
from mirror.store.engine import Database
from mirror.store.reconciling import Tally
from tests.support.database_rows import Row
from tests.support.direct_reader import DirectReader
from tests.support.worlds import SECOND, World

MaterialAnswer = Answer[ObservedMaterial, MaterialId]


class Watchful(DirectReader):
    """Notes what it is asked for."""

    def __init__(self, world: World) -> None:
        super().__init__(world.platform)
        self.asked: list[tuple[MaterialId, ...]] = []
        self.names: list[str] = []

    def _called(self, name: str) -> None:
        self.names.append(name)
        super()._called(name)

    def materials(self, material_ids: Sequence[MaterialId]) -> MaterialAnswer:
        self.asked.append(tuple(material_ids))
        return super().materials(material_ids)

    def forget(self) -> None:
        self.asked.clear()
        self.names.clear()


class Mirrored(NamedTuple):
    """A platform with one person, who has the classes `/a` and `/b`, and a mirror of it without a doubt."""

    world: World
    reader: Watchful
    ann: Owner

    def upload(self, path: str, count: int = 1) -> list[str]:
        """Material ids, mirrored and confirmed."""
        found = [self.world.platform.upload(self.ann, path, f"{n}.mp4").id for n in range(count)]
        self.told()
        self.world.reconciler().enrich(1000)
        self.world.apply()
        self.world.pass_time(SECOND)
        self.reader.forget()
        return found

    def told(self) -> None:
        """All that the platform wants to say arrives."""
        self.world.arrive(self.world.held())

    def place(self, material_id: str) -> str | None:
        rows = self.world.rows()["media"]
        return next((row[4] for row in rows if row[0] == material_id), None)

    def name(self, material_id: str) -> str | None:
        rows = self.world.rows()["media"]
        return next((row[5] for row in rows if row[0] == material_id), None)

    def paths(self) -> set[str]:
        return {row[3] for row in self.world.rows()["classes"] if tuple(row[1:3]) == self.ann}

    def reasons(self) -> set[str]:
        return {row[2] for row in self.world.doubts()}

    def tallies(self) -> list[Tally]:
        with self.world.database.read() as connection:
            return reconciling.tallies(connection, self.world.name, Seq(0))

    def exact(self) -> bool:
        return not self.world.differences() and not self.world.doubts()

    def before(self, call: str, happen: Callable[[], object], *, number: int = 1) -> None:
        """Let something happen once, before the read of that name and number from now on."""
        left = number

        def hook(name: str) -> None:
            nonlocal left
            if name == call:
                left -= 1
                if left == 0:
                    happen()

        self.reader.hook = hook


@contextmanager
def mirrored(database: Database) -> Iterator[Mirrored]:
    """A new world, exact; its clock holds as long as the `with`."""
    world = World(database)
    ann = world.platform.owners()[0]
    world.reader = reader = Watchful(world)
    with world.clock():
        for path in ("/a", "/b"):
            world.platform.create_class(ann, path)
        found = Mirrored(world, reader, ann)
        found.told()
        world.reconcile()
        assert found.exact()
        world.pass_time(3600 * SECOND)
        reader.forget()
        yield found


def mine(owner: Owner) -> MirrorOwner:
    """A simulated owner as the mirror names it."""
    return MirrorOwner(owner.type, owner.id)


def corrections(world: World) -> set[Row]:
    """What was put right so far: label, entity, key, event type and detail."""
    table = schema.corrections
    columns = (table.c[n] for n in ("label", "entity", "key", "event_type", "detail"))
    with world.database.read() as connection:
        found = connection.execute(select(*columns).where(table.c.platform == world.name))
        return {tuple(row) for row in found}
