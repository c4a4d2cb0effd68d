"""What home offers besides what is due: the courses that suit one's work come first."""

import re
from datetime import date

import pytest

from lms.courses.rules.paths import LearningPath, Stage
from lms.db import db
from lms.reports.queries.home import FRESH_MOST, board
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny

TODAY = date(2026, 11, 2)


def path(*courses: str, profession: str = "nurse") -> LearningPath:
    return LearningPath(
        key="p", title="P", summary="", professions=(profession,),
        stages=(Stage(title="All", courses=courses),),
    )  # fmt: skip


@pytest.fixture
def lena(cast):
    for key, title, who in (
        ("a", "A first", ["nurse", "support"]), ("b", "B then", ["nurse"]),
        ("c", "C after", ["nurse"]), ("d", "D for guards", ["support"]), ("e", "E", ["nurse"]),
    ):
        publish_tiny(at=NOON, key=key, title=title, professions=who)
    db.session.commit()
    return cast.actor("lena")


def fresh(actor, paths, profession="nurse"):
    found = board(actor, profession=profession, paths=paths, at=NOON, today=TODAY)
    return [one.key for one in found.fresh]


def test_without_a_path_new_courses_stand_by_title(lena):
    assert fresh(lena, []) == ["a", "b", "c"]


def test_the_path_of_ones_profession_comes_first(lena):
    assert fresh(lena, [path("e", "d", "c", "gone")]) == ["e", "c", "a"]  # d is not for nurses
    assert fresh(lena, [path("e", profession="physician")]) == ["a", "b", "c"]
    assert len(fresh(lena, [path("e", "c", "b", "a")])) == FRESH_MOST


def test_other_paths_and_another_offer_are_seen_at_once(lena):
    first, second = [path("e")], [path("c")]
    assert [fresh(lena, one)[0] for one in (first, second, first)] == ["e", "c", "e"]
    publish_tiny(at=NOON, key="0", title="0 before all", professions=["nurse"])
    db.session.commit()
    assert fresh(lena, first)[:2] == ["e", "0"]
    assert fresh(lena, first, "support")[:2] == ["0", "a"]


def test_home_shows_the_way_to_all_courses(lena, as_, cast):
    text = as_(cast.lena).get("/").get_data(as_text=True)
    assert re.search(r'<a href="/courses">Look through all courses</a>', text)
