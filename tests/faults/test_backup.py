"""`lms backup` while people work: restored elsewhere, it holds all that was acknowledged before."""

import copy
import re

import pytest
from sqlalchemy import func, select

from lms.db import db
from lms.learning.models import Answer, Attempt
from lms.learning.rules import drawing
from tests.faults.conftest import chance
from tests.faults.ground import Installation
from tests.faults.killing import Crew
from tests.faults.learners import Claimer, Learner, Taker

pytestmark = pytest.mark.faults
WAYS = [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite")]


@pytest.fixture
def address(request):
    """Return a function that gives the address of a new database of an engine."""

    def of(engine: str) -> str:
        if engine == "sqlite":
            return ""
        server = request.getfixturevalue("postgres")
        return server.url(server.create())

    return of


def elsewhere(place: Installation, name: str, *, database_url: str = "") -> Installation:
    """An installation in another folder, with nothing in it yet."""
    return Installation(
        place.folder.with_name(name), nursery=place.nursery, database_url=database_url
    )


def holds(told: Learner) -> None:
    """Whatever this learner was told is in this database, once; a later word may be there too."""
    if isinstance(told, Claimer):
        parts = set(told.parts().values())
        assert parts == {1} or (parts == {0} and not told.is_done), told
        return
    assert isinstance(told, Taker)
    if told.attempt_id is None:
        return
    attempt = db.session.get_one(Attempt, told.attempt_id)
    assert attempt.enrolment.person_id == told.person_id
    assert not told.is_done or attempt.ended_at is not None
    rows = db.session.execute(
        select(Answer.item_id, Answer.response).where(Answer.attempt_id == told.attempt_id)
    ).all()
    assert len({row.item_id for row in rows}) == len(rows)
    there = {row.item_id: row.response for row in rows}
    for one in told.drawn:
        if one.number in told.saved:
            marks = drawing.marks_of(one, there[one.item.id])
            later = [words for number, words in told.plan if number == one.number]
            assert marks in [told.saved[one.number], *later], told


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_a_backup_under_load_holds_everything_acknowledged_before_it_began(
    install, address, source, target, tmp_path
):
    place = install(database_url=address(source))
    rng = chance("backup", source, target)
    takers = [Taker(place, *one, rng) for one in place.admit("taker", 250, ready=False)]
    claimers = [Claimer(place, *one, rng) for one in place.admit("claimer", 250, ready=True)]
    learners = [one for pair in zip(takers, claimers, strict=True) for one in pair]
    crew, place.is_shaky = Crew(learners), True
    place.start()
    crew.go(until=40)
    # What each was told so far; what they are told from now on may be in it or not.
    told = [copy.copy(one) for one in learners if one.acknowledged]
    for one in told:
        if isinstance(one, Taker):
            one.saved, one.plan = dict(one.saved), list(one.plan)
    before = sum(one.acknowledged for one in told)
    done = place.run("backup", str(tmp_path / "b.rounds"))
    after = sum(one.acknowledged for one in learners)
    place.kill()
    crew.wait()
    assert done.returncode == 0, done.stderr
    assert after > before, "nobody worked while the backup was written"
    written = re.search(r"(\d+) rows of (\d+) tables, [\d.]+ MB, checked", done.stdout)
    assert written, done.stdout

    second = elsewhere(place, "restored", database_url=address(target))
    back = second.run("restore", str(tmp_path / "b.rounds"))
    assert back.returncode == 0, back.stderr
    assert f"Restored {written[1]} rows of {written[2]} tables" in back.stdout
    second.examine()
    with second.looking():
        for one in told:
            holds(one)
        count = db.session.scalar(select(func.count()).select_from(Answer)) or 0
        assert count >= sum(len(one.saved) for one in told if isinstance(one, Taker))
    # And on it goes there: the next thing each does is done once.
    second.start()
    try:
        for one in [each for each in told if isinstance(each, Claimer)][:4]:
            again = copy.copy(one)
            again.place = second
            again.connect()
            again.step()
            with second.looking():
                assert again.check() is False
    finally:
        second.kill()


def test_a_file_that_is_not_whole_is_refused_by_the_command(install, tmp_path):
    place = install()
    place.admit("claimer", 3, ready=True)
    file = tmp_path / "b.rounds"
    assert place.run("backup", str(file)).returncode == 0
    good = file.read_bytes()
    middle = len(good) // 2
    spoiled = {
        "half": good[:middle],
        "cut": good[:-1],
        "changed": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
    }
    for name, content in spoiled.items():
        (tmp_path / name).write_bytes(content)
        second = elsewhere(place, f"from-{name}")
        back = second.run("restore", str(tmp_path / name))
        assert back.returncode == 1, name
        assert re.fullmatch(r"Error: .*\n", back.stderr), back.stderr
        assert not (second.folder / "rounds.db").exists(), name
    assert place.run("backup", str(file)).returncode == 1, "a backup was written over another"
    assert file.read_bytes() == good
