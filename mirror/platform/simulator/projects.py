"""Projects: their silent life cycle, and the status of those that run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mirror.platform.simulator.model import Refused
from mirror.platform.simulator.rows import ProjectRow
from mirror.platform.simulator.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.platform.simulator.model import Category, Owner, Part, Project, Side

_EVENT_TYPES: Final[dict[Category, str]] = {
    "STREAM_CONNECT": "Project.StreamConnect.StatusChanged",
    "MEDIA_CAST": "Project.MediaCast.StatusChanged",
    "SWITCHER": "Project.Switcher.StatusChanged",
}
_INPUTS: Final = ("Main", "Backup")
_UNSTEADY: Final = ("STREAM_CONNECT", "MEDIA_CAST")


class Projects(Truth):
    """Projects of every category. Only running ones are told about."""

    def create_project(self, category: Category, name: str, owner: Owner) -> Project:
        """Create a project. Silent."""
        self._root(owner)
        self._begin()
        row = ProjectRow(self._ids.project(self.now_us), category, name, owner, self.now_us)
        return self._kept(row)

    def copy_project(self, project_id: str, name: str) -> Project:
        """Copy a project, stopped and without media of its own. Silent."""
        model = self._project(project_id)
        return self.create_project(model.category, name, model.owner)

    def rename_project(self, project_id: str, name: str) -> Project:
        """Rename a project. Silent."""
        row = self._project(project_id)
        self._begin()
        row.name = name
        return row.view()

    def add_project_media(self, project_id: str, names: Sequence[str]) -> Project:
        """Import media that belong to the project and stand in no owner's tree.

        Silent, as an inference: what a callback would say of their place is unknown.
        """
        row = self._project(project_id)
        self._begin()
        for name in names:
            file = self._new_file(name, "VIDEO", "")
            row.media[self._ids.material(self.now_us)] = file.id
        return row.view()

    def delete_project(self, project_id: str) -> list[str]:
        """Delete a project that does not run; returns the ids of its own media, deleted too.

        Silent but for them: they fire Material.Deleted.
        """
        row = self._project(project_id)
        if row.running:
            raise Refused("state", f"{project_id} is running: stop it first.")
        self._begin()
        del self._projects[project_id]
        self._project_ids.remove(project_id)
        if row.media:
            self._emit("Material.Deleted", {"MaterialIdSet": list(row.media)})
        return list(row.media)

    def start(self, project_id: str) -> Project:
        """Start an idle or stopped project. Fires Working or Started."""
        row = self._live(project_id, running=False)
        row.running = True
        return self._told(row, "Working" if row.category == "STREAM_CONNECT" else "Started")

    def stop(self, project_id: str) -> Project:
        """Stop a running project with all its parts. Fires Stopped."""
        row = self._live(project_id, running=True)
        row.running = row.pvw_on = row.pgm_on = False
        row.inputs.clear()
        row.outputs.clear()
        return self._told(row, "Stopped")

    def interrupt(self, project_id: str, side: Side, number: int = 1) -> Project:
        """Interrupt an input or output of a running stream-connect or media-cast project.

        It goes on running. Inputs of stream-connect are 1 (`Main`) and 2 (`Backup`).
        """
        row = self._project(project_id)
        if row.category not in _UNSTEADY:
            raise Refused("state", f"Nothing of a {row.category} project is interrupted.")
        which = _end_name(row.category, side, number)
        interrupted = row.inputs if side == "input" else row.outputs
        if which in interrupted:
            raise Refused("state", f"{which} of {project_id} is interrupted already.")
        self._live(project_id, running=True)
        interrupted.add(which)
        return self._told(row, *_interruption(row.category, side, which))

    def recover(self, project_id: str) -> Project:
        """End all interruptions of a running project. Silent: no event says "recovered"."""
        row = self._live(project_id, running=True)
        row.inputs.clear()
        row.outputs.clear()
        return row.view()

    def set_part(self, project_id: str, part: Part, *, on: bool) -> Project:
        """Switch PVW or PGM of a started switcher. Fires PvwStarted, PgmStopped and so on."""
        row = self._project(project_id)
        if row.category != "SWITCHER" or not row.running:
            raise Refused("state", f"{project_id} is not a started switcher.")
        if (row.pvw_on if part == "Pvw" else row.pgm_on) == on:
            raise Refused("state", f"{part} of {project_id} is so already.")
        self._begin()
        if part == "Pvw":
            row.pvw_on = on
        else:
            row.pgm_on = on
        return self._told(row, f"{part}{'Started' if on else 'Stopped'}")

    def recycle(self, project_id: str) -> Project:
        """Recycle a stopped switcher's resources.

        The trigger is documented, its status text is not: `Recycled` is a guess.
        """
        row = self._project(project_id)
        if row.category != "SWITCHER" or row.running or not row.status:
            raise Refused("state", f"{project_id} is not a switcher that was stopped.")
        self._begin()
        return self._told(row, "Recycled")

    def _kept(self, row: ProjectRow) -> Project:
        self._projects[row.id] = row
        self._project_ids.add(row.id)
        return row.view()

    def _live(self, project_id: str, *, running: bool) -> ProjectRow:
        """Begin an operation on a project that runs, or that does not."""
        row = self._project(project_id)
        if row.category not in _EVENT_TYPES:
            raise Refused("state", f"A {row.category} project does not run.")
        if row.running != running:
            raise Refused("state", f"{project_id} is {'' if row.running else 'not '}running.")
        self._begin()
        return row

    def _told(self, row: ProjectRow, status: str, info: dict[str, Any] | None = None) -> Project:
        row.status = status
        payload = {"ProjectId": row.id, "Status": status}
        self._emit(_EVENT_TYPES[row.category], payload | (info or {}))
        return row.view()


def _end_name(category: Category, side: Side, number: int) -> str:
    if category == "MEDIA_CAST":
        return f"{'src' if side == 'input' else 'dst'}-{number}"
    if side == "output":
        return f"out-{number}"
    if number not in (1, 2):
        raise Refused("invalid", f"Stream-connect has inputs 1 and 2, not {number}.")
    return _INPUTS[number - 1]


def _interruption(category: Category, side: Side, which: str) -> tuple[str, dict[str, Any]]:
    """The status and what the payload says of the interrupted side."""
    push = f"rtmp://push.example.com/live/{which}"
    match category, side:
        case "STREAM_CONNECT", "input":
            return "InputInterrupted", {"InputInterruptInfo": {"EndPoint": which}}
        case "STREAM_CONNECT", _:
            info = {"Id": which, "Name": f"输出 {which}", "Url": push}
            return "OutputInterrupted", {"OutputInterruptInfo": info}
        case _, "input":
            source = {"Id": which, "Type": "CME"}
            lost = {"SourceInfo": source, "Reason": "SystemError"}
            return "SourceInterrupted", {"SourceInterruptInfo": lost}
        case _:
            destination = {"Id": which, "PushUrl": push}
            refused = {"DestinationInfo": destination, "Reason": "PushFailed"}
            return "DestinationInterrupted", {"DestinationInterruptInfo": refused}
