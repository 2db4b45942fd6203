"""What the platform is, read over loopback through the genuine SDK, comes out as observations."""

from __future__ import annotations

from threading import Thread

from mirror.core.decode import decode
from mirror.core.encode import encode
from mirror.core.events import Decoded, MaterialsObserved, ObservedMaterial
from mirror.core.model import MaterialId, Owner, Place, ProjectId, Seq, TaskId
from mirror.platform.client import PlatformClient
from mirror.platform.simulator import PRESET_CLASSES, Material, Platform
from mirror.platform.simulator.api import ApiServer, Call

TEAM = 2


def ids_of(platform: Platform) -> list[MaterialId]:
    return [MaterialId(each) for each in platform.materials()]


def test_classes_are_all_with_the_root(lively: Platform, client: PlatformClient) -> None:
    for owner in lively.owners():
        assert client.classes(Owner(*owner)) == sorted(lively.classes(owner))


def test_presets_may_be_hidden(platform: Platform, api: ApiServer, client: PlatformClient) -> None:
    api.reads.hide_presets = True
    owner = platform.owners()[0]
    platform.create_class(owner, "/素材/视频/体育")
    assert client.classes(Owner(*owner)) == ["/", "/素材/视频/体育"]
    assert set(PRESET_CLASSES) < platform.classes(owner)


def test_an_unknown_owner_has_the_root_alone(client: PlatformClient) -> None:
    assert client.classes(Owner("TEAM", "nobody")) == ["/"]


def test_a_class_is_listed_page_by_page(platform: Platform, client: PlatformClient) -> None:
    owner = platform.owners()[TEAM]
    path = platform.create_class(owner, "/day 1")
    platform.create_class(owner, "/day 1/rushes")
    made = [platform.upload(owner, path, f"{n}.mp4").id for n in range(5)]
    pages = [client.list_media(Owner(*owner), path, offset, 2) for offset in (0, 2, 4, 6)]
    assert [[m.material_id for m in page.materials] for page in pages] == [
        made[:2],
        made[2:4],
        made[4:],
        [],
    ]
    assert [page.rows for page in pages] == [2, 2, 1, 0]
    assert {page.total for page in pages} == {5}
    assert pages[0].classes == ("/day 1/rushes",)


