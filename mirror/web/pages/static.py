"""The scripts, styles and pictures of the pages: read once, and sent only where they have changed."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mirror.web.problems import Problem

FOLDER = Path(__file__).parents[1] / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class File(Struct, frozen=True):
    """A file as it is sent."""

    content: bytes
    media_type: str
    tag: str


@cache
def contents() -> dict[str, File]:
    """Everything there is, by name: what is not here cannot be asked for."""
    return {
        path.name: File(
            content := path.read_bytes(),
            TYPES[path.suffix],
            f'"{sha256(content).hexdigest()[:24]}"',
        )
        for path in FOLDER.iterdir()
        if path.suffix in TYPES
    }


def routes() -> list[Route]:
    """The route `/static/NAME`."""

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        file = contents().get(name)
        if file is None:
            raise Problem(404, "There is no such file.")
        headers = {"Cache-Control": "no-cache", "ETag": file.tag}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)

    return [Route("/static/{name}", answer)]
