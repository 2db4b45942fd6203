"""Projects that start, stop and are interrupted; export tasks that end."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from mirror.core.events import ExportCompleted, ExportOutput, ProjectStatusChanged
from mirror.core.library import Library
from mirror.core.model import Project, ProjectStatus, Task
from mirror.core.secrets import mask_address
from mirror.core.transitions.creations import new_material
from mirror.core.transitions.files import describe_file
from mirror.core.transitions.locations import UNPLACED
from mirror.core.transitions.repeats import STATUS_AGAIN, heard_before

UNKNOWN_STATUS = "unknown-status"

_Parts = dict[str, Any]

NOT_INTERRUPTED: _Parts = {"interrupted_inputs": (), "interrupted_outputs": ()}

_PARTS: dict[tuple[str, str], _Parts] = {
    ("STREAM_CONNECT", "Working"): {"running": True, **NOT_INTERRUPTED},
    ("STREAM_CONNECT", "Stopped"): {"running": False, **NOT_INTERRUPTED},
    ("STREAM_CONNECT", "InputInterrupted"): {"running": True},
    ("STREAM_CONNECT", "OutputInterrupted"): {"running": True},
    ("MEDIA_CAST", "Started"): {"running": True, **NOT_INTERRUPTED},
    ("MEDIA_CAST", "Stopped"): {"running": False, **NOT_INTERRUPTED},
    ("MEDIA_CAST", "SourceInterrupted"): {"running": True},
    ("MEDIA_CAST", "DestinationInterrupted"): {"running": True},
    ("SWITCHER", "Started"): {"running": True},
    ("SWITCHER", "Stopped"): {"running": False, "pvw_on": False, "pgm_on": False},
    ("SWITCHER", "PvwStarted"): {"running": True, "pvw_on": True},
    ("SWITCHER", "PvwStopped"): {"pvw_on": False},
    ("SWITCHER", "PgmStarted"): {"running": True, "pgm_on": True},
    ("SWITCHER", "PgmStopped"): {"pgm_on": False},
}
"""What each status says of a project's parts. An interruption does not stop it, and nobody tells of its end."""

_SWITCHER = {"running", "pvw_on", "pgm_on"}
_OTHER = {"running", *NOT_INTERRUPTED}
"""The parts of a project."""


def project_status_changed(library: Library, event: ProjectStatusChanged) -> str | None:
    """Apply a project status event; an unknown status is kept as it is, in doubt."""
    known = library.projects.get(event.project_id)
    row = known or Project(event.project_id, library.now, library.seq)
    parts = _PARTS.get((event.category, event.status))
    remark = None
    if parts is None:
        library.doubt("project", event.project_id, UNKNOWN_STATUS)
        parts = {}
        remark = f"status {event.status} is not known"
    fields: _Parts = {
        "category": event.category,
        "status": event.status,
        "named_seq": library.as_of,
        **parts,
    }
    if event.interrupted_input is not None:
        fields["interrupted_inputs"] = _with(row.interrupted_inputs, event.interrupted_input)
    if event.interrupted_output is not None:
        fields["interrupted_outputs"] = _with(row.interrupted_outputs, event.interrupted_output)
    if event.category == "SWITCHER":
        fields.setdefault("pvw_on", row.pvw_on or False)
        fields.setdefault("pgm_on", row.pgm_on or False)
    now = replace(row, gone=False, **fields)
    if heard_before(library, "status", replace(event, detail=None)):
        if replace(now, named_seq=row.named_seq) != row:
            library.doubt("project", event.project_id, STATUS_AGAIN)
    elif parts.keys() >= (_SWITCHER if event.category == "SWITCHER" else _OTHER):
        library.settle("project", event.project_id, STATUS_AGAIN)  # it tells all there is
    library.projects.put(event.project_id, now)
    library.history.append(
        ProjectStatus(event.project_id, library.seq, event.status, event.detail, library.now)
    )
    return remark


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(sorted({*names, name}))


def export_completed(library: Library, event: ExportCompleted) -> None:
    """Apply `Task.VideoExportCompleted`, and what it tells of the material and file that came out."""
    output = event.output or ExportOutput()
    known = library.tasks.get(event.task_id)
    row = replace(
        known or Task(event.task_id, library.now, library.seq),
        status=event.status,
        err_code=event.err_code,
        err_msg=event.err_msg,
        named_seq=library.as_of,
    )
    if output.material_id is not None:
        row = replace(row, material_id=output.material_id)
    if output.file_id is not None:
        row = replace(row, file_id=output.file_id)
    if output.url is not None:
        row = replace(row, url=mask_address(output.url))
    if known is None or replace(known, named_seq=library.as_of) != row:
        row = replace(row, completed_at=library.now)
    library.tasks.put(event.task_id, row)
    if output.file_id is not None:
        describe_file(
            library,
            output.file_id,
            output.metadata,
            url=output.url,
            cover_url=output.cover_url,
        )
    _fill_material(library, output)


def _fill_material(library: Library, output: ExportOutput) -> None:
    if output.material_id is None:
        return
    known = library.materials.get(output.material_id)
    if known is None:
        library.doubt("material", output.material_id, UNPLACED)
    row = known or new_material(library, output.material_id)
    library.materials.put(
        output.material_id,
        replace(row, file_id=row.file_id or output.file_id, named_seq=library.as_of),
    )
