"""The edge to the SDK: what it takes, and what it makes of settings that cannot be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from mirror.errors import ConfigurationError
from mirror.platform.client import PlatformClient
from mirror.platform.failures import ErrorReply, NoReply
from mirror.platform.sdk import Endpoint, Sdk, _endpoint, _proxy
from mirror.platform.simulator import Platform
from mirror.platform.simulator.api import ApiServer, Fault, server
from mirror.platform.simulator.api.connections import Reply

TEAMS: dict[str, object] = {"Platform": "studio"}


@pytest.fixture
def sdk(api: ApiServer) -> Iterator[Sdk]:
    sdk = Sdk(api.url, api.secret_id, api.secret_key)
    yield sdk
    sdk.close()


def test_without_the_sdk_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tencentcloud.cme.v20191029.cme_client", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'cme-mirror\[reconcile\]'"):
        PlatformClient("studio", "http://127.0.0.1:1", "id", "key")


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        (
            "https://cme.tencentcloudapi.com",
            ("https", "cme.tencentcloudapi.com", "cme.tencentcloudapi.com"),
        ),
        ("http://127.0.0.1:8100/", ("http", "127.0.0.1:8100", "127.0.0.1")),
        ("http://[::1]:8100", ("http", "[::1]:8100", "::1")),
    ],
)
def test_an_endpoint_is_a_scheme_and_a_host(url: str, endpoint: tuple[str, str, str]) -> None:
    assert _endpoint(url) == Endpoint(*endpoint)


@pytest.mark.parametrize(
    "url",
    [
        *("", "cme.tencentcloudapi.com", "ftp://example.com", "https://", "http://h.example.com:0"),
        *("https://example.com/api", "https://example.com?x=1", "https://example.com#x"),
        *("https://user:word@example.com", "http://127.0.0.1:99999", "http://127.0.0.1:port"),
    ],
)
def test_anything_else_is_no_endpoint(url: str) -> None:
    with pytest.raises(ConfigurationError, match="MIRROR_API_ENDPOINT") as caught:
        Sdk(url, "id", "key")
    assert "word" not in str(caught.value)


@pytest.mark.parametrize("key", [("", "key"), ("id", ""), ("i d", "key"), ("id", "key\n")])
def test_a_key_has_no_spaces(key: tuple[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="MIRROR_SECRET_ID and MIRROR_SECRET_KEY"):
        Sdk("http://127.0.0.1:1", *key)


def test_a_proxy_is_chosen_by_scheme_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://secure.example.com:1")
    monkeypatch.setenv("all_proxy", "http://any.example.com:1")
    monkeypatch.setenv("no_proxy", ".example.org")

    def chosen(url: str) -> str | None:
        return _proxy(_endpoint(url))

    assert chosen("https://cme.example.com") == "http://secure.example.com:1"
    assert chosen("http://cme.example.com") == "http://any.example.com:1"
    assert chosen("https://cme.example.org") is None
    for loopback in ("http://127.0.0.1:1", "https://localhost", "http://[::1]:1"):
        assert chosen(loopback) is None


def test_netrc_does_not_replace_the_signature(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, sdk: Sdk
) -> None:
    path = f"{tmp_path}/netrc"
    with open(path, "w") as netrc:  # noqa: PTH123 - a name alone
        netrc.write("machine 127.0.0.1 login someone password word")
    monkeypatch.setenv("NETRC", path)
    assert sdk.call("DescribeTeams", TEAMS)["TotalCount"] == 1


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Makes the server say something else than it would."""

    def say(body: bytes) -> None:
        def written(response: object, fault: Fault) -> Reply:
            return Reply(200, "application/json", body, len(body))

        monkeypatch.setattr(server, "_written", written)

    return say


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b"7", b"{}", b'{"Response": null}', b'{"Response": []}'),
        *(b'{"Response": "Error"}', b'{"Response": {"Error": {}}}', b"\xff", b"{'Response': {}}"),
        *(b'{"Response": {"Error": {"Code": "InternalError"}}}', b'{"Response": {"Error": 7}}'),
        b"[" * 100_000,
    ],
)
def test_what_is_no_answer_is_no_reply(
    sdk: Sdk, said: Callable[[bytes], None], body: bytes
) -> None:
    said(body)
    with pytest.raises(NoReply, match="no answer of the API"):
        sdk.call("DescribeTeams", TEAMS)


def test_an_error_is_found_whatever_its_type(api: ApiServer, sdk: Sdk) -> None:
    for kind in ("application/json", "text/plain", "text/html", "application/json;charset=utf-8"):
        api.faults.add(Fault(code="FailedOperation", content_type=kind))
        with pytest.raises(ErrorReply) as caught:
            sdk.call("DescribeTeams", TEAMS)
        assert (caught.value.code, caught.value.passing) == ("FailedOperation", False)


def test_a_long_message_is_cut_and_on_one_line(sdk: Sdk, said: Callable[[bytes], None]) -> None:
    said(
        b'{"Response": {"RequestId": "r", "Error": {"Code": "C", "Message": "no\\n\\u001b%s"}}}'
        % (b"o" * 500)
    )
    with pytest.raises(ErrorReply) as caught:
        sdk.call("DescribeTeams", TEAMS)
    assert len(caught.value.message) == 201
    assert "\n" not in caught.value.message


def test_lone_surrogates_are_as_in_deliveries(sdk: Sdk, said: Callable[[bytes], None]) -> None:
    said('{"Response": {"a": ["é\\ud800", 1, "\\ud83d\\ude00"]}}'.encode())
    assert sdk.call("DescribeTeams", TEAMS) == {"a": ["é\0", 1, "😀"]}


def test_a_new_field_is_no_trouble(
    platform: Platform, sdk: Sdk, said: Callable[[bytes], None]
) -> None:
    said(b'{"Response": {"TeamSet": [], "New": {"Shape": 1}, "RequestId": "r"}}')
    assert sdk.call("DescribeTeams", TEAMS)["TeamSet"] == []
