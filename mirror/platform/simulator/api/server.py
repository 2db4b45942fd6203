"""Serves the read API of a simulated platform over HTTP on loopback, for the genuine SDK."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Event, RLock, Thread
from typing import Final, NamedTuple, Self

from mirror.platform.simulator.api.connections import GONE, Connections, Place, Reply
from mirror.platform.simulator.api.errors import ApiError
from mirror.platform.simulator.api.faults import Fault, Faults
from mirror.platform.simulator.api.pace import Pace
from mirror.platform.simulator.api.params import Params, read_params
from mirror.platform.simulator.api.reads import Reads
from mirror.platform.simulator.api.shapes import Json
from mirror.platform.simulator.api.signature import check_signature
from mirror.platform.simulator.platform import Platform

VERSION: Final = "2019-10-29"
RATE: Final = 20


class Call(NamedTuple):
    """One call as it was answered. `code` is empty if it went well; `n` counts from 1."""

    n: int
    action: str
    params: Params
    code: str
    fault: Fault


class ApiServer:
    """A context manager that serves while it is entered.

    `lock` guards the platform: whoever else works on it holds it meanwhile. `before` is called under
    that lock before each call that is read, so that things may happen between two pages. What else
    may be changed at any time: `reads` (what the platform leaves open), `faults`, `pace.rate`,
    `clock_ahead_s` (its clock against ours) and `keys`.
    """

    def __init__(
        self,
        platform: Platform,
        *,
        platform_id: str = "studio",
        keys: Mapping[str, str] | None = None,
        lock: RLock | None = None,
        rate: int | None = RATE,
        seed: int = 1,
    ) -> None:
        """Prepare to serve `platform` as `platform_id` to whoever signs with one of `keys`."""
        self.platform_id = platform_id
        self.keys = dict(keys or {"AKID-simulated": "a-simulated-key"})
        self.lock = lock or RLock()
        self.reads = Reads(platform)
        self.faults = Faults(seed)
        self.pace = Pace(rate, time.monotonic)
        self.clock_ahead_s = 0.0
        self.before: Callable[[Call], None] | None = None
        self._calls: list[Call] = []
        self._n = 0
        self._stopping = Event()
        self._connections: Connections | None = None
        self._broken: list[Exception] = []
        self._place = Place()

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.down()
        self._place.leave()
        if kind is None and self._broken:
            raise self._broken[0]

    @property
    def url(self) -> str:
        """Where it serves; the same after `down` and `up`."""
        return f"http://127.0.0.1:{self._place.port}"

    @property
    def secret_id(self) -> str:
        """The first of the keys' ids."""
        return next(iter(self.keys))

    @property
    def secret_key(self) -> str:
        """Its key."""
        return self.keys[self.secret_id]

    @property
    def calls(self) -> list[Call]:
        """Every call so far, refused ones too."""
        with self.lock:
            return list(self._calls)

    @property
    def counts(self) -> Counter[str]:
        """How many calls of each action there were."""
        return Counter(call.action for call in self.calls)

    def forget(self) -> None:
        """Begin `calls` anew."""
        with self.lock:
            self._calls.clear()

    def up(self) -> None:
        """Serve, on the port it had before if it had one."""
        if self._connections is None:
            self._stopping.clear()
            self._connections = Connections(self._place.take(), self._reply)
            self._place.port = self._connections.server_address[1]
            Thread(
                target=self._connections.serve_forever, args=(0.02,), name="api", daemon=True
            ).start()

    def down(self) -> None:
        """Refuse connections and close those there are, until `up`."""
        if self._connections is not None:
            self._stopping.set()
            self._connections.shutdown()
            self._connections.server_close()
            self._connections = None

    def _reply(self, headers: Mapping[str, str], body: bytes) -> Reply:
        action = headers.get("X-TC-Action") or ""
        fault = self.faults.take(action)
        if fault.wait_s and self._stopping.wait(fault.wait_s):
            return GONE
        with self.lock:
            self._n += 1
            n, params, code = self._n, dict[str, object](), ""
            try:
                if fault.code:
                    raise ApiError(fault.code)  # noqa: TRY301 - one way out for all refusals
                params = self._checked(action, headers, body)
                if self.before is not None:
                    self.before(Call(n, action, params, "", fault))
                answer = self.reads.answer(action, params, n)
            except ApiError as error:
                code = error.code
                answer = {"Error": {"Code": code, "Message": error.message}}
            except Exception as error:
                self._broken.append(error)
                raise
            self._calls.append(Call(n, action, params, code, fault))
        if fault.hang_up:
            return GONE
        return _written(answer | {"RequestId": f"simulated-{n:08d}"}, fault)

    def _checked(self, action: str, headers: Mapping[str, str], body: bytes) -> Params:
        if headers.get("Content-Type") != "application/json":
            raise ApiError("UnsupportedProtocol")
        check_signature(headers, body, self.keys, time.time() + self.clock_ahead_s)
        if headers.get("X-TC-Version") != VERSION:
            raise ApiError("NoSuchVersion")
        params = read_params(action, body, self.platform_id)
        self.pace.admit(action)
        return params


def _written(response: Json, fault: Fault) -> Reply:
    data = json.dumps({"Response": response}, ensure_ascii=False).encode()
    sent = len(data) if fault.body == "whole" else len(data) // 2
    promised = len(data) if fault.body == "cut" else sent
    return Reply(fault.status, fault.content_type, data[:sent], promised)
