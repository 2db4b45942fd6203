"""The callback route: authenticates a post, has its body appended, and answers.

Plain ASGI, since this is the hot path. 200 is sent only after the body is durable. What is refused
is counted and leaves nothing behind. The path is a secret and is told to nobody.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec

from mirror.core.decode import decode
from mirror.core.events import Undecoded
from mirror.core.model import Seq
from mirror.errors import MirrorError
from mirror.sync.bodies import Bodies, HungUp, Message, Receive, TooLarge, TooMuch, at_once
from mirror.sync.commit import Post
from mirror.sync.gate import Gate, Headers, Sources
from mirror.sync.heads import PREFIX as PREFIX  # noqa: PLC0414 - where callbacks are taken
from mirror.sync.heads import Head
from mirror.sync.intake import Promise
from mirror.sync.writer import Writer

TELL_EVERY = 10.0
"""Seconds between two log lines about one kind of refusal."""

Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger(__name__)


class Answer:
    """A status with a JSON body, ready to be sent."""

    def __init__(self, status: int, code: str, message: str = "", **headers: str) -> None:
        body = msgspec.json.encode(
            {"Code": code, "Message": message} if message else {"Code": code}
        )
        more = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
        self.status = status
        self.start: Message = {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                *more,
            ],
        }
        self.body: Message = {"type": "http.response.body", "body": body}
        self._whole: tuple[object, bytes] = (None, b"")

    def whole(self, headers: Headers, *, keep_alive: bool) -> bytes:
        """The answer as HTTP/1.1, with `headers` of the server before its own."""
        if keep_alive and self._whole[0] is headers:
            return self._whole[1]
        lines = [b"HTTP/1.1 %d %s" % (self.status, HTTPStatus(self.status).phrase.encode())]
        lines += [b"%s: %s" % header for header in (*headers, *self.start["headers"])]
        if not keep_alive:
            lines.append(b"connection: close")
        whole: bytes = b"\r\n".join((*lines, b"", self.body["body"]))
        if keep_alive:
            self._whole = (headers, whole)
        return whole


SUCCESS = Answer(200, "Success")
FORBIDDEN = Answer(403, "Forbidden", "This address may not post callbacks.")
NOT_FOUND = Answer(404, "NotFound", "There is no such platform or token.")
NOT_ALLOWED = Answer(405, "MethodNotAllowed", "Callbacks are posted.", allow="POST")
TOO_LARGE = Answer(413, "TooLarge", "The body is too large.", connection="close")
UNAVAILABLE = Answer(503, "Unavailable", "The callback was not stored.", retry_after="5")
TOO_SLOW = Answer(
    503, "Unavailable", "The body took too long.", retry_after="5", connection="close"
)


class Refused(Exception):
    """An answer other than 200 is due."""

    def __init__(self, answer: Answer, why: str) -> None:
        super().__init__(why)
        self.answer = answer


class Refusals:
    """Counts what was refused, by status, and tells of it every so often."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self._told: dict[int, tuple[float, int]] = {}

    def add(self, refused: Refused) -> None:
        """Counts one more."""
        status = refused.answer.status
        self.counts[status] += 1
        now, count = time.monotonic(), self.counts[status]
        last, told = self._told.get(status, (now - TELL_EVERY, 0))
        if now - last >= TELL_EVERY:
            self._told[status] = (now, count)
            fields = {"status": status, "count": count - told}
            log.warning("Refused callbacks: %s", refused, extra=fields)


