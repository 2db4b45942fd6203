"""The things a library is made of, as frozen values with distinct ids.

Times are integer microseconds since 1970 UTC (logical time, see docs/semantics.md); `*_seq` are places in the
platform's journal. Lists of tags are sorted and hold each tag once.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, NewType

from msgspec import Struct

Seq = NewType("Seq", int)
Micros = NewType("Micros", int)
ClassId = NewType("ClassId", int)
MaterialId = NewType("MaterialId", str)
FileId = NewType("FileId", str)
ProjectId = NewType("ProjectId", str)
TaskId = NewType("TaskId", str)

Origin = Literal["event", "observed", "inferred"]
State = Literal["live", "detached", "deleted"]
LinkKind = Literal["material", "class", "placement"]
Outcome = Literal["applied", "unchanged", "redelivery", "unrecognised", "quarantined"]
DoubtKind = Literal["material", "class", "project"]

ORIGIN_STRENGTH: dict[Origin, int] = {"inferred": 0, "observed": 1, "event": 2}


class Owner(NamedTuple):
    """A person or team that has a class tree of its own: `type` is PERSON, TEAM or what the platform says."""

    type: str
    id: str


class Place(NamedTuple):
    """A class path of one owner; it need not exist. `path` is normalised and absolute."""

    owner: Owner
    path: str


class OwnerRecord(Struct, frozen=True):
    """What the mirror remembers about one owner besides its classes."""

    owner: Owner
    structure_seq: Seq = Seq(0)  # the last delivery that created, moved or deleted a class
    observed_seq: Seq | None = None  # completely observed at this place of the journal
    last_class_event: str | None = None
    last_class_event_at: Micros = Micros(0)
    lost_presets: tuple[str, ...] = ()  # presets that an event moved or deleted, sorted


class MediaClass(Struct, frozen=True):
    """A node of an owner's class tree. Its id survives moves; `path` includes all parents."""

    class_id: ClassId
    owner: Owner
    path: str
    parent_id: ClassId | None
    origin: Origin
    created_at: Micros
    created_seq: Seq
    changed_at: Micros
    changed_seq: Seq
    in_doubt: bool = (
        False  # a doubt of its own or of a class above; derived when a batch is written
    )

    @property
    def place(self) -> Place:
        """Where the class stands."""
        return Place(self.owner, self.path)


class Departure(Struct, frozen=True):
    """Moved-away memory: for one horizon, `place` means where class `class_id` is now.

    A `pending` departure left a class that the mirror had never seen: whatever comes to stand at `place` within the
    horizon is that class.
    """

    place: Place
    class_id: ClassId
    at: Micros
    destination: Place  # as the event said it
    pending: bool = False
    used: bool = False  # something was read through it


class Deletion(Struct, frozen=True):
    """For one horizon, a creation at `place` is late: the class is gone already."""

    place: Place
    at: Micros


class Heard(Struct, frozen=True):
    """For one horizon, an event equal to this one may be a repeat of it. `digest` stands for what it said."""

    digest: str
    at: Micros


class Move(Struct, frozen=True, array_like=True):
    """A move of a material as the event said it."""

    source: Place
    destination: Place
    at: Micros


class Step(Struct, frozen=True, array_like=True):
    """One move (or, with no source, the creation) in a tangle; a repeat of the move before it is optional."""

    source: Place | None
    destination: Place
    optional: bool = False


class Tangle(Struct, frozen=True):
    """Moves of one material that arrived in an impossible order, collected for one horizon from `opened_at`."""

    material_id: MaterialId
    opened_at: Micros
    start: Place | None
    steps: tuple[Step, ...]

    @property
    def places(self) -> set[Place]:
        """All places that it names."""
        named = {self.start}.union(*({step.source, step.destination} for step in self.steps))
        return {place for place in named if place is not None}


