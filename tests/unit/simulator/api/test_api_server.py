"""Signatures, pace, faults and the hook between pages, as the genuine SDK meets them."""

# ruff: noqa: ANN401 - the SDK is untyped

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection
from threading import Thread
from typing import Any

import pytest
from tencentcloud.cme.v20191029 import models
from tencentcloud.common.exception import TencentCloudSDKException

from mirror.platform.simulator import Platform
from mirror.platform.simulator.api import ApiServer, Call, Fault, Faults
from mirror.platform.simulator.api.errors import ApiError
from mirror.platform.simulator.api.pace import Pace
from mirror.platform.simulator.api.params import _ACTIONS, read_params

Ask = Callable[..., Any]
Sdk = Callable[..., Any]
TEAMS = {"Platform": "studio"}


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(TencentCloudSDKException) as caught:
        act()
    return str(caught.value.code)


def test_signatures_are_checked(api: ApiServer, sdk: Sdk) -> None:
    good, stranger, forger = sdk(api), sdk(api, "AKID-other"), sdk(api, "", "another-key")

    def teams(client: Any) -> Any:
        return client.call_json("DescribeTeams", TEAMS)

    assert teams(good)["Response"]["TotalCount"] == 2
    assert code_of(lambda: teams(stranger)) == "AuthFailure.SecretIdNotFound"
    assert code_of(lambda: teams(forger)) == "AuthFailure.SignatureFailure"
    for ahead in (-400, 400):
        api.clock_ahead_s = ahead
        assert code_of(lambda: teams(good)) == "AuthFailure.SignatureExpire"
    api.clock_ahead_s = 200
    assert teams(good)["Response"]["TotalCount"] == 2
    codes = [call.code.removeprefix("AuthFailure.") for call in api.calls]
    assert codes == ["", "SecretIdNotFound", "SignatureFailure", *["SignatureExpire"] * 2, ""]


def test_a_signature_covers_scope_headers_and_body(
    api: ApiServer, sdk: Sdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sdk(api)
    send = client.request.conn.request

    def changed(change: Callable[[dict[str, str]], object], more: str = "") -> str:
        def request(method: str, url: str, body: str, headers: dict[str, str]) -> Any:
            change(headers)
            return send(method, url, body + more, headers)

        monkeypatch.setattr(client.request.conn, "request", request)
        return code_of(lambda: client.call_json("DescribeTeams", TEAMS))

    def edit(name: str, old: str, new: str) -> Callable[[dict[str, str]], object]:
        return lambda headers: headers.update({name: headers[name].replace(old, new)})

    wrong = "AuthFailure.SignatureFailure"
    assert changed(dict, more=" ") == wrong
    assert changed(edit("Authorization", "/cme/", "/vod/")) == wrong
    assert changed(edit("Authorization", "=content-type;host", "=host")) == wrong
    assert changed(edit("Authorization", "TC3-HMAC", "TC2-HMAC")).endswith("InvalidAuthorization")
    assert changed(lambda headers: headers.pop("Authorization")).endswith("InvalidAuthorization")
    assert changed(edit("X-TC-Timestamp", "1", "x")).endswith("InvalidAuthorization")
    assert changed(edit("X-TC-Version", "2019", "2018")) == "NoSuchVersion"
    assert changed(edit("Content-Type", "json", "xml")) == "UnsupportedProtocol"


def test_unknown_actions_and_parameters_are_refused(api: ApiServer, sdk: Sdk) -> None:
    client = sdk(api)
    assert code_of(lambda: client.call_json("DeleteMaterial", TEAMS)) == "InvalidAction"
    unknown = TEAMS | {"TeamName": "a"}
    assert code_of(lambda: client.call_json("DescribeTeams", unknown)) == "UnknownParameter"
    assert code_of(lambda: client.call_json("DescribeTeams", {})) == "MissingParameter"
    assert code_of(lambda: client.call_json("DescribeTeams", [])) == "InvalidParameter"
    with pytest.raises(ApiError, match="InvalidParameter"):
        read_params("DescribeTeams", b"{", "studio")


@pytest.mark.parametrize("action", _ACTIONS)
def test_an_action_takes_what_the_sdk_can_send(action: str) -> None:
    fields = {name[1:] for name in vars(getattr(models, f"{action}Request")())}
    taken = _ACTIONS[action]
    assert {"Platform", *taken.needed, *taken.also} == fields


def test_each_action_has_its_own_pace() -> None:
    now = [100.0]
    pace = Pace(2, lambda: now[0])
    for action in ("a", "a", "b"):
        pace.admit(action)
    with pytest.raises(ApiError, match="RequestLimitExceeded"):
        pace.admit("a")
    now[0] += 0.9
    pace.admit("b")
    with pytest.raises(ApiError, match="RequestLimitExceeded"):
        pace.admit("b")
    now[0] += 0.1
    pace.admit("a")
    pace.admit("b")
    with pytest.raises(ApiError, match="RequestLimitExceeded"):
        pace.admit("b")


def test_the_pace_is_twenty_a_second(platform: Platform, sdk: Sdk) -> None:
    with ApiServer(platform) as api:
        client = sdk(api)
        for _ in range(20):
            client.call_json("DescribeTeams", TEAMS)
        code = code_of(lambda: [client.call_json("DescribeTeams", TEAMS) for _ in range(200)])
        assert code == "RequestLimitExceeded"
        assert client.call_json("DescribeAccounts", TEAMS)["Response"]["TotalCount"] == 3
        assert api.counts["DescribeTeams"] > 20


def test_faults_strike_the_calls_they_are_planned_for(api: ApiServer, ask: Ask) -> None:
    api.faults.add(Fault(code="InternalError", calls=2, action="DescribeTeams"))
    assert ask("DescribeAccounts").TotalCount == 3
    assert code_of(lambda: ask("DescribeTeams")) == "InternalError"
    assert code_of(lambda: ask("DescribeTeams")) == "InternalError"
    assert ask("DescribeTeams").TotalCount == 2
    api.faults.add(Fault(code="InternalError", calls=None))
    assert {code_of(lambda: ask("DescribeTeams")) for _ in range(5)} == {"InternalError"}
    api.faults.clear()
    assert ask("DescribeTeams").TotalCount == 2


def test_chance_is_repeatable() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault(code="InternalError", calls=None, share=0.3))
        return [bool(faults.take("DescribeTeams").code) for _ in range(200)]

    assert struck(1) == struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


