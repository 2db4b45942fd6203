"""One step of the fold: a delivery goes in, the library changes, and what was decided comes out."""

from __future__ import annotations

from types import TracebackType

from msgspec import Struct
from msgspec.structs import replace

from mirror.core.changes import Change, settle_changes
from mirror.core.events import Decoded, Event, Undecoded
from mirror.core.library import Library
from mirror.core.model import Micros, Outcome, Seq
from mirror.core.names import named
from mirror.core.paths import PathTooLong
from mirror.core.shelf import NotLoaded
from mirror.core.transitions import decide


class Inbound(Struct, frozen=True):
    """A delivery with its meaning, ready to be folded."""

    seq: Seq
    received_at: Micros
    meaning: Decoded | Undecoded
    redelivery_of: Seq | None = None


class Verdict(Struct, frozen=True):
    """What became of a delivery."""

    seq: Seq
    event_type: str | None
    outcome: Outcome
    detail: str | None = None
    changes: tuple[Change, ...] = ()


def fold(library: Library, delivery: Inbound) -> Verdict:
    """Apply one delivery to the library.

    Raises `NotLoaded` when rows are missing from memory; nothing is changed then, and the same call is made again once
    they are loaded. A transition that raises anything else quarantines its delivery, alone.
    """
    library.begin(delivery.seq, delivery.received_at)
    meaning = delivery.meaning
    try:
        if delivery.redelivery_of is not None:
            if isinstance(meaning, Decoded):
                _touch(library, meaning.event)
            detail = f"repeats delivery {delivery.redelivery_of}"
            return Verdict(delivery.seq, meaning.event_type, "redelivery", detail)
        if isinstance(meaning, Undecoded):
            return Verdict(delivery.seq, meaning.event_type, meaning.outcome, meaning.reason)
        remark = decide(library, meaning.event)
        changes = tuple(settle_changes(library))
    except NotLoaded:
        library.undo()
        raise
    except PathTooLong as error:
        library.undo()
        return Verdict(delivery.seq, meaning.event_type, "quarantined", str(error))
    except Exception as error:  # noqa: BLE001 - poison must not stop the feed
        library.undo()
        return Verdict(delivery.seq, meaning.event_type, "quarantined", _describe(error))
    outcome: Outcome = "applied" if changes else "unchanged"
    return Verdict(delivery.seq, meaning.event_type, outcome, remark, changes)


def _touch(library: Library, event: Event) -> None:
    """Note that a redelivery named these rows; nothing else of them changes."""
    names = named(event)
    for material_id in names.material_ids:
        material = library.materials.get(material_id)
        if material is not None:
            library.materials.put(material_id, replace(material, named_seq=library.seq))
    for project_id in names.project_ids:
        project = library.projects.get(project_id)
        if project is not None:
            library.projects.put(project_id, replace(project, named_seq=library.seq))
    for task_id in names.task_ids:
        task = library.tasks.get(task_id)
        if task is not None:
            library.tasks.put(task_id, replace(task, named_seq=library.seq))


def _describe(error: Exception) -> str:
    """Say what was raised and where, the same in every run of this version."""
    frames: list[str] = []
    step: TracebackType | None = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        module = step.tb_frame.f_globals.get("__name__", "?")
        frames.append(f"{module}.{code.co_name}:{step.tb_lineno}")
        step = step.tb_next
    return f"{type(error).__name__}: {error} (raised in {' > '.join(frames[1:])})"
