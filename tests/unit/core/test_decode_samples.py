"""What each of the published samples means."""

import pytest

from mirror.core.decode import decode
from mirror.core.events import (
    ClassCreated,
    ClassesDeleted,
    ClassesMoved,
    Event,
    ExportCompleted,
    ExportOutput,
    FileCreated,
    ImportedMaterial,
    MaterialModified,
    MaterialsAdded,
    MaterialsDeleted,
    MaterialsImported,
    MaterialsMoved,
    MetaData,
    ProjectStatusChanged,
    Undecoded,
)
from mirror.core.model import FileId, MaterialId, Owner, Place, ProjectId, TaskId
from tests.unit.core.bodies import (
    SAMPLES,
    understood,
)

ANN = Owner("PERSON", "user_id_12988300030300329")
BEN = Owner("PERSON", "user_id_12988300030300330")
CREW = Owner("TEAM", "cmetid_5fdafaca1a2b3c0001c82b01")


def material(number: int) -> MaterialId:
    return MaterialId(f"5fdafaca1a2b3c0001c8{number:04}")


def file(number: int) -> FileId:
    return FileId(f"52858908186676{number:05}")


def project(number: int) -> ProjectId:
    return ProjectId(f"cmepid_5fdafaca1a2b3c0001c82c{number:02}")


MEANINGS: list[Event] = [
    ClassCreated(Place(ANN, "/媒体/测试")),
    ClassCreated(Place(CREW, "/素材/视频/NBA")),
    FileCreated(file(1), material(1), Place(ANN, "/媒资"), "Upload"),
    FileCreated(
        file(2),
        material(2),
        Place(ANN, "/成片"),
        "VideoEdit",
        "VideoEdit-f5d81abc",
        "cmepid_5fdafaca1a2b3c0001c82c01",
    ),
    FileCreated(
        file(3),
        material(3),
        Place(ANN, "/"),
        "LiveStreamRecord",
        source_context="rtmp://live.example.com/app/stream",
    ),
    MaterialsImported(
        (ImportedMaterial(material(4), file(4)), ImportedMaterial(material(5), file(5))),
        Place(CREW, "/素材/视频"),
    ),
    MaterialsImported((ImportedMaterial(material(6)),), Place(ANN, "/媒资")),
    MaterialsAdded((material(7),), Place(ANN, "/媒资/视频")),
    MaterialsMoved((material(1),), Place(ANN, "/媒资"), Place(BEN, "/媒资/视频")),
    MaterialModified(material(1), "修改后的名称", (), ("风景", "城市")),
    MaterialModified(material(2), None, ("100", "101")),
    MaterialsDeleted((material(3), material(6))),
    ClassesMoved(ANN, ("/媒体/测试",), Place(ANN, "/媒资")),
    ClassesMoved(CREW, ("/素材/视频/NBA",), Place(CREW, "/模板")),
    ClassesMoved(CREW, ("/模板/NBA",), Place(CREW, "/模板/篮球")),
    ClassesDeleted(CREW, ("/模板/篮球",)),
    ClassesDeleted(ANN, ("/媒资/测试",)),
    ClassCreated(Place(Owner("PERSON", "user_9949009d9d9"), "/媒体")),
    ProjectStatusChanged("STREAM_CONNECT", project(2), "Working"),
    ProjectStatusChanged(
        "STREAM_CONNECT", project(2), "InputInterrupted", "Main", detail="input Main"
    ),
    ProjectStatusChanged(
        "STREAM_CONNECT",
        project(2),
        "OutputInterrupted",
        interrupted_output="out-1",
        detail="output 主输出 (out-1)",
    ),
    ProjectStatusChanged("STREAM_CONNECT", project(2), "Stopped"),
    ProjectStatusChanged("SWITCHER", project(3), "Started"),
    ProjectStatusChanged("SWITCHER", project(3), "PvwStarted"),
    ProjectStatusChanged("SWITCHER", project(3), "PgmStarted"),
    ProjectStatusChanged("SWITCHER", project(3), "Recycled"),
    ProjectStatusChanged(
        "MEDIA_CAST", project(4), "SourceInterrupted", "src-1", detail="source src-1: SystemError"
    ),
    ExportCompleted(
        TaskId("VideoEdit-f5d81abc"),
        "SUCCESS",
        0,
        None,
        ExportOutput(
            material(2),
            file(2),
            "https://vod.example.com/2.mp4?t=1&sign=x",
            "https://vod.example.com/2.jpg",
            MetaData(10485760, 69.5, 1920, 1080, "mov,mp4", 1200000),
        ),
    ),
    ExportCompleted(TaskId("VideoEdit-0badf00d"), "FAIL", 70000, "internal error"),
]


@pytest.mark.parametrize(
    ("sample", "meaning"),
    list(zip(SAMPLES, MEANINGS, strict=False)),
    ids=range(1, len(MEANINGS) + 1),
)
def test_a_published_sample_means_what_it_says(sample: bytes, meaning: Event) -> None:
    assert understood(decode(sample)) == meaning


def test_every_published_sample_has_its_meaning_here() -> None:
    assert len(SAMPLES) == len(MEANINGS) + 1  # the last one is of a later platform version


def test_an_event_type_of_a_later_platform_version_is_unrecognised() -> None:
    assert decode(SAMPLES[-1]) == Undecoded(
        "unrecognised", "EventType is none that this version knows", "Material.Archived"
    )
