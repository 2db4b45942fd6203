"""What the platform and the network may do wrong, and what the client makes of it."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

import pytest

from mirror.core.model import MaterialId, Owner
from mirror.errors import ConfigurationError, PlatformUnavailable
from mirror.platform.client import PlatformClient
from mirror.platform.failures import CallFailed, CallRefused
from mirror.platform.simulator import Platform
from mirror.platform.simulator.api import ApiServer, Fault

Connect = Callable[..., PlatformClient]


class PaperClock(Protocol):
    """The fixture's."""

    now: float
    sleeps: list[float]

    def sleep(self, seconds: float) -> None: ...


PASSING = [
    Fault(code="RequestLimitExceeded"),
    Fault(code="RequestLimitExceeded.UinLimitExceeded"),
    Fault(code="InternalError"),
    Fault(code="InternalError.CreateTask"),
    Fault(code="InternalError", content_type="text/plain"),
    Fault(code="InternalError", content_type="application/json; charset=utf-8"),
    Fault(code="InternalError", content_type="text/html"),
    Fault(body="half"),
    Fault(body="cut"),
    Fault(hang_up=True),
    Fault(status=502, content_type="text/html"),
]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_what_passes_is_tried_again(
    api: ApiServer, client: PlatformClient, clock: PaperClock, fault: Fault
) -> None:
    api.faults.add(replace(fault, calls=2))
    assert len(client.teams()) == 1
    assert client.calls == {"DescribeTeams": 3}
    first, second = [wait for wait in clock.sleeps if wait > 0.1]
    assert 0.25 <= first <= 0.5
    assert 0.5 <= second <= 1


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_what_does_not_pass_is_given_up(
    api: ApiServer, client: PlatformClient, fault: Fault
) -> None:
    api.faults.add(replace(fault, calls=None))
    with pytest.raises(
        PlatformUnavailable, match=r"DescribeTeams failed 4 times: .*\. Try"
    ) as caught:
        client.teams()
    assert caught.value.exit_code == 3
    assert client.calls == {"DescribeTeams": 4}


def test_a_lost_connection_is_no_empty_library(
    platform: Platform, api: ApiServer, client: PlatformClient
) -> None:
    owner = Owner(*platform.owners()[0])
    api.down()
    for read in (
        lambda: client.classes(owner),
        lambda: list(client.all_media(owner)),
        lambda: client.materials([MaterialId("m")]),
        client.all_projects,
        client.accounts,
    ):
        with pytest.raises(CallFailed, match="the connection was refused") as caught:
            read()
        assert api.url in str(caught.value)


def test_a_platform_that_comes_back_is_found(
    monkeypatch: pytest.MonkeyPatch, api: ApiServer, connect: Connect, clock: PaperClock
) -> None:
    client = connect()
    client.teams()
    api.down()

    def recover(seconds: float) -> None:
        clock.now += seconds
        api.up()

    monkeypatch.setattr(clock, "sleep", recover)
    assert len(client.teams()) == 1


def test_a_slow_platform_is_not_waited_for(api: ApiServer, connect: Connect) -> None:
    client = connect(timeout_s=0.2)
    api.faults.add(Fault(wait_s=30))
    began = time.monotonic()
    assert len(client.teams()) == 1
    assert time.monotonic() - began < 5
    api.faults.add(Fault(wait_s=30, calls=None))
    with pytest.raises(CallFailed, match="no answer came in time"):
        client.teams()


def test_a_limit_is_said_with_its_remedy(api: ApiServer, client: PlatformClient) -> None:
    api.faults.add(Fault(code="RequestLimitExceeded", calls=None))
    with pytest.raises(CallFailed, match="lower MIRROR_API_RATE") as caught:
        client.teams()
    assert caught.value.code == "RequestLimitExceeded"
    assert caught.value.action == "DescribeTeams"


