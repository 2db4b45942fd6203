"""What went wrong, as a page for whoever asked with a browser."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mirror.web.guard import API
from mirror.web.pages import words
from mirror.web.pages.render import render_outside
from mirror.web.problems import Problem, answer


def respond(request: Request, problem: Problem) -> Response:
    """A page where one was asked for, else what programs get."""
    wants_page = "text/html" in request.headers.get("accept", "")
    if not wants_page or request.url.path.startswith(API):
        return answer(problem)
    language = words.language_of(request)
    key = f"frame.error_{problem.status}"
    known = key if words.has(language, key) else "frame.error_400"
    error = problem.failure.error
    follow = None if error.next and "/api/" in error.next else error.next
    page = render_outside(
        language,
        "error.html",
        title=words.say(language, known),
        message=error.message,
        next=follow,
    )
    return HTMLResponse(page, problem.status, problem.headers)