def test_a_wrong_content_type_hides_an_error_from_the_sdk(api: ApiServer, ask: Ask) -> None:
    api.faults.add(Fault(code="InternalError", content_type="application/json; charset=utf-8"))
    reply = ask("DescribeTeams")
    assert reply.TeamSet is reply.TotalCount is None


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(body="half"), "JSONDecodeError"),
        (Fault(body="cut"), "ChunkedEncodingError"),
        (Fault(hang_up=True), "ClientNetworkError"),
        (Fault(status=502), "ServerNetworkError"),
    ],
)
def test_a_reply_may_arrive_spoilt(api: ApiServer, ask: Ask, fault: Fault, code: str) -> None:
    api.faults.add(fault)
    assert code_of(lambda: ask("DescribeTeams")) == code
    assert ask("DescribeTeams").TotalCount == 2


def test_a_slow_reply_comes_late(api: ApiServer, ask: Ask) -> None:
    ask("DescribeTeams")
    api.faults.add(Fault(wait_s=0.3))
    began = time.monotonic()
    assert ask("DescribeTeams").TotalCount == 2
    assert time.monotonic() - began >= 0.3


def test_the_server_goes_down_and_comes_back_in_the_same_place(api: ApiServer, ask: Ask) -> None:
    ask("DescribeTeams")
    url = api.url
    api.down()
    assert code_of(lambda: ask("DescribeTeams")) == "ClientNetworkError"
    api.up()
    api.up()
    assert api.url == url
    assert ask("DescribeTeams").TotalCount == 2


def test_a_server_that_is_down_keeps_its_place(api: ApiServer, platform: Platform) -> None:
    url = api.url
    api.down()
    with ExitStack() as stack:
        others = [stack.enter_context(ApiServer(platform)).url for _ in range(20)]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=5)
        api.up()
    assert url not in others
    assert api.url == url


def test_going_down_ends_what_is_under_way(api: ApiServer, ask: Ask) -> None:
    api.faults.add(Fault(wait_s=60))
    ended: list[str] = []
    asking = Thread(target=lambda: ended.append(code_of(lambda: ask("DescribeTeams"))))
    asking.start()
    while not api.faults._plan[0][1][0]:
        time.sleep(0.01)
    api.down()
    asking.join(10)
    assert ended == ["ClientNetworkError"]


def test_things_happen_between_the_pages_of_a_listing(
    platform: Platform, api: ApiServer, ask: Ask
) -> None:
    owner = platform.owners()[0]
    path = platform.create_class(owner, "/shifting")
    made = [platform.upload(owner, path, f"{n}.mp4").id for n in range(4)]
    place = {"Owner": {"Type": owner.type, "Id": owner.id}, "ClassPath": path}

    def delete_the_first(call: Call) -> None:
        if call.params["Offset"] == 2:
            platform.delete_materials(made[:1])

    api.before = delete_the_first
    pages = [ask("ListMedia", **place, Offset=at, Limit=2) for at in (0, 2)]
    seen = [[info.BasicInfo.MaterialId for info in page.MaterialInfoSet] for page in pages]
    assert seen == [made[:2], made[3:]]  # the third has slipped through
    assert [page.MaterialTotalCount for page in pages] == [4, 3]


def test_what_breaks_in_the_server_breaks_the_test(platform: Platform, sdk: Sdk) -> None:
    def broken(call: Call) -> None:
        raise LookupError(call.action)

    api = ApiServer(platform)
    api.before = broken

    def use() -> None:
        with api:
            code_of(lambda: sdk(api).call_json("DescribeTeams", TEAMS))

    with pytest.raises(LookupError, match="DescribeTeams"):
        use()


def test_calls_are_remembered_until_forgotten(api: ApiServer, ask: Ask) -> None:
    ask("DescribeTeams", Limit=5)
    ask("DescribeAccounts")
    assert [call.action for call in api.calls] == ["DescribeTeams", "DescribeAccounts"]
    assert api.calls[0].params == {"Platform": "studio", "Limit": 5}
    api.forget()
    assert api.counts == {}


def test_only_posts_to_the_root_are_read(api: ApiServer) -> None:
    connection = HTTPConnection("127.0.0.1", int(api.url.rpartition(":")[2]), timeout=5)
    try:
        connection.request("POST", "/elsewhere", b"{}")
        assert connection.getresponse().status == 400
    finally:
        connection.close()
    assert api.calls == []
