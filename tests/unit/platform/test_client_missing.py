"""What is missing is told apart from what failed, however the platform treats a missing id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirror.core.model import MaterialId, Owner, ProjectId
from mirror.platform.client import PlatformClient
from mirror.platform.failures import CallFailed, CallRefused
from mirror.platform.simulator import Platform
from mirror.platform.simulator.api import ApiServer, Fault

HERE = 45


@contextmanager
def served() -> Iterator[tuple[ApiServer, PlatformClient, list[MaterialId]]]:
    platform = Platform(1)
    owner = platform.owners()[0]
    ids = [MaterialId(platform.upload(owner, "/", f"{n}.mp4").id) for n in range(HERE)]
    with (
        ApiServer(platform, rate=None) as api,
        PlatformClient("studio", api.url, api.secret_id, api.secret_key, rate=1e6) as client,
    ):
        yield api, client, ids


@pytest.fixture(scope="module")
def setting() -> Iterator[tuple[ApiServer, PlatformClient, list[MaterialId]]]:
    with served() as values:
        yield values


@pytest.mark.parametrize("code", ["ResourceNotFound", "InvalidParameterValue.MaterialId"])
def test_any_subset_may_be_missing(
    setting: tuple[ApiServer, PlatformClient, list[MaterialId]], code: str
) -> None:
    api, client, ids = setting
    api.reads.missing_code = code

    @settings(max_examples=40)
    @given(
        st.lists(st.tuples(st.integers(0, HERE - 1), st.booleans()), max_size=50),
        st.sampled_from(["omit", "fail"]),
    )
    def holds(asked: list[tuple[int, bool]], missing: str) -> None:
        api.reads.missing = "omit" if missing == "omit" else "fail"
        there = {ids[n] for n, gone in asked if not gone}
        gone = {MaterialId(f"gone-{n}") for n, gone in asked if gone}
        question = [MaterialId(f"gone-{n}") if gone else ids[n] for n, gone in asked]
        answer = client.materials(question)
        assert {material.material_id for material in answer.found} == there
        assert len(answer.found) == len(there)
        assert set(answer.missing) == gone
        assert len(answer.missing) == len(gone)
        assert answer.unreadable == ()

    holds()


def test_one_missing_id_costs_few_calls(
    setting: tuple[ApiServer, PlatformClient, list[MaterialId]],
) -> None:
    api, client, ids = setting
    api.reads.missing, api.reads.missing_code = "fail", "ResourceNotFound"
    api.forget()
    answer = client.materials([*ids[:13], MaterialId("gone"), *ids[13:19]])
    assert answer.missing == ("gone",)
    assert len(answer.found) == 19
    assert api.counts["DescribeMaterials"] <= 11


def test_a_disliked_id_is_not_taken_for_missing(
    setting: tuple[ApiServer, PlatformClient, list[MaterialId]],
) -> None:
    api, client, ids = setting
    api.reads.missing, api.reads.missing_code = "fail", "InvalidParameterValue"
    answer = client.materials([*ids[:3], MaterialId("odd"), MaterialId("odder")])
    assert len(answer.found) == 3
    assert (answer.missing, answer.unreadable) == ((), ("odd", "odder"))
    assert client.materials([MaterialId("odd")]).unreadable == ("odd",)


def test_if_all_are_disliked_the_fault_is_not_theirs(
    setting: tuple[ApiServer, PlatformClient, list[MaterialId]],
) -> None:
    api, client, ids = setting
    api.faults.add(Fault(code="OperationDenied.PermissionDeny", calls=None))
    try:
        with pytest.raises(CallRefused, match="OperationDenied"):
            client.materials(ids)
    finally:
        api.faults.clear()


def test_another_refusal_is_no_answer(
    setting: tuple[ApiServer, PlatformClient, list[MaterialId]],
) -> None:
    api, client, ids = setting
    api.faults.add(Fault(code="LimitExceeded"))
    with pytest.raises(CallRefused, match="LimitExceeded") as caught:
        client.materials(ids[:5])
    assert (caught.value.action, caught.value.code) == ("DescribeMaterials", "LimitExceeded")
    assert caught.value.exit_code == 3


def test_an_answer_about_something_else_is_no_answer(
    platform: Platform,
    api: ApiServer,
    client: PlatformClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = platform.upload(platform.owners()[0], "/", "other.mp4")
    monkeypatch.setattr(api.reads, "_material", lambda _: other)
    with pytest.raises(CallFailed, match="was not asked for"):
        client.materials([MaterialId("a")])


Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def edited(api: ApiServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[Edit], None]:
    """Changes what the server answers."""
    answer = api.reads.answer

    def begin(edit: Edit) -> None:
        def changed(action: str, params: dict[str, Any], n: int) -> dict[str, Any]:
            reply = answer(action, params, n)
            edit(reply)
            return reply

        monkeypatch.setattr(api.reads, "answer", changed)

    return begin


def test_a_material_that_cannot_be_read_is_not_taken_for_missing(
    platform: Platform, client: PlatformClient, edited: Callable[[Edit], None]
) -> None:
    owner = platform.owners()[0]
    ids = [MaterialId(platform.upload(owner, "/", f"{n}.mp4").id) for n in range(3)]

    def spoil(reply: dict[str, Any]) -> None:
        infos = reply["MaterialInfoSet"]
        if len(infos) > 1:
            infos.append({"BasicInfo": infos[1]["BasicInfo"] | {"Owner": None}})

    edited(spoil)
    answer = client.materials([*ids, MaterialId("gone")])
    assert [material.material_id for material in answer.found] == [ids[0], ids[2]]
    assert (answer.missing, answer.unreadable) == (("gone",), (ids[1],))


@pytest.mark.parametrize("listed", [None, {}, [None], [{}]])
def test_nothing_is_missing_from_a_list_that_is_none(
    client: PlatformClient, edited: Callable[[Edit], None], listed: object
) -> None:
    edited(lambda reply: reply.update(MaterialInfoSet=listed))
    with pytest.raises(CallFailed, match="the answer cannot be read"):
        client.materials([MaterialId("m")])


def test_projects_that_were_cut_off_are_not_missing(
    platform: Platform, client: PlatformClient, edited: Callable[[Edit], None]
) -> None:
    owner = platform.owners()[0]
    ids = [ProjectId(platform.create_project("SWITCHER", str(n), owner).id) for n in range(3)]
    edited(lambda reply: reply["ProjectInfoSet"].pop())
    with pytest.raises(CallFailed, match="TotalCount is more than what is listed"):
        client.projects(ids)


def test_a_missing_owner_is_a_refusal_with_its_code(
    client: PlatformClient, platform: Platform
) -> None:
    with pytest.raises(CallRefused) as caught:
        client.flatten_media(Owner("PERSON", "nobody"))
    assert caught.value.code == "InvalidParameterValue.OwnerId"
    with pytest.raises(CallRefused) as caught:
        client.list_media(Owner(*platform.owners()[0]), "/nowhere")
    assert caught.value.code == "InvalidParameterValue.ClassNotExist"
