"""The simulator's values: owners, materials, files, projects, tasks, callbacks, and the refusal.

All are frozen views of one moment. The platform keeps its own mutable rows and hands these out.
"""

from typing import Final, Literal, NamedTuple

OwnerType = Literal["PERSON", "TEAM"]
Category = Literal[
    "VIDEO_EDIT", "VIDEO_SEGMENTATION", "RECORD_REPLAY", "STREAM_CONNECT", "MEDIA_CAST", "SWITCHER"
]
Side = Literal["input", "output"]
Part = Literal["Pvw", "Pgm"]
RefusalCode = Literal["not-found", "taken", "not-empty", "invalid", "state"]

MAX_DEPTH: Final = 20
MAX_NAME: Final = 15

# What exists for every owner before anything was said about it.
PRESET_CLASSES: Final = (
    "/媒资",
    "/素材",
    "/素材/视频",
    "/素材/音频",
    "/素材/图片",
    "/效果素材",
    "/效果素材/文字",
    "/效果素材/图文",
    "/效果素材/字幕",
    "/效果素材/贴图",
    "/效果素材/转场",
    "/效果素材/背景音乐",
    "/效果素材/滤镜",
    "/效果素材/音效",
    "/效果素材/动效",
    "/效果素材/边框",
    "/效果素材/风格",
    "/模板",
    "/成片",
    "/收藏",
    "/发布通道",
)


class Refused(Exception):
    """The platform would refuse this operation. Nothing has changed and nothing was emitted."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code: RefusalCode = code


class Owner(NamedTuple):
    """A person or a team: whoever has a tree."""

    type: OwnerType
    id: str


class Metadata(NamedTuple):
    """Technical facts of a file: bytes, seconds, pixels, bits a second; zero where it has none."""

    size: int
    duration: float
    width: int
    height: int
    container: str
    bitrate: int


class Link(NamedTuple):
    """Where a link points now. `path` of a vanished class is where it would be."""

    kind: Literal["material", "class"]
    status: Literal["Normal", "NotFound"]
    material_id: str = ""
    owner: Owner | None = None
    path: str = ""


class Material(NamedTuple):
    """A live library entry. `told` names the fields of which a callback has stated the value."""

    id: str
    owner: Owner
    path: str
    name: str
    type: str
    preset_tags: tuple[str, ...]
    tags: tuple[str, ...]
    file_id: str
    created_at: int
    updated_at: int
    metadata: Metadata | None
    link: Link | None
    told: frozenset[str]


class File(NamedTuple):
    """A VOD file, and the live materials bound to it in the order they came."""

    id: str
    name: str
    operation: str
    task_id: str
    source_context: str
    url: str
    cover_url: str
    metadata: Metadata
    created_at: int
    material_ids: tuple[str, ...]


class Project(NamedTuple):
    """A project. `status` is the last one a callback told, empty before any."""

    id: str
    category: Category
    name: str
    owner: Owner
    created_at: int
    status: str
    running: bool
    pvw_on: bool
    pgm_on: bool
    interrupted_inputs: frozenset[str]
    interrupted_outputs: frozenset[str]
    file_ids: tuple[str, ...]
    material_ids: tuple[str, ...]


class Task(NamedTuple):
    """A finished export task. A failed one has an error and no output."""

    id: str
    project_id: str
    status: Literal["SUCCESS", "FAIL"]
    err_code: int
    err_msg: str
    material_id: str
    file_id: str
    created_at: int


class Callback(NamedTuple):
    """One body the platform owes its receiver. Callbacks of one operation share its number `n`."""

    body: bytes
    event_type: str
    n: int
