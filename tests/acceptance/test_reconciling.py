"""Real commands and servers against a platform that answers: lost callbacks are found, and nothing else is touched."""

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any, NamedTuple, Self

import pytest

from mirror.platform.simulator import Callback, Channel, Limits, Platform, Workload
from mirror.platform.simulator.api import ApiServer
from mirror.platform.simulator.api.server import Call
from mirror.store.engine import open_database
from tests.support.database_rows import database_rows
from tests.support.processes import Mirror, Server, eventually
from tests.support.worlds import Truth, told, truth

SECRET = "kept-to-itself-7f3a"
DELETED = b'{"EventType":"Material.Deleted","MaterialDeletedEvent":{"MaterialIdSet":["m-1"]}}'
LOSSY = Channel(7, loss=0.15, duplicate=0.1, reorder=0.3, places=5)


class Studio:
    """A platform with its API on loopback, work on it, and a mirror of it that has the key."""

    def __init__(self, mirror: Mirror, *, silent: bool = True) -> None:
        self.platform = Platform(3, persons=2, teams=1)
        self.work = Workload(self.platform, 3, silent=silent, limits=Limits(classes=20, depth=4))
        self.api = ApiServer(
            self.platform, platform_id="default", keys={"AKID-1": SECRET}, rate=None
        )
        self.mirror = mirror
        self.outputs: list[str] = []

    @contextmanager
    def open(self) -> Iterator[Self]:
        with self.api:
            self.mirror.set(
                SECRET_ID="AKID-1", SECRET_KEY=SECRET, API_ENDPOINT=self.api.url, API_RATE="500"
            )
            yield self

    def feed(self, callbacks: Sequence[Callback], channel: Channel = LOSSY) -> None:
        """Imports what arrives of these."""
        lines = [sent.body for sent in channel.deliver(callbacks)]
        (self.mirror.folder / "feed.jsonl").write_bytes(b"\n".join(lines) + b"\n")
        self.mirror.run("import", "feed.jsonl")

    def rows(self) -> Truth:
        """What the mirror shows, of all that the platform's API tells."""
        url = f"sqlite:///{self.mirror.folder}/mirror.db"
        with (
            closing(open_database(url, create=False, read_only=True)) as database,
            database.read() as connection,
        ):
            return _without_unsaid(told(database_rows(connection, "default")))

    def truth(self) -> Truth:
        with self.api.lock:
            return _without_unsaid(truth(self.platform))

    def reconcile(self, *arguments: str, code: int = 0) -> str:
        printed = self.mirror.run("reconcile", *arguments, code=code)
        assert SECRET not in printed
        return printed

    def status(self) -> Any:  # noqa: ANN401 - it is JSON
        [found] = self.mirror.json("status")["platforms"]
        return found

    def assert_nothing_kept_the_key(self) -> None:
        for file in self.mirror.folder.iterdir():
            assert SECRET.encode() not in file.read_bytes(), file.name


def _without_unsaid(rows: Truth) -> Truth:
    """Without the files of images and of other media: the API tells little or nothing of those."""
    told_of = {row[6] for row in rows["media"] if row[5] in {"VIDEO", "AUDIO"}}
    return rows | {"files": {row for row in rows["files"] if row[0] in told_of}}


@pytest.fixture
def studio(mirror: Mirror) -> Iterator[Studio]:
    mirror.environ = {n: t for n, t in mirror.environ.items() if not n.lower().endswith("_proxy")}
    with Studio(mirror).open() as studio:
        yield studio


# ------------------------------------------------------------------------------ the command


def test_what_was_lost_is_told_by_a_dry_run_and_put_right_by_a_real_one(studio: Studio) -> None:
    studio.work.run(120)
    studio.feed(studio.platform.drain())
    assert studio.rows() != studio.truth()
    before = studio.rows(), studio.mirror.journal()

    told_first = studio.reconcile("--dry-run", code=1)
    assert "would be corrected." in told_first
    assert (studio.rows(), studio.mirror.journal()) == before

    printed = studio.reconcile()
    assert " corrected." in printed
    assert "an event should have told it and did not come" in printed
    assert "budget" not in printed
    assert studio.rows() == studio.truth()

    seqs = studio.mirror.progress().head_seq
    assert ", 0 corrected." in studio.reconcile()
    assert studio.mirror.progress().head_seq > seqs  # what was seen again is journaled, too
    assert studio.rows() == studio.truth()
    assert studio.mirror.differences() == []

    status = studio.status()
    assert status["doubts"] == {}
    assert status["trust"]["corrections"]
    assert status["trust"]["owners_read"] == status["trust"]["owners"]
    studio.assert_nothing_kept_the_key()


def test_a_full_run_fills_an_empty_mirror_and_a_budget_ends_it_for_the_time_being(
    studio: Studio,
) -> None:
    studio.work.bootstrap(60)
    studio.platform.drain()
    assert "bootstrapped    no" in studio.mirror.run("status")
    assert "The budget is spent" in studio.reconcile("--full", "--budget", "8")
    assert set() < studio.rows()["media"] < studio.truth()["media"]
    # It goes on with what was not read yet, and asks again only for media whose class is in doubt.
    goes_on = studio.reconcile("--json")
    assert json.loads(goes_on)["complete"]
    asked = [i for call in studio.api.calls for i in call.params.get("MaterialIds", ())]
    assert len(set(asked)) == 60
    assert len(asked) - len(set(asked)) <= 20
    assert studio.rows() == studio.truth()
    assert "bootstrapped    yes" in studio.mirror.run("status")


