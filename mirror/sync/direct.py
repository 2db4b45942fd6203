"""uvicorn's HTTP protocol with a short way for callbacks: no task, no messages, one write.

A callback whose request came whole in one piece is appended at once, and answered when it is durable.
Everything else goes the long way, through the ASGI application: what is refused, what comes in pieces,
what is pipelined. Both ways lead to the same answers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import ClassVar, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mirror.core.model import Seq
from mirror.errors import MirrorError
from mirror.sync.bodies import Message
from mirror.sync.commit import Post
from mirror.sync.receive import PREFIX, Answer, Receiver, answer_to

log = logging.getLogger(__name__)


class _Reply:
    """Stands for the future of a callback's seq, and answers the callback with it."""

    __slots__ = ("_answer", "_cycle", "_post", "_protocol", "_started")

    def __init__(
        self, protocol: CallbackProtocol, cycle: RequestResponseCycle, post: Post, started: float
    ) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self._post = post
        self._started = started
        self._answer: Answer | None = None

    def find_answer(self) -> None:
        """Finds out what to answer, while the body is being made durable."""
        self._answer = answer_to(self._post.body)

    def done(self) -> bool:
        """It is always waited for."""
        return False

    def set_result(self, seq: Seq | None) -> None:
        """Answers: the body is durable, or its token was revoked meanwhile."""
        receiver, cycle = self._protocol.receiver, self._cycle
        receiver.release(self._post)
        if seq is None:
            self._protocol.answer(cycle, receiver.revoked())
            return
        arrived = False
        try:
            answer = self._answer or answer_to(self._post.body)
            arrived = self._protocol.answer(cycle, answer)
        except Exception:
            log.exception("A callback was stored, but its answer could not be written")
        receiver.answered(self._post, seq, self._started, arrived=arrived)

    def set_exception(self, error: MirrorError) -> None:
        """Answers: the body could not be made durable."""
        self._protocol.receiver.release(self._post)
        self._protocol.answer(self._cycle, self._protocol.receiver.unavailable(error))


class CallbackProtocol(HttpToolsProtocol):
    """One connection."""

    receiver: ClassVar[Receiver]

    _reading = False
    _held: tuple[RequestResponseCycle, ASGI3Application] | None = None

    def data_received(self, data: bytes) -> None:
        """Reads what came; a request that is not complete after it goes the long way."""
        self._reading = True
        try:
            super().data_received(data)
        finally:
            self._reading = False
            self._go_the_long_way()

    def on_message_complete(self) -> None:
        """Takes the short way, if the request may."""
        super().on_message_complete()
        if self._held is not None:
            cycle = self._held[0]
            if cycle is self.cycle and self._take(cycle):
                self._held = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        scope = cycle.scope
        if (
            self._reading
            and cycle is self.cycle
            and scope["path"].startswith(PREFIX)
            and not self.flow.write_paused
        ):
            self._go_the_long_way()
            self._held = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _go_the_long_way(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            super()._start_asgi_task(*held)

    def _take(self, cycle: RequestResponseCycle) -> bool:
        """Has a body appended; False for one that is not plainly welcome."""
        post = self.receiver.welcome(cast("Message", cycle.scope), cycle.body)
        if post is None:
            return False
        reply = _Reply(self, cycle, post, time.monotonic())
        try:
            self.receiver.append_for(reply, post)
        except MirrorError:
            return False
        reply.find_answer()
        return True

    def answer(self, cycle: RequestResponseCycle, answer: Answer) -> bool:
        """Writes an answer; whether there was somebody to write it to."""
        if cycle.disconnected or self.transport.is_closing():
            return False
        headers = self.server_state.default_headers
        self.transport.write(answer.whole(headers, keep_alive=cycle.keep_alive))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()
        return True


def protocol_for(receiver: Receiver) -> type[asyncio.Protocol]:
    """The protocol class whose callbacks go to `receiver`."""
    return type("BoundCallbackProtocol", (CallbackProtocol,), {"receiver": receiver})
