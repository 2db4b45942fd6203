"""Answers the read calls from the platform as it is at this moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final, Literal

from mirror.platform.simulator.api import shapes
from mirror.platform.simulator.api.errors import ApiError
from mirror.platform.simulator.api.params import Params, at_most, newest_first, owner, window
from mirror.platform.simulator.api.shapes import Json
from mirror.platform.simulator.ground import EPOCH_US
from mirror.platform.simulator.model import PRESET_CLASSES, File, Link, Material, Owner, Refused
from mirror.platform.simulator.platform import Platform

MOST_MEDIA: Final = 50
MOST_DETAILS: Final = 20
MOST_TEAMS: Final = 30
_CATEGORIES: Final = {
    *("VIDEO_EDIT", "SWITCHER", "VIDEO_SEGMENTATION", "STREAM_CONNECT", "RECORD_REPLAY"),
    "MEDIA_CAST",
}


class Reads:
    """One method a call. Hold the platform's lock.

    What the platform leaves open is a switch: whether a missing material id is left out (`omit`) or
    fails the whole call, whether `DescribeClass` hides presets, and what a link shows of a target
    that is gone. `unregistered` are persons without account; links to `forbidden` materials say so.
    """

    def __init__(self, platform: Platform) -> None:
        self.missing: Literal["omit", "fail"] = "omit"
        self.missing_code = "ResourceNotFound"
        self.hide_presets = False
        self.show_lost_targets = True
        self.unregistered: set[Owner] = set()
        self.forbidden: set[str] = set()
        self._platform = platform
        self._stamp = ""

    def answer(self, action: str, params: Params, n: int) -> Json:
        """What `Response` holds, or `ApiError`. `n` is the number of the call: addresses differ."""
        self._stamp = f"t={0x65000000 + n:x}&sign={n:032x}"
        return _ANSWERS[action](self, params)

    def describe_class(self, params: Params) -> Json:
        """All classes of an owner but the root; of an unknown owner there are none."""
        asked = owner(params)
        if asked not in self._platform.owners():
            return {"ClassInfoSet": []}
        hidden = {"/", *(PRESET_CLASSES if self.hide_presets else ())}
        paths = sorted(self._platform.classes(asked) - hidden)
        return {"ClassInfoSet": [shapes.class_info(asked, path) for path in paths]}

    def list_media(self, params: Params) -> Json:
        """What is directly in a class."""
        asked, path = self._place(params, "InvalidParameterValue.ClassNotExist")
        offset, limit = window(params, 10, MOST_MEDIA, "InvalidParameterValue.Limit")
        media = self._platform.media_in(asked, path)
        below = self._platform.subclasses(asked, path)
        return {
            "MaterialTotalCount": len(media),
            "MaterialInfoSet": self._basic(media[offset : offset + limit]),
            "ClassInfoSet": [shapes.class_info(asked, each) for each in below],
        }

    def flatten_list_media(self, params: Params) -> Json:
        """All media in a class and below it."""
        asked, path = self._place(params, "InvalidParameterValue.ClassPath")
        offset, limit = window(params, 10, MOST_MEDIA)
        total = self._platform.extent(asked, path)[2]
        media = _flat(self._platform, asked, path, offset, limit)
        return {"TotalCount": total, "MaterialInfoSet": self._basic(media)}

    def describe_materials(self, params: Params) -> Json:
        """Materials in full. Nothing is said about the order: it is that of the ids here."""
        ids = list(dict.fromkeys(at_most(params, "MaterialIds", MOST_DETAILS)))
        newest_first(params)
        found = [row for row in map(self._material, ids) if row is not None]
        if self.missing == "fail" and len(found) < len(ids):
            raise ApiError(self.missing_code)
        return {"MaterialInfoSet": [self._described(row) for row in found]}

    def describe_projects(self, params: Params) -> Json:
        """Projects, by default the newest first."""
        ids = at_most(params, "ProjectIds", MOST_DETAILS)
        offset, limit = window(params, 10, None, "InvalidParameterValue.Limit")
        asked = owner(params) if "Owner" in params else None
        categories = params.get("CategorySet") or _CATEGORIES
        if asked is not None and asked.type != "PERSON":
            raise ApiError("InvalidParameterValue.OwnerType", "Filter by persons only.")
        if not _CATEGORIES.issuperset(categories):
            raise ApiError("InvalidParameterValue.CategorySet", "No such category.")
        rows = [
            row
            for row in self._platform.projects().values()
            if row.category in categories
            and (not ids or row.id in ids)
            and (asked is None or row.owner == asked)
        ]
        rows.sort(key=lambda row: row.created_at, reverse=newest_first(params))
        shown = [shapes.project_info(row) for row in rows[offset : offset + limit]]
        return {"TotalCount": len(rows), "ProjectInfoSet": shown}

    def describe_teams(self, params: Params) -> Json:
        """Teams, in the order they came."""
        ids = at_most(params, "TeamIds", MOST_TEAMS)
        offset, limit = window(params, 20, MOST_TEAMS)
        owners = self._platform.owners()
        members = sum(each.type == "PERSON" for each in owners)
        teams = [each for each in owners if each.type == "TEAM" and (not ids or each.id in ids)]
        if len(teams) < len(set(ids)):
            raise ApiError("InvalidParameterValue.TeamNotExist", "A team does not exist.")
        shown = [
            shapes.team_info(team, self._platform.owner_name(team), members, EPOCH_US)
            for team in teams[offset : offset + limit]
        ]
        return {"TotalCount": len(teams), "TeamSet": shown}

    def describe_accounts(self, params: Params) -> Json:
        """Registered persons, in the order they came."""
        offset, limit = window(params, 10, MOST_DETAILS)
        persons = [each for each in self._platform.owners() if each.type == "PERSON"]
        accounts = [
            shapes.account_info(person, self._platform.owner_name(person), number, EPOCH_US)
            for number, person in enumerate(persons)
            if person not in self.unregistered
        ]
        phone = params.get("Phone")
        found = [each for each in accounts if phone is None or each["Phone"] == phone]
        return {"TotalCount": len(found), "AccountInfoSet": found[offset : offset + limit]}

    def describe_tasks(self, params: Params) -> Json:
        """Export tasks, the newest first, without their outputs."""
        offset, limit = window(params, 10, MOST_DETAILS)
        project, statuses = params.get("ProjectId"), params.get("StatusSet")
        rows = [
            task
            for task in reversed(self._platform.tasks().values())
            if project in (None, task.project_id) and (not statuses or task.status in statuses)
        ]
        shown = [shapes.task_base(task) for task in rows[offset : offset + limit]]
        return {"TotalCount": len(rows), "TaskBaseInfoSet": shown}

    def describe_task_detail(self, params: Params) -> Json:
        """One export task."""
        task = self._platform.tasks().get(params["TaskId"])
        if task is None:
            raise ApiError("ResourceNotFound", "The task is not found.")
        return shapes.task_detail(task, _file(self._platform, task.file_id), self._stamp)

    def _place(self, params: Params, absent: str) -> tuple[Owner, str]:
        asked, path = owner(params), params["ClassPath"]
        if asked not in self._platform.owners():
            raise ApiError("InvalidParameterValue.OwnerId", f"There is no owner {asked.id}.")
        if path and not path.startswith("/"):
            raise ApiError("InvalidParameterValue.ClassPath", "A path begins with a slash.")
        try:
            self._platform.ids_in(asked, path, 0)
        except Refused as refusal:
            raise ApiError(absent, str(refusal)) from None
        return asked, path

    def _material(self, material_id: str) -> Material | None:
        try:
            return self._platform.material(material_id)
        except Refused:
            return None

    def _basic(self, media: list[Material]) -> list[Json]:
        names = self._platform.preset_tags()
        return [shapes.material_info(shapes.basic_info(m, names, self._stamp)) for m in media]

    def _described(self, material: Material) -> Json:
        basic = shapes.basic_info(material, self._platform.preset_tags(), self._stamp)
        if material.link is not None:
            return shapes.material_info(basic, *self._link(material.link))
        file = _file(self._platform, material.file_id)
        detail = () if file is None else shapes.file_detail(material.type, file, self._stamp)
        return shapes.material_info(basic, *detail)

    def _link(self, link: Link) -> tuple[str, Json]:
        shown = link.status == "Normal" or self.show_lost_targets
        if link.owner is not None:
            place = shapes.class_info(link.owner, link.path)
            kind, detail = shapes.link_detail(link.status, material=None, place=place)
            return kind, detail if shown else detail | {"LinkClassInfo": None}
        target = self._material(link.material_id)
        status = "Forbidden" if target and target.id in self.forbidden else link.status
        basic: Json | None = {"MaterialId": link.material_id} if shown else None
        if target is not None and status == "Normal":
            basic = shapes.basic_info(target, self._platform.preset_tags(), self._stamp)
        return shapes.link_detail(status, material=basic, place=None)


_ANSWERS: Final[Mapping[str, Callable[[Reads, Params], Json]]] = {
    "DescribeClass": Reads.describe_class,
    "ListMedia": Reads.list_media,
    "FlattenListMedia": Reads.flatten_list_media,
    "DescribeMaterials": Reads.describe_materials,
    "DescribeProjects": Reads.describe_projects,
    "DescribeTeams": Reads.describe_teams,
    "DescribeAccounts": Reads.describe_accounts,
    "DescribeTasks": Reads.describe_tasks,
    "DescribeTaskDetail": Reads.describe_task_detail,
}


# What `Platform` offers by no public name at a cost that does not grow with the library.


def _flat(platform: Platform, asked: Owner, path: str, offset: int, limit: int) -> list[Material]:
    """One page of all media in a class and below; classes before it are passed over unread."""
    page: list[Material] = []
    for node in platform._node(asked, path).subtree():  # noqa: SLF001 - see above
        if offset >= len(node.media):
            offset -= len(node.media)
            continue
        wanted = islice(node.media.values(), offset, offset + limit - len(page))
        place = (asked, node.path)
        page += [row.view(place) for row in wanted]
        offset = 0
        if len(page) >= limit:
            break
    return page


def _file(platform: Platform, file_id: str) -> File | None:
    row = platform._files.get(file_id)  # noqa: SLF001 - see above
    return None if row is None else row.view()
