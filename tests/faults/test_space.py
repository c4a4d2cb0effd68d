"""A full disk: a designed answer, nothing half done, and on it goes when there is room."""

import os
import random
import shutil
import sys
from contextlib import ExitStack

import pytest

from tests.faults import harm
from tests.faults.ground import KEY, Installation
from tests.faults.learners import GOOD, Astray, Claimer, Taker
from tests.faults.wire import Wire

pytestmark = pytest.mark.faults
LINUX = sys.platform == "linux"
CAN_MOUNT = LINUX and os.geteuid() == 0 and shutil.which("mount") is not None
MOST = 400  # requests until a disk without room must have said so


def unavailable(reply) -> None:
    """The designed answer: says what and when, in a page, and nothing of the inside."""
    assert reply.status == 503, reply.title
    assert "The records can’t be reached right now" in reply.text.replace("'", "’").replace(
        "&#39;", "’"
    )
    assert "Nothing was changed" in reply.text
    assert int(reply.retry_after) > 0
    for inside in ("Traceback", "sqlite", "sqlalchemy", "disk I/O"):
        assert inside.casefold() not in reply.text.casefold()


def work_until_refused(learners) -> None:
    """Let each in turn do their next thing until one is refused; that is the designed 503."""
    for _ in range(MOST):
        for one in [each for each in learners if not each.is_done]:
            try:
                one.step()
            except Astray as refused:
                if " 503 " in str(refused):
                    return
                raise
    raise AssertionError("nobody was ever refused")


def go_on(learners) -> None:
    for one in learners:
        one.connect()
        while not one.is_done:
            one.step()


def people(place: Installation):
    rng = random.Random(7)
    claimers = [Claimer(place, *who, rng) for who in place.admit("claimer", 6, ready=True)]
    takers = [Taker(place, *who, rng) for who in place.admit("taker", 6, ready=False)]
    return claimers, takers


def check(place: Installation, learners) -> None:
    with place.looking():
        for one in learners:
            one.check()


def through_a_full_disk(place: Installation, fill) -> None:
    claimers, takers = people(place)
    learners = [*claimers, *takers]
    place.start()
    for one in learners:
        one.connect()
    claimers[0].step()
    takers[0].step()
    with fill():
        work_until_refused(learners)
        stranger, last = Wire(place), Wire(place, claimers[-1].cookie)
        # Nobody gets in or on, and each is told so ...
        fields = GOOD | {"legal_name": "Lena Example, RN"}
        unavailable(last.post(f"/courses/{KEY}/claim", fields))
        claimers[-1].is_claiming = True
        told = last.post(f"/courses/{KEY}/claim", fields, wants="application/json")
        assert told.status == 503
        assert told.json()["title"] == "The records can't be reached right now"
        # ... but what there is can be read, by those who are signed in and by strangers.
        for wire, path in ((last, f"/courses/{KEY}"), (last, "/transcript"), (stranger, "/sign-in")):
            assert wire.get(path).status == 200, path
        check(place, learners)
    go_on(learners)
    check(place, learners)
    assert all(one.is_done for one in learners)
    place.stop()
    place.examine()
    assert "Traceback" not in place.said()


@pytest.mark.skipif(not CAN_MOUNT, reason="needs root on Linux, to mount a small disk")
def test_a_full_disk_is_a_designed_503_and_then_work_goes_on(install, tmp_path):
    with ExitStack() as ends:
        folder = ends.enter_context(harm.small_disk(tmp_path / "disk", megabytes=12))
        place = install("disk/instance")
        place.log = tmp_path / "server.log"
        ends.callback(lambda: place.running and place.kill())
        through_a_full_disk(place, lambda: harm.full(folder))


@pytest.mark.skipif(not LINUX, reason="needs prlimit")
def test_a_quota_that_is_used_up_is_a_designed_503_and_then_work_goes_on(install):
    place = install()

    def fill():
        files = place.folder.glob("rounds.db*")
        return harm.no_growth(place.running, beyond=max(one.stat().st_size for one in files))

    through_a_full_disk(place, fill)


@pytest.mark.skipif(not CAN_MOUNT, reason="needs root on Linux, to mount a small disk")
def test_a_server_killed_on_a_full_disk_starts_when_there_is_room(install, tmp_path):
    with ExitStack() as ends:
        folder = ends.enter_context(harm.small_disk(tmp_path / "disk", megabytes=12))
        place = install("disk/instance")
        place.log = tmp_path / "server.log"
        ends.callback(lambda: place.running and place.kill())
        claimers, takers = people(place)
        place.start()
        for one in claimers + takers:
            one.connect()
        takers[0].step()
        with harm.full(folder):
            work_until_refused(claimers + takers)
            place.kill()
        place.start()
        check(place, claimers + takers)
        go_on(claimers + takers)
        check(place, claimers + takers)
        place.stop()
        place.examine()


@pytest.mark.skipif(not CAN_MOUNT, reason="needs root on Linux, to mount a small disk")
def test_a_backup_without_room_says_so_and_leaves_no_half(install, tmp_path):
    place = install()
    with harm.small_disk(tmp_path / "disk", megabytes=1) as folder, harm.full(folder):
        done = place.run("backup", str(folder / "b.rounds"))
        assert done.returncode == 1
        assert "No space left on device" in done.stderr
        assert "Traceback" not in done.stderr
        assert [one.name for one in folder.iterdir()] == ["filler"]
