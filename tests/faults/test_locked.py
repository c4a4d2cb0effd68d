"""Another program holds the database, or its file may not be written."""

import os
import random
import re
import threading
import time
from contextlib import closing

import pytest

from tests.faults import harm
from tests.faults.ground import KEY
from tests.faults.learners import GOOD, Claimer, Taker
from tests.faults.test_space import CAN_MOUNT as AS_ROOT
from tests.faults.test_space import LINUX, unavailable
from tests.faults.wire import Wire

pytestmark = pytest.mark.faults


@pytest.fixture
def served(install):
    place, rng = install(), random.Random(11)
    taker = Taker(place, *place.admit("taker", 1, ready=False)[0], rng)
    claimers = [Claimer(place, *one, rng) for one in place.admit("claimer", 3, ready=True)]
    place.start()
    taker.connect()
    for _ in range(3):  # begun, looked at, one answer saved
        taker.step()
    return place, taker, claimers


def finish(place, learners) -> None:
    """Everybody gets to the end now; everything is there once."""
    for one in learners:
        one.connect()
        while not one.is_done:
            one.step()
    with place.looking():
        for one in learners:
            one.check()
    place.stop()
    place.examine()
    assert "Traceback" not in place.said()


def test_a_lock_held_for_long_is_a_designed_503_while_pages_can_be_read(served):
    place, taker, claimers = served
    fields = GOOD | {"legal_name": "Lena Example, RN"}
    with harm.locked(place.folder / "rounds.db"):
        began = time.monotonic()
        wires = [Wire(place, one.cookie) for one in claimers]
        for wire in wires:
            wire.send_form(f"/courses/{KEY}/claim", fields)
        with closing(Wire(place, taker.cookie)) as reader:
            for path in (f"/courses/{KEY}", f"/attempts/{taker.attempt_id}/questions/1"):
                assert reader.get(path).status == 200
            assert time.monotonic() - began < 10, "readers wait for the writer"
        for wire in wires:
            unavailable(wire.reply())
            wire.close()
        # As long as the writers' patience, and no longer.
        assert 14 < time.monotonic() - began < 40
        for one in claimers:
            assert set(one.parts_now().values()) == {0}
    finish(place, [taker, *claimers])


def test_a_lock_held_for_a_moment_is_only_waited_for(served):
    place, taker, claimers = served
    number, marks = taker.plan[0]
    with harm.locked(place.folder / "rounds.db"):
        path = f"/attempts/{taker.attempt_id}/questions/{number}"
        wire = Wire(place, taker.cookie)
        wire.send_form(path, {"mark": marks}, wants="application/json")
        answered = threading.Event()
        got = []

        def wait() -> None:
            got.append(wire.reply())
            answered.set()

        thread = threading.Thread(target=wait)
        thread.start()
        assert not answered.wait(2), "an answer was saved past the lock"
    thread.join(timeout=30)
    assert got[0].status == 200
    assert got[0].json()["saved"]
    finish(place, [taker, *claimers])


@pytest.mark.skipif(not LINUX, reason="root gives up its powers by a call of Linux")
def test_a_file_that_may_not_be_written_is_a_designed_503(served):
    place, taker, claimers = served
    place.stop()
    file = place.folder / "rounds.db"
    file.chmod(0o444)
    place.start(is_plain=True)
    with closing(Wire(place, claimers[0].cookie)) as wire:
        fields = GOOD | {"legal_name": "Lena Example, RN"}
        unavailable(wire.post(f"/courses/{KEY}/claim", fields))
        assert wire.get("/transcript").status == 200
    with closing(Wire(place, taker.cookie)) as wire:
        number, marks = taker.plan[0]
        told = wire.post(
            f"/attempts/{taker.attempt_id}/questions/{number}", {"mark": marks},
            wants="application/json",
        )
        assert told.status == 503
    place.kill()
    file.chmod(0o600)
    place.start()
    assert set(claimers[0].parts_now().values()) == {0}
    finish(place, [taker, *claimers])


@pytest.mark.skipif(not AS_ROOT, reason="needs root on Linux, to give a folder to another user")
def test_a_folder_that_belongs_to_somebody_else_is_one_sentence_at_the_start(install):
    place = install()
    os.chown(place.folder, 65534, 65534)
    place.folder.chmod(0o755)
    with pytest.raises(RuntimeError, match="no answer"):
        place.start(is_plain=True, within=15)
    assert re.fullmatch(
        r"Error: LMS_INSTANCE: can't use the folder \S+: .*not permitted.*\n", place.said()
    ), place.said()
    assert harm.is_sound(place.folder / "rounds.db")