class Receiver:
    """The ASGI application for paths that start with `PREFIX`."""

    def __init__(
        self,
        writer: Writer,
        gate: Gate,
        sources: Sources,
        *,
        max_body: int,
        confirm_limit: float,
    ) -> None:
        """Takes the largest body in bytes, and the seconds after which an answer is late."""
        self.refusals = Refusals()
        self._writer = writer
        self._gate = gate
        self._sources = sources
        self._bodies = Bodies(max_body)
        self._confirm_limit = confirm_limit

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = time.monotonic()
        try:
            platform, token = await self._admit(scope)
            body = await self._read(scope, receive)
            try:
                seq, answer = await self._append(Post(platform, token, body))
            finally:
                self._bodies.release(body)
        except Refused as refused:
            self.refusals.add(refused)
            await _send(send, refused.answer)
            return
        except HungUp:
            return
        arrived = False
        try:
            gone = hung_up(receive)
            await _send(send, answer)
            arrived = not gone and time.monotonic() - started <= self._confirm_limit
        finally:
            self._writer.answered(platform, seq, arrived=arrived)

    def welcome(self, peer: str | None, head: Head, body: bytes) -> Post | None:
        """The post that a request is, held until its release; None if it has to be looked into."""
        if not self._sources.admit(peer, head.headers):
            return None
        digest = self._gate.known(head.platform, head.token)
        if digest is None or not self._bodies.take(len(body)):
            return None
        return Post(head.platform, digest, body)

    def append_for(self, promise: Promise, post: Post) -> None:
        """Has a welcome post appended for `promise`. Raises MirrorError; the post is released then."""
        try:
            self._writer.append_for(promise, post)
        except MirrorError:
            self.release(post)
            raise

    def release(self, post: Post) -> None:
        """Holds the body of a post no more."""
        self._bodies.release(post.body)

    def answered(self, post: Post, seq: Seq, started: float, *, arrived: bool) -> None:
        """Notes the fate of an answer; one that was late counts as lost."""
        arrived = arrived and time.monotonic() - started <= self._confirm_limit
        self._writer.answered(post.platform, seq, arrived=arrived)

    def revoked(self) -> Answer:
        """The answer to a post whose token was revoked since it was welcome."""
        return self._refuse(Refused(NOT_FOUND, "no such platform or token"))

    def unavailable(self, error: MirrorError) -> Answer:
        """The answer to a post that could not be made durable."""
        return self._refuse(Refused(UNAVAILABLE, str(error)))

    def _refuse(self, refused: Refused) -> Answer:
        self.refusals.add(refused)
        return refused.answer

    async def _admit(self, scope: Message) -> tuple[str, bytes]:
        """Returns the platform and the digest of the token that a request may post with."""
        client = scope.get("client")
        if not self._sources.admit(client[0] if client else None, scope["headers"]):
            raise Refused(FORBIDDEN, "from an address outside ALLOWED_SOURCES")
        if scope["method"] != "POST":
            raise Refused(NOT_ALLOWED, "not posted")
        platform, _, token = scope["path"].removeprefix(PREFIX).partition("/")
        digest = self._gate.known(platform, token)
        if digest is None:
            try:
                digest = await self._gate.match(platform, token)
            except MirrorError as error:
                raise Refused(UNAVAILABLE, f"the tokens could not be read: {error}") from error
        if digest is None:
            raise Refused(NOT_FOUND, "no such platform or token")
        return platform, digest

    async def _read(self, scope: Message, receive: Receive) -> bytes:
        try:
            return await self._bodies.read(scope["headers"], receive)
        except TooLarge:
            raise Refused(TOO_LARGE, "above MAX_BODY_BYTES") from None
        except TooMuch:
            raise Refused(UNAVAILABLE, "too many large bodies at once") from None
        except TimeoutError:
            raise Refused(TOO_SLOW, "the body took too long") from None

    async def _append(self, post: Post) -> tuple[Seq, Answer]:
        """Waits until a body is durable; meanwhile finds out what to answer."""
        try:
            durable = self._writer.append(post)
            answer = answer_to(post.body)
            seq = await durable
        except MirrorError as error:
            raise Refused(UNAVAILABLE, str(error)) from error
        if seq is None:
            raise Refused(NOT_FOUND, "no such platform or token")
        return seq, answer


def answer_to(body: bytes) -> Answer:
    """The answer to a body once it is durable; the platform looks at the status only."""
    meaning = decode(body)
    if isinstance(meaning, Undecoded) and meaning.outcome == "quarantined":
        return Answer(200, "Quarantined", meaning.reason)
    return SUCCESS


def hung_up(receive: Receive) -> bool:
    """Whether the client has left, without waiting.

    Its whole body has been read before, so the only news left is that it has gone.
    """
    news = at_once(receive)
    return news is not None and bool(news["type"] == "http.disconnect")


async def _send(send: Send, answer: Answer) -> None:
    await send(answer.start)
    await send(answer.body)
