"""The simulated platform: one library service that follows docs on the platform, rule by rule."""

from mirror.platform.simulator.classes import Classes
from mirror.platform.simulator.media import Media
from mirror.platform.simulator.projects import Projects
from mirror.platform.simulator.storage import Storage


class Platform(Classes, Media, Storage, Projects):
    """Owners, classes, materials, files, projects and tasks, and the callbacks they cause.

    An operation either returns what it made and appends its callbacks to `outbox`, or raises
    `Refused` and changes nothing. Equal seeds and equal operations give equal bytes: ids are
    seeded and the clock is logical.
    """