REFUSED_KEYS = [
    ({"secret_id": "AKID-other"}, "SecretIdNotFound.*Check MIRROR_SECRET_ID"),
    ({"secret_key": "another-key"}, "SignatureFailure.*Check MIRROR_SECRET_KEY"),
    ({"platform_id": "other"}, "ResourceNotFound.Platform.*'other'.*mirror platform"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED_KEYS)
def test_a_wrong_setting_is_said_at_once(
    connect: Connect, given: dict[str, str], said: str
) -> None:
    client = connect(**given)
    with pytest.raises(ConfigurationError, match=said):
        client.teams()
    assert client.calls == {"DescribeTeams": 1}


def test_a_wrong_clock_is_said_at_once(api: ApiServer, client: PlatformClient) -> None:
    api.clock_ahead_s = 1000
    with pytest.raises(ConfigurationError, match="Set this machine's clock"):
        client.teams()
    assert client.calls == {"DescribeTeams": 1}


def test_a_key_without_rights_is_said_at_once(api: ApiServer, client: PlatformClient) -> None:
    api.faults.add(Fault(code="UnauthorizedOperation"))
    with pytest.raises(ConfigurationError, match="that the key may read CME"):
        client.teams()


def test_another_refusal_is_not_repeated(api: ApiServer, client: PlatformClient) -> None:
    api.faults.add(Fault(code="FailedOperation"))
    with pytest.raises(CallRefused, match=r"DescribeTeams was refused with FailedOperation \("):
        client.teams()
    assert client.calls == {"DescribeTeams": 1}


def test_keys_are_never_told(
    api: ApiServer,
    connect: Connect,
    platform: Platform,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    platform.upload(platform.owners()[0], "/", "clip.mp4")
    secret_id, secret_key = api.secret_id, api.secret_key
    client = connect()
    client.materials([MaterialId(each) for each in platform.materials()])
    api.faults.add(Fault(code=f"FailedOperation.{secret_id}-{secret_key}"))
    api.faults.add(Fault(code="InternalError"))
    with pytest.raises(CallRefused) as caught:
        client.teams()
    client.teams()
    told = [str(caught.value), repr(client), str(vars(client)), caplog.text]
    told += [str(vars(record)) for record in caplog.records]
    for text in told:
        assert secret_id not in text
        assert secret_key not in text
        assert "sign=" not in text
        assert "Signature" not in text
    assert "tried again" in caplog.text


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_loopback_is_reached_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert len(connect().teams()) == 1


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        yield server


def test_others_are_reached_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    with listening() as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        client = connect(endpoint="https://cme.example.com", timeout_s=0.1)
        with pytest.raises(CallFailed):
            client.teams()
        connection, _ = proxy.accept()
        with connection:
            assert connection.recv(100).startswith(b"CONNECT cme.example.com:443 ")


def test_a_dead_proxy_is_named(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    monkeypatch.setenv("https_proxy", "http://user:word@127.0.0.1:9")
    client = connect(endpoint="https://cme.example.com")
    with pytest.raises(CallFailed, match="the proxy could not be reached") as caught:
        client.teams()
    assert "word" not in str(caught.value)


def test_an_unknown_host_is_named(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    client = connect(endpoint="https://cme.example.com")
    with pytest.raises(CallFailed, match="name could not be resolved"):
        client.teams()


def test_an_endpoint_that_speaks_no_tls_fails(api: ApiServer, connect: Connect) -> None:
    client = connect(endpoint=api.url.replace("http:", "https:"))
    with pytest.raises(CallFailed, match="the connection failed"):
        client.teams()


class Interrupted(Exception):
    """Raised by a clock to end what is under way."""


def test_a_sleep_may_end_it(
    monkeypatch: pytest.MonkeyPatch, api: ApiServer, client: PlatformClient, clock: PaperClock
) -> None:
    def interrupt(seconds: float) -> None:
        raise Interrupted(seconds)

    monkeypatch.setattr(clock, "sleep", interrupt)
    api.faults.add(Fault(code="InternalError"))
    with pytest.raises(Interrupted):
        client.teams()
