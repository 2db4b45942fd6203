"""Checks TC3-HMAC-SHA256 signatures as the platform documents them."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from mirror.platform.simulator.api.errors import ApiError

MAX_SKEW_S: Final = 300
_ALGORITHM: Final = "TC3-HMAC-SHA256"
_AUTHORIZATION: Final = re.compile(
    rf"{_ALGORITHM} Credential=(?P<id>[^/\s]+)/(?P<date>[\d-]+)/(?P<service>\w+)/tc3_request,"
    r" ?SignedHeaders=(?P<headers>[\w;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
# Without these in the signature, a request could be sent elsewhere or read as something else.
_NEEDED: Final = frozenset({"content-type", "host"})


def check_signature(
    headers: Mapping[str, str], body: bytes, keys: Mapping[str, str], now_s: float
) -> None:
    """Raise `ApiError` unless a POST to `/` is signed with one of `keys` (by id) at about `now_s`.

    `headers` finds names in any case.
    """
    found = _AUTHORIZATION.fullmatch(headers.get("Authorization") or "")
    stamp = headers.get("X-TC-Timestamp") or ""
    if found is None or not stamp.isascii() or not stamp.isdecimal():
        raise ApiError("AuthFailure.InvalidAuthorization")
    if abs(now_s - int(stamp)) > MAX_SKEW_S:
        raise ApiError("AuthFailure.SignatureExpire")
    key = keys.get(found["id"])
    if key is None:
        raise ApiError("AuthFailure.SecretIdNotFound")
    date = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
    signed = found["headers"].split(";")
    if (found["date"], found["service"]) != (date, "cme") or not _NEEDED.issubset(signed):
        raise ApiError("AuthFailure.SignatureFailure")
    scope = f"{date}/cme/tc3_request"
    values = [f"{name}:{(headers.get(name) or '').strip().lower()}\n" for name in signed]
    request = "\n".join(["POST", "/", "", "".join(values), found["headers"], _digest(body)])
    text = "\n".join([_ALGORITHM, stamp, scope, _digest(request.encode())])
    if not hmac.compare_digest(_signature(key, date, text), found["signature"]):
        raise ApiError("AuthFailure.SignatureFailure")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _signature(key: str, date: str, text: str) -> str:
    signing = f"TC3{key}".encode()
    for part in (date, "cme", "tc3_request"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    return hmac.digest(signing, text.encode(), "sha256").hex()
