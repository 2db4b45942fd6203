"""Short stories to watch: each generator performs one operation on the platform for each `next`.

What it yields is the operation's name. Each can be told again on the same platform.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mirror.platform.simulator.model import Owner, OwnerType
    from mirror.platform.simulator.platform import Platform

_STREAM: Final = "rtmp://live.example.com/app/studio-a"


def newsroom(platform: Platform) -> Iterator[str]:
    """A television newsroom's day: footage comes in, is sorted and tagged, edited and archived."""
    team, reporter = _first(platform, "TEAM"), _first(platform, "PERSON")
    day = platform.create_class(team, _free(platform, team, "/素材/视频", "新闻"))
    yield "create_class"
    incoming = platform.create_class(team, f"{day}/待审")
    yield "create_class"
    approved = platform.create_class(team, f"{day}/已审")
    yield "create_class"
    clips = []
    for name in ("早间连线.mp4", "City hall.mp4", "天气预报.mp4", "Voice-over.wav", "街头采访.mp4"):
        clips.append(platform.upload(team, incoming, name, kind=_kind(name)))
        yield "upload"
    agency = platform.import_media(team, incoming, ["Agency 0714.mp4", "Agency 0715.mp4"])
    yield "import_media"
    platform.modify(clips[0].id, name="早间连线 成片.mp4", tags=["新闻", "urgent"])
    yield "modify"
    platform.modify(clips[4].id, preset_tags=["100"], tags=["采访", "城市"])
    yield "modify"
    platform.move_materials([clips[0].id, clips[2].id, clips[4].id], team, approved)
    yield "move_materials"
    platform.delete_materials([agency[1].id])
    yield "delete_materials"
    edit = platform.create_project("VIDEO_EDIT", "午间新闻", team)
    yield "create_project"
    platform.export(edit.id, team, "/成片", "午间新闻.mp4", succeeds=False)
    yield "export"
    export = platform.export(edit.id, team, "/成片", "午间新闻.mp4")
    yield "export"
    platform.copy_material(export.material_id, reporter, "/媒资")
    yield "copy_material"
    platform.link_material(export.material_id, reporter, "/收藏")
    yield "link_material"
    platform.move_materials([clips[1].id, clips[3].id, agency[0].id], team, approved)
    yield "move_materials"
    platform.delete_classes(team, [incoming])
    yield "delete_classes"
    platform.move_classes(team, [day], team, _free(platform, team, "/媒资", "归档"))
    yield "move_classes"


def live_event(platform: Platform) -> Iterator[str]:
    """A cup final: switcher and stream-connect go on the air, falter, are clipped and recorded."""
    team = _first(platform, "TEAM")
    folder = platform.create_class(team, _free(platform, team, "/媒资", "世界杯"))
    yield "create_class"
    switcher = platform.create_project("SWITCHER", "Cup final 导播台", team).id
    yield "create_project"
    relay = platform.create_project("STREAM_CONNECT", "Cup final 转推", team).id
    yield "create_project"
    acts: list[tuple[str, Callable[[], object]]] = [
        ("start", lambda: platform.start(switcher)),
        ("set_part", lambda: platform.set_part(switcher, "Pvw", on=True)),
        ("set_part", lambda: platform.set_part(switcher, "Pgm", on=True)),
        ("start", lambda: platform.start(relay)),
        ("live_clip", lambda: platform.live_clip(team, folder, "开场.mp4", _STREAM)),
        ("interrupt", lambda: platform.interrupt(relay, "input")),
        ("interrupt", lambda: platform.interrupt(relay, "output", 2)),
        ("live_clip", lambda: platform.live_clip(team, folder, "Goal 1.mp4", _STREAM)),
        ("live_clip", lambda: platform.live_clip(team, folder, "Goal 2.mp4", _STREAM)),
        ("set_part", lambda: platform.set_part(switcher, "Pvw", on=False)),
        ("live_record", lambda: platform.live_record(team, folder, "全场回放.mp4", _STREAM)),
        ("stop", lambda: platform.stop(relay)),
        ("stop", lambda: platform.stop(switcher)),
        ("recycle", lambda: platform.recycle(switcher)),
    ]
    for name, act in acts:
        act()
        yield name


def reorganisation(platform: Platform) -> Iterator[str]:
    """A team puts its folders in order: one is renamed, others nest, and the old ones go."""
    team = _first(platform, "TEAM")
    top = platform.create_class(team, _free(platform, team, "/", "体育"))
    yield "create_class"
    for name in ("NBA", "足球", "Archive", "临时"):
        platform.create_class(team, f"{top}/{name}")
        yield "create_class"
    for path, clip in {"NBA": "Game 1.mp4", "足球": "进球集锦.mp4", "临时": "花絮.mp4"}.items():
        platform.upload(team, f"{top}/{path}", clip)
        yield "upload"
    platform.move_classes(team, [f"{top}/NBA"], team, f"{top}/篮球")
    yield "move_classes"
    platform.move_classes(team, [f"{top}/篮球", f"{top}/足球"], team, f"{top}/Archive")
    yield "move_classes"
    platform.move_materials(platform.ids_in(team, f"{top}/临时", 1), team, f"{top}/Archive/篮球")
    yield "move_materials"
    platform.delete_classes(team, [f"{top}/临时"])
    yield "delete_classes"
    platform.move_classes(team, [f"{top}/Archive"], team, f"{top}/归档")
    yield "move_classes"
    platform.link_class(team, f"{top}/归档", _first(platform, "PERSON"), "/收藏")
    yield "link_class"


SCRIPTS: Final[Mapping[str, Callable[[Platform], Iterator[str]]]] = {
    "newsroom": newsroom,
    "live_event": live_event,
    "reorganisation": reorganisation,
}


def _first(platform: Platform, kind: OwnerType) -> Owner:
    """The platform's first owner of a kind; one is added if there is none."""
    for owner in platform.owners():
        if owner.type == kind:
            return owner
    return platform.add_owner(kind, "Studio")


def _free(platform: Platform, owner: Owner, parent: str, name: str) -> str:
    """A path in `parent` that no class has yet: the name, or the name and a number."""
    taken = set(platform.subclasses(owner, parent))
    above = parent.rstrip("/")
    candidates = (f"{above}/{name}{f' {number}' if number > 1 else ''}" for number in count(1))
    return next(path for path in candidates if path not in taken)


def _kind(name: str) -> str:
    return "AUDIO" if name.endswith(".wav") else "VIDEO"
