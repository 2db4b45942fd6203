"""Somebody who reads while callbacks come: page after page of several views, without a pause."""

from __future__ import annotations

import select
import sys
from contextlib import closing

from mirror.store.engine import Connection, Database, open_database
from mirror.store.platforms import DEFAULT

PAGES = (
    ("media_tree", "material_id"),
    ("class_tree", "class_id"),
    ("change_log", "seq"),
    ("delivery_log", "seq"),
)
PAGE = 100
PAGES_OF_ONE = 50


def main() -> None:
    """Reads views page after page until standard input ends, then tells how many pages those were."""
    with closing(open_database(f"sqlite:///{sys.argv[1]}", read_only=True)) as database:
        print(_read_until_told(database))


def _read_until_told(database: Database) -> int:
    after: dict[str, object] = {}
    pages = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        view, key = PAGES[pages // PAGES_OF_ONE % len(PAGES)]
        with database.read() as connection:
            after[view] = _page(connection, view, key, after.get(view))
        pages += 1
    return pages


def _page(connection: Connection, view: str, key: str, after: object) -> object:
    """Reads the page after a key, the first one after the last; returns the key to go on after."""
    query = f"SELECT {key}, * FROM {view} WHERE platform = ?"  # noqa: S608 - names of ours
    more, values = ("", (DEFAULT,)) if after is None else (f" AND {key} > ?", (DEFAULT, after))
    text = f"{query}{more} ORDER BY {key} LIMIT {PAGE}"
    rows = connection.exec_driver_sql(text, values).fetchall()
    return rows[-1][0] if len(rows) == PAGE else None


if __name__ == "__main__":
    main()
