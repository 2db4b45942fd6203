"""VOD files: one row each, filled from whatever mentions them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict, replace

from mirror.core.events import MetaData
from mirror.core.library import Library
from mirror.core.model import File, FileId
from mirror.core.secrets import mask_address


def _row(library: Library, file_id: FileId) -> File:
    return library.files.get(file_id) or File(file_id, library.now, library.seq)


def fill_file(library: Library, file_id: FileId, **facts: str | None) -> None:
    """Make sure the file has a row, and fill what it lacks."""
    row = _row(library, file_id)
    missing: dict[str, Any] = {
        name: value
        for name, value in facts.items()
        if value is not None and getattr(row, name) is None
    }
    if missing or library.files.get(file_id) is None:
        library.files.put(file_id, replace(row, **missing))


def describe_file(
    library: Library,
    file_id: FileId,
    metadata: MetaData,
    *,
    url: str | None = None,
    cover_url: str | None = None,
    **facts: str | None,
) -> None:
    """Replace what is known of the file by what is said now; None says nothing."""
    said: dict[str, Any] = {n: v for n, v in {**asdict(metadata), **facts}.items() if v is not None}
    if url is not None:
        said["url"] = mask_address(url)
    if cover_url is not None:
        said["cover_url"] = mask_address(cover_url)
    row = _row(library, file_id)
    described = replace(row, **said)
    if described != row or library.files.get(file_id) is None:
        library.files.put(file_id, described)
