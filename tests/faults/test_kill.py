"""kill -9, the whole server, at random instants: what was acknowledged is there, once."""

import pytest

from tests.faults.conftest import chance, share
from tests.faults.importers import Importer
from tests.faults.killing import Tally, rounds
from tests.faults.learners import Claimer, Taker

pytestmark = pytest.mark.faults
LANES = 2  # of each kind, one for each core


def told(tally: Tally) -> str:
    later = f"; {tally.refused} were told 503 first" if tally.refused else ""
    return (
        f"{tally.rounds} kills, {tally.acknowledged} acknowledged, 0 lost, 0 doubled; of {tally.cut}"
        f" cut off {tally.kept} were there whole, {tally.cut - tally.kept} not at all{later}"
    )


@pytest.mark.parametrize("lane", range(LANES))
def test_answers_that_were_acknowledged_outlive_a_kill(install, lane, record_property):
    rng, number = chance("answers", lane), share(2, 10)
    place = install()
    takers = [
        Taker(place, person, cookie, chance(person))
        for person, cookie in place.admit("taker", 8 * number, ready=False)
    ]
    tally = rounds(place, takers, number, rng=rng, most=24)
    place.stop()
    place.examine()
    assert tally.acknowledged > 3 * number, place.said()
    record_property(f"rounds of answers, lane {lane + 1}", told(tally))


@pytest.mark.parametrize("lane", range(LANES))
def test_claims_that_were_acknowledged_outlive_a_kill(install, lane, record_property):
    rng, number = chance("claims", lane), share(2, 10)
    place = install()
    claimers = [
        Claimer(place, person, cookie, rng)
        for person, cookie in place.admit("claimer", 12 * number, ready=True)
    ]
    tally = rounds(place, claimers, number, rng=rng, most=8)
    place.stop()
    place.examine()
    assert tally.acknowledged > number, place.said()
    record_property(f"rounds of claims, lane {lane + 1}", told(tally))


@pytest.mark.parametrize("lane", range(LANES))
def test_imports_that_were_acknowledged_outlive_a_kill(install, lane, record_property):
    rng, number = chance("imports", lane), share(1, 10)
    place = install()
    importers = [
        Importer(place, person, cookie, rng, number=count)
        for count, (person, cookie) in enumerate(place.admit_administrators(8 * number))
    ]
    tally = rounds(place, importers, number, rng=rng, most=5)
    place.stop()
    place.examine()
    assert tally.acknowledged > number, place.said()
    record_property(f"rounds of imports, lane {lane + 1}", told(tally))
