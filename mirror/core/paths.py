"""Class paths: absolute, separated by `/`, the root is `/`. Names keep their exact code points."""

from __future__ import annotations

from collections.abc import Iterator

ROOT = "/"

MAX_BYTES = 2_000
"""The longest path in UTF-8: what every database keeps in a column that has an index."""


class PathTooLong(Exception):
    """Classes that moved would give something a path that cannot be stored; the delivery is quarantined."""


DEFAULT_PRESETS: tuple[str, ...] = (
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
"""Classes that every owner has without any event (product page 1156/43791)."""


def normalise(path: str) -> str:
    """Return `path` with one leading slash, no trailing one and no empty segments; `""` becomes the root."""
    if path.startswith(ROOT) and path[-1] != "/" and "//" not in path:
        return path
    return ROOT + "/".join(segment for segment in path.split("/") if segment)


def parent(path: str) -> str:
    """Return the path above; the root's parent is the root."""
    return path[: path.rindex("/")] or ROOT


def name(path: str) -> str:
    """Return the last segment; the root's name is empty."""
    return path[path.rindex("/") + 1 :]


def join(above: str, segment: str) -> str:
    """Return the path of `segment` within `above`; raise `PathTooLong`."""
    return _bounded(ROOT + segment if above == ROOT else f"{above}/{segment}")


def depth(path: str) -> int:
    """Return the number of segments: 0 for the root."""
    return 0 if path == ROOT else path.count("/")


def is_beneath(path: str, above: str) -> bool:
    """Tell whether `path` lies strictly beneath `above`."""
    return path != above and (above == ROOT or path.startswith(above + "/"))


def covers(above: str, path: str) -> bool:
    """Tell whether `path` is `above` or lies beneath it."""
    return path == above or is_beneath(path, above)


def rebase(path: str, old: str, new: str) -> str:
    """Return `path`, which is `old` or beneath it, as it reads when `old` has become `new`; raise `PathTooLong`."""
    if path == old:
        return new
    rest = path[len(old) :] if old != ROOT else path
    return rest if new == ROOT else _bounded(new + rest)


def _bounded(path: str) -> str:
    if len(path) * 4 > MAX_BYTES and len(path.encode()) > MAX_BYTES:
        raise PathTooLong(f"A path would have more than {MAX_BYTES} bytes")
    return path


def upwards(path: str) -> Iterator[str]:
    """Yield `path`, then each path above it up to, but not including, the root."""
    while path != ROOT:
        yield path
        path = parent(path)


def chain(path: str) -> list[str]:
    """Return the paths from the first level down to `path`; empty for the root."""
    return list(upwards(path))[::-1]
