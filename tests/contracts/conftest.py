"""What contracts are run on: each engine in turn."""

from tests.support.databases import database, migrated_file, migrated_template, url

__all__ = ["database", "migrated_file", "migrated_template", "url"]