class Material(Struct, frozen=True):
    """A library entry (媒体). `class_id` is set exactly while it is live."""

    material_id: MaterialId
    state: State
    class_id: ClassId | None
    origin: Origin
    created_at: Micros
    created_seq: Seq
    changed_at: Micros
    changed_seq: Seq
    name: str | None = None
    material_type: str | None = None
    file_id: FileId | None = None
    operation_type: str | None = None
    task_id: str | None = None
    source: str | None = None  # project id, or stream address with its secret part masked
    preset_tags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    created_place: Place | None = None  # as its creation said it; class moves do not rewrite it
    last_place: Place | None = None  # of a detached or deleted one: where it was
    confirmed_at: Micros | None = None  # last observation
    named_seq: Seq = Seq(0)  # the last delivery that named it
    name_at: Micros | None = None
    preset_tags_at: Micros | None = None
    tags_at: Micros | None = None
    moves: tuple[Move, ...] = ()  # within the horizon before the newest, oldest first
    repeatable: bool = False  # no first creation since the newest of `moves`


class Link(Struct, frozen=True):
    """An entry that points at a material or a class, or (placement) a second place that shows a material.

    Only a placement has a `class_id`: where it shows. Links of other kinds are where their material is.
    """

    material_id: MaterialId
    kind: LinkKind
    class_id: ClassId | None = None
    target_material_id: MaterialId | None = None
    target_place: Place | None = None
    status: str | None = None


class File(Struct, frozen=True):
    """A VOD file. Addresses are kept without their secret parts."""

    file_id: FileId
    changed_at: Micros
    changed_seq: Seq
    operation_type: str | None = None
    task_id: str | None = None
    project_id: str | None = None
    source: str | None = None
    url: str | None = None
    cover_url: str | None = None
    size_bytes: int | None = None
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
    container: str | None = None
    bitrate: int | None = None


class Project(Struct, frozen=True):
    """A project as its status events and observations show it. `pvw_on` and `pgm_on` are None but for switchers."""

    project_id: ProjectId
    changed_at: Micros
    changed_seq: Seq
    category: str | None = None
    name: str | None = None
    status: str | None = None
    running: bool | None = None
    pvw_on: bool | None = None
    pgm_on: bool | None = None
    interrupted_inputs: tuple[str, ...] = ()
    interrupted_outputs: tuple[str, ...] = ()
    status_at: Micros | None = None
    gone: bool = False
    confirmed_at: Micros | None = None
    named_seq: Seq = Seq(0)


class ProjectStatus(Struct, frozen=True):
    """One line of a project's status history."""

    project_id: ProjectId
    seq: Seq
    status: str
    detail: str | None
    at: Micros


class Task(Struct, frozen=True):
    """An export task."""

    task_id: TaskId
    changed_at: Micros
    changed_seq: Seq
    status: str | None = None
    err_code: int | None = None
    err_msg: str | None = None
    material_id: MaterialId | None = None
    file_id: FileId | None = None
    url: str | None = None
    completed_at: Micros | None = None
    confirmed_at: Micros | None = None
    named_seq: Seq = Seq(0)


class DoubtKey(NamedTuple):
    """What a doubt is about: a class by its id in decimal, everything else by the platform's id."""

    kind: DoubtKind
    key: str


class Doubt(Struct, frozen=True):
    """A recorded suspicion that one thing may differ from the platform. The first delivery that raised it is kept."""

    kind: DoubtKind
    key: str
    reason: str
    since_at: Micros
    since_seq: Seq
    last_seq: Seq = Seq(0)  # the last delivery that raised it


Label = Literal[
    "silent-by-specification",  # the platform never tells this
    "never-received",  # an event should have told it
    "silent-or-lost",  # one of the two: the feed can't tell which
    "misread",  # an event told it, and a guess read it otherwise
    "late",  # the event came after the observation
]


CorrectedKind = Literal["class", "material", "project"]


class Correction(Struct, frozen=True):
    """One thing that an observation put right (or, `late`, that an event told after one), and why."""

    seq: Seq
    ordinal: int
    label: Label
    entity: CorrectedKind
    key: str
    event_type: str | None  # the event that tells such things
    detail: str


class Sample(Struct, frozen=True):
    """What materials drawn at random showed: the estimate of how far the copy can be trusted."""

    seq: Seq
    drawn: int
    wrong: int
    wrong_undoubted: int
