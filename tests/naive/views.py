"""The public views of contract.md as lists of dicts, without `platform` and times."""

from typing import Any

from tests.naive.paths import ROOT as ROOT_PATH
from tests.naive.paths import Place, at_or_beneath, basename, depth, parent
from tests.naive.state import MaterialRow, State

Row = dict[str, Any]


def class_tree(state: State) -> list[Row]:
    """By owner and path."""
    rows = sorted(state.classes.values(), key=lambda row: row.place)
    return [
        {
            "class_id": row.class_id,
            "owner_type": row.place.owner[0],
            "owner_id": row.place.owner[1],
            "class_path": row.place.path,
            "parent_path": None if row.place.path == ROOT_PATH else parent(row.place.path),
            "name": basename(row.place.path),
            "depth": depth(row.place.path),
            "origin": row.origin,
            "material_count": sum(
                material.class_id == row.class_id for material in state.materials.values()
            ),
            "changed_seq": row.changed_seq,
        }
        for row in rows
    ]


def media_tree(state: State) -> list[Row]:
    """By material id."""
    return [
        {
            **located(material.class_id, state),
            "material_id": material.material_id,
            "name": material.name,
            "material_type": material.material_type,
            "file_id": material.file_id,
            "origin": material.origin,
            "preset_tags": list(material.preset_tags),
            "tags": list(material.tags),
            "in_doubt": in_doubt(state, material),
            "created_seq": material.created_seq,
            "changed_seq": material.changed_seq,
        }
        for material in sorted_materials(state)
        if material.state == "live"
    ]


def sorted_materials(state: State) -> list[MaterialRow]:
    return sorted(state.materials.values(), key=lambda material: material.material_id)


def located(class_id: int | None, state: State) -> Row:
    place = None if class_id is None else state.classes[class_id].place
    return {
        "owner_type": place and place.owner[0],
        "owner_id": place and place.owner[1],
        "class_id": class_id,
        "class_path": place and place.path,
    }


def in_doubt(state: State, material: MaterialRow) -> bool:
    """“own doubt or one of a class above it”."""
    here = state.place_of(material)
    above = [
        str(row.class_id)
        for row in state.classes.values()
        if here is not None and at_or_beneath(here, row.place)
    ]
    return any(
        (kind == "material" and key == material.material_id) or (kind == "class" and key in above)
        for kind, key, _ in state.doubts
    )


def media_gone(state: State) -> list[Row]:
    """By material id."""
    return [
        {
            "material_id": material.material_id,
            "state": material.state,
            "name": material.name,
            "file_id": material.file_id,
            **last_place(material.last_location),
            "changed_seq": material.changed_seq,
        }
        for material in sorted_materials(state)
        if material.state != "live"
    ]


def last_place(place: Place | None) -> Row:
    return {
        "last_owner_type": place and place.owner[0],
        "last_owner_id": place and place.owner[1],
        "last_class_path": place and place.path,
    }


def media_files(state: State) -> list[Row]:
    """By file id."""
    return [
        {
            "file_id": row.file_id,
            "operation_type": row.operation_type,
            "task_id": row.task_id,
            "project_id": row.project_id,
            **vars(row.metadata),
            "live_materials": sum(
                material.file_id == row.file_id and material.state == "live"
                for material in state.materials.values()
            ),
        }
        for row in sorted(state.files.values(), key=lambda row: row.file_id)
    ]


def media_links(state: State) -> list[Row]:
    """By material id, kind and class id. A link that is no placement is where its material is."""
    rows = []
    for link in state.links:
        at = link.class_id
        if link.kind != "placement":
            at = state.materials[link.material_id].class_id
        rows.append(
            {
                "material_id": link.material_id,
                "kind": link.kind,
                **located(at, state),
                "target_material_id": link.target_material_id,
                "target_owner_type": link.target_owner and link.target_owner[0],
                "target_owner_id": link.target_owner and link.target_owner[1],
                "target_class_path": link.target_class_path,
                "status": link.status,
            }
        )
    return sorted(rows, key=lambda row: (row["material_id"], row["kind"], row["class_id"] or 0))


def material_tags(state: State) -> list[Row]:
    """By material id, kind and tag; live materials only."""
    found = [
        (material.material_id, kind, tag)
        for material in state.materials.values()
        if material.state == "live"
        for kind, tags in (("preset", material.preset_tags), ("custom", material.tags))
        for tag in tags
    ]
    return [
        {"material_id": material_id, "kind": kind, "tag": tag}
        for material_id, kind, tag in sorted(found)
    ]


def project_board(state: State) -> list[Row]:
    """By project id."""
    return [
        {
            "project_id": row.project_id,
            "category": row.category,
            "name": row.name,
            "status": row.status,
            "running": row.running,
            "pvw_on": row.pvw_on,
            "pgm_on": row.pgm_on,
            "interrupted_inputs": list(row.interrupted_inputs),
            "interrupted_outputs": list(row.interrupted_outputs),
            "gone": row.gone,
            "changed_seq": row.changed_seq,
        }
        for row in sorted(state.projects.values(), key=lambda row: row.project_id)
    ]


def project_timeline(state: State) -> list[Row]:
    """By project id, then as they came."""
    return [
        {"project_id": project_id, "status": status, "seq": seq}
        for project_id, status, seq in sorted(state.timeline, key=lambda row: (row[0], row[2]))
    ]


def export_tasks(state: State) -> list[Row]:
    """By task id."""
    return [vars(row).copy() for row in sorted(state.tasks.values(), key=lambda row: row.task_id)]


def open_doubts(state: State) -> list[Row]:
    """By kind, key and reason."""
    return [
        {"kind": kind, "key": key, "reason": reason, "since_seq": seq}
        for (kind, key, reason), seq in sorted(state.doubts.items())
    ]
