"""The client as reconciliation wants it: owners, classes, ids, details; an owner that is not there has nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mirror.core.events import ObservedMaterial, ObservedProject, ObservedTask
from mirror.core.model import MaterialId, Owner, ProjectId, TaskId
from mirror.platform.answers import Answer, ProjectListing
from mirror.platform.client import PlatformClient
from mirror.platform.failures import CallRefused

_NO_OWNER = ("InvalidParameterValue.Owner", "ResourceNotFound.Owner", "ResourceNotFound.Team")


class PlatformReader:
    """Reads one platform through its client. Raises what the client raises."""

    def __init__(self, client: PlatformClient) -> None:
        """Bind the client; nothing is read yet."""
        self._client = client

    @property
    def calls(self) -> int:
        """How many calls were sent so far, repeated ones included."""
        return self._client.calls.total()

    def owners(self) -> Iterator[Owner]:
        """Yield the teams, then the registered accounts."""
        for known in (*self._client.teams(), *self._client.accounts()):
            yield known.owner

    def class_paths(self, owner: Owner) -> Sequence[str]:
        """Return every class of an owner; none for an owner that the platform does not know."""
        try:
            return self._client.classes(owner)
        except CallRefused as refused:
            if refused.code.startswith(_NO_OWNER):
                return []
            raise

    def media_ids(self, owner: Owner) -> Iterator[Sequence[MaterialId]]:
        """Yield the ids of an owner's media, page by page."""
        try:
            for page in self._client.all_media(owner):
                yield [*(seen.material_id for seen in page.materials), *page.unreadable]
        except CallRefused as refused:
            if not refused.code.startswith(_NO_OWNER):
                raise

    def materials(self, material_ids: Sequence[MaterialId]) -> Answer[ObservedMaterial, MaterialId]:
        """Return the details of materials, and which are missing."""
        return self._client.materials(material_ids)

    def projects(self) -> ProjectListing:
        """Return all projects."""
        return self._client.all_projects()

    def projects_by_id(self, project_ids: Sequence[ProjectId]) -> Sequence[ObservedProject]:
        """Return those projects that exist."""
        return self._client.projects(project_ids).found

    def tasks(self, task_ids: Sequence[TaskId]) -> Sequence[ObservedTask]:
        """Return those export tasks that the platform remembers."""
        return self._client.tasks(task_ids).found
