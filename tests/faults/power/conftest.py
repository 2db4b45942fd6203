"""The shim, compiled once; bodies that no two are equal of."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.power.examine import Examiner
from tests.faults.power.recorder import History, Traced, serve
from tests.support.lifelike import feed


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shim, to be loaded into `mirror`."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs cc and Linux")
    made = tmp_path_factory.mktemp("shim") / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", made, source, "-ldl"],
        check=True,
    )
    return made


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory, shim: Path, bodies: list[bytes]) -> History:
    """A server from its first start to its stop in peace; its log is moved into the database often."""
    return serve(Traced(tmp_path_factory.mktemp("served"), shim, "tidy=20"), bodies)


@pytest.fixture
def traced(tmp_path: Path, shim: Path) -> Callable[..., Traced]:
    """Makes a `mirror` whose writes are written down; its arguments are changes of launch.py."""

    def make(*changes: str, folder: str = "run") -> Traced:
        (tmp_path / folder).mkdir(exist_ok=True)
        return Traced(tmp_path / folder, shim, " ".join(changes))

    return make


@pytest.fixture
def examiner(tmp_path: Path) -> Examiner:
    """Looks at images."""
    return Examiner(tmp_path)


@pytest.fixture(scope="session")
def bodies() -> list[bytes]:
    """Callbacks of a platform at work, each of them once."""
    return list(dict.fromkeys(arrival.body for arrival in feed(160)))
