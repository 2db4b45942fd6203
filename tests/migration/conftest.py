"""What migrations are run on: each engine in turn."""

from tests.support.databases import bare_url, database, migrated_file, migrated_template, url

__all__ = ["bare_url", "database", "migrated_file", "migrated_template", "url"]
