"""Every read call through the genuine SDK, held against the platform it reads."""

# ruff: noqa: ANN401 - the SDK is untyped

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

from mirror.platform.simulator import (
    LIFELIKE,
    PRESET_CLASSES,
    SILENT,
    Limits,
    Owner,
    Platform,
    Workload,
)
from mirror.platform.simulator.api import ApiServer

Ask = Callable[..., Any]


@pytest.fixture
def platform(platform: Platform) -> Platform:
    """Something of everything."""
    mix = LIFELIKE | SILENT | {"link_material": 60, "link_class": 60, "create_project": 60}
    work = Workload(platform, 3, mix, limits=Limits(projects=30))
    for _ in range(800):
        work.step()
    return platform


def refused(ask: Ask, action: str, **params: Any) -> str:
    with pytest.raises(TencentCloudSDKException) as caught:
        ask(action, **params)
    assert caught.value.requestId
    return str(caught.value.code)


def entity(owner: Owner) -> dict[str, str]:
    return {"Type": owner.type, "Id": owner.id}


def ids(infos: Any) -> list[str]:
    return [info.BasicInfo.MaterialId for info in infos]


def test_describe_class_lists_all_but_the_root(platform: Platform, ask: Ask) -> None:
    for owner in platform.owners():
        infos = ask("DescribeClass", Owner=entity(owner)).ClassInfoSet
        assert {info.ClassPath for info in infos} == platform.classes(owner) - {"/"}
        assert {(info.Owner.Type, info.Owner.Id) for info in infos} == {owner}


def test_describe_class_may_hide_presets(platform: Platform, api: ApiServer, ask: Ask) -> None:
    api.reads.hide_presets = True
    owner = platform.owners()[0]
    infos = ask("DescribeClass", Owner=entity(owner)).ClassInfoSet
    assert {info.ClassPath for info in infos} == platform.classes(owner) - {"/", *PRESET_CLASSES}


def test_an_unknown_owner_has_no_classes_and_cannot_be_listed(ask: Ask) -> None:
    nobody = {"Type": "PERSON", "Id": "nobody"}
    assert ask("DescribeClass", Owner=nobody).ClassInfoSet == []
    for action in ("ListMedia", "FlattenListMedia"):
        code = refused(ask, action, Owner=nobody, ClassPath="/")
        assert code == "InvalidParameterValue.OwnerId"


def test_list_media_shows_one_class_page_by_page(platform: Platform, ask: Ask) -> None:
    owner, path = max(
        ((o, p) for o in platform.owners() for p in platform.classes(o)),
        key=lambda place: len(platform.media_in(*place)),
    )
    there = platform.media_in(owner, path)
    assert len(there) > 5
    place = {"Owner": entity(owner), "ClassPath": path}
    pages = [ask("ListMedia", **place, Offset=at, Limit=3) for at in range(0, len(there) + 3, 3)]
    assert [each for page in pages for each in ids(page.MaterialInfoSet)] == [m.id for m in there]
    assert {page.MaterialTotalCount for page in pages} == {len(there)}
    below = [info.ClassPath for info in pages[0].ClassInfoSet]
    assert below == platform.subclasses(owner, path)


def test_flatten_list_media_shows_all_below(platform: Platform, ask: Ask) -> None:
    for owner in platform.owners():
        place = {"Owner": entity(owner), "ClassPath": "/"}
        first = ask("FlattenListMedia", **place, Limit=50)
        seen = ids(first.MaterialInfoSet)
        while len(seen) < first.TotalCount:
            page = ask("FlattenListMedia", **place, Offset=len(seen), Limit=7)
            seen += ids(page.MaterialInfoSet)
        assert len(set(seen)) == len(seen)
        assert set(seen) == {m.id for m in platform.materials().values() if m.owner == owner}


def test_ten_is_the_limit_unless_another_is_named(platform: Platform, ask: Ask) -> None:
    owner = platform.owners()[0]
    place = {"Owner": entity(owner), "ClassPath": ""}
    assert len(ask("FlattenListMedia", **place).MaterialInfoSet) == 10


