"""What tests of deploy/ start with."""

from tests.support.databases import database, migrated_file, migrated_template, url

__all__ = ["database", "migrated_file", "migrated_template", "url"]
