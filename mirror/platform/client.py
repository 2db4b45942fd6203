"""Reads the platform through its genuine SDK, paced: what it says comes out as observations.

Nothing empty or missing is ever concluded from a failure. Every method may raise ConfigurationError
(the key or the platform's id is wrong), CallRefused (it won't) or CallFailed (it did not answer).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol, Self, TypeVar

from mirror.core import paths
from mirror.core.decoding.fields import FieldError, Record
from mirror.core.events import ObservedMaterial, ObservedProject, ObservedTask
from mirror.core.model import MaterialId, Owner, ProjectId, TaskId
from mirror.platform import translate
from mirror.platform.answers import (
    Answer,
    KnownOwner,
    OwnerPage,
    Page,
    ProjectListing,
    ProjectPage,
)
from mirror.platform.asking import MOST_IDS, ask, sorted_out
from mirror.platform.calls import Calls
from mirror.platform.pacing import Clock, Patience, SystemClock
from mirror.platform.sdk import Sdk

MOST_MEDIA: Final = 50
MOST_PROJECTS: Final = 20
MOST_TEAMS: Final = 30
MOST_ACCOUNTS: Final = 20
RATE: Final = 15.0  # of the 20 a second that the platform allows


class _Rows(Protocol):
    @property
    def rows(self) -> int: ...
    @property
    def total(self) -> int: ...


_PageT = TypeVar("_PageT", bound=_Rows)


class PlatformClient:
    """One platform's read calls. Safe for several threads, which then share the pace."""

    def __init__(
        self,
        platform_id: str,
        endpoint: str,
        secret_id: str,
        secret_key: str,
        *,
        rate: float = RATE,
        patience: Patience | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Prepare to read; nothing is sent yet.

        `rate` is calls a second of each action. Raises ConfigurationError if the SDK is missing, or
        for a wrong `endpoint` or key.
        """
        patience, clock = patience or Patience(), clock or SystemClock()
        self._platform_id = platform_id
        self._sdk = Sdk(endpoint, secret_id, secret_key, timeout_s=patience.timeout_s)
        self._calls = Calls(self._sdk, platform_id, rate=rate, patience=patience, clock=clock)

    def __repr__(self) -> str:
        return f"PlatformClient({self._platform_id!r}, {str(self._sdk.endpoint)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        self._sdk.close()

    @property
    def calls(self) -> Counter[str]:
        """How many calls of each action were sent so far, repeated ones included."""
        return self._calls.made

    def classes(self, owner: Owner) -> list[str]:
        """All class paths of an owner, sorted, the root among them.

        An owner that the platform does not know may have none but the root. Preset classes may be
        left out, even if they hold media.
        """

        def read(reply: Record) -> list[str]:
            listed = translate.rows(reply, "ClassInfoSet")
            return sorted({paths.ROOT, *(translate.class_path(info, owner) for info in listed)})

        return self._calls.make("DescribeClass", {"Owner": _entity(owner)}, read)

    def list_media(self, owner: Owner, path: str, offset: int = 0, limit: int = MOST_MEDIA) -> Page:
        """A page of the media directly in a class, and all classes directly below it."""

        def read(reply: Record) -> Page:
            listed = translate.rows(reply, "ClassInfoSet")
            below = tuple(translate.class_path(info, owner) for info in listed)
            return _page(reply, "MaterialTotalCount", below)

        return self._calls.make("ListMedia", _window(owner, path, offset, limit), read)

    def flatten_media(
        self, owner: Owner, path: str = paths.ROOT, offset: int = 0, limit: int = MOST_MEDIA
    ) -> Page:
        """A page of the media in a class and in all below it."""
        window = _window(owner, path, offset, limit)
        return self._calls.make(
            "FlattenListMedia", window, lambda reply: _page(reply, "TotalCount")
        )

    def all_media(self, owner: Owner, path: str = paths.ROOT) -> Iterator[Page]:
        """Every page of `flatten_media`, one call for each.

        While others write, media may slip through between two pages, or come twice.
        """
        return _pages(lambda offset: self.flatten_media(owner, path, offset))

    def materials(self, ids: Iterable[MaterialId]) -> Answer[ObservedMaterial, MaterialId]:
        """Materials in full, in calls of at most twenty ids."""

        def call(some: Sequence[MaterialId]) -> Answer[ObservedMaterial, MaterialId]:
            def read(reply: Record) -> Answer[ObservedMaterial, MaterialId]:
                listed = translate.rows(reply, "MaterialInfoSet")
                return sorted_out(some, listed, translate.material_id, translate.material)

            return self._calls.make("DescribeMaterials", {"MaterialIds": list(some)}, read)

        return ask(ids, call)

    def projects(self, ids: Iterable[ProjectId]) -> Answer[ObservedProject, ProjectId]:
        """Projects by id, in calls of at most twenty."""

        def call(some: Sequence[ProjectId]) -> Answer[ObservedProject, ProjectId]:
            def read(reply: Record) -> Answer[ObservedProject, ProjectId]:
                listed = translate.rows(reply, "ProjectInfoSet")
                if translate.total(reply, "TotalCount") > len(listed):
                    raise FieldError("TotalCount", "is more than what is listed")
                return sorted_out(some, listed, translate.project_id, translate.project)

            params: Record = {"ProjectIds": list(some), "Offset": 0, "Limit": MOST_IDS}
            return self._calls.make("DescribeProjects", params, read)

        return ask(ids, call)

    def list_projects(self, offset: int = 0, limit: int = MOST_PROJECTS) -> ProjectPage:
        """A page of all projects, the newest first."""

        def read(reply: Record) -> ProjectPage:
            listed = translate.rows(reply, "ProjectInfoSet")
            count = translate.total(reply, "TotalCount")
            return ProjectPage(tuple(map(translate.project, listed)), count, len(listed))

        return self._calls.make("DescribeProjects", {"Offset": offset, "Limit": limit}, read)

    def all_projects(self) -> ProjectListing:
        """All pages of projects, and whether they are all there is.

        They are if each page told the same count and so many different projects came. As the newest
        come first, none can then have slipped through unseen between two pages.
        """
        pages = list(_pages(self.list_projects))
        found = {project.project_id: project for page in pages for project in page.projects}
        complete = {page.total for page in pages} == {len(found)}
        return ProjectListing(tuple(found.values()), complete)

    def teams(self) -> list[KnownOwner]:
        """All teams."""
        return self._owners("DescribeTeams", "TeamSet", MOST_TEAMS, translate.team)

    def accounts(self) -> list[KnownOwner]:
        """All persons with an account of their own; others may own media, too."""
        return self._owners("DescribeAccounts", "AccountInfoSet", MOST_ACCOUNTS, translate.account)

    def tasks(self, ids: Iterable[TaskId]) -> Answer[ObservedTask, TaskId]:
        """Export tasks with their outputs, in a call for each."""

        def call(some: Sequence[TaskId]) -> Answer[ObservedTask, TaskId]:
            return Answer(found=tuple(map(described, some)))

        def described(task_id: TaskId) -> ObservedTask:
            def read(reply: Record) -> ObservedTask:
                return translate.task(reply, task_id)

            return self._calls.make("DescribeTaskDetail", {"TaskId": task_id}, read)

        answer = Answer[ObservedTask, TaskId]()
        for task_id in dict.fromkeys(ids):
            answer += ask([task_id], call)
        return answer

    def _owners(
        self, action: str, field: str, most: int, read: Callable[[Record], KnownOwner]
    ) -> list[KnownOwner]:
        def page(reply: Record) -> OwnerPage:
            listed = translate.rows(reply, field)
            count = translate.total(reply, "TotalCount")
            return OwnerPage(tuple(map(read, listed)), count, len(listed))

        def fetch(offset: int) -> OwnerPage:
            return self._calls.make(action, {"Offset": offset, "Limit": most}, page)

        found = {known.owner: known for each in _pages(fetch) for known in each.owners}
        return list(found.values())


def _entity(owner: Owner) -> Record:
    return {"Type": owner.type, "Id": owner.id}


def _window(owner: Owner, path: str, offset: int, limit: int) -> Record:
    return {"Owner": _entity(owner), "ClassPath": path, "Offset": offset, "Limit": limit}


def _page(reply: Record, count: str, classes: tuple[str, ...] = ()) -> Page:
    listed = translate.rows(reply, "MaterialInfoSet")
    materials: list[ObservedMaterial] = []
    unreadable: list[MaterialId] = []
    for info in listed:
        try:
            materials.append(translate.material(info))
        except FieldError:
            unreadable += translate.id_if_any(info)
    return Page(
        tuple(materials), translate.total(reply, count), len(listed), classes, tuple(unreadable)
    )


def _pages(fetch: Callable[[int], _PageT]) -> Iterator[_PageT]:
    offset = 0
    while True:
        page = fetch(offset)
        yield page
        offset += page.rows
        if not page.rows or offset >= page.total:
            return