def test_a_listing_has_basic_fields_alone(platform: Platform, ask: Ask) -> None:
    place = {"Owner": entity(platform.owners()[0]), "ClassPath": "/"}
    for info in ask("FlattenListMedia", **place, Limit=50).MaterialInfoSet:
        assert info.VideoMaterial is info.LinkMaterial is info.ImageMaterial is None
        truth = platform.material(info.BasicInfo.MaterialId)
        assert info.BasicInfo.ClassPath == truth.path
        assert info.BasicInfo.Name == truth.name
        assert info.BasicInfo.TagSet == list(truth.tags)
        assert [tag.Id for tag in info.BasicInfo.PresetTagSet] == list(truth.preset_tags)


def test_materials_are_described_in_full(platform: Platform, ask: Ask) -> None:
    kinds = set()
    everything = list(platform.materials().values())
    for at in range(0, len(everything), 20):
        batch = everything[at : at + 20]
        infos = ask("DescribeMaterials", MaterialIds=[m.id for m in batch]).MaterialInfoSet
        assert ids(infos) == [m.id for m in batch]
        for truth, info in zip(batch, infos, strict=True):
            kinds.add(truth.type)
            detail = info.VideoMaterial or info.AudioMaterial or info.ImageMaterial
            detail = detail or info.OtherMaterial
            if truth.type == "LINK":
                assert detail is None
                continue
            file = platform.files()[truth.file_id]
            assert detail.VodFileId == file.id
            assert detail.MaterialUrl.startswith(f"{file.url}?t=")
            if truth.type == "IMAGE":
                assert (detail.Size, detail.Width) == (file.metadata.size, file.metadata.width)
            elif truth.type != "OTHER":
                assert detail.MetaData.Duration == file.metadata.duration
    assert kinds == {"VIDEO", "AUDIO", "IMAGE", "OTHER", "LINK"}


def test_addresses_differ_from_call_to_call(platform: Platform, ask: Ask) -> None:
    some = next(m.id for m in platform.materials().values() if m.type == "VIDEO")
    urls = {
        ask("DescribeMaterials", MaterialIds=[some]).MaterialInfoSet[0].VideoMaterial.MaterialUrl
        for _ in range(3)
    }
    assert len(urls) == 3


def test_a_link_shows_its_target(platform: Platform, api: ApiServer, ask: Ask) -> None:
    owner = platform.owners()[0]
    clip = platform.upload(owner, "/媒资", "clip.mp4")
    shelf = platform.create_class(owner, "/shelf")
    to_clip = platform.link_material(clip.id, owner, "/")
    to_shelf = platform.link_class(owner, shelf, owner, "/")

    def links() -> list[Any]:
        asked = [to_clip.id, to_shelf.id]
        infos = ask("DescribeMaterials", MaterialIds=asked).MaterialInfoSet
        return [info.LinkMaterial for info in infos]

    material, place = links()
    assert (material.LinkType, material.LinkStatus) == ("MATERIAL", "Normal")
    assert material.LinkMaterialInfo.BasicInfo.Name == "clip.mp4"
    assert (place.LinkType, place.LinkClassInfo.ClassPath) == ("CLASS", "/shelf")
    assert place.LinkClassInfo.Owner.Id == owner.id

    api.reads.forbidden.add(clip.id)
    assert links()[0].LinkStatus == "Forbidden"
    assert links()[0].LinkMaterialInfo.BasicInfo.Name is None

    platform.delete_materials([clip.id])
    platform.delete_classes(owner, [shelf])
    material, place = links()
    assert material.LinkStatus == place.LinkStatus == "NotFound"
    assert material.LinkMaterialInfo.BasicInfo.MaterialId == clip.id
    assert place.LinkClassInfo.ClassPath == "/shelf"

    api.reads.show_lost_targets = False
    material, place = links()
    assert material.LinkMaterialInfo is place.LinkClassInfo is None


def test_a_missing_material_is_left_out_or_fails_the_call(
    platform: Platform, api: ApiServer, ask: Ask
) -> None:
    there = next(iter(platform.materials()))
    asked = [there, "gone"]
    assert ids(ask("DescribeMaterials", MaterialIds=asked).MaterialInfoSet) == [there]
    api.reads.missing = "fail"
    assert refused(ask, "DescribeMaterials", MaterialIds=asked) == "ResourceNotFound"
    assert ids(ask("DescribeMaterials", MaterialIds=[there]).MaterialInfoSet) == [there]