def test_all_media_of_an_owner_are_found(lively: Platform, client: PlatformClient) -> None:
    for owner in lively.owners():
        pages = list(client.all_media(Owner(*owner)))
        seen = [material.material_id for page in pages for material in page.materials]
        mine = {m.id for m in lively.materials().values() if m.owner == owner}
        assert len(seen) == len(mine)
        assert set(seen) == mine
        assert len(pages) == -(-len(mine) // 50)


def test_a_listing_knows_no_files(lively: Platform, client: PlatformClient) -> None:
    owner = Owner(*lively.owners()[0])
    for material in client.flatten_media(owner).materials:
        truth = lively.material(material.material_id)
        assert (*material.place.owner, material.place.path) == (*truth.owner, truth.path)
        assert material.name == truth.name
        assert material.material_type == truth.type
        assert set(material.tags or ()) == set(truth.tags)
        assert set(material.preset_tags or ()) == set(truth.preset_tags)
        assert (material.file_id, material.url, material.link) == (None, None, None)


def test_a_listing_goes_on_while_it_shrinks(
    platform: Platform, api: ApiServer, client: PlatformClient
) -> None:
    owner = platform.owners()[0]
    made = [platform.upload(owner, "/媒资", f"{n}.mp4").id for n in range(120)]

    def delete_some(call: Call) -> None:
        if call.params["Offset"] == 50:
            platform.delete_materials(made[:30])

    api.before = delete_some
    pages = list(client.all_media(Owner(*owner), "/媒资"))
    assert [page.rows for page in pages] == [50, 40]
    assert [page.total for page in pages] == [120, 90]


def test_materials_are_told_in_full(lively: Platform, client: PlatformClient) -> None:
    answer = client.materials(ids_of(lively))
    assert answer.missing == answer.unreadable == ()
    assert [m.material_id for m in answer.found] == list(lively.materials())
    for seen in answer.found:
        check(seen, lively.material(seen.material_id), lively)
    assert {m.material_type for m in answer.found} == {"VIDEO", "AUDIO", "IMAGE", "OTHER", "LINK"}
    assert client.calls == {"DescribeMaterials": -(-len(answer.found) // 20)}


def check(seen: ObservedMaterial, truth: Material, platform: Platform) -> None:
    assert (*seen.place.owner, seen.place.path) == (*truth.owner, truth.path)
    assert (seen.name, seen.material_type) == (truth.name, truth.type)
    assert (seen.tags, seen.preset_tags) == (truth.tags, truth.preset_tags)
    assert seen.file_id == (truth.file_id or None)
    assert seen.operation_type is None  # nothing tells it
    if truth.link is not None:
        assert seen.link is not None
        assert (seen.link.kind, seen.link.status) == (truth.link.kind, truth.link.status)
        assert seen.link.target_material_id == (truth.link.material_id or None)
        if truth.link.owner is not None:
            target = Place(Owner(*truth.link.owner), truth.link.path)
            assert seen.link.target_place == target
        return
    assert seen.link is None
    file = platform.files()[truth.file_id]
    assert str(seen.url).partition("?")[0] == file.url
    if truth.type != "OTHER":
        assert seen.metadata.size_bytes == file.metadata.size
        assert seen.metadata.width == file.metadata.width
    if truth.type == "VIDEO":
        assert str(seen.cover_url).partition("?")[0] == file.cover_url
        assert seen.metadata.duration_seconds == file.metadata.duration
        assert seen.metadata.container == file.metadata.container
        assert seen.metadata.bitrate == file.metadata.bitrate


def test_a_link_to_what_is_gone_says_so(
    platform: Platform, api: ApiServer, client: PlatformClient
) -> None:
    owner = platform.owners()[0]
    clip = platform.upload(owner, "/", "clip.mp4").id
    shelf = platform.create_class(owner, "/shelf")
    links = [
        MaterialId(platform.link_material(clip, owner, "/").id),
        MaterialId(platform.link_class(owner, shelf, owner, "/").id),
    ]
    api.reads.forbidden.add(clip)
    assert [m.link.status for m in client.materials(links).found if m.link] == [
        "Forbidden",
        "Normal",
    ]
    platform.delete_materials([clip])
    platform.delete_classes(owner, [shelf])
    api.reads.show_lost_targets = False
    material, place = [m.link for m in client.materials(links).found]
    assert material is not None
    assert (material.kind, material.status) == ("material", "NotFound")
    assert place is not None
    assert (place.kind, place.status) == ("class", "NotFound")
    assert material.target_material_id is None
    assert place.target_place is None


def test_whatever_is_found_can_be_journaled(lively: Platform, client: PlatformClient) -> None:
    observed = MaterialsObserved(Seq(1), client.materials(ids_of(lively)).found)
    assert decode(encode(observed), "reconcile") == Decoded("Mirror.Materials.Observed", observed)


def test_projects_by_id(lively: Platform, client: PlatformClient) -> None:
    truth = lively.projects()
    asked = [ProjectId(each) for each in truth]
    answer = client.projects([*asked, ProjectId("gone"), *asked])
    assert answer.missing == ("gone",)
    assert {project.project_id for project in answer.found} == set(truth)
    for seen in answer.found:
        project = truth[seen.project_id]
        assert (seen.category, seen.name) == (project.category, project.name)
        steady = project.category not in ("STREAM_CONNECT", "MEDIA_CAST")
        assert seen.status == (None if steady else "Working" if project.running else "Idle")


def test_all_projects(lively: Platform, client: PlatformClient) -> None:
    listing = client.all_projects()
    assert listing.complete
    assert {project.project_id for project in listing.projects} == set(lively.projects())
    assert client.calls["DescribeProjects"] == 2


def test_there_may_be_no_project(client: PlatformClient) -> None:
    listing = client.all_projects()
    assert listing.complete
    assert listing.projects == ()


def test_a_listing_that_shifts_is_not_complete(
    lively: Platform, api: ApiServer, client: PlatformClient
) -> None:
    def create_one(call: Call) -> None:
        if call.params["Offset"] == 20:
            lively.create_project("SWITCHER", "late", lively.owners()[0])

    api.before = create_one
    assert not client.all_projects().complete
    api.before = None
    assert client.all_projects().complete


def test_owners_are_teams_and_registered_persons(
    platform: Platform, api: ApiServer, client: PlatformClient
) -> None:
    for n in range(65):
        platform.add_owner("TEAM", f"组 {n}")
        platform.add_owner("PERSON", f"人 {n}")
    hidden = platform.owners()[0]
    api.reads.unregistered.add(hidden)
    known = {tuple(each.owner): each.name for each in [*client.teams(), *client.accounts()]}
    names = {tuple(owner): platform.owner_name(owner) for owner in platform.owners()}
    del names[tuple(hidden)]
    assert known == names
    assert client.calls == {"DescribeTeams": 3, "DescribeAccounts": 4}


def test_tasks_with_their_outputs(lively: Platform, client: PlatformClient) -> None:
    truth, files = lively.tasks(), lively.files()
    answer = client.tasks([*map(TaskId, truth), TaskId("gone")])
    assert answer.missing == ("gone",)
    assert {task.status for task in answer.found} == {"SUCCESS", "FAIL"}
    for seen in answer.found:
        task = truth[seen.task_id]
        assert (seen.status, seen.err_code) == (task.status, task.err_code)
        assert seen.err_msg == (task.err_msg or None)
        if task.file_id in files:
            assert (seen.material_id, seen.file_id) == (task.material_id, task.file_id)


def test_threads_share_a_client(lively: Platform, client: PlatformClient) -> None:
    found: list[tuple[ObservedMaterial, ...]] = []
    ids = ids_of(lively)[:40]
    threads = [Thread(target=lambda: found.append(client.materials(ids).found)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[m.material_id for m in each] for each in found] == [ids] * 4
    assert client.calls == {"DescribeMaterials": 8}


def test_a_closed_client_opens_anew(client: PlatformClient) -> None:
    assert len(client.teams()) == 1
    client.close()
    client.close()
    assert len(client.teams()) == 1
