"""The API's JSON becomes observations; what cannot be kept is not known, and null is no answer."""

from __future__ import annotations

from typing import Any

import pytest

from mirror.core.decoding.fields import FieldError
from mirror.core.events import MetaData, ObservedLink, ObservedMaterial, ObservedProject
from mirror.core.model import FileId, MaterialId, Owner, Place, ProjectId, TaskId
from mirror.platform import translate
from mirror.platform.client import _page

ANN = {"Type": "PERSON", "Id": "ann"}


def info(basic: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:  # noqa: ANN401
    given = {"MaterialId": "m", "Owner": ANN, "ClassPath": "/a"}
    return {"BasicInfo": given | (basic or {})} | parts


def test_the_least_that_a_material_tells() -> None:
    seen = translate.material(info())
    assert seen == ObservedMaterial(MaterialId("m"), Place(Owner("PERSON", "ann"), "/a"))


@pytest.mark.parametrize("kind", ["PERSON", "PESRON", "PERESON", "person"])
def test_owner_types_are_spelt_in_many_ways(kind: str) -> None:
    seen = translate.material(info({"Owner": {"Type": kind, "Id": "ann"}}))
    assert seen.place.owner == Owner("PERSON", "ann")


@pytest.mark.parametrize(("path", "read"), [("", "/"), ("/", "/"), ("a/b/", "/a/b")])
def test_paths_are_normalised(path: str, read: str) -> None:
    assert translate.material(info({"ClassPath": path})).place.path == read


@pytest.mark.parametrize(
    "basic",
    [
        {"MaterialId": None},
        {"MaterialId": ""},
        {"MaterialId": "m" * 256},
        {"Owner": None},
        {"Owner": {"Type": "PERSON"}},
        {"ClassPath": None},  # in an answer of the API, null is no root
        {"ClassPath": "/a\0"},
        {"ClassPath": 7},
    ],
)
def test_a_material_that_is_nowhere_cannot_be_read(basic: dict[str, Any]) -> None:
    with pytest.raises(FieldError):
        translate.material(info(basic))


@pytest.mark.parametrize("spoilt", [{}, {"BasicInfo": None}, {"BasicInfo": []}])
def test_a_material_has_a_basic_part(spoilt: dict[str, Any]) -> None:
    with pytest.raises(FieldError, match="BasicInfo"):
        translate.material(spoilt)


@pytest.mark.parametrize(
    "basic",
    [
        dict.fromkeys(("Name", "MaterialType", "PresetTagSet", "TagSet")),
        {"Name": "a\0", "MaterialType": 7, "PresetTagSet": [{"Id": None}], "TagSet": [7]},
        {"Name": "", "MaterialType": "", "PresetTagSet": {}, "TagSet": "tag"},
    ],
)
def test_what_cannot_be_kept_is_not_known(basic: dict[str, Any]) -> None:
    seen = translate.material(info(basic))
    assert seen == translate.material(info())


def test_tags_and_preset_tags() -> None:
    tags = [{"Id": "101", "Name": "News"}, {"Id": 102}, {"Id": "101"}]
    seen = translate.material(info({"PresetTagSet": tags, "TagSet": ["b", "", "a", "b"]}))
    assert seen.preset_tags == ("101", "102")
    assert seen.tags == ("b", "a")
    none = translate.material(info({"PresetTagSet": [], "TagSet": []}))
    assert none.preset_tags == none.tags == ()


def test_a_file_is_told_by_the_part_of_its_type() -> None:
    video = {
        "VodFileId": "f",
        "MaterialUrl": "https://v.example.com/1?sign=x",
        "CoverUrl": "https://v.example.com/1.jpg",
        "MetaData": {"Size": 9, "Duration": 1.5, "Width": 4, "Height": 3, "Container": "mp4"},
    }
    seen = translate.material(info(VideoMaterial=video, AudioMaterial=None, LinkMaterial=None))
    assert seen.file_id == FileId("f")
    assert seen.metadata == MetaData(9, 1.5, 4, 3, "mp4")
    assert (seen.url, seen.cover_url) == (
        "https://v.example.com/1?sign=x",
        "https://v.example.com/1.jpg",
    )
    image = {
        "Size": 9,
        "Width": 4,
        "Height": 3,
        "MaterialUrl": "",
        "OriginalUrl": "https://v.example.com/2",
    }
    seen = translate.material(info(ImageMaterial=image))
    assert (seen.metadata, seen.url, seen.file_id) == (
        MetaData(9, None, 4, 3),
        "https://v.example.com/2",
        None,
    )


def test_one_wrong_fact_of_a_file_leaves_the_others_of_the_material() -> None:
    seen = translate.material(info(VideoMaterial={"VodFileId": "f", "MetaData": {"Size": "big"}}))
    assert (seen.file_id, seen.metadata) == (FileId("f"), MetaData())


LINKS = [
    (
        {
            "LinkType": "MATERIAL",
            "LinkStatus": "Normal",
            "LinkMaterialInfo": {"BasicInfo": {"MaterialId": "t"}},
        },
        ObservedLink("material", MaterialId("t"), None, "Normal"),
    ),
    (
        {"LinkType": "MATERIAL", "LinkStatus": "Forbidden", "LinkMaterialInfo": None},
        ObservedLink("material", None, None, "Forbidden"),
    ),
    (
        {"LinkType": "CLASS", "LinkClassInfo": {"Owner": ANN, "ClassPath": "/t"}},
        ObservedLink("class", None, Place(Owner("PERSON", "ann"), "/t")),
    ),
    (
        {"LinkType": "class", "LinkStatus": "NotFound", "LinkClassInfo": None},
        ObservedLink("class", None, None, "NotFound"),
    ),
    ({"LinkType": "STAR"}, None),
    ({}, None),
    (None, None),
]


@pytest.mark.parametrize(("link", "read"), LINKS)
def test_links(link: dict[str, Any] | None, read: ObservedLink | None) -> None:
    assert translate.material(info(LinkMaterial=link)).link == read


def test_a_page_keeps_what_it_can_read() -> None:
    listed = [info(), info({"MaterialId": "n", "Owner": None}), info({"MaterialId": None})]
    page = _page({"MaterialInfoSet": listed, "TotalCount": 3}, "TotalCount")
    assert [material.material_id for material in page.materials] == ["m"]
    assert (page.unreadable, page.rows, page.total) == (("n",), 3, 3)


@pytest.mark.parametrize(
    "reply",
    [
        {"TotalCount": 1},
        {"MaterialInfoSet": None, "TotalCount": 0},
        {"MaterialInfoSet": {}, "TotalCount": 0},
        {"MaterialInfoSet": [None], "TotalCount": 1},
        {"MaterialInfoSet": [], "TotalCount": None},
        {"MaterialInfoSet": [], "TotalCount": "0"},
        {"MaterialInfoSet": [], "TotalCount": -1},
    ],
)
def test_a_null_list_or_count_is_no_empty_page(reply: dict[str, Any]) -> None:
    with pytest.raises(FieldError):
        _page(reply, "TotalCount")


def test_a_class_is_its_owners() -> None:
    ann = Owner("PERSON", "ann")
    assert translate.class_path({"Owner": ANN, "ClassPath": "/a/"}, ann) == "/a"
    assert translate.class_path({"Owner": None, "ClassPath": ""}, ann) == "/"
    with pytest.raises(FieldError, match="another one"):
        translate.class_path({"Owner": {"Type": "TEAM", "Id": "crew"}, "ClassPath": "/a"}, ann)
    with pytest.raises(FieldError, match="ClassPath is null"):
        translate.class_path({"Owner": ANN, "ClassPath": None}, ann)


def test_a_project_tells_its_status_where_it_has_one() -> None:
    row = {"ProjectId": "p", "Category": "MEDIA_CAST", "Name": "x"}
    seen = translate.project(row | {"MediaCastProjectInfo": {"Status": "Idle"}})
    assert seen == ObservedProject(ProjectId("p"), "MEDIA_CAST", "x", "Idle")
    assert translate.project(row | {"MediaCastProjectInfo": None}).status is None


def test_a_task_has_a_status() -> None:
    seen = translate.task({"Status": "SUCCESS", "ErrCode": 0, "ErrMsg": ""}, TaskId("t"))
    assert (seen.err_code, seen.err_msg, seen.material_id) == (0, None, None)
    with pytest.raises(FieldError, match="Status"):
        translate.task({"Status": None}, TaskId("t"))
