"""`mirror status`: how far each mirror is, what is in it, and what should be seen to."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from mirror import service
from mirror.cli.options import DatabaseOption, JsonOption, readable
from mirror.cli.output import as_json, say, warn, when
from mirror.core.estimate import Estimate
from mirror.store import platforms, queries
from mirror.store.queries import Status, Trust
from mirror.sync.watch import SHARE


def status(
    platform: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this platform.")
    ] = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Tell how far each mirror is, and what to see to."""
    with readable(database) as (found, opened):
        stamp = service.rules_of(found).stamp
        with opened.read() as connection:
            if platform is None:
                names = [known.name for known in platforms.listed(connection)]
            else:
                names = [platforms.resolve(connection, platform).name]
            told = [queries.status(connection, name) for name in names]
            trusts = [
                queries.trust(connection, one.progress.platform, one.counts.live) for one in told
            ]
    if json:
        as_json(
            {
                "database": opened.name,
                "engine": opened.version,
                "warnings": opened.warnings,
                "platforms": [
                    {**_described(one, stamp), "trust": trust}
                    for one, trust in zip(told, trusts, strict=True)
                ],
            }
        )
        return
    say(f"Database {opened.name}, {opened.version}")
    for warning in opened.warnings:
        warn(f"mirror: {warning}")
    for one, trust in zip(told, trusts, strict=True):
        _tell(one, stamp, found.api_rate, trust)


def _tell(found: Status, stamp: str, rate: float, trust: Trust) -> None:
    progress, counts = found.progress, found.counts
    removed = "" if found.removed_at is None else f", removed {when(found.removed_at)}"
    holds = f"{counts.live:,} media in {counts.classes:,} classes of {counts.owners:,} owners"
    without = f"{counts.detached:,} detached, {counts.deleted:,} deleted"
    others = f"{counts.files:,} files, {counts.links:,} links, {counts.projects:,} projects"
    rows = [
        ("deliveries", f"{progress.head_seq:,}, {progress.applied_seq:,} applied"),
        ("last received", when(progress.last_received_at) or "never"),
        ("holds", f"{holds}; {without}"),
        ("and", f"{others}, {counts.tasks:,} export tasks"),
        ("doubts", _listed(found.doubts)),
        ("quarantined", f"{found.quarantined:,}, unrecognised {found.unrecognised:,}"),
        ("never received", ", ".join(found.never_received) or "nothing"),
        ("bootstrapped", "yes" if found.bootstrapped else "no"),
        ("last reconciled", when(progress.last_reconciled_at) or "never"),
        ("read wholly", _read(trust, rate)),
        ("corrected", _corrected(trust)),
        ("wrong", _share(trust.wrong)),
        ("  undoubted", _share(trust.wrong_undoubted)),
        ("head digest", progress.head_digest),
    ]
    say("")
    say(f"Platform '{progress.platform}' ({found.platform_id}){removed}")
    for name, text in rows:
        say(f"  {name:<16}{text}")
    if _outdated(found, stamp):
        say("  Its state was made by other rules than these: `mirror rebuild` makes it anew.")


def _read(trust: Trust, rate: float) -> str:
    since = when(trust.oldest_read_at)
    hours = trust.calls_to_read_all / rate / SHARE / 3600
    again = f"all anew takes {trust.calls_to_read_all:,} calls: {hours:,.1f} h beside a server"
    done = f"{trust.owners_read:,} of {trust.owners:,} owners"
    return f"{done}, the oldest {since}; {again}" if since else f"{done}; {again}"


def _corrected(trust: Trust) -> str:
    kinds: dict[str, int] = {}
    for tally in trust.corrections:
        kinds[tally.label] = kinds.get(tally.label, 0) + tally.count
    return ", ".join(f"{label} {count:,}" for label, count in sorted(kinds.items())) or "nothing"


def _share(found: Estimate) -> str:
    if not found.drawn:
        return "not known: no materials were drawn yet"
    return f"{found.share:.2%} ({found.low:.2%} to {found.high:.2%}, of {found.drawn:,} drawn)"


def _listed(doubts: dict[str, int]) -> str:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in doubts.items())
    return f"{sum(doubts.values()):,}" + (f" ({reasons})" if reasons else "")


def _outdated(found: Status, stamp: str) -> bool:
    return found.rules is not None and found.rules != stamp


def _described(found: Status, stamp: str) -> dict[str, object]:
    described = msgspec.structs.asdict(found)
    progress = msgspec.structs.asdict(described.pop("progress"))
    return {**progress, **described, "outdated_rules": _outdated(found, stamp)}
