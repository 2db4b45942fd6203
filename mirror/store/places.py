"""Where things were when changes were made to them, as the change log itself tells.

A change holds changed fields only: that a material was renamed does not say in which class. So who
reads the changes of one place follows the log, and looks back in it where it does not know yet. What
this finds is a matter of the log alone, and so the same for whoever reads a change, and whenever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import sqlalchemy as sa
from msgspec import json

from mirror.core.model import Owner, Place
from mirror.store.schema import changes

Fields = dict[str, Any]
_OWN = ("owner_type", "owner_id", "class_path")
_BACK = 20
"""Changes of one thing that are looked back over at once."""
MOST = 100_000
"""Things whose place is kept in memory; then all are forgotten, and looked up again."""


class Changed(Protocol):
    """What has to be known of a change."""

    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def ordinal(self) -> int: ...  # noqa: D102
    @property
    def entity(self) -> str: ...  # noqa: D102
    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def op(self) -> str: ...  # noqa: D102
    @property
    def before(self) -> Fields | None: ...  # noqa: D102
    @property
    def after(self) -> Fields | None: ...  # noqa: D102


class Places:
    """Follows the changes of one platform in order. `around` is where the last one was."""

    def __init__(self, connection: sa.Connection, platform: str, generation: int) -> None:
        self.around: tuple[Place | None, Place | None] = (None, None)
        self._of = (platform, generation)
        self._connection = connection
        self._classes: dict[str, Fields] = {}
        self._materials: dict[str, str | None] = {}

    def read_by(self, connection: sa.Connection) -> None:
        """Looks things up over another connection from now on."""
        self._connection = connection

    def follow(self, change: Changed) -> None:
        """Takes the next change, and finds out where it was before and after it."""
        if len(self._classes) + len(self._materials) > MOST:
            self._classes.clear()
            self._materials.clear()
        at = (change.seq, change.ordinal)
        match change.entity:
            case "class":
                self.around = self._class(change, at)
            case "material":
                self.around = self._material(change, at)
            case "link":
                self.around = self._link(change, at)
            case _:
                self.around = (None, None)

    def _class(self, change: Changed, at: tuple[int, int]) -> tuple[Place | None, Place | None]:
        if change.op == "delete":
            self._classes.pop(change.key, None)
            return _place(change.before or {}), None
        if change.op == "insert":
            fields = _own(change.after)
            self._classes[change.key] = fields
            return None, _place(fields)
        before = self._class_fields(change.key, at)
        fields = {**before, **_own(change.after)}
        self._classes[change.key] = fields
        return _place({**before, **_own(change.before)}), _place(fields)

    def _material(self, change: Changed, at: tuple[int, int]) -> tuple[Place | None, Place | None]:
        told = change.after or {}
        before: Fields = {}
        if change.op != "insert":
            class_id = self._class_of(change.key, at)
            before = {} if class_id is None else self._class_fields(class_id, at)
            before = {**before, **_own(change.before)}
        if change.op == "insert" or "class_id" in told:
            self._materials[change.key] = _text(told.get("class_id"))
        after = {} if change.op == "delete" else {**before, **_own(change.after)}
        return _place(before), _place(after)

    def _link(self, change: Changed, at: tuple[int, int]) -> tuple[Place | None, Place | None]:
        own = _place({**_own(change.before), **_own(change.after)})
        if own is None:
            class_id = self._class_of(change.key, at)
            own = None if class_id is None else _place(self._class_fields(class_id, at))
        return (None if change.op == "insert" else own), (None if change.op == "delete" else own)

    def _class_of(self, material_id: str, at: tuple[int, int]) -> str | None:
        """The class that a material was in before `at`."""
        if material_id not in self._materials:
            self._materials[material_id] = self._find_class_of(material_id, at)
        return self._materials[material_id]

    def _find_class_of(self, material_id: str, at: tuple[int, int]) -> str | None:
        for op, after in self._back("material", material_id, at):
            if op == "insert" or "class_id" in after:
                return _text(after.get("class_id"))
        return None

    def _class_fields(self, class_id: str, at: tuple[int, int]) -> Fields:
        """Owner and path that a class had before `at`."""
        if class_id not in self._classes:
            found: Fields = {}
            for op, after in self._back("class", class_id, at):
                found = {**_own(after), **found}
                if op != "update" or len(found) == len(_OWN):
                    break
            self._classes[class_id] = found
        return self._classes[class_id]

    def _back(self, entity: str, key: str, at: tuple[int, int]) -> Iterator[tuple[str, Fields]]:
        """What changes of one thing said before `at`, newest first."""
        platform, generation = self._of
        while True:
            rows = self._connection.execute(
                sa.select(changes.c.seq, changes.c.ordinal, changes.c.op, changes.c.after)
                .where(
                    changes.c.platform == platform,
                    changes.c.generation == generation,
                    changes.c.entity == entity,
                    changes.c.key == key,
                    changes.c.seq <= at[0],
                    sa.or_(changes.c.seq < at[0], changes.c.ordinal < at[1]),
                )
                .order_by(changes.c.seq.desc(), changes.c.ordinal.desc())
                .limit(_BACK)
            ).all()
            for _, _, op, after in rows:
                yield op, {} if after is None else json.decode(after)
            if len(rows) < _BACK:
                return
            at = rows[-1][:2]


def _own(fields: Fields | None) -> Fields:
    return {name: fields[name] for name in _OWN if name in fields} if fields else {}


def _place(fields: Fields) -> Place | None:
    kind, identity, path = (fields.get(name) for name in _OWN)
    if kind is None or identity is None or path is None:
        return None
    return Place(Owner(kind, identity), path)


def _text(class_id: object) -> str | None:
    return None if class_id is None else str(class_id)
