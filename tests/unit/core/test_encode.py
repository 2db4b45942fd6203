"""Observations written as bodies read back as what they were."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.core import paths
from mirror.core.decode import decode
from mirror.core.encode import encode
from mirror.core.events import (
    ClassesObserved,
    Decoded,
    MaterialsMissing,
    MaterialsObserved,
    MetaData,
    Observation,
    ObservedLink,
    ObservedMaterial,
    ObservedProject,
    ObservedTask,
    ProjectsObserved,
    TasksObserved,
)
from mirror.core.model import FileId, MaterialId, Owner, Place, ProjectId, Seq, TaskId
from tests.unit.core.bodies import PAYLOADS, decoded, understood

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
ID = TEXT.filter(lambda text: len(text.encode()) <= 255)
OWNERS = st.builds(Owner, st.sampled_from(["PERSON", "TEAM", "机构"]), ID)
PATHS = st.lists(TEXT, max_size=4).map("/".join).map(paths.normalise)
PLACES = st.builds(Place, OWNERS, PATHS.filter(lambda path: len(path.encode()) <= 2000))
SEQS = st.integers(0, 2**63 - 1).map(Seq)
WHOLE = st.none() | st.integers(-(2**63), 2**63 - 1)
MAYBE = st.none() | TEXT
MATERIAL_IDS = ID.map(MaterialId)
TAGS = st.lists(TEXT.filter(lambda text: len(text.encode()) <= 2000), unique=True, max_size=3)
METADATA = st.builds(
    MetaData,
    size_bytes=WHOLE,
    duration_seconds=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    width=WHOLE,
    height=WHOLE,
    container=MAYBE,
    bitrate=WHOLE,
)
LINKS = st.builds(
    ObservedLink,
    st.sampled_from(["material", "class"]),
    st.none() | MATERIAL_IDS,
    st.none() | PLACES,
    MAYBE,
)
MATERIALS = st.builds(
    ObservedMaterial,
    MATERIAL_IDS,
    PLACES,
    name=MAYBE,
    material_type=MAYBE,
    preset_tags=st.none() | st.lists(ID, unique=True, max_size=3).map(tuple),
    tags=st.none() | TAGS.map(tuple),
    file_id=st.none() | ID.map(FileId),
    operation_type=MAYBE,
    metadata=METADATA,
    url=MAYBE,
    cover_url=MAYBE,
    link=st.none() | LINKS,
)
PROJECTS = st.builds(ObservedProject, ID.map(ProjectId), MAYBE, MAYBE, MAYBE)
TASKS = st.builds(
    ObservedTask,
    ID.map(TaskId),
    MAYBE,
    WHOLE,
    MAYBE,
    st.none() | MATERIAL_IDS,
    st.none() | ID.map(FileId),
)
OBSERVATIONS: dict[type[Observation], st.SearchStrategy[Observation]] = {
    MaterialsObserved: st.builds(
        MaterialsObserved,
        SEQS,
        st.lists(MATERIALS, unique_by=lambda seen: seen.material_id, max_size=3).map(tuple),
    ),
    MaterialsMissing: st.builds(
        MaterialsMissing, SEQS, st.lists(MATERIAL_IDS, unique=True, max_size=3).map(tuple)
    ),
    ClassesObserved: st.builds(
        ClassesObserved, SEQS, OWNERS, st.lists(PATHS, unique=True, max_size=3).map(tuple)
    ),
    ProjectsObserved: st.builds(
        ProjectsObserved,
        SEQS,
        st.booleans(),
        st.lists(PROJECTS, unique_by=lambda seen: seen.project_id, max_size=3).map(tuple),
    ),
    TasksObserved: st.builds(
        TasksObserved,
        SEQS,
        st.lists(TASKS, unique_by=lambda seen: seen.task_id, max_size=3).map(tuple),
    ),
}


def test_every_observation_is_made_here() -> None:
    assert set(OBSERVATIONS) == set(get_args(Observation))


@pytest.mark.parametrize("kind", OBSERVATIONS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_an_observation_reads_back_as_it_was(kind: type[Observation], data: st.DataObject) -> None:
    event = data.draw(OBSERVATIONS[kind])
    answer = decode(encode(event), "reconcile")
    assert isinstance(answer, Decoded), answer
    assert answer.event == event


@pytest.mark.parametrize("event_type", [kind for kind in PAYLOADS if kind.startswith("Mirror.")])
def test_what_reads_the_same_is_written_the_same(event_type: str) -> None:
    event = understood(decoded(event_type, PAYLOADS[event_type]))
    again = understood(decode(encode(event), "reconcile"))
    assert encode(again) == encode(event)


def test_what_is_not_known_is_left_out() -> None:
    place = Place(Owner("TEAM", "t"), "/")
    event = MaterialsObserved(Seq(3), (ObservedMaterial(MaterialId("m"), place, tags=()),))
    assert encode(event) == (
        b'{"EventType":"Mirror.Materials.Observed","MirrorMaterialsObservedEvent":{"AsOfSeq":3,'
        b'"MaterialSet":[{"MaterialId":"m","Owner":{"Type":"TEAM","Id":"t"},"ClassPath":"/",'
        b'"TagSet":[]}]}}'
    )
