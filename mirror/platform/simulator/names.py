"""Names as a media team gives them, in Chinese and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

_CLASSES: Final = (
    *(
        "新闻",
        "体育",
        "财经",
        "综艺",
        "专题",
        "片头",
        "片尾",
        "花絮",
        "外拍",
        "采访",
        "航拍",
        "字幕组",
    ),
    *(
        "春晚",
        "两会",
        "世界杯",
        "直播回放",
        "待审",
        "已审",
        "归档",
        "临时",
        "短视频",
        "海报",
        "配音",
    ),
    *("NBA", "Rushes", "B-roll", "Day 1", "Day 2", "Interviews", "Archive", "To review", "Final"),
    *("Drone", "Teasers", "Sound", "Graphics", "Studio A", "Studio B", "Week 12", "Café", "Q&A"),
)
_MEDIA: Final = (
    *(
        "早间新闻",
        "记者连线",
        "天气预报",
        "进球集锦",
        "现场观众",
        "城市夜景",
        "人物专访",
        "片头动画",
    ),
    *("Press conference", "Goal replay", "City at night", "Voice-over", "Crowd", "Opening titles"),
)
_SUFFIXES: Final = {"VIDEO": "mp4", "AUDIO": "wav", "IMAGE": "jpg", "OTHER": "srt"}
_TAGS: Final = ("风景", "城市", "采访", "夜景", "体育", "raw", "4K", "approved", "urgent", "无版权")
_PROJECTS: Final = ("早新闻", "晚间直播", "周末集锦", "Evening show", "Cup final", "发布会")

KINDS: Final = ("VIDEO", "VIDEO", "VIDEO", "VIDEO", "VIDEO", "IMAGE", "AUDIO", "OTHER")


def class_name(random: Random) -> str:
    """One of a few dozen, so that names meet again; sometimes numbered."""
    name = random.choice(_CLASSES)
    return f"{name} {random.randrange(2, 10)}" if random.random() < 0.3 else name  # noqa: PLR2004


def media_name(random: Random, kind: str) -> str:
    """A file's name with its number and suffix."""
    return f"{random.choice(_MEDIA)}_{random.randrange(10_000):04d}.{_SUFFIXES[kind]}"


def project_name(random: Random) -> str:
    """A project's name."""
    return f"{random.choice(_PROJECTS)} {random.randrange(100)}"


def tags(random: Random) -> list[str]:
    """One to three different tags."""
    return random.sample(_TAGS, random.randint(1, 3))


def stream(random: Random) -> str:
    """The address of a live stream."""
    return f"rtmp://live.example.com/app/stream-{random.randrange(20):02d}"
