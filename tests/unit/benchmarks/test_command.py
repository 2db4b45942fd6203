"""The command with small sizes: rows run, results are checked, and wrong ones stop it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mirror.core.rules import Rules
from mirror.store.platforms import DEFAULT
from mirror.sync.verify import verify
from tests.benchmarks import __main__ as command
from tests.benchmarks import feeds, report
from tests.benchmarks.conditions import conditions
from tests.benchmarks.document import TITLES, doubtful
from tests.benchmarks.rows import ROWS, rebuild
from tests.benchmarks.runner import QUICK, Bench, Call, Facts, fresh


def test_the_command_names_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["--list"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(ROWS)
    assert set(TITLES) == set(ROWS)


def test_quick_rows_are_measured_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "run.json"
    command.main(
        [
            "--quick",
            "--rows",
            "class_move,first_page",
            "--work",
            str(tmp_path),
            "--json",
            str(target),
        ]
    )
    command.main(["--quick", "--rows=rebuild", f"--work={tmp_path}", f"--json={target}", "--merge"])
    run = report.read(target)
    assert [part.rows for part in run.parts] == [["class_move", "first_page"], ["rebuild"]]
    assert {part.conditions["quick"] for part in run.parts} == {True}
    printed = capsys.readouterr().out
    assert all(figure.what in printed for figure in run.figures)
    assert not list(tmp_path.glob("run-*"))


def test_a_row_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--quick", "--rows", "rebuild,nothing"])
    assert "no such row: nothing" in capsys.readouterr().err


@pytest.mark.benchmark
@pytest.mark.timeout(300)
def test_all_rows_are_right(tmp_path: Path) -> None:
    target = tmp_path / "run.json"
    command.main(["--quick", f"--work={tmp_path / 'work'}", f"--json={target}"])
    (part,) = report.read(target).parts
    assert part.rows == list(ROWS)


def test_other_rows_than_the_rebuild_s_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = rebuild.floor

    def forgetful(**arguments: object) -> Facts:
        facts = honest(**arguments)  # type: ignore[arg-type]
        return facts | {"digests": facts["digests"] | {"tags": "other"}}

    monkeypatch.setattr(rebuild, "floor", forgetful)
    with pytest.raises(AssertionError, match=r"floor of .* other rows in \['tags'\]"):
        list(rebuild.measure(Bench(tmp_path, QUICK, quick=True)))


def test_a_fresh_process_returns_facts_or_says_why_not(tmp_path: Path) -> None:
    prepare = Call("tests.benchmarks.rows.callbacks:prepare", {"work": str(tmp_path), "posts": 5})
    feed = feeds.Feed(Path(fresh(prepare)["path"]))
    assert len(list(feed.bodies())) == 5
    with pytest.raises(RuntimeError, match="unexpected keyword"):
        fresh(Call("tests.benchmarks.rows.callbacks:prepare", {"wrong": 1}))


def test_what_was_measured_otherwise_is_called_provisional(tmp_path: Path) -> None:
    under = conditions(Bench(tmp_path)) | {"load_average": [0.1, 0.1, 0.1], "cores": 2}
    assert list(doubtful(under)) == []
    smaller = conditions(Bench(tmp_path).resized(materials=50, rounds=2))["sizes"]
    assert list(doubtful(under | {"sizes": smaller, "load_average": [1.5, 0.1, 0.1]})) == [
        "measured with rounds 2, materials 50",
        "the machine was busy with other work",
    ]


def test_feeds_follow_from_their_seed(tmp_path: Path) -> None:
    def bodies(make: Callable[[Path], feeds.Feed], name: str) -> list[bytes]:
        (tmp_path / name).mkdir()
        return list(make(tmp_path / name).bodies())

    one = bodies(lambda work: feeds.lifelike(work, 50), "one")
    assert len(one) == 50
    assert bodies(lambda work: feeds.lifelike(work, 50), "two") == one
    assert bodies(lambda work: feeds.lifelike(work, 50, seed=2), "three") != one


def test_traffic_begins_alike_however_long_it_is(tmp_path: Path) -> None:
    filling = list(feeds.filling(tmp_path, 30).bodies())
    short = list(feeds.traffic(tmp_path, 30, 20).bodies())
    long = list(feeds.traffic(tmp_path, 30, 40).bodies())
    assert (len(short), len(long)) == (20, 40)
    assert long[:20] == short
    assert list(feeds.traffic(tmp_path, 30, 10).bodies())[:10] == short[:10]
    assert list(feeds.filling(tmp_path / "other", 30).bodies()) == filling


def test_a_library_is_a_genuine_one(tmp_path: Path) -> None:
    path = feeds.library(tmp_path, 300)
    with feeds.opened(path) as database:
        with database.read() as connection:
            live, links = (
                connection.exec_driver_sql(f"SELECT count(*) FROM {view}").scalar_one()  # noqa: S608
                for view in ("media_tree", "media_links")
            )
        assert list(verify(database, DEFAULT, Rules())) == []
    assert live >= 300
    assert links > 0
