"""Appends the lines of an archive to the journal, or restores a journal from an export.

Each piece and the record of how far the file was taken are one transaction, so an import that was
interrupted goes on after its last piece and takes no line twice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, field

from mirror.core.decode import decode
from mirror.core.events import Undecoded
from mirror.core.model import Micros, Seq
from mirror.errors import InputError
from mirror.store import imports, journal
from mirror.store.engine import Connection, Database
from mirror.store.imports import Import
from mirror.store.journal import Arrival
from mirror.sync import envelope
from mirror.sync.compressed import is_stream, opened
from mirror.sync.envelope import Header
from mirror.sync.lines import Content, Mark, Piece, find, pieces

LONGEST_HEADER = 65_536
NAMED = 100
"""How many lines of one kind are named; all are counted."""
LARGEST_RESTORED = 64 * 1024**2
"""Bodies up to this size are restored, whatever size is taken from callbacks now."""

Tell = Callable[[int], None]


class Quarantined(Struct, frozen=True):
    """A line that is in the journal and cannot be decoded."""

    line: int
    seq: Seq
    reason: str


class Report(Struct):
    """What became of a file. Lists name the first ones, counts count all."""

    file: str
    platform: str
    restored: bool = False  # an export with envelopes
    resumed_line: int | None = None  # the first line that was not taken before
    lines: int = 0  # read now
    appended: int = 0
    first_seq: Seq | None = None
    last_seq: Seq | None = None
    empty: int = 0
    too_long: int = 0
    too_long_lines: list[int] = field(default_factory=list)
    quarantined: int = 0
    quarantined_lines: list[Quarantined] = field(default_factory=list)

    @property
    def was_known(self) -> bool:
        """Whether all of it had been taken before."""
        return self.resumed_line is not None and not self.lines

    def add(self, seqs: list[Seq]) -> None:
        """Counts appended deliveries."""
        if seqs:
            self.appended += len(seqs)
            self.first_seq = self.first_seq or seqs[0]
            self.last_seq = seqs[-1]

    def name(self, seq: Seq, line: int, body: bytes, source: str) -> None:
        """Names a delivery if it cannot be decoded."""
        meaning = decode(body, source)
        if isinstance(meaning, Undecoded) and meaning.outcome == "quarantined":
            self.quarantined += 1
            if len(self.quarantined_lines) < NAMED:
                self.quarantined_lines.append(Quarantined(line, seq, meaning.reason))


def header_of(path: Path) -> Header | None:
    """The header, if the file is an export with envelopes; a stream is not looked into."""
    if is_stream(path):
        return None
    with opened(path) as content:
        return envelope.read_header(content.readline(LONGEST_HEADER))


def import_file(
    database: Database,
    platform: str,
    path: Path,
    *,
    largest_body: int,
    again: bool = False,
    tell: Tell = lambda _: None,
) -> Report:
    """Appends a file's lines; `tell` is told how many were read, piece by piece.

    What was taken of this content before is passed over, unless it is to be appended `again`.
    Raises InputError for a file that cannot be read or restored; what was taken until then stays.
    """
    track = _Track(database, platform, path, again=again)
    report = Report(str(path), platform)
    if track.after is not None:
        report.resumed_line = track.after.lines + 1
    with opened(path) as stream:
        content = _Unread(stream.readline(LONGEST_HEADER), stream)
        header = envelope.read_header(content.first_line)
        if header is None:
            taker: _Lines | _Export = _Lines(report, largest_body)
        else:
            taker = _Export(report, header, largest_body)
            taker.begin(database, track.after)
        for piece in pieces(content, taker.longest, track.after):
            with database.write() as connection:
                track.start(connection)
                taker.take(connection, piece, database.now(connection))
                track.advance(connection, piece.end, database.now(connection))
            track.advanced(piece.end)
            report.lines += len(piece.lines)
            tell(len(piece.lines))
        taker.end()
    track.finish()
    return report


class _Unread:
    """A content whose first line was read already."""

    def __init__(self, first_line: bytes, rest: Content) -> None:
        self.first_line = first_line
        self._ready = first_line
        self._rest = rest

    def read(self, size: int) -> bytes:
        if not self._ready:
            return self._rest.read(size)
        some, self._ready = self._ready[:size], self._ready[size:]
        return some


class _Track:
    """The record of how far a file was taken; a stream has none, since it cannot be read again."""

    def __init__(self, database: Database, platform: str, path: Path, *, again: bool) -> None:
        self._database = database
        self._platform = platform
        self._path = path
        self._records: dict[bytes, Import] = {}
        self._is_stream = is_stream(path)
        known = [] if self._is_stream else self._known()
        self.after = known[-1] if known and not again else None
        self._before = [mark.fingerprint for mark in known if again or mark is self.after]
        self._started: Seq | None = None
        if self.after is not None:
            self._started = self._records[self.after.fingerprint].started_seq

    def start(self, connection: Connection) -> None:
        if self._started is None:
            self._started = Seq(journal.head(connection, self._platform) + 1)

    def advance(self, connection: Connection, end: Mark, now: Micros) -> None:
        if self._is_stream or self._started is None:
            return
        record = Import(
            fingerprint=end.fingerprint,
            file_name=self._path.name,
            lines=end.lines,
            bytes=end.size,
            started_seq=self._started,
            finished=False,
            updated_at=now,
        )
        imports.advance(connection, self._platform, record, self._before)

    def advanced(self, end: Mark) -> None:
        self._before = [end.fingerprint]

    def finish(self) -> None:
        if not self._is_stream and self._before:
            with self._database.write() as connection:
                imports.finish(connection, self._platform, self._before[-1])

    def _known(self) -> list[Mark]:
        with self._database.read() as connection:
            records = imports.known(connection, self._platform)
        self._records = {record.fingerprint: record for record in records}
        if not records:
            return []
        with opened(self._path) as content:
            return find(content, (Mark(r.lines, r.bytes, r.fingerprint) for r in records))


class _Lines:
    """Appends bodies as they are."""

    def __init__(self, report: Report, largest_body: int) -> None:
        self.longest = largest_body
        self._report = report

    def take(self, connection: Connection, piece: Piece, now: Micros) -> None:
        report, bodies = self._report, {}
        for number, line in enumerate(piece.lines, start=piece.first):
            if line is None:
                report.too_long += 1
                report.too_long_lines += [number] if report.too_long <= NAMED else []
            elif not line.strip():
                report.empty += 1
            else:
                bodies[number] = line
        arrivals = [Arrival(body, now, "import") for body in bodies.values()]
        seqs = journal.append(connection, report.platform, arrivals)
        report.add(seqs)
        for seq, (number, body) in zip(seqs, bodies.items(), strict=True):
            report.name(seq, number, body, "import")

    def end(self) -> None:
        """Any end is a good one."""


class _Export:
    """Restores deliveries as they were, with their seqs, times and digests."""

    def __init__(self, report: Report, header: Header, largest_body: int) -> None:
        self.longest = envelope.longest_line(max(largest_body, LARGEST_RESTORED))
        self._report = report
        self._header = header
        self._last = Seq(0)
        self._digest = ""
        report.restored = True

    def begin(self, database: Database, after: Mark | None) -> None:
        """Refuses what cannot become the same journal."""
        name, header = self._report.platform, self._header
        if header.platform != name:
            raise InputError(
                f"{self._report.file} holds the journal of platform '{header.platform}', whose "
                f"digests cover that name: it cannot be restored into '{name}'."
            )
        if header.first != 1:
            raise InputError(
                f"{self._report.file} starts with delivery {header.first}: a journal is restored "
                "from an export of all of it."
            )
        if after is not None and after.lines - 1 == header.last:
            self._last, self._digest = header.last, header.digest
            return
        with database.read() as connection:
            head = journal.head_of(connection, name)
        if head.seq != (0 if after is None else after.lines - 1):
            raise InputError(
                f"Platform '{name}' holds {head.seq} deliveries already: an export with envelopes "
                "is restored into an empty one. Name a new database with --database."
            )
        self._last, self._digest = head.seq, head.digest.hex()

    def take(self, connection: Connection, piece: Piece, _: Micros) -> None:
        first = 1 if piece.first == 1 else 0  # the header
        arrivals, lines = [], range(piece.first + first, piece.end.lines + 1)
        last, digest = self._last, b""
        for number, line in zip(lines, piece.lines[first:], strict=True):
            if line is None:
                raise self._wrong(number, "it is too long; MAX_BODY_BYTES bounds it")
            try:
                seq, digest, arrival = envelope.read_line(line)
            except InputError as error:
                raise self._wrong(number, str(error)) from error
            if seq != last + 1:
                raise self._wrong(number, f"delivery {seq} follows {last}")
            arrivals.append(arrival)
            last = seq
        seqs = journal.append(connection, self._report.platform, arrivals)
        if arrivals:
            head = journal.head_of(connection, self._report.platform)
            if (head.seq, head.digest) != (last, digest):
                raise self._wrong(
                    piece.end.lines, "the digests up to it do not belong to these deliveries"
                )
            self._last, self._digest = last, digest.hex()
        self._report.add(seqs)
        for number, seq, arrival in zip(lines, seqs, arrivals, strict=True):
            self._report.name(seq, number, arrival.body, arrival.source)

    def end(self) -> None:
        """Makes sure that all of it came."""
        if (self._last, self._digest) != (self._header.last, self._header.digest):
            raise InputError(
                f"{self._report.file} ends with delivery {self._last} of {self._header.last}: it "
                "was cut off. What it held is restored; with the whole file, the same command "
                "goes on from there."
            )

    def _wrong(self, line: int, why: str) -> InputError:
        return InputError(
            f"{self._report.file} line {line}: {why}. What stood before it is restored."
        )
