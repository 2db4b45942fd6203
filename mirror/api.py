"""The Python API: opens a mirror, appends deliveries, has them applied, and reads the library.

Results are frozen. Times in them are integer microseconds since 1970 in UTC, which `as_datetime`
turns into datetimes. Each read sees one moment; a `Mirror` may be shared between threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from mirror.core.model import Micros, Owner, Seq
from mirror.core.paths import ROOT, normalise
from mirror.core.rules import Rules
from mirror.errors import AlreadyServing, ConfigurationError, InputError
from mirror.store import checkpoints, feed, following, journal, migrate, platforms, queries
from mirror.store.engine import DEFAULT_URL, Connection, Database, open_database
from mirror.store.feed import Change, Position
from mirror.store.journal import Arrival, Source
from mirror.store.past import Past
from mirror.store.queries import Branch, History, NetChange, OwnerRow, Status
from mirror.store.queries.material import Material, material
from mirror.sync.importing import LARGEST_RESTORED
from mirror.sync.lock import is_served
from mirror.sync.rebuild import RebuildReport, rebuild, rebuild_into
from mirror.sync.settle import settle
from mirror.sync.verify import Difference, verify

ALL_MEDIA = 2**31 - 1
TOGETHER, TOGETHER_BYTES = 1_000, 16 * 1024**2  # what `extend` makes durable in one transaction

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNDATED = Micros(-1)

Progress = Callable[[int], None]


def as_datetime(time: Micros) -> datetime:
    """A time of a result as an aware datetime in UTC, exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=time)


def open_mirror(
    url: str = DEFAULT_URL,
    *,
    read_only: bool = False,
    platform: str | None = None,
    rules: Rules | None = None,
) -> Mirror:
    """Opens the mirror in the database at `url`; known as `mirror.open`.

    A SQLite file that does not exist yet is created and migrated, unless `read_only`. Without
    `platform`, it is `default` or the only one. `rules` are needed where the mirror's server runs
    with another MIRROR_REORDER_HORIZON or MIRROR_PRESET_CLASSES than the default.

    Raises ConfigurationError for a URL that cannot be meant, DatabaseUnavailable, SchemaOutdated
    where a migration is due, NotFound for a platform that the database does not have, and
    AlreadyServing where only the server that runs may write.
    """
    database = open_database(url, read_only=read_only)
    try:
        _leave_to_server(database)
        migrate.prepare(database)
        with database.read() as connection:
            name = platforms.resolve(connection, platform).name
    except BaseException:
        database.close()
        raise
    return Mirror(database, name, rules or Rules())


