"""What a run of reconciliation reports, and that a dry one writes nothing."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mirror.core.model import Micros, Owner
from mirror.core.rules import Rules
from mirror.errors import NotFound
from mirror.platform.simulator import Platform
from mirror.platform.simulator.api import ApiServer
from mirror.reconciler import Access, Report, reconcile, watching
from mirror.store import journal, migrate
from mirror.store.engine import Database, open_database
from mirror.store.journal import Arrival
from mirror.store.reconciling import Tally
from tests.support.processes import eventually


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def platform() -> Platform:
    """One team with two media in a class, of which nobody has told yet."""
    made = Platform(1, persons=0, teams=1)
    [team] = made.owners()
    for name in ("a", "b"):
        made.upload(team, "/素材", name)
    return made


@pytest.fixture
def api(platform: Platform) -> Iterator[ApiServer]:
    with ApiServer(platform, platform_id="default", rate=None) as server:
        yield server


@pytest.fixture
def access(api: ApiServer) -> Access:
    return Access(api.secret_id, api.secret_key, api.url, 500.0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(f"sqlite:///{tmp_path}/mirror.db")) as opened:
        migrate.prepare(opened)
        yield opened


def receive(database: Database, platform: Platform, lost: int) -> None:
    """Journals what the platform told, without the last `lost` callbacks."""
    bodies = [callback.body for callback in platform.drain()]
    with database.write() as connection:
        journal.append(
            connection,
            "default",
            [Arrival(body, Micros(n)) for n, body in enumerate(bodies[: len(bodies) - lost], 1)],
        )


def head(database: Database) -> int:
    with database.read() as connection:
        return journal.head(connection, "default")


def run(database: Database, access: Access, *, dry: bool = False) -> Report:
    return reconcile(database, "default", Rules(), access, dry=dry)


def test_access_shows_no_key(access: Access) -> None:
    assert repr(access) == f"Access(endpoint={access.endpoint!r})"
    assert access.secret_key not in f"{access} {access!r}"


def test_a_run_reports_what_it_put_right_and_the_next_one_finds_nothing(
    database: Database, platform: Platform, access: Access
) -> None:
    assert run(database, access).corrections == ()  # it had claimed nothing
    platform.drain()
    platform.delete_materials([min(platform.materials())])
    receive(database, platform, lost=1)

    report = run(database, access)
    assert report.corrections == (Tally("silent-or-lost", "Material.Deleted", 1),)
    assert (report.platform, report.owners) == ("default", 1)
    assert (report.complete, report.dry) == (True, False)
    assert run(database, access).corrections == ()


def test_a_dry_run_reports_the_same_and_writes_nothing(
    database: Database, platform: Platform, access: Access
) -> None:
    run(database, access)
    platform.delete_materials([min(platform.materials())])
    before = head(database)
    dry = run(database, access, dry=True)
    assert head(database) == before
    assert dry.dry
    assert dry.corrections == run(database, access).corrections != ()


def test_one_owner_is_read_alone(database: Database, platform: Platform, access: Access) -> None:
    other = platform.add_owner("TEAM", "other")
    report = reconcile(database, "default", Rules(), access, only=[Owner("TEAM", other.id)])
    assert report.owners == 1
    assert run(database, access).owners == 2


def test_an_unknown_platform_is_not_read(database: Database, access: Access) -> None:
    with pytest.raises(NotFound):
        reconcile(database, "nowhere", Rules(), access)


def test_watching_reads_while_the_body_runs_and_ends_with_it(
    database: Database, api: ApiServer, access: Access
) -> None:
    def watchers() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "reconciler"]

    with watching(database, Rules(), access):
        assert eventually(lambda: api.counts["DescribeProjects"] > 0)
        assert watchers() == ["reconciler"]
    assert watchers() == []
