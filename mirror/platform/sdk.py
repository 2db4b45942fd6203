"""The one edge to the genuine SDK: a call goes in, the reply's JSON object comes out.

What can go wrong is `ErrorReply` or `NoReply`. Its generic call is used, not its model classes: these
turn an error under an unexpected content type into a success whose lists are None.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable
from ipaddress import ip_address
from threading import Lock, local
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from mirror.core.decoding.fields import Record
from mirror.errors import ConfigurationError
from mirror.platform.failures import ErrorReply, NoReply

INSTALL: Final = "pip install 'cme-mirror[reconcile]'"
_LOGGER: Final = "tencentcloud_sdk_common"
_LONGEST: Final = 200
_LONE: Final = re.compile("[\ud800-\udfff]")
_CLAUSES: Final = (
    ("to proxy", "the proxy could not be reached"),
    ("timed out", "no answer came in time"),
    ("refused", "the connection was refused"),
    ("resolve", "the host's name could not be resolved"),
    ("certificate", "the certificate could not be verified"),
)


class Endpoint(NamedTuple):
    """Where the API is: `host` with its port, if it has one."""

    scheme: str
    host: str
    name: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}"


class Sdk:
    """Makes calls from any thread; each has connections of its own, kept open until `close`."""

    def __init__(
        self, endpoint: str, secret_id: str, secret_key: str, *, timeout_s: float = 15.0
    ) -> None:
        """Import the SDK; nothing is sent yet.

        `timeout_s` holds for each wait on the network. Raises ConfigurationError if the SDK is not
        installed, or for an endpoint or key that cannot be one.
        """
        self.endpoint = _endpoint(endpoint)
        self._secrets = re.compile("|".join(map(re.escape, _checked(secret_id, secret_key))))
        self._open = _opener(self.endpoint, secret_id, secret_key, timeout_s)
        self._here = local()
        self._lock = Lock()
        self._opened: list[Any] = []

    def call(self, action: str, params: Record) -> Record:
        """The object under `Response`, with no error in it."""
        try:
            reply = self._client().call_json(action, params)
        except self._error() as error:
            raise self._translated(error) from None
        # Whatever breaks in reading a reply: requests' own errors are OSErrors.
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise NoReply("the reply broke off or is no answer of the API") from None
        response = _mended(reply.get("Response") if isinstance(reply, dict) else None)
        if not isinstance(response, dict):
            raise NoReply("the reply is no answer of the API")
        # The SDK overlooks an error if the content type is not just so.
        if (wrong := response.get("Error")) is not None:
            said = wrong if isinstance(wrong, dict) else {}
            raise self._said(said.get("Code"), said.get("Message"))
        return cast("Record", response)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._opened:
                client.request.conn._session.close()  # noqa: SLF001 - it has no public way
            self._opened.clear()
            self._here = local()

    def _client(self) -> Any:  # noqa: ANN401 - the SDK is untyped; none of it leaves this file
        client = getattr(self._here, "client", None)
        if client is None:
            client = self._here.client = self._open()
            with self._lock:
                self._opened.append(client)
        return client

    def _error(self) -> type[Exception]:
        from tencentcloud.common.exception import TencentCloudSDKException  # noqa: PLC0415 - lazy

        return cast("type[Exception]", TencentCloudSDKException)

    def _translated(self, error: Any) -> ErrorReply | NoReply:  # noqa: ANN401 - of the SDK
        if error.requestId is not None:
            return self._said(error.code, error.message)
        if error.code == "ServerNetworkError":
            return NoReply("the answer was an HTTP error")
        text = str(error.message).lower()
        return NoReply(next((c for sign, c in _CLAUSES if sign in text), "the connection failed"))

    def _said(self, code: object, message: object) -> ErrorReply:
        """The platform's own words, short, on one line and without our key."""
        said = self._secrets.sub("…", " ".join(str(message).split()))
        short = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
        return ErrorReply(self._secrets.sub("…", str(code))[:_LONGEST], short)


def _endpoint(url: str) -> Endpoint:
    parts = urlsplit(url)
    try:
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError(
            "MIRROR_API_ENDPOINT is a scheme and a host alone, such as "
            "https://cme.tencentcloudapi.com or http://127.0.0.1:8100"
        )
    return Endpoint(parts.scheme, parts.netloc, parts.hostname or "")


def _checked(*secrets: str) -> tuple[str, ...]:
    for secret in secrets:
        if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ConfigurationError(
                "Reading the platform needs an API key: set MIRROR_SECRET_ID and "
                "MIRROR_SECRET_KEY, without spaces or other characters that are none of theirs."
            )
    return secrets


def _opener(
    endpoint: Endpoint, secret_id: str, secret_key: str, timeout_s: float
) -> Callable[[], Any]:
    try:
        # Lazy: only who reads the platform needs it, and importing it takes a while.
        from tencentcloud.cme.v20191029.cme_client import CmeClient  # noqa: PLC0415
        from tencentcloud.common.credential import Credential  # noqa: PLC0415
        from tencentcloud.common.profile.client_profile import ClientProfile  # noqa: PLC0415
        from tencentcloud.common.profile.http_profile import HttpProfile  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            f"Reading the platform needs its SDK, which is not installed. Run: {INSTALL}"
        ) from None

    def opened() -> Any:  # noqa: ANN401 - of the SDK
        # It logs whole requests and replies, signatures and signed addresses included.
        logging.getLogger(_LOGGER).setLevel(logging.WARNING)
        _hush()
        http = HttpProfile(
            protocol=endpoint.scheme, endpoint=endpoint.host, reqTimeout=timeout_s, keepAlive=True
        )
        profile = ClientProfile(httpProfile=http, language="en-US")
        client = CmeClient(Credential(secret_id, secret_key), "", profile)
        _route(client, endpoint)
        return client

    return opened


def _hush() -> None:
    """Silence what nobody here can mend: how the SDK reckons the date of a signature."""
    warnings.filterwarnings(
        "ignore", r"datetime\.datetime\.utcfromtimestamp", DeprecationWarning, r"tencentcloud\."
    )


def _route(client: Any, endpoint: Endpoint) -> None:  # noqa: ANN401 - of the SDK
    """Decide on a proxy for good: the SDK and requests below it each have rules of their own.

    Both would send a loopback call to a proxy unless its port, too, is exempt; and requests would
    replace the signature if a netrc file knew the host.
    """
    connection = client.request.conn
    proxy = _proxy(endpoint)
    connection.proxy = {"http": proxy, "https": proxy} if proxy else None
    connection._session.trust_env = False  # noqa: SLF001 - it has no public way


def _proxy(endpoint: Endpoint) -> str | None:
    if _is_loopback(endpoint.name) or proxy_bypass(endpoint.name):
        return None
    proxies = getproxies()
    return proxies.get(endpoint.scheme) or proxies.get("all")


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _mended(value: object) -> object:
    """The same JSON with lone surrogates as U+0000, as the decoder of deliveries reads them."""
    match value:
        case str() if not value.isascii():
            return _LONE.sub("\0", value)
        case list():
            return [_mended(item) for item in value]
        case dict():
            return {key: _mended(item) for key, item in value.items()}
        case _:
            return value