class Mirror:
    """One platform's mirror, as `mirror.open` gives it. Leaving its `with` block closes it."""

    def __init__(self, database: Database, platform: str, rules: Rules) -> None:
        self._database = database
        self._platform = platform
        self._rules = rules

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Mirror of platform '{self._platform}' in {self._database.name}>"

    @property
    def platform(self) -> str:
        """The platform's name."""
        return self._platform

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about the database that an operator should know."""
        return self._database.warnings

    def close(self) -> None:
        """Closes the connections to the database."""
        self._database.close()

    # ------------------------------------------------------------------------------- put in

    def append(
        self, body: bytes, *, source: Source = "import", received_at: datetime | None = None
    ) -> Seq:
        """Appends a delivery exactly as given; it is durable when this returns its seq.

        Whether it can be decoded makes no difference. `received_at` is an aware datetime, now if
        not given. It is never taken for a redelivery: only a server knows what it answered.
        Raises InputError for what cannot be appended, and DatabaseUnavailable.
        """
        return self._append([_arrival(body, source, received_at)])[0]

    def extend(
        self,
        bodies: Iterable[bytes],
        *,
        source: Source = "import",
        received_at: datetime | None = None,
    ) -> list[Seq]:
        """Appends deliveries in their order, many in a transaction; all are durable on return.

        If this raises, also out of `bodies`, those that went before may be appended. For archives
        in files use `mirror import`, which resumes. Raises as `append` does.
        """
        seqs: list[Seq] = []
        for some in _pieces(_arrival(body, source, received_at) for body in bodies):
            seqs += self._append(some)
        return seqs

    def _append(self, arrivals: list[Arrival]) -> list[Seq]:
        with self._database.write() as connection:
            now = self._database.now(connection)
            dated = [
                replace(arrival, received_at=now) if arrival.received_at == _UNDATED else arrival
                for arrival in arrivals
            ]
            return journal.append(connection, self._platform, dated)

    def apply(self) -> int:
        """Returns once all that the journal holds now is applied, and how many deliveries it was.

        Beside a running `mirror serve` this waits for the server, which applies. Raises Unavailable
        if that gets nowhere, and ConfigurationError if the state was made by other rules than the
        mirror was opened with.
        """
        if self._database.read_only:
            raise ConfigurationError(
                f"Database {self._database.name} was opened for reading only: open it without "
                "read_only to apply."
            )
        if not is_served(self._database.url):
            self._insist_on_same_rules()
        counts: list[int] = []
        settle(self._database, self._platform, self._rules, counts.append)
        return sum(counts)

    def _insist_on_same_rules(self) -> None:
        with self._database.read() as connection:
            live = checkpoints.current(connection, self._platform)
        if live is not None and live.seq and live.rules != self._rules.stamp:
            raise ConfigurationError(
                f"Platform '{self._platform}': the state was made by other rules ({live.rules}) "
                f"than these ({self._rules.stamp}). Open the mirror with those, or rebuild it."
            )

    # -------------------------------------------------------------------------------- look up

    def owners(self) -> list[OwnerRow]:
        """Every owner that the mirror has heard of, by type and id."""
        with self._database.read() as connection:
            return queries.owners(connection, self._platform)

    def tree(
        self,
        owner: Owner | tuple[str, str] | None = None,
        path: str = ROOT,
        depth: int | None = None,
        *,
        media: int | None = None,
    ) -> list[Branch]:
        """The class at `path` and those beneath it, parents first, each with its live media by id.

        Of one owner or of all; down to `depth` levels below `path`; at most `media` media in a
        class (default: all, so memory grows with them). Raises NotFound where no class is.
        """
        whose = None if owner is None else Owner(*owner)
        most = ALL_MEDIA if media is None else media
        with self._database.read() as connection:
            everything = whose is None and normalise(path) == ROOT
            if everything and not queries.owners(connection, self._platform):
                return []
            return queries.tree(connection, self._platform, whose, path, depth=depth, media=most)

    def material(self, material_id: str) -> Material:
        """Everything about one material, also if it is deleted. Raises NotFound."""
        with self._database.read() as connection:
            return material(connection, self._platform, material_id)

    def changes(self, after: Position | None = None) -> Iterator[Change]:
        """Yields the changes behind `after`, in order, of what is applied at the first one.

        `Change.position` is where to go on, now or another day. Raises FeedReset if a rebuild made
        other changes of the same deliveries: drop what was made of the old ones, begin anew.
        """
        with self._database.read() as connection:
            end = feed.end(connection, self._platform)
        place = after or Position(end.generation, Seq(0), 0)
        while True:
            with self._database.read() as connection:
                some = feed.read(connection, self._platform, place, end.seq)
            if not some:
                return
            yield from some
            place = some[-1].position

    # ------------------------------------------------------------------------------ look back

    def at(self, moment: int | datetime) -> Past:
        """The library as it was after a delivery, or after the last one at or before a time.

        `moment` is a seq or an aware datetime. Raises NotFound for a moment that is to come, not
        applied yet or before the first delivery, and InputError for a time without a zone.
        """
        with self._database.read() as connection:
            seq = self._seq(connection, moment)
            return Past(self._database, queries.Past(connection, self._platform, seq).moment)

    def history(
        self, kind: str, key: str, *, before: int | None = None, limit: int = 50
    ) -> History:
        """The newest `limit` deliveries (below `before`) that a thing knows of, oldest first.

        `kind` is material, class, project, file or task; a class is named by its id. Raises
        NotFound for what was never heard of.
        """
        end = None if before is None else Seq(before)
        with self._database.read() as connection:
            return queries.history(connection, self._platform, kind, key, before=end, limit=limit)

    def diff(self, start: int | datetime, end: int | datetime) -> list[NetChange]:
        """What is different at `end` from what was at `start`, folder by folder.

        Either may be the later one. Raises as `at` does.
        """
        with self._database.read() as connection:
            one, other = (self._seq(connection, moment) for moment in (start, end))
            return queries.differences(connection, self._platform, one, other)

    def _seq(self, connection: Connection, moment: int | datetime) -> Seq:
        if not isinstance(moment, datetime):
            return Seq(moment)
        if moment.tzinfo is None:
            raise InputError("A moment needs a time zone, such as datetime.UTC.")
        time = Micros((moment - _EPOCH) // timedelta(microseconds=1))
        return queries.seq_at(connection, self._platform, time, self._database.now(connection))

    # ------------------------------------------------------------------------------------ now

    def follow(self, after: Position | None = None, *, pause: float = 0.25) -> Iterator[Change]:
        """Yields the changes behind `after` (default: now), then what comes; raises FeedReset."""
        return following.follow(self._database, self._platform, after, pause=pause)

    def status(self) -> Status:
        """How far the mirror is, what it holds, what is in doubt, and what never came."""
        with self._database.read() as connection:
            return queries.status(connection, self._platform)

    # ---------------------------------------------------------------------------------- prove

    def rebuild(
        self,
        *,
        into: str | None = None,
        until: Seq | None = None,
        progress: Progress | None = None,
    ) -> RebuildReport:
        """Computes the state anew from the journal; readers see the old state or the new one.

        With `into`, the URL of an empty database, it goes there, up to delivery `until` if given.
        `progress` is told how many deliveries were applied, batch by batch. Raises LeaseLost if
        another rebuild went first, InputError for a target in use or `until` without `into`.
        """
        if into is None:
            if until is not None:
                raise InputError(
                    "The live state follows the whole journal: `until` needs `into`, another database."
                )
            return rebuild(self._database, self._platform, self._rules, progress=progress)
        with closing(open_database(into)) as target:
            return rebuild_into(
                self._database, target, self._platform, self._rules, until=until, progress=progress
            )

    def verify(self, *, most: int = 1_000, progress: Progress | None = None) -> list[Difference]:
        """The first `most` differences; none means that journal and state are proven.

        Checks the hash chain, the invariants, and the state against a rebuild in a scratch file.
        """
        found = verify(self._database, self._platform, self._rules, progress=progress)
        return list(islice(found, most))


def _leave_to_server(database: Database) -> None:
    if database.single_writer and not database.read_only and is_served(database.url):
        raise AlreadyServing(
            f"Database {database.name} is being served, and with this SQLite library no second "
            "process should write to it: open it with read_only, or install pysqlite3 for both."
        )


def _arrival(body: bytes, source: Source, received_at: datetime | None) -> Arrival:
    if not isinstance(body, bytes):
        raise InputError(f"A delivery is bytes, exactly as received, not {type(body).__name__}.")
    if len(body) > LARGEST_RESTORED:
        raise InputError(
            f"A delivery of {len(body):,} bytes is too large: exports are restored up to "
            f"{LARGEST_RESTORED:,} bytes a delivery."
        )
    if received_at is None:
        return Arrival(body, _UNDATED, source)
    if received_at.tzinfo is None:
        raise InputError("received_at needs a time zone, such as datetime.UTC.")
    return Arrival(body, Micros((received_at - _EPOCH) // timedelta(microseconds=1)), source)


def _pieces(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    piece: list[Arrival] = []
    size = 0
    for arrival in arrivals:
        piece.append(arrival)
        size += len(arrival.body)
        if len(piece) == TOGETHER or size >= TOGETHER_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
