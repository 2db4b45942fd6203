"""The public views."""

from __future__ import annotations


def statements(dialect: str) -> list[str]:
    """CREATE VIEW statements."""
    return [] if dialect else []
