"""Which HTTP protocol of uvicorn serves callbacks: the one with a short way, where it exists."""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import Literal

from mirror.sync.receive import Receiver


def protocol_for(receiver: Receiver) -> type[asyncio.Protocol] | Literal["auto"]:
    """The protocol whose callbacks go to `receiver` directly; without httptools, uvicorn's own."""
    if find_spec("httptools") is None:
        return "auto"
    return import_module("mirror.sync.direct").protocol_for(receiver)  # type: ignore[no-any-return]