def test_projects_by_page_and_by_id(platform: Platform, ask: Ask) -> None:
    first = ask("DescribeProjects", Limit=20)
    rest = ask("DescribeProjects", Offset=20, Limit=20)
    infos = first.ProjectInfoSet + rest.ProjectInfoSet
    truth = platform.projects()
    assert {info.ProjectId for info in infos} == set(truth)
    assert first.TotalCount == len(truth)
    assert [info.CreateTime for info in infos] == sorted(
        (info.CreateTime for info in infos), reverse=True
    )
    for info in infos:
        told = info.StreamConnectProjectInfo or info.MediaCastProjectInfo
        project = truth[info.ProjectId]
        relays = project.category in ("STREAM_CONNECT", "MEDIA_CAST")
        assert (told is not None) == relays
        if told is not None:
            assert told.Status == ("Working" if project.running else "Idle")
    some = [info.ProjectId for info in infos][3:6]
    found = ask("DescribeProjects", ProjectIds=[*some, "gone"])
    assert {info.ProjectId for info in found.ProjectInfoSet} == set(some)


def test_projects_by_category_and_person(platform: Platform, ask: Ask) -> None:
    only = ask("DescribeProjects", CategorySet=["SWITCHER"], Sort={"Order": "Asc"}, Limit=100)
    switchers = [p.id for p in platform.projects().values() if p.category == "SWITCHER"]
    assert [info.ProjectId for info in only.ProjectInfoSet] == switchers
    person, team = platform.owners()[0], platform.owners()[-1]
    mine = ask("DescribeProjects", Owner=entity(person), Limit=100).ProjectInfoSet
    assert {info.ProjectId for info in mine} == {
        p.id for p in platform.projects().values() if p.owner == person
    }
    code = refused(ask, "DescribeProjects", Owner=entity(team))
    assert code == "InvalidParameterValue.OwnerType"


def test_teams_and_accounts_are_the_owners(platform: Platform, api: ApiServer, ask: Ask) -> None:
    hidden = platform.owners()[1]
    api.reads.unregistered.add(hidden)
    teams = ask("DescribeTeams").TeamSet
    accounts = ask("DescribeAccounts")
    owners = {("TEAM", team.TeamId) for team in teams}
    owners |= {("PERSON", account.UserId) for account in accounts.AccountInfoSet}
    assert owners == set(platform.owners()) - {hidden}
    assert accounts.TotalCount == 2
    assert teams[0].Name == "Team 1"
    assert ask("DescribeTeams", TeamIds=[teams[1].TeamId]).TeamSet[0].Name == "Team 2"
    assert refused(ask, "DescribeTeams", TeamIds=["gone"]) == "InvalidParameterValue.TeamNotExist"
    phone = accounts.AccountInfoSet[1].Phone
    assert ask("DescribeAccounts", Phone=phone).TotalCount == 1


def test_tasks_and_their_details(platform: Platform, ask: Ask) -> None:
    truth = platform.tasks()
    listed = ask("DescribeTasks", Limit=20)
    assert listed.TotalCount == len(truth)
    assert len(listed.TaskBaseInfoSet) == min(20, len(truth))
    failed = ask("DescribeTasks", StatusSet=["FAIL"], Limit=20).TaskBaseInfoSet
    assert {task.TaskId for task in failed} == {t.id for t in truth.values() if t.status == "FAIL"}
    files = platform.files()
    for task in truth.values():
        detail = ask("DescribeTaskDetail", TaskId=task.id)
        assert (detail.Status, detail.ErrCode) == (task.status, task.err_code)
        output = detail.VideoEditProjectOutput
        assert (output is not None) == (task.file_id in files)
        if output is not None:
            assert (output.MaterialId, output.VodFileId) == (task.material_id, task.file_id)
    assert refused(ask, "DescribeTaskDetail", TaskId="gone") == "ResourceNotFound"
