"""The client as reconciliation wants it: whoever is not there has nothing, and every other refusal is passed on."""

from collections.abc import Callable

import pytest

from mirror.core.model import MaterialId, Owner, ProjectId, TaskId
from mirror.platform.client import PlatformClient
from mirror.platform.failures import CallFailed, CallRefused
from mirror.platform.reader import PlatformReader
from mirror.platform.simulator import Platform
from mirror.platform.simulator.api import ApiServer, Fault

NOBODY = Owner("TEAM", "nobody")


@pytest.fixture
def reader(client: PlatformClient) -> PlatformReader:
    return PlatformReader(client)


def someone(platform: Platform) -> Owner:
    return Owner(*platform.owners()[0])


def test_teams_come_before_accounts(platform: Platform, reader: PlatformReader) -> None:
    found = list(reader.owners())
    assert set(found) == {Owner(*owner) for owner in platform.owners()}
    assert [owner.type for owner in found] == ["TEAM", "PERSON", "PERSON"]


def test_all_that_is_there_is_read(lively: Platform, reader: PlatformReader) -> None:
    seen: list[MaterialId] = []
    for owner in lively.owners():
        mine = Owner(*owner)
        assert set(reader.class_paths(mine)) == lively.classes(owner)
        seen += [material_id for page in reader.media_ids(mine) for material_id in page]
    assert sorted(seen) == sorted(lively.materials())
    answer = reader.materials([*seen[:19], MaterialId("gone")])
    assert [found.material_id for found in answer.found] == seen[:19]
    assert answer.missing == ("gone",)
    listing = reader.projects()
    assert listing.complete
    assert {project.project_id for project in listing.projects} == set(lively.projects())


def test_projects_and_tasks_that_are_gone_are_left_out(
    lively: Platform, reader: PlatformReader
) -> None:
    project, task = min(lively.projects()), min(lively.tasks())
    shown = reader.projects_by_id([ProjectId("gone"), ProjectId(project)])
    assert [found.project_id for found in shown] == [project]
    told = reader.tasks([TaskId("gone"), TaskId(task)])
    assert [found.task_id for found in told] == [task]


def test_an_unknown_owner_has_neither_media_nor_classes(reader: PlatformReader) -> None:
    assert list(reader.media_ids(NOBODY)) == []
    assert list(reader.class_paths(NOBODY)) in ([], ["/"])


def test_an_owner_that_is_refused_as_unknown_has_no_classes(
    api: ApiServer, reader: PlatformReader
) -> None:
    api.faults.add(Fault(action="DescribeClass", code="InvalidParameterValue.OwnerId"))
    assert list(reader.class_paths(NOBODY)) == []


@pytest.mark.parametrize("action", ["DescribeClass", "FlattenListMedia"])
def test_any_other_refusal_does_not_look_empty(
    platform: Platform, api: ApiServer, reader: PlatformReader, action: str
) -> None:
    api.faults.add(Fault(action=action, code="OperationDenied.PermissionDeny"))
    owner = someone(platform)
    read: Callable[[], object] = {
        "DescribeClass": lambda: reader.class_paths(owner),
        "FlattenListMedia": lambda: list(reader.media_ids(owner)),
    }[action]
    with pytest.raises(CallRefused):
        read()


def test_no_answer_does_not_look_empty(
    platform: Platform, api: ApiServer, reader: PlatformReader
) -> None:
    api.faults.add(Fault(calls=None, body="half"))
    with pytest.raises(CallFailed):
        list(reader.media_ids(someone(platform)))
