"""Operations that bring new files: uploads, exports, live clips and recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.platform.simulator.model import Refused, Task
from mirror.platform.simulator.truth import Truth
from mirror.platform.simulator.wire import metadata_json, owner_json

if TYPE_CHECKING:
    from mirror.platform.simulator.model import Material, Owner
    from mirror.platform.simulator.rows import MaterialRow
    from mirror.platform.simulator.tree import Node

_EXPORT_FAILED = 70000


class Storage(Truth):
    """Each new file fires Storage.NewFileCreated with the operation that made it."""

    def upload(self, owner: Owner, path: str, name: str, *, kind: str = "VIDEO") -> Material:
        """Upload a file."""
        node = self._node(owner, path)
        self._begin()
        return self._created(node, name, "Upload", kind=kind).view()

    def pull_upload(self, owner: Owner, path: str, name: str, *, kind: str = "VIDEO") -> Material:
        """Let the platform fetch a file from elsewhere, in a task."""
        node = self._node(owner, path)
        self._begin()
        task_id = self._ids.task("PullUpload")
        return self._created(node, name, "PullUpload", kind=kind, task_id=task_id).view()

    def live_clip(self, owner: Owner, path: str, name: str, stream: str) -> Material:
        """Clip a live stream, in a task."""
        node = self._node(owner, path)
        self._begin()
        task_id = self._ids.task("LiveStreamClip")
        return self._created(node, name, "LiveStreamClip", task_id=task_id, context=stream).view()

    def live_record(self, owner: Owner, path: str, name: str, stream: str) -> Material:
        """Record a live stream."""
        node = self._node(owner, path)
        self._begin()
        return self._created(node, name, "LiveStreamRecord", context=stream).view()

    def export(
        self, project_id: str, owner: Owner, path: str, name: str, *, succeeds: bool = True
    ) -> Task:
        """Export a video-edit project. Fires Task.VideoExportCompleted after the file's own.

        A failing export makes no file and fires the task's callback alone.
        """
        project = self._project(project_id)
        if project.category != "VIDEO_EDIT":
            raise Refused("state", f"{project_id} is of category {project.category}: no export.")
        node = self._node(owner, path)
        self._begin()
        task_id = self._ids.task("VideoEdit")
        if not succeeds:
            return self._failed(task_id, project_id)
        row = self._created(node, name, "VideoEdit", task_id=task_id, context=project_id)
        return self._completed(task_id, project_id, row)

    def _created(
        self,
        node: Node,
        name: str,
        operation: str,
        *,
        kind: str = "VIDEO",
        task_id: str = "",
        context: str = "",
    ) -> MaterialRow:
        file = self._new_file(name, kind, operation, task_id=task_id, context=context)
        row = self._new_material(node, name, kind, file)
        self._mention(node)
        owner = node.owner
        self._emit(
            "Storage.NewFileCreated",
            {
                "FileId": file.id,
                "MaterialId": row.id,
                "OperationType": operation,
                "Owner": owner_json(owner),
                "ClassPath": self._spelt(node),
                "TaskId": task_id,
                "SourceContext": context,
            },
        )
        return row

    def _completed(self, task_id: str, project_id: str, row: MaterialRow) -> Task:
        material = row.view()
        file_id = material.file_id
        file = self._files[file_id].view()
        task = Task(task_id, project_id, "SUCCESS", 0, "", row.id, file_id, self.now_us)
        self._tasks[task_id] = task
        self._emit(
            "Task.VideoExportCompleted",
            {
                "TaskId": task_id,
                "Status": "SUCCESS",
                "ErrCode": 0,
                "ErrMsg": "",
                "Output": {
                    "MaterialId": row.id,
                    "VodFileId": file_id,
                    "URL": f"{file.url}?t={self.now_us // 1_000_000:x}&sign={self.n:08x}",
                    "CoverURL": file.cover_url,
                    "MetaData": metadata_json(file.metadata),
                },
            },
        )
        return task

    def _failed(self, task_id: str, project_id: str) -> Task:
        message = "internal error"
        task = Task(task_id, project_id, "FAIL", _EXPORT_FAILED, message, "", "", self.now_us)
        self._tasks[task_id] = task
        self._emit(
            "Task.VideoExportCompleted",
            {
                "TaskId": task_id,
                "Status": "FAIL",
                "ErrCode": _EXPORT_FAILED,
                "ErrMsg": message,
                "Output": None,
            },
        )
        return task
