"""The platform's read API on loopback: what the genuine SDK talks to in tests and demonstrations."""

from mirror.platform.simulator.api.faults import Fault, Faults
from mirror.platform.simulator.api.reads import Reads
from mirror.platform.simulator.api.server import ApiServer, Call

__all__ = ["ApiServer", "Call", "Fault", "Faults", "Reads"]
