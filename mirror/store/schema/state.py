"""The state tables: what the transitions decided, keyed by platform and generation. A rebuild fills them anew."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Text,
)

from mirror.store.schema.base import key, state_table, words


def _owner(prefix: str = "", *, nullable: bool = False) -> tuple[Column[object], Column[object]]:
    return (
        Column(f"{prefix}owner_type", key(), nullable=nullable),
        Column(f"{prefix}owner_id", key(), nullable=nullable),
    )


def _when() -> tuple[Column[object], ...]:
    return (
        Column("changed_at", BigInteger, nullable=False),
        Column("changed_seq", BigInteger, nullable=False),
    )


owners = state_table(
    "owners",
    ("owner_type", "owner_id"),
    *_owner(),
    Column("structure_seq", BigInteger, nullable=False),
    Column("observed_seq", BigInteger),
    Column("last_class_event", Text),
    Column("last_class_event_at", BigInteger, nullable=False),
    Column("lost_presets", Text, nullable=False),  # JSON list of paths
)

classes = state_table(
    "classes",
    ("class_id",),
    Column("class_id", BigInteger, nullable=False),
    *_owner(),
    Column("path", key(2001), nullable=False),
    Column("parent_id", BigInteger),
    Column("origin", key(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_seq", BigInteger, nullable=False),
    *_when(),
    Column("in_doubt", Boolean(create_constraint=False), nullable=False),
)
# The generation comes last where a view is read in the order of what is before it: PostgreSQL does not know that
# a platform has one live generation, and would sort everything. SQLite does, and likes it better the other way.
Index(
    None,
    classes.c.platform,
    classes.c.generation,
    classes.c.owner_type,
    classes.c.owner_id,
    classes.c.path,
    unique=True,
    info={"only": "sqlite"},
)
Index(
    None,
    classes.c.platform,
    classes.c.owner_type,
    classes.c.owner_id,
    classes.c.path,
    classes.c.generation,
    unique=True,
    info={"only": "postgresql"},
)
Index(None, classes.c.platform, classes.c.path, classes.c.generation)
Index(None, classes.c.platform, classes.c.generation, classes.c.parent_id)

departures = state_table(
    "departures",
    ("owner_type", "owner_id", "path"),
    *_owner(),
    Column("path", key(2001), nullable=False),
    Column("class_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    *_owner("destination_"),
    Column("destination_path", key(2001), nullable=False),
    Column("pending", Boolean(create_constraint=False), nullable=False),
    Column("used", Boolean(create_constraint=False), nullable=False),
)

deletions = state_table(
    "deletions",
    ("owner_type", "owner_id", "path"),
    *_owner(),
    Column("path", key(2001), nullable=False),
    Column("at", BigInteger, nullable=False),
)

heard = state_table(
    "heard",
    ("digest",),
    Column("digest", key(64), nullable=False),
    Column("at", BigInteger, nullable=False),
)

materials = state_table(
    "materials",
    ("material_id",),
    Column("material_id", key(), nullable=False),
    Column("state", key(16), nullable=False),
    Column("class_id", BigInteger),
    Column("origin", key(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_seq", BigInteger, nullable=False),
    *_when(),
    Column("name", Text),
    Column("material_type", Text),
    Column("file_id", key()),
    Column("operation_type", Text),
    Column("task_id", key()),
    Column("source", Text),
    Column("preset_tags", Text, nullable=False),  # JSON list, sorted
    Column("tags", Text, nullable=False),  # JSON list, sorted
    *_owner("created_", nullable=True),
    Column("created_path", key(2001)),
    *_owner("last_", nullable=True),
    Column("last_path", key(2001)),
    Column("confirmed_at", BigInteger),
    Column("named_seq", BigInteger, nullable=False),
    Column("name_at", BigInteger),
    Column("preset_tags_at", BigInteger),
    Column("tags_at", BigInteger),
    Column("moves", Text, nullable=False),  # JSON list
    Column("repeatable", Boolean(create_constraint=False), nullable=False),
)
Index(
    None,
    materials.c.platform,
    materials.c.generation,
    materials.c.class_id,
    materials.c.material_id,
)
Index(None, materials.c.platform, materials.c.generation, materials.c.file_id)
Index(  # what reconciliation looks at next: few, so it costs little
    "ix_materials_unconfirmed",
    materials.c.platform,
    materials.c.generation,
    materials.c.created_seq,
    sqlite_where=materials.c.confirmed_at.is_(None),
    postgresql_where=materials.c.confirmed_at.is_(None),
)
Index(None, materials.c.platform, materials.c.created_seq, materials.c.generation)
# What is gone, by id and newest first: costs nothing while materials live.
_GONE = materials.c.state != "live"
Index(
    "ix_materials_gone",
    materials.c.platform,
    materials.c.material_id,
    materials.c.generation,
    sqlite_where=_GONE,
    postgresql_where=_GONE,
)
Index(
    "ix_materials_gone_changed_seq",
    materials.c.platform,
    materials.c.changed_seq,
    materials.c.generation,
    sqlite_where=_GONE,
    postgresql_where=_GONE,
)
# They are few, and counted for every status.
Index(
    "ix_materials_detached",
    materials.c.platform,
    materials.c.generation,
    materials.c.material_id,
    sqlite_where=materials.c.state == "detached",
    postgresql_where=materials.c.state == "detached",
)

tangles = state_table(
    "tangles",
    ("material_id",),
    Column("material_id", key(), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    *_owner("start_", nullable=True),
    Column("start_path", key(2001)),
    Column("steps", Text, nullable=False),  # JSON list
)

links = state_table(
    "links",
    ("material_id", "kind", "class_key"),
    Column("material_id", key(), nullable=False),
    Column("kind", key(16), nullable=False),
    Column("class_key", BigInteger, nullable=False),  # the placement's class, else 0
    Column("target_material_id", key()),
    *_owner("target_", nullable=True),
    Column("target_path", key(2001)),
    Column("status", Text),
)
Index(None, links.c.platform, links.c.generation, links.c.class_key)
Index(None, links.c.platform, links.c.generation, links.c.target_material_id)

tags = state_table(
    "tags",
    ("kind", "tag", "material_id"),
    Column("kind", key(16), nullable=False),
    Column("tag", words(), nullable=False),
    Column("material_id", key(), nullable=False),
)
Index(None, tags.c.platform, tags.c.generation, tags.c.material_id)

files = state_table(
    "files",
    ("file_id",),
    Column("file_id", key(), nullable=False),
    *_when(),
    Column("operation_type", Text),
    Column("task_id", key()),
    Column("project_id", key()),
    Column("source", Text),
    Column("url", Text),
    Column("cover_url", Text),
    Column("size_bytes", BigInteger),
    Column("duration_seconds", Float),
    Column("width", BigInteger),
    Column("height", BigInteger),
    Column("container", Text),
    Column("bitrate", BigInteger),
)

projects = state_table(
    "projects",
    ("project_id",),
    Column("project_id", key(), nullable=False),
    *_when(),
    Column("category", Text),
    Column("name", Text),
    Column("status", Text),
    Column("running", Boolean(create_constraint=False)),
    Column("pvw_on", Boolean(create_constraint=False)),
    Column("pgm_on", Boolean(create_constraint=False)),
    Column("interrupted_inputs", Text, nullable=False),  # JSON list
    Column("interrupted_outputs", Text, nullable=False),  # JSON list
    Column("status_at", BigInteger),
    Column("gone", Boolean(create_constraint=False), nullable=False),
    Column("confirmed_at", BigInteger),
    Column("named_seq", BigInteger, nullable=False),
)

project_statuses = state_table(
    "project_statuses",
    ("project_id", "seq"),
    Column("project_id", key(), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("detail", Text),
    Column("at", BigInteger, nullable=False),
)
Index(
    None,
    project_statuses.c.platform,
    project_statuses.c.seq,
    project_statuses.c.generation,
)

tasks = state_table(
    "tasks",
    ("task_id",),
    Column("task_id", key(), nullable=False),
    *_when(),
    Column("status", Text),
    Column("err_code", BigInteger),
    Column("err_msg", Text),
    Column("material_id", key()),
    Column("file_id", key()),
    Column("url", Text),
    Column("completed_at", BigInteger),
    Column("confirmed_at", BigInteger),
    Column("named_seq", BigInteger, nullable=False),
)

Index(None, tasks.c.platform, tasks.c.changed_seq, tasks.c.generation)

doubts = state_table(
    "doubts",
    ("kind", "key", "reason"),
    Column("kind", key(16), nullable=False),
    Column("key", key(), nullable=False),
    Column("reason", key(64), nullable=False),
    Column("since_at", BigInteger, nullable=False),
    Column("since_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
)
Index(None, doubts.c.platform, doubts.c.since_seq, doubts.c.generation)
