"""The system's own Chromium, headless, with a fresh profile; what it complains about is kept."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mirror.core import paths
from tests.support.processes import Mirror, Server, eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

WAIT_MS = 20_000
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def executable() -> str | None:
    """Where Chromium is on this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def expect(what: Any) -> Any:  # noqa: ANN401 - Playwright's
    """Playwright's `expect`: what comes to hold in time."""
    from playwright.sync_api import expect as expected  # noqa: PLC0415 - an extra

    expected.set_options(timeout=WAIT_MS)
    return expected(what)


def violations(page: "Page") -> list[str]:
    """What axe-core finds wrong with a page."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an extra

    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html']} ({node.get('failureSummary', '')})"
        for each in found
        for node in each["nodes"]
    ]


@contextmanager
def browser() -> Iterator["Browser"]:
    """A running browser."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        try:
            yield running
        finally:
            running.close()


class Visitor:
    """Somebody with a browser of their own; `complaints` is what its console says is wrong."""

    def __init__(self, running: "Browser", **options: Any) -> None:  # noqa: ANN401 - Playwright's
        self.context: BrowserContext = running.new_context(
            **{"locale": "en-GB", "timezone_id": "Europe/Berlin"} | options
        )
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(f"{message.type}: {message.text}")
                if message.type in {"error", "warning"}
                else None
            ),
        )
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def close(self) -> None:
        """Ends it."""
        self.context.close()


Visit = Callable[..., Visitor]
"""Makes visitors who are logged in."""


class Site:
    """A server, what is posted to it, and the login of its visitors."""

    def __init__(self, mirror: Mirror, server: Server, chromium: "Browser") -> None:
        self.mirror = mirror
        self.server = server
        self.url = server.url
        first = Visitor(chromium)
        first.page.goto(server.login_url)
        first.page.wait_for_url(f"{self.url}/")
        self.login: Any = first.context.storage_state()
        self.complaints = first.complaints
        first.close()

    def visit(self, running: "Browser", **options: Any) -> Visitor:  # noqa: ANN401 - Playwright's
        """A visitor who is logged in."""
        return Visitor(running, storage_state=self.login, base_url=self.url, **options)

    def send(self, event_type: str, name: str, **payload: object) -> None:
        """Posts a callback, and waits until it is applied."""
        body = {"EventType": event_type, "Operator": "somebody", name: payload}
        assert self.server.post(json.dumps(body).encode()) == 200
        assert eventually(lambda: self.mirror.progress().lag == 0)

    def class_id(self, team: str, path: str) -> str:
        """A class's id."""
        tree = self.mirror.json("tree", path, f"--owner=TEAM:{team}")
        return str(tree[0]["class_id"])

    def create(self, team: str, path: str) -> None:
        """A class comes to be, and those above it."""
        for each in paths.chain(path):
            self._create(team, each)

    def _create(self, team: str, path: str) -> None:
        self.send("Class.Created", "ClassCreatedEvent", Owner=owner(team), ClassPath=path)

    def move(self, team: str, path: str, to: str) -> None:
        """A class moves."""
        self.send(
            "Class.Moved",
            "ClassMovedEvent",
            SourceOwner=owner(team),
            SourceClassPathSet=[path],
            DestinationOwner=owner(team),
            DestinationClassPath=to,
        )

    def add(self, team: str, path: str, material_id: str, name: str | None = None) -> None:
        """A material appears, and gets its name."""
        self.send(
            "Storage.NewFileCreated",
            "StorageNewFileCreatedEvent",
            FileId=f"file-of-{material_id}",
            MaterialId=material_id,
            OperationType="Upload",
            Owner=owner(team),
            ClassPath=path,
        )
        if name is not None:
            self.modify(material_id, Name=name)

    def modify(self, material_id: str, **fields: object) -> None:
        """A material gets another name, or tags."""
        self.send("Material.Modified", "MaterialModifiedEvent", MaterialId=material_id, **fields)


def owner(team: str) -> dict[str, str]:
    """A team as callbacks name it."""
    return {"Type": "TEAM", "Id": team}
