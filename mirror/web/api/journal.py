"""Deliveries, the changes that they made, and how far everything is."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from mirror.core.model import Seq
from mirror.errors import FeedReset
from mirror.store import feed, queries
from mirror.store.feed import Position, Scope
from mirror.store.queries import lists
from mirror.web.api import secrets, types
from mirror.web.api.endpoint import (
    VERSION,
    Asked,
    Endpoint,
    moment,
    paged,
    place_of,
)
from mirror.web.api.params import (
    Limit,
    OfPlatform,
    OwnerText,
    Paged,
    PathText,
    SinceText,
    Text,
    owner_of,
    path_of,
)
from mirror.web.api.rows import moment_or_none, shown
from mirror.web.api.types import Page
from mirror.web.problems import Problem

Outcome = Literal["applied", "unchanged", "redelivery", "unrecognised", "quarantined", "pending"]
MOST_CHANGES = 10_000
"""Changes that a delivery is shown with."""
Entities = tuple[feed.Entity, ...]


class DeliveriesParams(Paged, frozen=True, kw_only=True):
    """Which deliveries."""

    type: Annotated[
        tuple[Text, ...],
        Meta(description="Of this event type; may be repeated.", examples=[["Material.Moved"]]),
    ] = ()
    outcome: Annotated[
        tuple[Outcome, ...], Meta(description="With this outcome; may be repeated.")
    ] = ()
    source: (
        Annotated[
            Literal["callback", "import", "reconcile"], Meta(description="That came this way.")
        ]
        | None
    ) = None
    since: SinceText | None = None


class ChangesParams(OfPlatform, frozen=True, kw_only=True):
    """Which changes, and from where on."""

    entity: Annotated[Entities, Meta(description="Of this kind of thing; may be repeated.")] = ()
    key: (
        Annotated[Text, Meta(description="Of the thing with this id; needs its `entity`.")] | None
    ) = None
    owner: OwnerText | None = None
    class_path: PathText | None = None
    after: (
        Annotated[
            str,
            Meta(
                pattern=r"^(0|[0-9]{1,9}:[0-9]{1,18}:[0-9]{1,9})$",
                description="Only what lies behind this place, `generation:seq:ordinal`; 0 is the "
                "beginning. `Last-Event-ID` says the same, and goes first.",
            ),
        ]
        | None
    ) = None
    since: SinceText | None = None
    limit: Limit = 100


def deliveries(asked: Asked, params: DeliveriesParams) -> Page[types.Delivery]:
    """Deliveries, newest first."""
    only = lists.Deliveries(
        tuple(dict.fromkeys(params.type)),
        tuple(dict.fromkeys(params.outcome)),
        params.source,
        moment(asked.connection, asked.stamp, "since", params),
    )
    page = lists.deliveries(
        asked.connection, asked.stamp, only, place_of(asked, params), params.limit
    )
    items = [shown(types.Delivery, row, detail=secrets.text(row.detail)) for row in page.rows]
    return paged(asked, params, items, page.next)


def delivery(asked: Asked, _: OfPlatform) -> types.DeliveryDetail:
    """One delivery with all that it changed, and its body without its secrets."""
    platform = asked.stamp.platform
    seq = Seq(int(asked.path["seq"]))
    found = queries.show(asked.connection, platform, seq)
    place = Position(asked.stamp.feed_generation, seq, 0)
    made = feed.read(asked.connection, platform, place, seq, MOST_CHANGES)
    return shown(
        types.DeliveryDetail,
        found.delivery,
        platform=platform,
        detail=secrets.text(found.delivery.detail),
        digest=found.digest.hex(),
        size_bytes=len(found.body),
        body=secrets.shown(found.body),
        changes=[change_of(platform, change) for change in made],
    )


def change_of(platform: str, change: feed.Change) -> types.Change:
    """A change as it is answered and streamed."""
    return types.Change(
        id=str(change.position),
        platform=platform,
        seq=change.seq,
        ordinal=change.ordinal,
        entity=change.entity,
        key=change.key,
        op=change.op,
        before=_fields(change, change.before),
        after=_fields(change, change.after),
    )


def _fields(change: feed.Change, fields: dict[str, object] | None) -> dict[str, object] | None:
    # What a task says went wrong is free text; everything else was masked when it was written.
    if change.entity != "task" or not fields or not isinstance(fields.get("err_msg"), str):
        return fields
    return {**fields, "err_msg": secrets.text(str(fields["err_msg"]))}


def scope_of(params: ChangesParams) -> Scope:
    """Which changes are wanted. Raises Problem 400."""
    if params.key is not None and len(set(params.entity)) != 1:
        raise Problem(
            400,
            "A key says nothing without its entity.",
            code="bad_parameter",
            parameter="key",
            next="Give one `entity` with it.",
        )
    entities = tuple(sorted(set(params.entity)))
    return Scope(entities, params.key, owner_of(params.owner), path_of(params.class_path))


def begin(asked: Asked, params: ChangesParams) -> Position | None:
    """The place from which on changes are wanted; None if none was given."""
    generation = asked.stamp.feed_generation
    if params.after is not None:
        return feed.start(generation) if params.after == "0" else feed.position(params.after)
    since = moment(asked.connection, asked.stamp, "since", params)
    return None if since is None else feed.behind(since, generation)


def changes(asked: Asked, params: ChangesParams) -> types.Changes:
    """Changes in the order in which they were made."""
    platform, generation = asked.stamp.platform, asked.stamp.feed_generation
    after = begin(asked, params) or feed.start(generation)
    if params.since is not None and after.seq > asked.stamp.applied_seq:
        after = feed.behind(asked.stamp.applied_seq, generation)
    try:
        found = feed.look(asked.connection, platform, after, scope_of(params), params.limit)
    except FeedReset as reset:
        raise Problem(
            410, str(reset), next=f"Go on with after={feed.start(generation)}."
        ) from reset
    return types.Changes(
        platform=platform,
        applied_seq=asked.stamp.applied_seq,
        items=[change_of(platform, change) for change in found.changes],
        after=str(found.place),
        more=found.more,
    )


def status(asked: Asked, params: OfPlatform) -> types.StatusAnswer:
    """How far each platform is, what it holds, and what is in doubt."""
    names = [asked.stamp.platform] if params.platform else lists.platforms(asked.connection)
    return types.StatusAnswer(VERSION, [_status(asked, name) for name in names])


def _status(asked: Asked, name: str) -> types.PlatformStatus:
    found = queries.status(asked.connection, name)
    progress = found.progress
    return shown(
        types.PlatformStatus,
        found,
        **{
            field: getattr(progress, field)
            for field in ("platform", "head_seq", "head_digest", "applied_seq", "lag")
        },
        last_received_at=moment_or_none(progress.last_received_at),
        last_reconciled_at=moment_or_none(progress.last_reconciled_at),
        counts=shown(types.Counts, found.counts),
        never_received=list(found.never_received),
    )


ENDPOINTS = (
    Endpoint(
        "/deliveries",
        "deliveries",
        "Deliveries, newest first",
        DeliveriesParams,
        Page[types.Delivery],
        deliveries,
        fresh="journal",
    ),
    Endpoint(
        "/deliveries/{seq:int}",
        "delivery",
        "One delivery",
        OfPlatform,
        types.DeliveryDetail,
        delivery,
        fresh="journal",
    ),
    Endpoint(
        "/changes",
        "changes",
        "The change feed, as pages or as a stream",
        ChangesParams,
        types.Changes,
        changes,
        streams=True,
    ),
    Endpoint(
        "/status",
        "status",
        "How far the mirror is",
        OfPlatform,
        types.StatusAnswer,
        status,
        fresh="always",
    ),
)
