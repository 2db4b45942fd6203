"""Imports append each line once, whatever interrupts them; exports give the journal back."""

import gzip
import json
from contextlib import closing
from pathlib import Path

import pytest

from mirror.core.model import Micros, Seq
from mirror.errors import InputError
from mirror.store import imports, journal, platforms
from mirror.store.engine import Database, open_database
from mirror.store.imports import Import
from mirror.store.journal import Arrival, Delivery
from mirror.sync import exporting, lines
from mirror.sync.exporting import Skipped, bodies, deliveries, envelopes
from mirror.sync.importing import Report, header_of, import_file

CREATED = (
    b'{"EventType":"Class.Created","ClassCreatedEvent":'
    b'{"Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/%d"}}'
)


def bring(database: Database, path: Path, *, again: bool = False, most: int = 10_000) -> Report:
    return import_file(database, "default", path, largest_body=most, again=again)


def everything(database: Database) -> list[Delivery]:
    return list(deliveries(database, "default"))


def archive(folder: Path, count: int, name: str = "archive.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"".join(CREATED % n + b"\n" for n in range(count)))
    return path


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK", 300)


def test_each_line_is_appended_as_it_is(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "archive.jsonl"
    path.write_bytes(b'{"a":1}\r\n\n  \n{"a":1}\nno json\n' + b"x" * 50 + b'\n{"EventType":"New"}')
    report = bring(database, path, most=40)
    assert [(row.body, row.source, row.redelivery_of) for row in everything(database)] == [
        (b'{"a":1}', "import", None),
        (b'{"a":1}', "import", None),
        (b"no json", "import", None),
        (b'{"EventType":"New"}', "import", None),
    ]
    assert (report.lines, report.appended, report.empty) == (7, 4, 2)
    assert (report.first_seq, report.last_seq) == (1, 4)
    assert (report.too_long, report.too_long_lines) == (1, [6])
    assert report.quarantined == 3
    assert [(found.line, found.seq) for found in report.quarantined_lines] == [
        (1, 1),
        (4, 2),
        (5, 3),
    ]


def test_a_finished_file_appends_nothing_unless_asked_to(
    database: Database, tmp_path: Path
) -> None:
    path = archive(tmp_path, 3)
    assert bring(database, path).appended == 3
    known = bring(database, path)
    assert (known.appended, known.was_known, known.resumed_line) == (0, True, 4)
    renamed = tmp_path / "renamed.gz"
    renamed.write_bytes(gzip.compress(path.read_bytes()))
    assert bring(database, renamed).was_known
    assert bring(database, path, again=True).appended == 3
    assert bring(database, path).was_known
    assert len(everything(database)) == 6
    with database.read() as connection:
        (record,) = imports.known(connection, "default")
    assert (record.file_name, record.lines, record.started_seq, record.finished) == (
        "archive.jsonl",
        3,
        4,
        True,
    )


def test_a_file_that_grew_appends_what_is_new(database: Database, tmp_path: Path) -> None:
    bring(database, archive(tmp_path, 3))
    report = bring(database, archive(tmp_path, 5))
    assert (report.resumed_line, report.appended) == (4, 2)
    assert [row.body for row in everything(database)] == [CREATED % n for n in range(5)]


@pytest.mark.usefixtures("small_pieces")
def test_an_interrupted_import_takes_no_line_twice(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path, 50)
    original = imports.advance
    for calls in (1, 3, 2):
        left = iter(range(calls))

        def advance(*arguments: object, left: object = left) -> None:
            original(*arguments)  # type: ignore[arg-type]
            if next(left, None) is None:  # type: ignore[call-overload]
                raise KeyboardInterrupt

        monkeypatch.setattr(imports, "advance", advance)
        with pytest.raises(KeyboardInterrupt):
            bring(database, path)
    monkeypatch.setattr(imports, "advance", original)
    taken = len(everything(database))
    assert 0 < taken < 50
    report = bring(database, path)
    assert report.resumed_line == taken + 1
    assert [row.body for row in everything(database)] == [CREATED % n for n in range(50)]


@pytest.mark.usefixtures("small_pieces")
def test_two_imports_of_one_file_at_once_do_not_both_append(
    database: Database, tmp_path: Path
) -> None:
    path = archive(tmp_path, 20)

    def meddle(_: int) -> None:
        bring(database, path)

    with pytest.raises(InputError, match="another import of the same content"):
        import_file(database, "default", path, largest_body=1000, tell=meddle)
    assert [row.body for row in everything(database)] == [CREATED % n for n in range(20)]


def test_bodies_that_are_no_line_and_observations_are_left_out_of_an_export(
    database: Database,
) -> None:
    given = [b'{"a":1}', b'{\n"a":1}', b"[1]", b"no json", b"", b'"\xff"', b'{"a":1}\r']
    ours = Arrival(b'{"EventType":"Mirror.Classes.Observed"}', Micros(0), "reconcile")
    with database.write() as connection:
        arrivals = [Arrival(body, Micros(0)) for body in given]
        journal.append(connection, "default", [*arrivals, ours])
    skipped = Skipped()
    assert list(bodies(deliveries(database, "default"), skipped)) == [b'{"a":1}', b"[1]"]
    assert (skipped.no_line, skipped.ours) == (5, 1)


def test_a_part_of_the_journal_is_exported_whatever_the_size_of_a_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as connection:
        journal.append(connection, "default", [Arrival(b"%d" % n, Micros(n)) for n in range(1, 31)])
    for large in (0, exporting.LARGE):
        monkeypatch.setattr(exporting, "LARGE", large)
        found = deliveries(database, "default", Seq(7), Seq(28))
        assert [row.body for row in found] == [b"%d" % n for n in range(7, 29)]
    assert list(deliveries(database, "default", Seq(31))) == []


@pytest.fixture
def exported(database: Database, tmp_path: Path) -> Path:
    with database.write() as connection:
        some = [
            Arrival(CREATED % 1, Micros(1_000_001)),
            Arrival(CREATED % 1, Micros(1_000_005), "callback", Seq(1)),
            Arrival(b"\xff\n", Micros(2_000_000), "import"),
            *(Arrival(CREATED % n, Micros(3_000_000 + n), "import") for n in range(20)),
        ]
        journal.append(connection, "default", some)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in envelopes(database, "default")))
    return path