def test_one_owner_is_read_alone_when_asked(studio: Studio) -> None:
    studio.work.bootstrap(30)
    team, *_ = (owner for owner in studio.platform.owners() if owner.type == "TEAM")
    assert "1 owners read" in studio.reconcile("--owner", f"TEAM:{team.id}")
    listed = [call for call in studio.api.calls if call.action == "FlattenListMedia"]
    assert {call.params["Owner"]["Id"] for call in listed} == {team.id}
    mine = {row for row in studio.truth()["media"] if row[2] == team.id}
    assert studio.rows()["media"] == mine


def test_without_the_right_key_nothing_is_done_and_the_remedy_is_told(studio: Studio) -> None:
    studio.mirror.set(SECRET_KEY="")
    told = studio.reconcile(code=2)
    assert "set MIRROR_SECRET_ID and MIRROR_SECRET_KEY" in told
    assert studio.api.calls == []
    studio.mirror.set(SECRET_KEY="another-key")
    told = studio.reconcile("--full", code=2)
    assert "Check MIRROR_SECRET_KEY" in told
    assert "another-key" not in told
    assert studio.mirror.journal() == []


# ------------------------------------------------------------------------------- the server


class Traffic:
    """People go on working whenever the server asks the platform; before its first sweep, callbacks get lost."""

    def __init__(self, studio: Studio, server: Server) -> None:
        self._studio = studio
        self._server = server
        self._random = random.Random(1)
        self._left = 30
        self.lost = 0

    def __call__(self, call: Call) -> None:
        if call.action == "DescribeTeams":
            self._post(60, LOSSY)
        elif call.action in {"FlattenListMedia", "DescribeMaterials"} and self._left:
            self._left -= 1
            self._post(1, Channel())

    def _post(self, operations: int, channel: Channel) -> None:
        self._studio.work.run(operations)
        callbacks = self._studio.platform.drain()
        arrive = channel.deliver(callbacks)
        self.lost += len(callbacks) - len({sent.of for sent in arrive})
        for sent in arrive:
            assert self._server.post(sent.body) == 200


def test_a_server_with_a_key_finds_what_was_lost_and_reverses_what_was_forged(
    mirror: Mirror,
) -> None:
    with Studio(mirror, silent=False).open() as studio:
        mirror.set(LOG_LEVEL="debug")
        studio.work.bootstrap(40)
        studio.feed([])
        with mirror.serving() as server:
            studio.api.before = traffic = Traffic(studio, server)
            assert eventually(lambda: studio.rows()["media"] == studio.truth()["media"], 25)
            studio.api.before = None
            assert traffic.lost > 5

            victim = min(studio.platform.materials())
            assert server.post(DELETED.replace(b"m-1", victim.encode())) == 200
            assert eventually(lambda: victim not in media(studio))
            assert eventually(lambda: studio.rows()["media"] == studio.truth()["media"], 25)
            assert server.terminate() == 0
        assert "misread" in mirror.run("status")
        assert mirror.differences() == []
        studio.assert_nothing_kept_the_key()


def media(studio: Studio) -> set[str]:
    return {row[0] for row in studio.rows()["media"]}


class Waiting(NamedTuple):
    """A command that waits for the platform, and what it says meanwhile."""

    process: Popen[str]
    log: Path


@pytest.fixture(scope="module")
def away() -> Iterator[ApiServer]:
    """A platform that does not answer."""
    with ApiServer(Platform(1)) as api:
        api.down()
        yield api


@pytest.fixture(scope="module", autouse=True)
def waiting(away: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waiting]:
    """A `mirror reconcile` that waits for it; the other tests go on meanwhile."""
    mirror = Mirror(tmp_path_factory.mktemp("away"))
    mirror.set(SECRET_ID="AKID-1", SECRET_KEY=SECRET, API_ENDPOINT=away.url)
    with (mirror.folder / "log").open("w") as log:
        process = mirror.start("reconcile", stderr=log)
    with process:
        yield Waiting(process, mirror.folder / "log")
        process.kill()


def test_a_server_stops_in_time_while_the_platform_is_away(mirror: Mirror, away: ApiServer) -> None:
    mirror.set(SECRET_ID="AKID-1", SECRET_KEY=SECRET, API_ENDPOINT=away.url)
    with mirror.serving() as server:
        assert server.post(DELETED) == 200  # receiving goes on
        assert eventually(lambda: "failed and is tried again" in server.log.read_text())
        started = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - started < 10
    assert mirror.progress().applied_seq == 1


def test_a_command_ends_with_3_while_the_platform_is_away(
    waiting: Waiting, away: ApiServer
) -> None:
    assert waiting.process.wait(40) == 3
    errors = waiting.log.read_text()
    told_last = errors.splitlines()[-1]
    assert told_last.startswith(
        "mirror: DescribeProjects failed 6 times: the connection was refused."
    )
    assert f"{away.url} can be reached" in told_last
    assert SECRET not in errors
