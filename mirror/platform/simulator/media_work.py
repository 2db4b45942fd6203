"""What a team does with files and media."""

from __future__ import annotations

from mirror.platform.simulator import names
from mirror.platform.simulator.desk import Desk


class MediaWork(Desk):
    """One operation on files or media for each call; `Refused` if none was found."""

    def upload(self) -> None:
        """A file arrives."""
        owner, path, name, kind = self._room()
        self._platform.upload(owner, path, name, kind=kind)

    def pull_upload(self) -> None:
        """A file is fetched."""
        owner, path, name, kind = self._room()
        self._platform.pull_upload(owner, path, name, kind=kind)

    def live_clip(self) -> None:
        """A live stream is clipped."""
        owner, path, name, _ = self._room()
        self._platform.live_clip(owner, path, name, names.stream(self._random))

    def live_record(self) -> None:
        """A live stream is recorded."""
        owner, path, name, _ = self._room()
        self._platform.live_record(owner, path, name, names.stream(self._random))

    def export(self) -> None:
        """A video-edit project is exported."""
        owner, path, name, _ = self._room()
        self._with_project(lambda project: self._platform.export(project.id, owner, path, name))

    def export_failing(self) -> None:
        """An export fails."""
        owner, path = self._somewhere()
        self._with_project(
            lambda project: self._platform.export(project.id, owner, path, "", succeeds=False)
        )

    def import_media(self) -> None:
        """Some new VOD files are imported."""
        count = self._random.randint(1, self._limits.together)
        self._check_growth(count)
        owner, path = self._somewhere()
        batch = [names.media_name(self._random, "VIDEO") for _ in range(count)]
        self._platform.import_media(owner, path, batch)

    def import_files(self) -> None:
        """A VOD file is imported once more."""
        self._check_growth(1)
        self._platform.import_files(*self._somewhere(), [self._platform.any_file(self._random)])

    def copy_material(self) -> None:
        """A material is copied."""
        self._check_growth(1)
        material = self._platform.any_material(self._random)
        self._platform.copy_material(material.id, *self._elsewhere(material.owner))

    def link_material(self) -> None:
        """A link to a material is made."""
        self._check_growth(1)
        material = self._platform.any_material(self._random)
        self._platform.link_material(material.id, *self._elsewhere(material.owner))

    def link_class(self) -> None:
        """A link to a class is made."""
        self._check_growth(1)
        owner, path = self._somewhere()
        self._platform.link_class(owner, path, *self._elsewhere(owner))

    def move_materials(self) -> None:
        """Some materials of one class move."""
        material = self._platform.any_material(self._random)
        count = self._random.randint(1, self._limits.together)
        others = self._platform.ids_in(material.owner, material.path, count)
        ids = dict.fromkeys([material.id, *others[1:]])
        self._platform.move_materials(list(ids), *self._elsewhere(material.owner))

    def modify(self) -> None:
        """A material gets a name, tags or both."""
        random = self._random
        material = self._platform.any_material(random)
        given = random.randrange(1, 8)
        preset_tags = sorted(self._platform.preset_tags())
        self._platform.modify(
            material.id,
            name=names.media_name(random, "VIDEO") if given & 1 else "",
            preset_tags=random.sample(preset_tags, random.randint(1, 2)) if given & 2 else (),
            tags=names.tags(random) if given & 4 else (),
        )

    def delete_materials(self) -> None:
        """Up to three materials are deleted."""
        count = self._random.randint(1, 3)
        ids = {self._platform.any_material(self._random).id: None for _ in range(count)}
        self._platform.delete_materials(list(ids))

    # What no callback tells.

    def delete_vod_file(self) -> None:
        """A file goes with all its media."""
        self._platform.delete_vod_file(self._platform.any_file(self._random))

    def clear_tags(self) -> None:
        """A material loses its tags."""
        self._platform.clear_tags(self._platform.any_material(self._random).id)

    def rename_preset_tag(self) -> None:
        """A preset tag is renamed."""
        tag = self._random.choice(sorted(self._platform.preset_tags()))
        self._platform.rename_preset_tag(tag, names.class_name(self._random))
