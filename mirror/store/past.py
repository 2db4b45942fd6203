"""The library at one moment, for those who hold it: each read is a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mirror.core.model import Owner, Seq
from mirror.core.paths import ROOT
from mirror.store import queries
from mirror.store.engine import Database
from mirror.store.queries import Branch, Moment, OwnerRow
from mirror.store.queries.material import Material

_ALL = 2**31 - 1


class Past:
    """The library at one moment, as `Mirror.at` gives it. Doubts are not told: they are of the present."""

    def __init__(self, database: Database, moment: Moment) -> None:
        self._database = database
        self._moment = moment

    def __repr__(self) -> str:
        return f"<Past of platform '{self._moment.platform}' after delivery {self.seq}>"

    @property
    def seq(self) -> Seq:
        """The delivery after which it was so."""
        return self._moment.at

    @contextmanager
    def _read(self) -> Iterator[queries.Past]:
        with self._database.read() as connection:
            yield queries.Past(connection, self._moment.platform, self._moment.at)

    def owners(self) -> list[OwnerRow]:
        """Every owner that the mirror had heard of, by type and id."""
        with self._read() as past:
            return past.owners()

    def tree(
        self,
        owner: Owner | tuple[str, str] | None = None,
        path: str = ROOT,
        depth: int | None = None,
        *,
        media: int | None = None,
    ) -> list[Branch]:
        """The class at `path` and those beneath it, as `Mirror.tree` gives them today."""
        whose = None if owner is None else Owner(*owner)
        most = _ALL if media is None else media
        with self._read() as past:
            return past.tree(whose, path, depth=depth, media=most)

    def material(self, material_id: str) -> Material:
        """Everything about one material that was known then. Raises NotFound."""
        with self._read() as past:
            return past.material(material_id)
