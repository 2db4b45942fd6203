"""Seeded ids that look like the platform's and never repeat within one platform."""

from random import Random

_FILE_SPACE = 10**12
_TASK_SPACE = 2**32
_ODD_STEP = 0x9E3779B1  # odd, so multiplying by it visits every task number once
_COPRIME_STEP = 387_420_489  # shares no factor with ten, so it visits every file number once


class Ids:
    """Draws ids. Equal seeds draw equal ids."""

    def __init__(self, seed: int) -> None:
        random = Random(f"ids:{seed}")  # noqa: S311 - lifelike data, not secrets
        self._machine = f"{random.randrange(16**10):010x}"
        self._file_offset = random.randrange(_FILE_SPACE)
        self._task_offset = random.randrange(_TASK_SPACE)
        self._person_offset = random.randrange(10**16)
        self.serial = 0

    def _next(self) -> int:
        self.serial += 1
        return self.serial

    def material(self, at_us: int) -> str:
        """24 hex digits: seconds, machine, serial."""
        return f"{at_us // 1_000_000:08x}{self._machine[:8]}{self._next():08x}"

    def file(self) -> str:
        """19 digits."""
        number = (self._file_offset + self._next() * _COPRIME_STEP) % _FILE_SPACE
        return f"5285890{number:012d}"

    def task(self, operation: str) -> str:
        """The operation and 8 hex digits."""
        number = (self._task_offset + self._next() * _ODD_STEP) % _TASK_SPACE
        return f"{operation}-{number:08x}"

    def project(self, at_us: int) -> str:
        """A project's id."""
        return f"cmepid_{self.material(at_us)}"

    def team(self, at_us: int) -> str:
        """A team's id."""
        return f"cmetid_{self.material(at_us)}"

    def person(self) -> str:
        """A person's id."""
        return f"user_id_1{(self._person_offset + self._next()) % 10**16:016d}"
