"""Hypothesis strategies for feeds: few names, so that everything meets everything."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from tests.naive import bodies

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
HORIZON = 600 * SECOND

OWNERS = (("PERSON", "u1"), ("TEAM", "t1"))
PATHS = ("/", "/a", "/b", "/a/b", "/b/a", "/a/b/a", "/模板", "/素材", "/素材/视频", "/a/视频")
MATERIALS = ("m1", "m2", "m3")
PROJECTS = ("p1", "p2")


class Arrival(NamedTuple):
    """One delivery of a feed; `redelivery_of` is a place in the feed."""

    body: bytes
    at: int
    source: str = "callback"
    redelivery_of: int | None = None


LINKS = (
    None,
    {"Kind": "material", "TargetMaterialId": "m1", "Status": "Normal"},
    {"Kind": "material", "Status": "NotFound"},
)

owners = st.sampled_from(OWNERS)
paths = st.sampled_from(PATHS)
material_ids = st.sampled_from(MATERIALS)
material_sets = st.lists(material_ids, min_size=1, max_size=2)
path_sets = st.lists(paths, min_size=1, max_size=2)
tags = st.lists(st.sampled_from(("x", "y")), max_size=2)
files = st.sampled_from(("f1", "f2"))

class_events = st.one_of(
    st.builds(bodies.created, owners, paths),
    st.builds(
        lambda owner, sources, to, path: bodies.moved_class(
            owner, sources, path, destination_owner=to
        ),
        owners,
        path_sets,
        owners,
        paths,
    ),
    st.builds(lambda owner, some: bodies.class_deleted(owner, *some), owners, path_sets),
)

creations = st.one_of(
    st.builds(
        bodies.uploaded,
        material_ids,
        owners,
        paths,
        file_id=files,
        operation_type=st.sampled_from(("Upload", "VideoEdit", "LiveStreamRecord")),
        source_context=st.sampled_from((None, "p1")),
    ),
    st.builds(bodies.imported, material_sets, owners, paths),
    st.builds(bodies.added, material_sets, owners, paths),
)

moves = st.builds(
    lambda ids, owner, source, to, path: bodies.moved(
        ids, owner, source, path, destination_owner=to
    ),
    material_sets,
    owners,
    paths,
    owners,
    paths,
)

material_events = st.one_of(
    creations,
    moves,
    moves,
    st.builds(
        bodies.modified,
        material_ids,
        name=st.sampled_from((None, "n1", "n2")),
        preset_tags=tags,
        tags=tags,
    ),
    st.builds(bodies.deleted, st.lists(material_ids, min_size=1, max_size=1)),
)

switcher_statuses = ("Started", "Stopped", "PvwStarted", "PvwStopped", "PgmStarted", "Recycled")
other_events = st.one_of(
    st.builds(bodies.switcher, st.sampled_from(PROJECTS), st.sampled_from(switcher_statuses)),
    st.builds(
        bodies.export,
        st.sampled_from(("t1", "t2")),
        material_id=material_ids,
        file_id=files,
    ),
)


@st.composite
def observations(draw: st.DrawFn, head: int) -> bytes:
    """Draw an observation as of one of the last places of the journal."""
    as_of = max(0, head - draw(st.integers(0, 4)))
    kind = draw(st.integers(0, 4))
    if kind <= 1:
        link = draw(st.sampled_from(LINKS))
        return bodies.materials_observed(
            as_of,
            bodies.seen(
                draw(material_ids),
                draw(owners),
                draw(paths),
                name=draw(st.sampled_from((None, "n3"))),
                material_type=draw(st.sampled_from((None, "VIDEO"))) if link is None else "LINK",
                tags=draw(tags),
                file_id=draw(st.sampled_from((None, "f1", "f2"))),
                metadata=draw(st.sampled_from((None, {"Size": 7}))),
                link=link,
            ),
            sample=draw(st.sampled_from((None, True))),
        )
    if kind == 2:
        return bodies.materials_missing(as_of, draw(material_ids))
    if kind == 3:
        return bodies.classes_observed(as_of, draw(owners), *draw(path_sets))
    if draw(st.booleans()):
        task = bodies.seen_task("t1", status="FAIL", file_id=draw(files))
        return bodies.tasks_observed(as_of, task)
    status = draw(st.sampled_from((None, "Idle", "Working", "Odd")))
    listed = [
        bodies.seen_project(p, name="P", status=status) for p in PROJECTS if draw(st.booleans())
    ]
    return bodies.projects_observed(as_of, *listed, complete=draw(st.booleans()))


gaps = st.sampled_from((0, SECOND, SECOND, 30 * SECOND, 400 * SECOND, HORIZON + SECOND, -SECOND))


@st.composite
def feeds(draw: st.DrawFn, *, most: int = 14, observed: bool = True) -> list[Arrival]:
    """Draw a feed of anything: repeats, recognised redeliveries and jumps of time among it."""
    now = START
    feed: list[Arrival] = []
    for _ in range(draw(st.integers(1, most))):
        now += draw(gaps)
        kind = draw(st.integers(0, 11 if observed else 9))
        if kind == 0 and feed:
            of = draw(st.integers(1, len(feed)))
            feed.append(Arrival(feed[of - 1].body, now, feed[of - 1].source))
        elif kind == 1 and feed:
            of = draw(st.integers(1, len(feed)))
            feed.append(Arrival(feed[of - 1].body, now, feed[of - 1].source, of))
        elif kind <= 4:
            feed.append(Arrival(draw(class_events), now))
        elif kind <= 8:
            feed.append(Arrival(draw(material_events), now))
        elif kind == 9:
            feed.append(Arrival(draw(other_events), now))
        else:
            feed.append(Arrival(draw(observations(len(feed))), now, "reconcile"))
    return feed
