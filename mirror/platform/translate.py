"""The API's own JSON goes in, observations come out; a value that cannot be kept is not known.

`FieldError` says that the thing itself cannot be told: its id, its owner or its path. What the API
leaves out or gives as null stays None: nothing is concluded from silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from mirror.core.decoding import fields
from mirror.core.decoding.fields import FieldError, Record
from mirror.core.decoding.tasks import metadata
from mirror.core.events import (
    MetaData,
    ObservedLink,
    ObservedMaterial,
    ObservedProject,
    ObservedTask,
)
from mirror.core.model import FileId, MaterialId, Owner, Place, ProjectId, TaskId
from mirror.platform.answers import KnownOwner

_T = TypeVar("_T")

_FILES = ("VideoMaterial", "AudioMaterial", "ImageMaterial", "OtherMaterial")


def rows(reply: Record, field: str) -> list[Record]:
    """The objects listed in `field`. A null list is an error in disguise, never an empty one."""
    listed = fields.items(reply, field, empty=True)
    for index, row in enumerate(listed):
        if type(row) is not dict:
            raise fields.wrong_kind(f"{field}[{index}]", "an object", row)
    return cast("list[Record]", listed)


def total(reply: Record, field: str) -> int:
    """A count that must be there."""
    count = fields.whole_or_none(reply, field)
    if count is None:
        raise fields.missing(reply, field)
    if count < 0:
        raise FieldError(field, "is negative")
    return count


def class_path(info: Record, owner: Owner) -> str:
    """The path of a `ClassInfo`, which must be this owner's."""
    if info.get("Owner") is not None and fields.need_owner(info, "Owner") != owner:
        raise FieldError("Owner", "is another one than was asked for")
    if info.get("ClassPath") is None:
        raise fields.missing(info, "ClassPath")
    return fields.class_path(info, "ClassPath")


def material_id(info: Record) -> MaterialId:
    """The id of a `MaterialInfo`."""
    return MaterialId(fields.need_id(_part(info, "BasicInfo"), "MaterialId"))


def id_if_any(info: Record) -> list[MaterialId]:
    """The id of a `MaterialInfo` that cannot be read otherwise, if it has one."""
    try:
        return [material_id(info)]
    except FieldError:
        return []


def material(info: Record) -> ObservedMaterial:
    """A `MaterialInfo`: of a listing, or with its details."""
    basic = _part(info, "BasicInfo")
    if basic.get("ClassPath") is None:
        raise fields.missing(basic, "ClassPath")
    file = next((part for name in _FILES if (part := _record(info, name))), {})
    file_id = _known(fields.id_or_none, file, "VodFileId")
    return ObservedMaterial(
        material_id(info),
        fields.place(basic),
        name=_known(fields.text_or_none, basic, "Name"),
        material_type=_known(fields.text_or_none, basic, "MaterialType"),
        preset_tags=_known(_preset_tags, basic, "PresetTagSet"),
        tags=_known(_tags, basic, "TagSet"),
        file_id=None if file_id is None else FileId(file_id),
        metadata=_metadata(file),
        url=_known(fields.text_or_none, file, "MaterialUrl")
        or _known(fields.text_or_none, file, "OriginalUrl"),
        cover_url=_known(fields.text_or_none, file, "CoverUrl"),
        link=_link(_record(info, "LinkMaterial")),
    )


def project_id(info: Record) -> ProjectId:
    """The id of a `ProjectInfo`."""
    return ProjectId(fields.need_id(info, "ProjectId"))


def project(info: Record) -> ObservedProject:
    """A `ProjectInfo`; nothing tells the status of a switcher."""
    running = _record(info, "StreamConnectProjectInfo") or _record(info, "MediaCastProjectInfo")
    return ObservedProject(
        project_id(info),
        category=_known(fields.text_or_none, info, "Category"),
        name=_known(fields.text_or_none, info, "Name"),
        status=_known(fields.text_or_none, running, "Status"),
    )


def team(info: Record) -> KnownOwner:
    """A `TeamInfo`."""
    owner = Owner("TEAM", fields.need_id(info, "TeamId"))
    return KnownOwner(owner, _known(fields.text_or_none, info, "Name"))


def account(info: Record) -> KnownOwner:
    """An `AccountInfo`, without the phone number."""
    owner = Owner("PERSON", fields.need_id(info, "UserId"))
    return KnownOwner(owner, _known(fields.text_or_none, info, "Nick"))


def task(reply: Record, task_id: TaskId) -> ObservedTask:
    """A `DescribeTaskDetailResponse`, which does not repeat the id."""
    output = _record(reply, "VideoEditProjectOutput")
    return ObservedTask(
        task_id,
        status=fields.need_text(reply, "Status"),
        err_code=_known(fields.whole_or_none, reply, "ErrCode"),
        err_msg=_known(fields.text_or_none, reply, "ErrMsg"),
        material_id=cast("MaterialId | None", _known(fields.id_or_none, output, "MaterialId")),
        file_id=cast("FileId | None", _known(fields.id_or_none, output, "VodFileId")),
    )


def _known(read: Callable[[Record, str], _T | None], record: Record, field: str) -> _T | None:
    try:
        return read(record, field)
    except FieldError:
        return None


def _part(record: Record, field: str) -> Record:
    value = record.get(field)
    if value is None:
        raise fields.missing(record, field)
    if type(value) is not dict:
        raise fields.wrong_kind(field, "an object", value)
    return value


def _record(record: Record, field: str) -> Record:
    value = record.get(field)
    return value if type(value) is dict else {}


def _preset_tags(basic: Record, field: str) -> tuple[str, ...] | None:
    if basic.get(field) is None:
        return None
    return tuple(dict.fromkeys(fields.need_id(tag, "Id") for tag in rows(basic, field)))


def _tags(basic: Record, field: str) -> tuple[str, ...] | None:
    if basic.get(field) is None:
        return None
    given = [tag for tag in fields.items(basic, field, empty=True) if tag != ""]
    return fields.tags({field: given}, field)


def _metadata(file: Record) -> MetaData:
    # Of an image, the facts stand beside its address.
    part = _record(file, "MetaData") or file
    try:
        return metadata(part)
    except FieldError:
        return MetaData()


def _link(link: Record) -> ObservedLink | None:
    status = _known(fields.text_or_none, link, "LinkStatus")
    match str(link.get("LinkType", "")).upper():
        case "MATERIAL":
            basic = _record(_record(link, "LinkMaterialInfo"), "BasicInfo")
            target = _known(fields.id_or_none, basic, "MaterialId")
            return ObservedLink("material", cast("MaterialId | None", target), status=status)
        case "CLASS":
            return ObservedLink("class", target_place=_target(link), status=status)
        case _:
            return None


def _target(link: Record) -> Place | None:
    try:
        return fields.place(_record(link, "LinkClassInfo"))
    except FieldError:
        return None  # of a target that is gone, nothing need be told
