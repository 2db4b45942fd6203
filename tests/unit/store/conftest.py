"""Databases for tests of single modules: SQLite is enough for most of them."""

from tests.support.databases import migrated_file

__all__ = ["migrated_file"]
