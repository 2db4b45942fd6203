"""uvicorn's HTTP protocol with a short way for callbacks: no task, no messages, one write.

A callback whose request came whole in one piece is appended at once, and answered when it is durable;
if an equal head was parsed before, it is not parsed again. Everything else goes the long way, through
the ASGI application: what is refused, what comes in pieces, what is pipelined. All ways lead to the
same answers.
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
from mirror.sync.heads import PREFIX, Head, Heads, head_of
from mirror.sync.receive import Answer, Receiver, answer_to

log = logging.getLogger(__name__)


class _Nobody:
    """Waits for no message."""

    def set(self) -> None:
        """Is told that there is one."""


class _Cycle:
    """Stands for uvicorn's record of a request, where the head was known: what others look at."""

    __slots__ = ("disconnected", "keep_alive", "response_complete", "response_started")

    message_event = _Nobody()

    def __init__(self) -> None:
        self.keep_alive = True
        self.disconnected = self.response_started = self.response_complete = False


class _Reply:
    """Stands for the future of a callback's seq, and answers the callback with it."""

    __slots__ = ("_answer", "_cycle", "_post", "_protocol", "_started")

    def __init__(
        self,
        protocol: CallbackProtocol,
        cycle: RequestResponseCycle | _Cycle,
        post: Post,
        started: float,
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
    heads: ClassVar[Heads]

    cycle: RequestResponseCycle | _Cycle | None  # type: ignore[assignment] # as it is used there
    _reading: bytes | None = None
    _between = True
    """Whether nothing of a next request has come since the last was taken."""
    _begun_between = False
    _held: tuple[RequestResponseCycle, ASGI3Application] | None = None

    def data_received(self, data: bytes) -> None:
        """Reads what came; a request that is not complete after it goes the long way."""
        if self._between and self._take_known(data):
            return
        self._reading = data
        try:
            super().data_received(data)
        finally:
            self._reading = None
            self._go_the_long_way()

    def on_message_begin(self) -> None:
        """Knows less from here on: another request may come in pieces."""
        super().on_message_begin()
        self._begun_between, self._between = self._between, False

    def on_message_complete(self) -> None:
        """Takes the short way, if the request may."""
        super().on_message_complete()
        if self._held is not None:
            cycle = self._held[0]
            if cycle is self.cycle and self._take_parsed(cycle):
                self._held = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        scope = cycle.scope
        if (
            self._reading is not None
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

    def _take_known(self, data: bytes) -> bool:
        """Takes a request whose head is known, if the connection waits for one."""
        before = self.cycle
        if (before is not None and not before.response_complete) or self.flow.write_paused:
            return False
        found = self.heads.find(data)
        if found is None:
            return False
        self._unset_keepalive_if_required()
        cycle = _Cycle()
        if not self._take(cycle, *found):
            return False
        self.cycle = cycle
        return True

    def _take_parsed(self, cycle: RequestResponseCycle) -> bool:
        """Takes a request that uvicorn has parsed, and learns its head."""
        head = head_of(cast("Message", cycle.scope))
        if head is None or not self._take(cycle, head, bytes(cycle.body)):
            return False
        if self._reading is not None and self._begun_between and cycle.keep_alive:
            self.heads.learn(self._reading, head, len(cycle.body))
        self._between = True
        return True

    def _take(self, cycle: RequestResponseCycle | _Cycle, head: Head, body: bytes) -> bool:
        """Has a body appended; False for one that is not plainly welcome."""
        client = self.client
        post = self.receiver.welcome(client[0] if client else None, head, body)
        if post is None:
            return False
        reply = _Reply(self, cycle, post, time.monotonic())
        try:
            self.receiver.append_for(reply, post)
        except MirrorError:
            return False
        reply.find_answer()
        return True

    def answer(self, cycle: RequestResponseCycle | _Cycle, answer: Answer) -> bool:
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
    members = {"receiver": receiver, "heads": Heads()}
    return type("BoundCallbackProtocol", (CallbackProtocol,), members)
