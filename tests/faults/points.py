"""The named points at which a fault may strike: where each lies, and how it is wrapped from outside.

The code of mirror has no hooks. A point is before or after a call of one of its functions, or inside
a transaction, after the last statement and before the commit.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal, NamedTuple

from mirror.store.engine import Database

Reach = Callable[[str], None]
When = Literal["before", "after"]


class Point(NamedTuple):
    """A place in the code: a call, and the side of it."""

    where: str
    when: When


RECEIVER = {
    "receive.before-insert": Point("mirror.store.journal:append", "before"),
    "receive.after-insert": Point("mirror.store.journal:append", "after"),
    "receive.before-commit": Point("mirror.sync.commit:Committer._touch", "after"),
    "receive.after-commit": Point("mirror.sync.commit:Committer.commit", "after"),
    "answer.before": Point("mirror.sync.direct:CallbackProtocol.answer", "before"),
    "answer.after": Point("mirror.sync.direct:CallbackProtocol.answer", "after"),
    "answer.long-before": Point("mirror.sync.receive:_send", "before"),  # came in pieces
    "answer.long-after": Point("mirror.sync.receive:_send", "after"),
    "answer.settled": Point("mirror.sync.commit:Committer.flush", "after"),
}
APPLIER = {
    "apply.before-write": Point("mirror.store.writes:advance", "before"),
    "apply.between": Point("mirror.store.writes:advance", "after"),  # checkpoint moved, no row yet
    "apply.amid-rows": Point("mirror.store.writes:Batch._insert", "after"),
    "apply.before-commit": Point("mirror.store.writes:Batch.write", "after"),
    "apply.after-commit": Point("mirror.sync.apply:Applier._written", "before"),
}
RECOVERY = {
    "start.opened": Point("mirror.service:open_owned", "after"),
    "start.locked": Point("mirror.sync.lock:ServeLock.__enter__", "after"),
    "start.before-recall": Point("mirror.sync.commit:_recall", "before"),
    "start.after-recall": Point("mirror.sync.commit:_recall", "after"),
    "start.claiming": Point("mirror.sync.apply:claim", "after"),  # not committed yet
    "start.claimed": Point("mirror.sync.apply:Applier._claim", "after"),
}
REBUILD = {
    "rebuild.opened": Point("mirror.sync.rebuild:drop_abandoned", "before"),
    "rebuild.caught-up": Point("mirror.sync.rebuild:_catch_up", "after"),
    "rebuild.before-swap": Point("mirror.store.checkpoints:swap", "before"),
    "rebuild.after-swap": Point("mirror.store.checkpoints:swap", "after"),  # not committed yet
    "rebuild.committed": Point("mirror.sync.rebuild:_swap", "after"),
    "rebuild.amid-cleanup": Point("mirror.store.checkpoints:drop_some", "after"),
    "rebuild.cleaned": Point("mirror.sync.rebuild:drop_abandoned", "after"),
}
IMPORT = {
    "import.before-append": Point("mirror.sync.importing:_Lines.take", "before"),
    "import.between": Point("mirror.sync.importing:_Lines.take", "after"),  # appended, not noted
    "import.before-commit": Point("mirror.sync.importing:_Track.advance", "after"),
    "import.after-commit": Point("mirror.sync.importing:_Track.advanced", "before"),
    "import.before-finish": Point("mirror.sync.importing:_Track.finish", "before"),
}
CALLS: dict[str, Point] = {**RECEIVER, **APPLIER, **RECOVERY, **REBUILD, **IMPORT}
TRANSACTIONS = ("write.begun", "write.before-commit", "write.after-commit")
"""Of every write transaction of a process, whatever it is for."""
NAMES = (*CALLS, *TRANSACTIONS)


def wrap(names: set[str], reach: Reach) -> None:
    """Makes this process call `reach` with the name of each of these points that it passes."""
    for name in sorted(names):
        if name in CALLS:
            owner, attribute = found(CALLS[name].where)
            setattr(owner, attribute, _wrapped(getattr(owner, attribute), name, reach))
    if names.intersection(TRANSACTIONS):
        _wrap_transactions(reach)


def found(where: str) -> tuple[Any, str]:
    """What holds `module:name` or `module:Class.name`, and the last name."""
    module, _, path = where.partition(":")
    owner = import_module(module)
    *parents, attribute = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    assert hasattr(owner, attribute), where
    return owner, attribute


def call(where: str) -> Callable[..., Any]:
    """The function at `module:name` as it is now, wrapped or not."""
    function: Callable[..., Any] = getattr(*found(where))
    return function


def _wrapped(original: Callable[..., Any], name: str, reach: Reach) -> Callable[..., Any]:
    before = CALLS[name].when == "before"

    @functools.wraps(original)
    def plain(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any function
        if before:
            reach(name)
        result = original(*arguments, **options)
        if not before:
            reach(name)
        return result

    @functools.wraps(original)
    async def waiting(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any function
        if before:
            reach(name)
        result = await original(*arguments, **options)
        if not before:
            reach(name)
        return result

    return waiting if inspect.iscoroutinefunction(original) else plain


def _wrap_transactions(reach: Reach) -> None:
    for name in ("write", "write_driven"):
        setattr(Database, name, _reaching(getattr(Database, name), reach))


def _reaching(original: Callable[[Database], Any], reach: Reach) -> Callable[[Database], Any]:
    @contextmanager
    def write(self: Database) -> Iterator[Any]:
        with original(self) as connection:
            reach("write.begun")
            yield connection
            reach("write.before-commit")
        reach("write.after-commit")

    return write
