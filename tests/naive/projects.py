"""Projects and export tasks."""

from tests.naive.decode import ExportCompleted, ProjectStatus
from tests.naive.materials import describe_file, known_file, new_material
from tests.naive.state import ProjectRow, State, TaskRow


def project_status(state: State, event: ProjectStatus) -> None:
    """“upsert the project with its category, raw `status`, and derived `running` …”."""
    state.touch("project", event.project_id)
    row = state.projects.setdefault(event.project_id, ProjectRow(event.project_id))
    before = dict(vars(row))
    tell(state, row, event)
    # What was said before: "the project that a status event changes"; and "one that was not said
    # before, and whose status tells all of the project, ends that doubt".
    if state.said_lately((event.category, event.project_id, event.status, interrupted(event))):
        if vars(row) != before:
            state.doubt("project", event.project_id, "status-again")
    elif (event.category, event.status) in TELLS_ALL:
        state.settle("project", event.project_id, "status-again")


def interrupted(event: ProjectStatus) -> str | None:
    """The part that an interruption is about."""
    match event.status:
        case "InputInterrupted" | "SourceInterrupted":
            return event.input
        case "OutputInterrupted" | "DestinationInterrupted":
            return event.output
        case _:
            return None


TELLS_ALL = {
    ("STREAM_CONNECT", "Working"),
    ("STREAM_CONNECT", "Stopped"),
    ("MEDIA_CAST", "Started"),
    ("MEDIA_CAST", "Stopped"),
    ("SWITCHER", "Stopped"),
}


def tell(state: State, row: ProjectRow, event: ProjectStatus) -> None:  # noqa: C901  # one arm a status
    """What the status says of the project."""
    row.category = event.category
    row.status = event.status
    row.gone = False
    # “Each delivery adds a row to the project's status history.”
    state.timeline.append((event.project_id, event.status, state.seq))

    match event.category, event.status:
        # “for switchers `pvw_on`, `pgm_on` (starting either implies running; Stopped clears both)”
        case "SWITCHER", "Started":
            row.running = True
        case "SWITCHER", "Stopped":
            row.running = row.pvw_on = row.pgm_on = False
        case "SWITCHER", "PvwStarted":
            row.running = row.pvw_on = True
        case "SWITCHER", "PvwStopped":
            row.pvw_on = False
        case "SWITCHER", "PgmStarted":
            row.running = row.pgm_on = True
        case "SWITCHER", "PgmStopped":
            row.pgm_on = False
        # "the set of interrupted inputs and outputs (an interruption implies running; cleared by
        # Working, Started, Stopped)"
        case ("STREAM_CONNECT", "Working") | ("MEDIA_CAST", "Started"):
            row.running = True
            row.interrupted_inputs = row.interrupted_outputs = ()
        case (("STREAM_CONNECT" | "MEDIA_CAST"), "Stopped"):
            row.running = False
            row.interrupted_inputs = row.interrupted_outputs = ()
        case ("STREAM_CONNECT", "InputInterrupted") | ("MEDIA_CAST", "SourceInterrupted"):
            row.running = True
            row.interrupted_inputs = with_one(row.interrupted_inputs, event.input)
        case ("STREAM_CONNECT", "OutputInterrupted") | ("MEDIA_CAST", "DestinationInterrupted"):
            row.running = True
            row.interrupted_outputs = with_one(row.interrupted_outputs, event.output)
        case _:
            # “Unknown statuses are stored verbatim, doubt `unknown-status`.”
            state.doubt("project", event.project_id, "unknown-status")


def with_one(known: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(sorted({*known, name}))


def export_completed(state: State, event: ExportCompleted) -> None:
    """“upsert the task (status, error, output)”."""
    state.touch("task", event.task_id)
    row = state.tasks.setdefault(event.task_id, TaskRow(event.task_id))
    row.status = event.status
    row.err_code = event.err_code
    row.err_msg = event.err_msg
    row.material_id = event.material_id
    row.file_id = event.file_id

    # "With an output material: fill its file and metadata; if unknown, create it `inferred`,
    # `detached`, doubt `unplaced`."
    described = event.file_id
    if event.material_id is not None:
        state.touch("material", event.material_id)
        material = state.materials.get(event.material_id)
        if material is None:
            material = new_material(state, event.material_id, "detached", "inferred")
            state.doubt("material", event.material_id, "unplaced")
        material.file_id = material.file_id or event.file_id
        described = event.file_id or material.file_id
    if described is not None:
        known_file(state, described)
        describe_file(state, described, event.metadata)
