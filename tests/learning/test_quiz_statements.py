"""What a question and its answer ask of the database: the same few statements for every learner."""

import random
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from lms.db import db
from lms.learning.models import Answer
from lms.learning.operations import quiz
from lms.learning.queries import sitting
from tests.conftest import NOON
from tests.learning import ground

JSON = {"Accept": "application/json"}


@pytest.fixture
def attempt(cast):
    course = ground.publish(at=NOON, draw=18, pass_correct=12, expires_on="2099-01-01")
    ground.enrol(cast.lena, course, at=NOON)
    now = datetime.now(UTC).replace(microsecond=0)
    made = quiz.start(
        actor=cast.actor("lena"), key="ground", at=now, today=now.date(), rng=random.Random(3)
    )
    db.session.commit()
    return made


@pytest.fixture
def sent():
    """The statements sent from here on, without those that begin or end something."""
    found: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.split()[0] in {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}:
            found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)


def _about_a_quiz(sent: list[str]) -> list[str]:
    about = [one for one in sent if "answers" in one or "attempts" in one]
    sent.clear()
    return about


def test_a_question_is_two_statements_and_its_answer_three_whatever_was_answered(
    cast, attempt, as_, sent
):
    browser, marks = as_(cast.lena), ground.right_marks(attempt)
    number = next(
        one.number for one in quiz.drawing.thaw(attempt.drawn) if one.item.kind == "single"
    )
    address = f"/attempts/{attempt.id}/questions/{number}"
    held = 1 if db.engine.dialect.name == "postgresql" else 0  # the enrolment's row
    for _time in range(2):
        sent.clear()
        assert browser.get(address).status_code == 200
        assert len(_about_a_quiz(sent)) == 2
        browser.post(address, data={"mark": marks[number]}, headers=JSON)
        assert len(_about_a_quiz(sent)) == 3 + held
    assert db.session.query(Answer).filter_by(attempt_id=attempt.id).count() == 1


def test_what_was_drawn_is_parsed_once_and_never_taken_for_another_s(cast, attempt):
    first = sitting.sitting(cast.lena, attempt.id).drawn
    assert sitting.sitting(cast.lena, attempt.id).drawn is first
    # Another text under the same number: as after a rollback, or a backup that was restored.
    attempt.drawn = attempt.drawn[::-1]
    again = sitting.sitting(cast.lena, attempt.id).drawn
    assert [one.item.id for one in again] == [one.item.id for one in first][::-1]
