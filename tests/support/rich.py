"""A short feed after which every state table has a row."""

from tests.naive import bodies
from tests.naive.bodies import ANN, CREW
from tests.properties.feeds import SECOND, START, Arrival

_BODIES = (
    bodies.created(ANN, "/春节"),
    bodies.uploaded("m1", ANN, "/春节", file_id="f1", operation_type="VideoEdit"),
    bodies.imported([("m2", "f2")], ANN, "/素材/视频"),
    bodies.added(["m1"], CREW, "/样片"),  # a second placement
    bodies.modified("m2", name="Opening", preset_tags=["7"], tags=["new", "year"]),
    bodies.moved_class(ANN, "/春节", "/归档"),  # a departure
    bodies.class_deleted(ANN, "/临时"),  # a deletion
    bodies.moved(["m2"], ANN, "/成片", "/收藏"),  # a tangle
    bodies.switcher("p1", "Started"),
    bodies.switcher("p1", "Recycled"),
    bodies.export("t1", material_id="m3", file_id="f3", metadata={"Size": 7}),
    bodies.modified("m3", name="As told"),
    bodies.deleted(["m4"]),
    b"not JSON",
    b'{"EventType": "Class.Painted"}',
)
FEED = [
    *(Arrival(body, START + number * SECOND) for number, body in enumerate(_BODIES)),
    Arrival(_BODIES[4], START + 20 * SECOND, redelivery_of=5),
    Arrival(
        bodies.materials_observed(
            16,
            bodies.seen(
                "m5",
                CREW,
                "/样片",
                material_type="LINK",
                link={"Kind": "material", "TargetMaterialId": "m1", "Status": "Normal"},
            ),
            bodies.seen("m3", ANN, "/成片", name="As seen"),  # a correction
            sample=True,
        ),
        START + 21 * SECOND,
        "reconcile",
    ),
]
