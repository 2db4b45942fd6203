"""docs/sql.md describes every public view, column by column, and the views are as described."""

import re
from pathlib import Path

import pytest

from mirror.store import schema, views
from mirror.store.queries import dump

DOCUMENT = Path(__file__).parents[2] / "docs" / "sql.md"
TYPES = {"text", "integer", "real", "boolean", "time", "list", "object", "bytes"}


def documented() -> dict[str, list[tuple[str, str]]]:
    """The column names and types of each section that is named after a view or table."""
    found: dict[str, list[tuple[str, str]]] = {}
    for section in re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, _, text = section.partition("\n")
        rows = re.findall(r"^\| (\w+) \| (\w+) \| ", text, flags=re.MULTILINE)
        if re.fullmatch(r"[a-z_]+", name):
            found[name] = [row for row in rows if row != ("column", "type")]
    return found


def test_every_view_is_documented_and_nothing_else() -> None:
    assert list(documented()) == [*views.QUERIES, "journal"]


@pytest.mark.parametrize("name", views.QUERIES)
def test_a_view_has_the_documented_columns_in_their_order(name: str) -> None:
    assert [column for column, _ in documented()[name]] == views.columns(name)


def test_the_journal_has_the_documented_columns() -> None:
    assert [column for column, _ in documented()["journal"]] == schema.journal.columns.keys()


@pytest.mark.parametrize("name", views.QUERIES)
def test_types_are_those_that_the_document_explains(name: str) -> None:
    for column, kind in documented()[name]:
        assert kind in TYPES, column
        assert (kind == "time") == column.endswith("_at"), column


CONTRACT = {
    "class_tree": "platform class_id owner_type owner_id class_path parent_path name depth origin "
    "material_count changed_seq",
    "media_tree": "platform owner_type owner_id class_id class_path material_id name material_type "
    "file_id origin preset_tags tags in_doubt created_at changed_at confirmed_at created_seq "
    "changed_seq",
    "media_gone": "platform material_id state name file_id last_owner_type last_owner_id "
    "last_class_path changed_at changed_seq",
    "media_files": "platform file_id operation_type task_id project_id size_bytes "
    "duration_seconds width height container bitrate live_materials",
    "media_links": "platform material_id kind owner_type owner_id class_id class_path "
    "target_material_id target_owner_type target_owner_id target_class_path status",
    "material_tags": "platform material_id kind tag",
    "project_board": "platform project_id category name status running pvw_on pgm_on "
    "interrupted_inputs interrupted_outputs status_at changed_seq",
    "project_timeline": "platform project_id status detail from_at to_at seq",
    "export_tasks": "platform task_id status err_code err_msg material_id file_id completed_at seq",
    "delivery_log": "platform seq received_at source event_type outcome detail change_count "
    "redelivery_of",
    "change_log": "platform seq ordinal entity key op before after",
    "open_doubts": "platform kind key reason since_at since_seq",
    "mirror_status": "platform head_seq applied_seq lag last_received_at quarantined unrecognised "
    "open_doubts last_reconciled_at",
}
"""What users were promised first. Columns may be added behind these, never renamed or dropped."""


@pytest.mark.parametrize("name", CONTRACT)
def test_a_view_keeps_the_columns_that_were_promised(name: str) -> None:
    promised = CONTRACT[name].split()
    assert views.columns(name)[: len(promised)] == promised


@pytest.mark.parametrize("name", views.QUERIES)
def test_a_dump_knows_the_documented_types(name: str) -> None:
    kinds = {"list": "json", "object": "json"}
    assert dump.columns(name) == [
        (column, kinds.get(kind, kind)) for column, kind in documented()[name]
    ]
