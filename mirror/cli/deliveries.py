"""`mirror log` and `mirror show`: deliveries with what became of them."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated, get_args

import msgspec
import typer
from rich.text import Text

from mirror.cli.options import DatabaseOption, JsonOption, PlatformOption, name_of, readable
from mirror.cli.output import as_json, console, safe, say, when
from mirror.core.decode import EVENT_TYPES
from mirror.core.model import Outcome, Seq
from mirror.errors import ConfigurationError
from mirror.store import queries
from mirror.store.engine import Database
from mirror.store.queries import PENDING, Logged, Only, Shown

OUTCOMES = (*get_args(Outcome), PENDING)
LOOK_EVERY = 0.3
STYLES = {"quarantined": "red", "unrecognised": "yellow", "redelivery": "dim", "unchanged": "dim"}


def log(
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until interrupted.")
    ] = False,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="EVENT", help="Only this event type; may be repeated."),
    ] = None,
    outcomes: Annotated[
        list[str] | None,
        typer.Option("--outcome", metavar="OUTCOME", help="Only this outcome; may be repeated."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, metavar="N", help="Start with the newest N.")
    ] = 20,
    platform: PlatformOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """List deliveries with their outcomes, newest last."""
    only = Only(tuple(map(_event_type, types or ())), tuple(map(_outcome, outcomes or ())))
    with readable(database) as (_, opened):
        name = name_of(opened, platform)
        with opened.read() as connection:
            rows = queries.log(connection, name, only, limit=limit)[::-1] if limit else []
            seen = queries.progress(connection, name).applied_seq
        if follow:
            rows = [row for row in rows if row.seq <= seen]
        _print(rows, json=json)
        if follow:
            with suppress(KeyboardInterrupt):  # that is how it ends
                _follow(opened, name, seen, only, json=json)
        elif not rows and not json:
            say("No deliveries.")


def show(
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=1, help="The delivery's number.")],
    platform: PlatformOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Show one delivery, its outcome and what it changed."""
    with readable(database) as (_, opened):
        name = name_of(opened, platform)
        with opened.read() as connection:
            found = queries.show(connection, name, Seq(seq))
    if json:
        as_json(_described(found))
        return
    row = found.delivery
    outcome = row.outcome if row.detail is None else f"{row.outcome}: {row.detail}"
    repeats = "" if row.redelivery_of is None else f", a redelivery of {row.redelivery_of}"
    say(f"Delivery {row.seq} of platform '{name}'")
    say(f"  received  {when(row.received_at)} by {row.source}{repeats}")
    say(f"  type      {row.event_type or '?'}")
    say(f"  outcome   {outcome}")
    say(f"  digest    {found.digest.hex()}")
    for change in found.changes:
        say(f"  {change.op}  {change.entity} {change.key}  {fields(change.before, change.after)}")
    say("")
    for line in _readable(found.body).splitlines():
        say(line)


def _follow(database: Database, platform: str, seen: Seq, only: Only, *, json: bool) -> None:
    while True:
        time.sleep(LOOK_EVERY)
        with database.read() as connection:
            rows = queries.log_after(connection, platform, seen, only)
            now = queries.progress(connection, platform).applied_seq
        _print(rows, json=json)
        # A page may have more behind it; without one, all up to the checkpoint was seen.
        seen = rows[-1].seq if rows else now


def _print(rows: Iterable[Logged], *, json: bool) -> None:
    for row in rows:
        if json:
            as_json(row)
            continue
        style = STYLES.get(row.outcome, "")
        line = Text(f"{row.seq:>8}  {when(row.received_at)}  ")
        line.append(f"{row.outcome:<12}", style=style)
        line.append(f"  {safe(row.event_type or '?')}")
        if row.redelivery_of is not None:
            line.append(f"  of {row.redelivery_of}", style="dim")
        if row.detail:
            line.append(f"  {safe(row.detail.splitlines()[0])}", style=style)
        console().print(line)


def _event_type(text: str) -> str:
    """The platform's spelling of an event type it is known to send; others as they are."""
    return next((known for known in EVENT_TYPES if known.lower() == text.lower()), text)


def _outcome(text: str) -> str:
    if text not in OUTCOMES:
        raise ConfigurationError(f"{text!r} is no outcome; there are {', '.join(OUTCOMES)}.")
    return text


def fields(before: dict[str, object] | None, after: dict[str, object] | None) -> str:
    """Changed fields as people read them."""
    names = dict.fromkeys((*(before or {}), *(after or {})))
    parts = []
    for name in names:
        was, now = (before or {}).get(name), (after or {}).get(name)
        parts.append(f"{name}={now!r}" if before is None else f"{name}: {was!r} → {now!r}")
    return ", ".join(parts)


def _readable(body: bytes) -> str:
    """A body as people read it: indented if it is JSON, else as text or bytes."""
    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        return repr(body)


def _described(found: Shown) -> dict[str, object]:
    described: dict[str, object] = {
        **msgspec.structs.asdict(found.delivery),
        "digest": found.digest.hex(),
        "changes": found.changes,
    }
    try:
        return {**described, "body": found.body.decode()}
    except UnicodeDecodeError:
        return {**described, "body_base64": b64encode(found.body).decode()}
