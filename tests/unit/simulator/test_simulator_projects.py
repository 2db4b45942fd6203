"""Projects run, falter and stop; exports finish or fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mirror.platform.simulator import Owner, Platform, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    Said = Callable[[], list[tuple[str, Any]]]


def statuses(said: Said) -> list[str]:
    return [payload["Status"] for _, payload in said()]


def test_a_stream_connect_works_falters_and_stops(
    platform: Platform, team: Owner, said: Said
) -> None:
    relay = platform.create_project("STREAM_CONNECT", "relay", team).id
    assert said() == []
    platform.start(relay)
    platform.interrupt(relay, "input", 2)
    platform.interrupt(relay, "output")
    between = platform.project(relay)
    assert between.running
    assert between.interrupted_inputs == {"Backup"}
    assert between.interrupted_outputs == {"out-1"}
    platform.stop(relay)
    key = "Project.StreamConnect.StatusChanged"
    output = {"Id": "out-1", "Name": "输出 out-1", "Url": "rtmp://push.example.com/live/out-1"}
    assert said() == [
        (key, {"ProjectId": relay, "Status": "Working"}),
        (
            key,
            {
                "ProjectId": relay,
                "Status": "InputInterrupted",
                "InputInterruptInfo": {"EndPoint": "Backup"},
            },
        ),
        (
            key,
            {"ProjectId": relay, "Status": "OutputInterrupted", "OutputInterruptInfo": output},
        ),
        (key, {"ProjectId": relay, "Status": "Stopped"}),
    ]
    after = platform.project(relay)
    assert (after.running, after.status) == (False, "Stopped")
    assert after.interrupted_inputs == set()


def test_a_media_cast_tells_its_own_statuses(platform: Platform, team: Owner, said: Said) -> None:
    cast = platform.create_project("MEDIA_CAST", "cast", team).id
    platform.start(cast)
    platform.interrupt(cast, "input")
    platform.interrupt(cast, "output")
    said_of_sides = [list(payload)[2:] for _, payload in said()]
    assert said_of_sides == [[], ["SourceInterruptInfo"], ["DestinationInterruptInfo"]]
    platform.recover(cast)
    assert platform.project(cast).interrupted_outputs == set()
    assert said() == []
    platform.stop(cast)
    platform.start(cast)
    assert statuses(said) == ["Stopped", "Started"]


def test_a_switchers_parts_are_independent_and_stop_with_it(
    platform: Platform, team: Owner, said: Said
) -> None:
    switcher = platform.create_project("SWITCHER", "switcher", team).id
    with pytest.raises(Refused):
        platform.set_part(switcher, "Pvw", on=True)
    platform.start(switcher)
    platform.set_part(switcher, "Pvw", on=True)
    platform.set_part(switcher, "Pgm", on=True)
    after = platform.set_part(switcher, "Pvw", on=False)
    assert (after.running, after.pvw_on, after.pgm_on) == (True, False, True)
    assert not platform.stop(switcher).pgm_on
    platform.recycle(switcher)
    assert statuses(said) == [
        *("Started", "PvwStarted", "PgmStarted", "PvwStopped", "Stopped", "Recycled")
    ]


def test_what_a_project_cannot_do_is_refused(platform: Platform, team: Owner, said: Said) -> None:
    edit = platform.create_project("VIDEO_EDIT", "edit", team).id
    relay = platform.create_project("STREAM_CONNECT", "relay", team).id
    while_idle: list[Callable[[], object]] = [
        lambda: platform.start(edit),
        lambda: platform.stop(relay),
        lambda: platform.interrupt(relay, "input"),
        lambda: platform.set_part(relay, "Pvw", on=True),
        lambda: platform.recycle(relay),
        lambda: platform.export(relay, team, "/成片", "a.mp4"),
        lambda: platform.start("cmepid_absent"),
    ]
    for refused in while_idle:
        with pytest.raises(Refused):
            refused()
    platform.start(relay)
    while_working: list[Callable[[], object]] = [
        lambda: platform.start(relay),
        lambda: platform.interrupt(relay, "input", 3),
        lambda: platform.delete_project(relay),
    ]
    for refused in while_working:
        with pytest.raises(Refused):
            refused()
    platform.interrupt(relay, "input")
    with pytest.raises(Refused):
        platform.interrupt(relay, "input")
    assert statuses(said) == ["Working", "InputInterrupted"]


def test_projects_come_change_and_go_silently(platform: Platform, team: Owner, said: Said) -> None:
    edit = platform.create_project("VIDEO_EDIT", "edit", team).id
    platform.rename_project(edit, "edited")
    copy = platform.copy_project(edit, "copy")
    assert {project.name for project in platform.projects().values()} == {"edited", "copy"}
    assert platform.delete_project(edit) == []
    assert said() == []
    assert set(platform.projects()) == {copy.id}


def test_a_deleted_project_takes_its_own_media_and_says_so(
    platform: Platform, team: Owner, said: Said
) -> None:
    edit = platform.create_project("VIDEO_EDIT", "edit", team).id
    media = platform.add_project_media(edit, ["a.mp4", "b.mp4"]).material_ids
    assert platform.materials() == {}
    assert said() == []
    platform.delete_project(edit)
    assert said() == [("Material.Deleted", {"MaterialIdSet": list(media)})]


def test_a_vod_file_takes_a_projects_medium_along(platform: Platform, team: Owner) -> None:
    edit = platform.create_project("VIDEO_EDIT", "edit", team).id
    project = platform.add_project_media(edit, ["a.mp4", "b.mp4"])
    assert platform.delete_vod_file(project.file_ids[0]) == [project.material_ids[0]]
    assert platform.project(edit).material_ids == project.material_ids[1:]


def test_an_export_tells_the_file_first_and_then_the_task(
    platform: Platform, team: Owner, said: Said
) -> None:
    edit = platform.create_project("VIDEO_EDIT", "edit", team).id
    task = platform.export(edit, team, "/成片", "cut.mp4")
    callbacks = platform.outbox
    assert [callback.n for callback in callbacks] == [2, 2]
    (first, created), (second, completed) = said()
    assert (first, second) == ("Storage.NewFileCreated", "Task.VideoExportCompleted")
    assert created["SourceContext"] == edit
    assert created["TaskId"] == completed["TaskId"] == task.id
    assert completed["Output"]["MaterialId"] == created["MaterialId"] == task.material_id
    assert completed["Output"]["VodFileId"] == created["FileId"] == task.file_id
    metadata = platform.material(task.material_id).metadata
    assert metadata is not None
    assert completed["Output"]["MetaData"]["Size"] == metadata.size
    assert platform.tasks() == {task.id: task}


def test_a_failing_export_makes_no_file(platform: Platform, team: Owner, said: Said) -> None:
    edit = platform.create_project("VIDEO_EDIT", "edit", team).id
    task = platform.export(edit, team, "/成片", "cut.mp4", succeeds=False)
    assert said() == [
        (
            "Task.VideoExportCompleted",
            {
                "TaskId": task.id,
                "Status": "FAIL",
                "ErrCode": 70000,
                "ErrMsg": "internal error",
                "Output": None,
            },
        )
    ]
    assert platform.files() == {}
