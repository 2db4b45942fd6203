"""When reconciliation began and ended reading each owner: where it goes on, not what it learnt."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from mirror.core.model import Micros, Owner
from mirror.store import schema
from mirror.store.checkpoints import live_generation
from mirror.store.engine import Connection

_SWEEPS = schema.sweeps

ROUND = Owner("", "")
"""Stands among the sweeps for the round through all owners: a run that ends early leaves it open."""


class Sweep(Struct, frozen=True):
    """When an owner was last read completely, and when it was last begun. None is never."""

    owner: Owner
    started_at: Micros | None = None
    finished_at: Micros | None = None


def listed(connection: Connection, platform: str) -> list[Sweep]:
    """Return every known owner, least recently read first."""
    owners = schema.owners
    generation = live_generation(connection, platform)
    joined = owners.outerjoin(
        _SWEEPS,
        and_(
            _SWEEPS.c.platform == owners.c.platform,
            _SWEEPS.c.owner_type == owners.c.owner_type,
            _SWEEPS.c.owner_id == owners.c.owner_id,
        ),
    )
    statement = (
        select(owners.c.owner_type, owners.c.owner_id, _SWEEPS.c.started_at, _SWEEPS.c.finished_at)
        .select_from(joined)
        .where(owners.c.platform == platform, owners.c.generation == generation)
        .order_by(func.coalesce(_SWEEPS.c.finished_at, 0), owners.c.owner_type, owners.c.owner_id)
    )
    return [
        Sweep(Owner(row[0], row[1]), _micros(row[2]), _micros(row[3]))
        for row in connection.execute(statement)
    ]


def _micros(value: int | None) -> Micros | None:
    return None if value is None else Micros(value)


def begin(connection: Connection, platform: str, owner: Owner, now: Micros) -> Micros:
    """Return when the owner's open sweep began: now, or earlier if one was interrupted."""
    mine = _sweep_of(platform, owner)
    row = connection.execute(
        select(_SWEEPS.c.started_at, _SWEEPS.c.finished_at).where(mine)
    ).first()
    if row is None:
        connection.execute(
            insert(_SWEEPS).values(
                platform=platform, owner_type=owner.type, owner_id=owner.id, started_at=now
            )
        )
        return now
    if row.finished_at is None or row.finished_at < row.started_at:
        return Micros(row.started_at)
    connection.execute(update(_SWEEPS).where(mine).values(started_at=now))
    return now


def end(connection: Connection, platform: str, owner: Owner, now: Micros) -> None:
    """Note that the owner was read completely."""
    connection.execute(update(_SWEEPS).where(_sweep_of(platform, owner)).values(finished_at=now))


def round_finished_at(connection: Connection, platform: str) -> Micros | None:
    """Return when every owner had been read once; None if that never was."""
    statement = select(_SWEEPS.c.finished_at).where(_sweep_of(platform, ROUND))
    return _micros(connection.execute(statement).scalar())


def forget(connection: Connection, platform: str) -> None:
    """Forget what was read, so that a full run reads everything again."""
    connection.execute(delete(_SWEEPS).where(_SWEEPS.c.platform == platform))


def _sweep_of(platform: str, owner: Owner) -> ColumnElement[bool]:
    return and_(
        _SWEEPS.c.platform == platform,
        _SWEEPS.c.owner_type == owner.type,
        _SWEEPS.c.owner_id == owner.id,
    )
