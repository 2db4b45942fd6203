"""Commands run within the test's own process, in a folder of the test's own."""

import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mirror.cli import main


class Command:
    """`mirror`, without a process; `error` is what the last command printed there."""

    def __init__(
        self, capture: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._capture = capture
        self._monkeypatch = monkeypatch
        self.error = ""

    def raw(self, *arguments: str, code: int = 0) -> bytes:
        """Runs a command that ends with `code`; what it printed."""
        self._monkeypatch.setattr(sys, "argv", ["mirror", *arguments])
        ended: object = 0
        self._capture.readouterr()
        try:
            main()
        except SystemExit as end:
            ended = end.code or 0
        printed, error = self._capture.readouterr()
        self.error = error.decode()
        assert ended == code, (ended, printed, self.error)
        return printed

    def __call__(self, *arguments: str, code: int = 0) -> str:
        return self.raw(*arguments, code=code).decode()

    def json(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - it is JSON
        """What a command prints as JSON."""
        return json.loads(self.raw(*arguments, "--json", code=code))


@pytest.fixture
def mirror(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Iterator[Command]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for name in os.environ:
        if name.startswith("MIRROR_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield Command(capfdbinary, monkeypatch)
    root.handlers[:] = handlers
    root.setLevel(level)
