"""A served platform, and the genuine SDK's client for it."""

# ruff: noqa: ANN401 - the SDK is untyped

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tencentcloud.cme.v20191029 import models
from tencentcloud.cme.v20191029.cme_client import CmeClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from mirror.platform.simulator import Platform
from mirror.platform.simulator.api import ApiServer

Ask = Callable[..., Any]


@pytest.fixture
def platform() -> Platform:
    return Platform(3, persons=3, teams=2)


@pytest.fixture
def api(platform: Platform) -> Iterator[ApiServer]:
    with ApiServer(platform, rate=None) as server:
        yield server


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[ApiServer], Any]]:
    """Makes clients of a server."""
    warnings.filterwarnings("ignore", "datetime.datetime.utcfromtimestamp", DeprecationWarning)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    opened: list[Any] = []

    def client(api: ApiServer, secret_id: str = "", secret_key: str = "") -> Any:
        profile = ClientProfile(
            httpProfile=HttpProfile(
                protocol="http",
                endpoint=api.url.removeprefix("http://"),
                reqTimeout=5,
                keepAlive=True,
            )
        )
        credential = Credential(secret_id or api.secret_id, secret_key or api.secret_key)
        opened.append(CmeClient(credential, "", profile))
        return opened[-1]

    yield client
    for each in opened:
        each.request.conn._session.close()


@pytest.fixture
def ask(api: ApiServer, sdk: Callable[[ApiServer], Any]) -> Ask:
    """Calls an action with the SDK's own models; raises for a field that they lack."""
    client = sdk(api)

    def asked(action: str, **params: Any) -> Any:
        request = getattr(models, f"{action}Request")()
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            # The oldest SDK that is supported lacks this field of an account.
            warnings.filterwarnings("ignore", "CreateTime fileds are useless", UserWarning)
            request._deserialize({"Platform": "studio"} | params)
            return getattr(client, action)(request)

    return asked
