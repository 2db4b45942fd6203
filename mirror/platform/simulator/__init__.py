"""A platform on loopback: its rules, lifelike work on it, its callbacks. Knows nothing of mirror."""

from mirror.platform.simulator.desk import Limits
from mirror.platform.simulator.model import Callback, Owner, Refused
from mirror.platform.simulator.platform import Platform
from mirror.platform.simulator.workload import LIFELIKE, SILENT, Workload

__all__ = ["LIFELIKE", "SILENT", "Callback", "Limits", "Owner", "Platform", "Refused", "Workload"]
