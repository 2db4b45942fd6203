"""Material operations: import, copy, link, move, modify, delete, and the silent ways to do so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirror.platform.simulator.model import Refused
from mirror.platform.simulator.truth import Truth
from mirror.platform.simulator.wire import owner_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirror.platform.simulator.model import Material, Owner
    from mirror.platform.simulator.rows import FileRow, MaterialRow
    from mirror.platform.simulator.tree import Node


class Media(Truth):
    """Every material is in exactly one class of its owner."""

    def import_media(
        self, owner: Owner, path: str, names: Sequence[str], *, kind: str = "VIDEO"
    ) -> list[Material]:
        """Import new VOD files, one for each name. Fires Material.Imported."""
        node = self._node(owner, path)
        if not names:
            raise Refused("invalid", "Name at least one file to import.")
        self._begin()
        return self._imported(node, [self._new_file(name, kind, "") for name in names], kind)

    def import_files(self, owner: Owner, path: str, file_ids: Sequence[str]) -> list[Material]:
        """Import VOD files that exist, so that they have one more material each.

        Fires Material.Imported.
        """
        node = self._node(owner, path)
        if not file_ids or len(set(file_ids)) < len(file_ids):
            raise Refused("invalid", "Name at least one file, and each one once.")
        files = [self._file(file_id) for file_id in file_ids]
        self._begin()
        return self._imported(node, files, "VIDEO")

    def copy_material(self, material_id: str, dest_owner: Owner, dest_path: str) -> Material:
        """Copy a material: a new id over the same file. Fires Material.Added."""
        row, node = self._row(material_id), self._node(dest_owner, dest_path)
        self._begin()
        return self._added(self._copied(row, node))

    def link_material(self, material_id: str, dest_owner: Owner, dest_path: str) -> Material:
        """Make a link to a material. Fires Material.Added with the link's id."""
        target, node = self._row(material_id), self._node(dest_owner, dest_path)
        self._begin()
        return self._linked(node, target.name, target)

    def link_class(self, owner: Owner, path: str, dest_owner: Owner, dest_path: str) -> Material:
        """Make a link to a class. Fires Material.Added with the link's id.

        That the link follows its class when the class moves is an inference.
        """
        target, node = self._node(owner, path), self._node(dest_owner, dest_path)
        self._begin()
        return self._linked(node, target.name or "/", target)

    def move_materials(
        self, material_ids: Sequence[str], dest_owner: Owner, dest_path: str
    ) -> list[Material]:
        """Move materials of one class to another, of any owner. Fires Material.Moved."""
        rows = self._rows(tuple(material_ids))
        source, dest = rows[0].node, self._node(dest_owner, dest_path)
        if any(row.node is not source for row in rows):
            raise Refused("invalid", "Materials moved together are in one class.")
        if source is dest:
            raise Refused("taken", f"They are in {dest.path} already.")
        self._begin()
        for row in rows:
            del source.media[row.id]
            dest.media[row.id] = row
            row.node = dest
        self._mention(dest)
        source_owner = source.owner
        self._mention(self._root(source_owner))
        self._emit(
            "Material.Moved",
            {
                "MaterialIdSet": [row.id for row in rows],
                "SourceOwner": owner_json(source_owner),
                "SourceClassPath": self._spelt(source),
                "DestinationOwner": owner_json(dest_owner),
                "DestinationClassPath": self._spelt(dest),
            },
        )
        return [row.view() for row in rows]

    def modify(
        self,
        material_id: str,
        *,
        name: str = "",
        preset_tags: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> Material:
        """Change what is given and not empty. Fires Material.Modified if anything is."""
        row = self._row(material_id)
        for tag in preset_tags:
            self._check_preset_tag(tag)
        self._begin()
        if not (name or preset_tags or tags):
            return row.view()
        row.name = name or row.name
        row.preset_tags = tuple(dict.fromkeys(preset_tags)) or row.preset_tags
        row.tags = tuple(dict.fromkeys(tags)) or row.tags
        given = {"name": name, "preset_tags": preset_tags, "tags": tags}
        if not self._muted:
            row.told |= {field for field, value in given.items() if value}
        row.updated_at = self.now_us
        self._emit(
            "Material.Modified",
            {
                "MaterialId": row.id,
                "Name": name,
                "PresetTagIdSet": list(preset_tags),
                "TagSet": list(tags),
            },
        )
        return row.view()

    def delete_materials(self, material_ids: Sequence[str]) -> list[str]:
        """Delete materials, of any classes; their files stay. Fires Material.Deleted."""
        rows = self._rows(tuple(material_ids))
        self._begin()
        for row in rows:
            self._drop(row)
        self._emit("Material.Deleted", {"MaterialIdSet": [row.id for row in rows]})
        return [row.id for row in rows]

    def clear_tags(self, material_id: str) -> Material:
        """Remove all custom tags. Silent: an empty set in an event means "not changed"."""
        row = self._row(material_id)
        self._begin()
        row.tags = ()
        row.updated_at = self.now_us
        return row.view()

    def rename_preset_tag(self, tag_id: str, name: str) -> None:
        """Rename a preset tag for every material that bears it. Silent."""
        self._check_preset_tag(tag_id)
        self._begin()
        self._preset_tags[tag_id] = name

    def delete_vod_file(self, file_id: str) -> list[str]:
        """Delete a file at the VOD side, with every medium bound to it; returns their ids. Silent.

        Media a project has of its own go as well.
        """
        file = self._file(file_id)
        self._begin()
        gone = list(file.materials)
        for row in list(file.materials.values()):
            self._drop(row)
        for project in self._projects.values():
            own = [medium for medium, bound in project.media.items() if bound == file_id]
            for medium in own:
                del project.media[medium]
            gone += own
        del self._files[file_id]
        self._file_ids.remove(file_id)
        return gone

    def _file(self, file_id: str) -> FileRow:
        try:
            return self._files[file_id]
        except KeyError:
            raise Refused("not-found", f"No such file: {file_id}.") from None

    def _check_preset_tag(self, tag_id: str) -> None:
        if tag_id not in self._preset_tags:
            raise Refused("not-found", f"No such preset tag: {tag_id}.")

    def _imported(self, node: Node, files: list[FileRow], kind: str) -> list[Material]:
        rows = [self._new_material(node, file.name, kind, file) for file in files]
        self._mention(node)
        owner = node.owner
        pairs = [
            {"FileId": file.id, "MaterialId": row.id} for file, row in zip(files, rows, strict=True)
        ]
        self._emit(
            "Material.Imported",
            {"MediaInfoSet": pairs, "Owner": owner_json(owner), "ClassPath": self._spelt(node)},
        )
        return [row.view() for row in rows]

    def _linked(self, node: Node, name: str, target: MaterialRow | Node) -> Material:
        row = self._new_material(node, name, "LINK", None)
        row.target = target
        return self._added(row)

    def _added(self, row: MaterialRow) -> Material:
        self._mention(row.node)
        owner = row.node.owner
        self._emit(
            "Material.Added",
            {
                "MaterialIdSet": [row.id],
                "Owner": owner_json(owner),
                "ClassPath": self._spelt(row.node),
            },
        )
        return row.view()
