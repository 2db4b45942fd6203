"""A shell in which `mirror` is a command, for what documents tell readers to type."""

import os
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.support.processes import ROOT, Mirror


class Shell:
    """A folder where `mirror` is a command and the sample is where the README says."""

    def __init__(self, folder: Path) -> None:
        programs = folder / "bin"
        programs.mkdir()
        shim = programs / "mirror"
        shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mirror "$@"\n')
        shim.chmod(0o755)
        (folder / "tests").symlink_to(ROOT / "tests")
        self.folder = folder
        environ = Mirror(folder).environ
        self.environ = environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    def run(self, command: str, **environ: str) -> str:
        """What a line prints."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environ | environ,
            check=False,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, file: str, query: str) -> list[tuple[object, ...]]:
        """What a query finds in a database."""
        with closing(sqlite3.connect(self.folder / file)) as connection:
            return connection.execute(query).fetchall()