@pytest.fixture
def empty(tmp_path: Path, migrated_file: Path) -> Database:
    (tmp_path / "empty.db").write_bytes(migrated_file.read_bytes())
    return open_database(f"sqlite:///{tmp_path}/empty.db")


@pytest.mark.usefixtures("small_pieces")
def test_an_export_with_envelopes_restores_the_journal_exactly(
    database: Database, exported: Path, empty: Database
) -> None:
    header = header_of(exported)
    assert header is not None
    assert (header.platform, header.first, header.last) == ("default", 1, 23)
    with closing(empty):
        report = bring(empty, exported)
        assert everything(empty) == everything(database)
        assert (report.restored, report.appended, report.last_seq) == (True, 23, 23)
        (named,) = report.quarantined_lines
        assert (named.line, named.seq) == (4, 3)
        assert bring(empty, exported).was_known


@pytest.mark.usefixtures("small_pieces")
def test_an_interrupted_restoration_goes_on(
    database: Database, exported: Path, empty: Database, tmp_path: Path
) -> None:
    with closing(empty):
        cut = tmp_path / "cut.jsonl"
        cut.write_bytes(b"".join(exported.read_bytes().splitlines(keepends=True)[:10]))
        with pytest.raises(InputError, match="delivery 9 of 23: it was cut off"):
            bring(empty, cut)
        report = bring(empty, exported)
        assert report.resumed_line == 11
        assert everything(empty) == everything(database)


def test_a_journal_is_not_restored_onto_another(database: Database, exported: Path) -> None:
    with pytest.raises(InputError, match="holds 23 deliveries already"):
        bring(database, exported)


def test_a_journal_is_not_restored_under_another_name(exported: Path, empty: Database) -> None:
    with closing(empty):
        with empty.write() as connection:
            platforms.add(connection, "studio", now=Micros(0))
        with pytest.raises(InputError, match="cannot be restored into 'studio'"):
            import_file(empty, "studio", exported, largest_body=1000)


def test_a_part_of_a_journal_is_not_restored(
    database: Database, exported: Path, empty: Database, tmp_path: Path
) -> None:
    part = tmp_path / "part.jsonl"
    part.write_bytes(b"\n".join(envelopes(database, "default", Seq(2))))
    with closing(empty), pytest.raises(InputError, match="starts with delivery 2"):
        bring(empty, part)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda entry: entry | {"body": "{}"}, "digests"),
        (lambda entry: entry | {"seq": 9}, "delivery 9 follows 1"),
        (lambda entry: entry | {"source": "me"}, "no delivery"),
        (lambda _: {}, "no delivery"),
    ],
)
def test_a_changed_export_is_refused_and_its_line_is_named(  # type: ignore[no-untyped-def]
    exported: Path,
    empty: Database,
    change,  # noqa: ANN001
    complaint: str,
) -> None:
    rows = exported.read_bytes().splitlines()
    rows[2] = json.dumps(change(json.loads(rows[2]))).encode()
    exported.write_bytes(b"\n".join(rows))
    with closing(empty):
        with pytest.raises(InputError, match=complaint) as caught:
            bring(empty, exported)
        assert "line " in str(caught.value)
        assert everything(empty) == []


def test_what_is_recorded_of_an_import_is_replaced_as_it_goes_on(database: Database) -> None:
    first = Import(b"1" * 32, "a", 1, 10, Seq(1), finished=False, updated_at=Micros(5))
    second = Import(b"2" * 32, "a", 2, 20, Seq(1), finished=False, updated_at=Micros(6))
    with database.write() as connection:
        imports.advance(connection, "default", first, [])
        imports.advance(connection, "default", second, [first.fingerprint])
        assert imports.known(connection, "default") == [second]
        imports.finish(connection, "default", second.fingerprint)
        assert imports.known(connection, "default")[0].finished
