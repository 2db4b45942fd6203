"""The platform's rows in the shapes of the read API, field by field as the SDK's models have them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from mirror.platform.simulator.model import File, Material, Owner, Project, Task
from mirror.platform.simulator.wire import metadata_json, owner_json

Json = dict[str, Any]

_DETAILS: Final = (
    *("VideoMaterial", "AudioMaterial", "ImageMaterial", "LinkMaterial"),
    *("VideoEditTemplateMaterial", "OtherMaterial"),
)
_RESOLUTIONS: Final = ((2160, "4K"), (1440, "2K"), (1080, "FHD"), (720, "HD"), (480, "SD"))
_EXPORT: Final = "VIDEO_EDIT_PROJECT_EXPORT"


def moment(at_us: int) -> str:
    """A time as the API writes it."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def class_info(owner: Owner, path: str) -> Json:
    """`ClassInfo`."""
    return {"Owner": owner_json(owner), "ClassPath": path}


def basic_info(material: Material, tag_names: Mapping[str, str], stamp: str) -> Json:
    """`MaterialBasicInfo`. `stamp` signs the addresses; it differs from call to call."""
    tags = [{"Id": t, "Name": tag_names[t], "ParentTagId": ""} for t in material.preset_tags]
    preview = f"https://vod.example.com/preview/{material.id}.jpg?{stamp}"
    return {
        "MaterialId": material.id,
        "MaterialType": material.type,
        "Owner": owner_json(material.owner),
        "Name": material.name,
        "CreateTime": moment(material.created_at),
        "UpdateTime": moment(material.updated_at),
        "ClassPath": material.path,
        "PresetTagSet": tags,
        "TagSet": list(material.tags),
        "PreviewUrl": preview if material.file_id else "",
        "TagInfoSet": [],
    }


def material_info(basic: Json, kind: str = "", detail: Json | None = None) -> Json:
    """`MaterialInfo`: a listing gives the basic part alone, all else is null."""
    return {"BasicInfo": basic} | dict.fromkeys(_DETAILS) | ({kind: detail} if kind else {})


def file_detail(kind: str, file: File, stamp: str) -> tuple[str, Json]:
    """What `DescribeMaterials` tells about the file of a material of this type, and its field."""
    url = f"{file.url}?{stamp}"
    detail: Json = {"MaterialUrl": url, "VodFileId": file.id}
    if kind == "OTHER":
        return "OtherMaterial", detail
    detail["OriginalUrl"] = url
    metadata = file.metadata
    if kind == "IMAGE":
        sizes = {"Height": metadata.height, "Width": metadata.width, "Size": metadata.size}
        return "ImageMaterial", detail | sizes
    detail["MetaData"] = metadata_json(metadata)
    detail["MaterialStatus"] = {"EditorUsableStatus": "NORMAL"}
    if kind == "AUDIO":
        return "AudioMaterial", detail
    detail["CoverUrl"] = f"{file.cover_url}?{stamp}"
    detail["ImageSpriteInfo"] = None
    detail["Resolution"] = _resolution(metadata.height)
    return "VideoMaterial", detail


def link_detail(status: str, *, material: Json | None, place: Json | None) -> tuple[str, Json]:
    """`LinkMaterial` and its field: one of the two targets, or neither."""
    shown = None if material is None else {"BasicInfo": material} | dict.fromkeys(_DETAILS[:3])
    return "LinkMaterial", {
        "LinkType": "CLASS" if place is not None else "MATERIAL",
        "LinkStatus": status,
        "LinkMaterialInfo": shown,
        "LinkClassInfo": place,
    }


def project_info(project: Project) -> Json:
    """`ProjectInfo`. Nothing tells the status of a switcher."""
    status = "Working" if project.running else "Idle"
    created = moment(project.created_at)
    relay: Json = {
        "Status": status,
        "CurrentInputEndpoint": "Main",
        "CurrentStartTime": "",
        "CurrentStopTime": "",
        "LastStopTime": "",
        "MainInput": None,
        "BackupInput": None,
        "OutputSet": [],
    }
    cast: Json = {
        "Status": status,
        "SourceInfos": [],
        "DestinationInfos": [],
        "OutputMediaSetting": None,
        "PlaySetting": None,
        "StartTime": "",
        "StopTime": "",
        "Duration": 0,
    }
    return {
        "ProjectId": project.id,
        "Name": project.name,
        "AspectRatio": "16:9",
        "Category": project.category,
        "Owner": owner_json(project.owner),
        "CoverUrl": "",
        "StreamConnectProjectInfo": relay if project.category == "STREAM_CONNECT" else None,
        "MediaCastProjectInfo": cast if project.category == "MEDIA_CAST" else None,
        "UpdateTime": created,
        "CreateTime": created,
    }


def team_info(owner: Owner, name: str, members: int, at_us: int) -> Json:
    """`TeamInfo`."""
    times = dict.fromkeys(("CreateTime", "UpdateTime"), moment(at_us))
    return {"TeamId": owner.id, "Name": name, "MemberCount": members} | times


def account_info(owner: Owner, name: str, number: int, at_us: int) -> Json:
    """`AccountInfo`."""
    return {
        "UserId": owner.id,
        "Phone": f"1380000{number:04d}",
        "Nick": name,
        "Status": "Normal",
        "CreateTime": moment(at_us),
    }


def task_base(task: Task) -> Json:
    """`TaskBaseInfo`."""
    return {"TaskId": task.id} | _task(task)


def task_detail(task: Task, file: File | None, stamp: str) -> Json:
    """`DescribeTaskDetailResponse`. The output goes with its file."""
    output = None
    if file is not None:
        output = {
            "MaterialId": task.material_id,
            "VodFileId": task.file_id,
            "URL": f"{file.url}?{stamp}",
            "CoverURL": f"{file.cover_url}?{stamp}",
            "MetaData": metadata_json(file.metadata),
        }
    return _task(task) | {"VideoEditProjectOutput": output}


def _task(task: Task) -> Json:
    return {
        "TaskType": _EXPORT,
        "Status": task.status,
        "Progress": 100,
        "ErrCode": task.err_code,
        "ErrMsg": task.err_msg,
        "CreateTime": moment(task.created_at),
    }


def _resolution(height: int) -> str:
    return next((name for least, name in _RESOLUTIONS if height >= least), "LD")
