"""What the database counts is what the pure rules say of each person, in a hundred worlds."""

from collections import Counter
from itertools import product
from random import Random

import pytest

from lms.assignments import queries
from lms.assignments.queries import figures as counted
from lms.assignments.queries import listed
from lms.assignments.queries.figures import Scope
from lms.assignments.queries.listed import Kind, Stretch
from lms.assignments.rules import State
from lms.db import db
from tests.assignments import worlds
from tests.assignments.worlds import TODAY

KINDS = {State.COMPLETE: Kind.COMPLETE, State.EXEMPT: Kind.EXEMPT}


def _open(places):
    tree = queries.tree()
    above = {one for place in places for one in tree.above(place)}
    return queries.open_assignments(above | set(places), chosen_in=places), tree


@pytest.mark.parametrize("seed", range(4))
def test_figures_and_lists_say_what_the_rules_say(app, seed):
    random = Random(seed)
    worlds.courses()
    db.session.commit()
    for _ in range(10):
        world = worlds.make(random)
        for place in world.parents:
            _compare(world, world.below(place))
        _compare(world, frozenset(random.sample(sorted(world.parents), 1)))
        db.session.rollback()


def _compare(world, places) -> None:
    expected = world.expected(places)
    asked, tree = _open(places)
    found = counted.figures(asked, Scope(department_ids=places), tree)
    for one in asked:
        states = Counter(
            KINDS.get(state, Kind.LEFT) for (what, _), state in expected.items() if what == one.id
        )
        tally = found.of(one.id, places)
        assert (tally.complete, tally.exempt, tally.left) == (
            states[Kind.COMPLETE], states[Kind.EXEMPT], states[Kind.LEFT],
        ), one
        for kind, size in product(Kind, (9, listed.MANY)):
            rows = listed.people(
                [Stretch(asked=one, kind=kind, start=0, size=99, of=size)], Scope(department_ids=places), tree
            )
            assert {row.person_id for row in rows} == {
                who for (what, who), state in expected.items()
                if what == one.id and KINDS.get(state, Kind.LEFT) is kind
            }
    assert {what for what, _ in expected} <= {one.id for one in asked}
    whole = queries.obligations(department_ids=places, today=TODAY)
    assert {(one.asked.id, one.person_id): one.state for one in whole} == expected


@pytest.mark.parametrize("text", ["ann", "þóra", "%", "_", "100%_X", "\\", "zoË", "o 1", "' OR 1"])
def test_part_of_a_name_finds_whom_it_is_part_of(app, text):
    world = worlds.make(Random(7))
    places = frozenset(world.parents)
    found = counted.figures([], Scope(department_ids=places, name=text), queries.tree())
    assert sum(found.people.values()) == sum(
        text.casefold() in name.casefold()
        for name, place, is_active in world.people.values()
        if is_active and place in places
    )
