"""Mentions find what a look at every place would find."""

from hypothesis import given
from hypothesis import strategies as st

from mirror.core import paths
from mirror.core.mentions import Mentions
from mirror.core.model import MaterialId, Owner, Place

ANN, BEN = Owner("PERSON", "ann"), Owner("PERSON", "ben")

# `.` and `0` are the neighbours of the slash, `-` sorts below it: where a careless range goes wrong.
PATHS = st.lists(
    st.sampled_from(["a", "a.", "a0", "a-", "aa", "媒", "\U0010ffff"]), max_size=3
).map(lambda names: "/" + "/".join(names))
PLACES = st.builds(Place, st.sampled_from([ANN, BEN]), PATHS)
MATERIALS = st.sampled_from(["m1", "m2", "m3"]).map(MaterialId)


@given(st.lists(st.tuples(MATERIALS, st.sets(PLACES, max_size=4)), max_size=12), PLACES)
def test_what_is_found_is_what_a_look_at_everything_finds(
    steps: list[tuple[MaterialId, set[Place]]], wanted: Place
) -> None:
    mentions, known = Mentions(), dict[MaterialId, set[Place]]()
    for key, places in steps:
        mentions.replace(key, known.get(key, set()), places)
        known[key] = places
    expected = {
        key
        for key, places in known.items()
        if any(p.owner == wanted.owner and paths.covers(wanted.path, p.path) for p in places)
    }
    assert mentions.at_or_beneath(wanted) == sorted(expected)
