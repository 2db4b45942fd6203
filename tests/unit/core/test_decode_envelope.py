"""Which event a delivery is about, and where its payload is found."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mirror.core.decode import EVENT_TYPES, decode
from mirror.core.events import (
    ClassCreated,
    Decoded,
    MaterialsDeleted,
    Undecoded,
)
from mirror.core.model import MaterialId, Owner, Place
from tests.unit.core.bodies import (
    PAYLOADS,
    PERSON,
    TEAM,
    body,
    decoded,
    key_of,
    quarantined,
    understood,
)


def material_of(number: int) -> MaterialId:
    return MaterialId(f"m{number}")


OWN = Owner("PERSON", "p1")
OTHERS = Owner("TEAM", "t1")


def test_there_are_thirteen_event_types() -> None:
    assert set(EVENT_TYPES) == {kind for kind in PAYLOADS if not kind.startswith("Mirror.")}
    assert len(EVENT_TYPES) == 13


@pytest.mark.parametrize("event_type", PAYLOADS)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper, str.swapcase])
def test_an_event_type_is_known_in_any_case_and_named_in_its_own(
    event_type: str, spell: Callable[[str], str]
) -> None:
    key = key_of(event_type)
    sent = json.dumps({"EventType": spell(event_type), key: PAYLOADS[event_type]}).encode()
    outcome = decode(sent, "reconcile")
    assert isinstance(outcome, Decoded)
    assert outcome.event_type == event_type


def test_the_event_type_decides_whatever_other_payloads_are_there() -> None:
    sent = {
        "EventType": "Material.Deleted",
        "MaterialAddedEvent": PAYLOADS["Material.Added"],
        "ClassCreatedEvent": PAYLOADS["Class.Created"],
        "MaterialDeletedEvent": {"MaterialIdSet": ["m9"]},
    }
    assert understood(decode(json.dumps(sent).encode())) == MaterialsDeleted((material_of(9),))


def test_an_unknown_event_type_is_cut_between_characters_at_255_bytes() -> None:
    outcome = decode(json.dumps({"EventType": "类" * 100}).encode())
    assert isinstance(outcome, Undecoded)
    assert outcome.event_type == "类" * 85


@pytest.mark.parametrize("source", ["callback", "import", ""])
@pytest.mark.parametrize("event_type", ["Mirror.Materials.Missing", "mirror.materials.missing"])
def test_an_observation_counts_from_a_reconciliation_only(source: str, event_type: str) -> None:
    sent = json.dumps({"EventType": event_type}).encode()
    outcome = decode(sent, source)
    assert outcome == Undecoded(
        "unrecognised",
        f"Mirror.* types are not taken from source {source!r}",
        "Mirror.Materials.Missing",
    )


def test_an_unknown_observation_is_unrecognised_whoever_sends_it() -> None:
    sent = b'{"EventType":"Mirror.Dreams.Observed"}'
    for source, reason in (("import", "Mirror.* types are not taken"), ("reconcile", "EventType")):
        outcome = decode(sent, source)
        assert isinstance(outcome, Undecoded)
        assert outcome.outcome == "unrecognised"
        assert outcome.reason.startswith(reason)
        assert outcome.event_type == "Mirror.Dreams.Observed"


def test_an_event_of_the_platform_counts_from_every_source() -> None:
    sent = body("Class.Created", PAYLOADS["Class.Created"])
    assert decode(sent, "callback") == decode(sent, "import") == decode(sent, "reconcile")


@pytest.mark.parametrize("proper", [{}, {"ClassCreatedEvent": None}])
@pytest.mark.parametrize("key", ["MaterialImportedEvent", "ClasscreatedEvent", "SomethingEvent"])
def test_a_payload_under_a_foreign_key_counts_where_the_proper_one_is_absent(
    proper: dict[str, None], key: str
) -> None:
    sent = {"EventType": "Class.Created", key: PAYLOADS["Class.Created"]} | proper
    assert understood(decode(json.dumps(sent).encode())) == ClassCreated(Place(OWN, "/a"))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_is_understood_under_a_foreign_key(event_type: str) -> None:
    sent = {"EventType": event_type, "StrayEvent": PAYLOADS[event_type]}
    expected = decoded(event_type, PAYLOADS[event_type])
    assert decode(json.dumps(sent).encode()) == expected


def test_a_foreign_payload_may_hold_nulls_of_its_own_event() -> None:
    stray = PAYLOADS["Class.Created"] | {"MediaInfoSet": None}
    sent = {"EventType": "Class.Created", "MaterialImportedEvent": stray}
    assert understood(decode(json.dumps(sent).encode())) == ClassCreated(Place(OWN, "/a"))


@pytest.mark.parametrize(
    "foreign",
    [
        {"StrayEvent": PAYLOADS["Class.Created"] | {"MaterialIdSet": ["m1"]}},
        {"StrayEvent": PAYLOADS["Class.Created"] | {"MaterialIdSet": []}},
        {"StrayEvent": {"Owner": PERSON}},
        {"StrayEvent": {"Owner": PERSON, "ClassPath": None}},
        {"StrayEvent": {"Owner": {"Type": "", "Id": ""}, "ClassPath": ""}},
        {"StrayEvent": {}},
        {"StrayEvent": [PAYLOADS["Class.Created"]]},
        {"Stray": PAYLOADS["Class.Created"]},
        PAYLOADS["Class.Created"],
        {"OneEvent": PAYLOADS["Class.Created"], "TwoEvent": {"Owner": TEAM, "ClassPath": "/b"}},
    ],
    ids=[
        "another event's field",
        "another event's empty field",
        "a field too few",
        "a field that is null",
        "empty structures",
        "nothing",
        "an array",
        "a key that is no payload's",
        "no payload at all",
        "two that fit",
    ],
)
def test_a_foreign_payload_counts_only_if_one_has_exactly_the_shape(
    foreign: dict[str, Any],
) -> None:
    sent = {"EventType": "Class.Created"} | foreign
    outcome = decode(json.dumps(sent).encode())
    assert outcome == Undecoded("quarantined", "ClassCreatedEvent is missing", "Class.Created")


def test_an_empty_proper_payload_is_not_replaced_by_a_foreign_one() -> None:
    sent = {
        "EventType": "Class.Created",
        "ClassCreatedEvent": {},
        "StrayEvent": PAYLOADS["Class.Created"],
    }
    reason = quarantined(decode(json.dumps(sent).encode()))
    assert reason == "ClassCreatedEvent.Owner is missing"


def test_an_observation_is_never_read_from_a_foreign_key() -> None:
    payload = PAYLOADS["Mirror.Materials.Missing"]
    sent = {"EventType": "Mirror.Materials.Missing", "StrayEvent": payload}
    reason = quarantined(decode(json.dumps(sent).encode(), "reconcile"))
    assert reason == "MirrorMaterialsMissingEvent is missing"
