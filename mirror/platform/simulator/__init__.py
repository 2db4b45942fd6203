"""A platform on loopback: its rules, work on it, its callbacks. Knows nothing of mirror."""

from mirror.platform.simulator import scripted
from mirror.platform.simulator.channel import Channel, Delivery
from mirror.platform.simulator.desk import Limits
from mirror.platform.simulator.model import (
    PRESET_CLASSES,
    Callback,
    File,
    Link,
    Material,
    Metadata,
    Owner,
    Project,
    Refused,
    Task,
)
from mirror.platform.simulator.platform import Platform
from mirror.platform.simulator.sender import Counts, Sender, SendingThreads
from mirror.platform.simulator.workload import LIFELIKE, SILENT, Workload

__all__ = [
    "LIFELIKE",
    "PRESET_CLASSES",
    "SILENT",
    "Callback",
    "Channel",
    "Counts",
    "Delivery",
    "File",
    "Limits",
    "Link",
    "Material",
    "Metadata",
    "Owner",
    "Platform",
    "Project",
    "Refused",
    "Sender",
    "SendingThreads",
    "Task",
    "Workload",
    "scripted",
]
