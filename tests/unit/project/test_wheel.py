"""What an installed wheel holds: the package, its types, and migrations that it finds by itself."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.unit.project.checkout import ROOT, files

UPGRADE = """
import sys
from pathlib import Path
import alembic.command, alembic.config, sqlalchemy
import mirror

migrations = Path(mirror.__file__).parent / "_migrations"
engine = sqlalchemy.create_engine("sqlite://")
config = alembic.config.Config()
config.set_main_option("script_location", str(migrations))
with engine.begin() as connection:
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "head")
    print(sqlalchemy.inspect(connection).has_table("alembic_version"), migrations)
engine.dispose()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", target],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = target.glob("*.whl")
    return built


def test_a_wheel_holds_every_file_of_the_package_and_the_migrations(wheel: Path) -> None:
    expected = {str(name) for name in files() if name.parts[0] == "mirror"} | {
        str(Path("mirror/_migrations").joinpath(*name.parts[1:]))
        for name in files()
        if name.parts[0] == "migrations"
    }
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == expected
    assert {"mirror/py.typed", "mirror/_migrations/env.py"} <= held


def test_an_installed_wheel_migrates_a_database(wheel: Path, tmp_path: Path) -> None:
    ZipFile(wheel).extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-c", UPGRADE],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["True", str(tmp_path / "site" / "mirror" / "_migrations")]
