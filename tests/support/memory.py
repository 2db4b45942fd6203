"""A mirror without a database: the fold over a working set in which what is not known does not exist."""

from __future__ import annotations

from typing import Any, cast

from mirror.core.decode import decode
from mirror.core.fold import Inbound, Verdict, fold
from mirror.core.library import Library
from mirror.core.model import ClassId, Material, MaterialId, Micros, Place, Seq
from mirror.core.rules import Rules
from mirror.core.shelf import NotLoaded

Row = tuple[Any, ...]


class MemoryMirror:
    """Folds deliveries one by one, entirely in memory."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.library = Library(rules or Rules())
        self.verdicts: list[Verdict] = []

    def deliver(
        self,
        body: bytes,
        at: int,
        source: str = "callback",
        redelivery_of: int | None = None,
    ) -> Verdict:
        """Fold the next delivery and return what became of it."""
        seq = Seq(len(self.verdicts) + 1)
        of = None if redelivery_of is None else Seq(redelivery_of)
        delivery = Inbound(seq, Micros(at), decode(body, source), of)
        while True:
            try:
                verdict = fold(self.library, delivery)
            except NotLoaded as request:
                self._supply(request)
            else:
                self.verdicts.append(verdict)
                return verdict

    def _supply(self, request: NotLoaded) -> None:
        library = self.library
        if request.shelf == "members":
            library.members_loaded(cast("tuple[ClassId, ...]", request.keys))
        elif request.shelf == "all_projects":
            library.all_projects_loaded = True
        else:
            shelf = getattr(library, request.shelf)
            for key in request.keys:
                shelf.load(key, None)

    def rows(self) -> dict[str, set[Row]]:
        """Return the library's rows as sets of tuples, in the layout that `naive_rows` gives."""
        lib = self.library
        lib.refresh_class_doubt()
        live = [m for m in lib.materials.rows.values() if m is not None]
        counts: dict[int | None, int] = {}
        for material in live:
            counts[material.class_id] = counts.get(material.class_id, 0) + 1
        return {
            "classes": {
                (
                    c.class_id,
                    *c.owner,
                    c.path,
                    c.origin,
                    counts.get(c.class_id, 0),
                    c.changed_seq,
                )
                for c in lib.classes.rows.values()
                if c is not None
            },
            "media": {self._media(m) for m in live if m.state == "live"},
            "gone": {
                (
                    m.material_id,
                    m.state,
                    m.name,
                    m.file_id,
                    *_place(m.last_place),
                    m.changed_seq,
                )
                for m in live
                if m.state != "live"
            },
            "links": self._links(),
            "files": {
                (
                    f.file_id,
                    f.operation_type,
                    f.task_id,
                    f.project_id,
                    f.size_bytes,
                    f.duration_seconds,
                    f.width,
                    f.height,
                    f.container,
                    f.bitrate,
                )
                for f in lib.files.rows.values()
                if f is not None
            },
            "projects": {
                (
                    p.project_id,
                    p.category,
                    p.name,
                    p.status,
                    bool(p.running),
                    bool(p.pvw_on),
                    bool(p.pgm_on),
                    p.interrupted_inputs,
                    p.interrupted_outputs,
                    p.gone,
                    p.changed_seq,
                )
                for p in lib.projects.rows.values()
                if p is not None
            },
            "timeline": {(h.project_id, h.status, h.seq) for h in lib.history},
            "tasks": {
                (
                    t.task_id,
                    t.status,
                    t.err_code,
                    t.err_msg,
                    t.material_id,
                    t.file_id,
                    t.changed_seq,
                )
                for t in lib.tasks.rows.values()
                if t is not None
            },
            "doubts": {
                (d.kind, d.key, d.reason, d.since_seq)
                for doubts in lib.doubts.rows.values()
                for d in doubts or ()
            },
        }

    def _media(self, m: Material) -> Row:
        assert m.class_id is not None
        here = self.library.classes.rows[m.class_id]
        assert here is not None
        doubted = here.in_doubt or bool(self.library.doubts_of("material", m.material_id))
        return (
            m.material_id,
            *here.owner,
            here.class_id,
            here.path,
            m.name,
            m.material_type,
            m.file_id,
            m.origin,
            m.preset_tags,
            m.tags,
            doubted,
            m.created_seq,
            m.changed_seq,
        )

    def _links(self) -> set[Row]:
        return {
            (
                link.material_id,
                link.kind,
                link.class_id if link.kind == "placement" else None,
                link.target_material_id,
                *_place(link.target_place),
                link.status,
            )
            for links in self.library.links.rows.values()
            for link in links or ()
            if link.kind == "placement" or self._is_live(link.material_id)
        }

    def _is_live(self, material_id: MaterialId) -> bool:
        material = self.library.materials.rows.get(material_id)
        return material is not None and material.state == "live"


def _place(place: Place | None) -> Row:
    return (None, None, None) if place is None else (*place.owner, place.path)
