"""A disk that fails when it's told to keep something: nobody is told that it was kept."""

import random
import shutil
from contextlib import closing

import pytest

from lms.web import pages
from tests.faults import harm
from tests.faults.learners import Taker
from tests.faults.test_space import LINUX, unavailable
from tests.faults.wire import Wire

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        not LINUX or shutil.which("strace") is None, reason="strace makes the disk's calls fail"
    ),
]


def test_a_disk_that_fails_acknowledges_nothing_and_on_it_goes_when_it_works(install):
    place, rng = install(), random.Random(17)
    takers = [Taker(place, *one, rng) for one in place.admit("taker", 2, ready=False)]
    place.start()
    for taker in takers:
        taker.connect()
        for _ in range(2):  # begun and looked at
            taker.step()
    one, other = takers
    number, marks = one.plan[0]
    path = f"/attempts/{one.attempt_id}/questions/{number}"
    with harm.no_flush(place.running):
        with closing(Wire(place, one.cookie)) as wire:
            # Written, but nobody knows whether the disk has it.
            told = wire.post(path, {"mark": marks})
            assert told.status == 503
            assert pages.UNSURE in told.text.replace("&#39;", "'")
            # From now on that process writes nothing more, and the other finds out for itself.
            for _ in range(8):
                assert wire.post(path, {"mark": marks}, wants="application/json").status == 503
            unavailable(wire.post(path, {"mark": marks}))
            assert wire.get(path).status == 200
        with closing(Wire(place, other.cookie)) as wire:
            assert wire.get("/transcript").status == 200
    # Each process hears once that something was lost, mends it, and goes on.
    for _ in range(12):
        with closing(Wire(place, one.cookie)) as wire:
            wire.post(path, {"mark": marks}, wants="application/json")
    for taker in takers:
        taker.connect()
        while not taker.is_done:
            taker.step()
    with place.looking():
        for taker in takers:
            taker.check()
    place.stop()
    place.examine()
    said = place.said()
    assert "the database's log could not be flushed: EIO" in said
    assert "saving goes on" in said
    assert "Traceback" not in said
