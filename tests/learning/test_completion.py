"""From the start of a course to its completion, on a database."""

import contextlib
import json
import random
import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text

from lms.access import Actor
from lms.audit import AuditEntry
from lms.courses import operations as courses
from lms.courses import queries as published
from lms.db import db
from lms.errors import Missing, NotAllowed, Refused
from lms.learning.models import (
    Attempt,
    Completion,
    Enrolment,
    EvaluationReceipt,
    EvaluationResponse,
    LessonRead,
    Outcome,
    Position,
)
from lms.learning.operations import completion, enrolment
from lms.learning.queries import progress
from lms.learning.rules.progress import StepKind, is_satisfied, needs_of
from lms.people.models import Profession
from lms.web.door import kept
from tests.cast import person
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny
from tests.learning import steps
from tests.learning.steps import LESSONS, TODAY

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def lena(cast) -> Actor:
    return cast.actor("lena")


@pytest.fixture
def tiny(cast):
    made = publish_tiny(at=NOON)
    db.session.commit()
    return made


def standing(actor, *, at=NOON, key="tiny", today=TODAY):
    return progress.standing(actor.person_id, key, at=at, today=today)


def count(table) -> int:
    return db.session.scalar(select(func.count()).select_from(table))


# ----- starting --------------------------------------------------------------------------


def test_a_start_is_pinned_to_the_newest_version_and_stamps_the_acknowledgement(lena, tiny):
    enrolled = steps.begin(lena, at=NOON)
    assert enrolled.course_version_id == tiny.id
    assert enrolled.acknowledged_at == NOON
    assert standing(lena).acknowledged_at == NOON


def test_without_the_tick_nothing_starts(lena, tiny):
    with pytest.raises(enrolment.NotAcknowledged):
        enrolment.start(actor=lena, key="tiny", acknowledged=False, at=NOON, today=TODAY)
    assert count(Enrolment) == 0


def test_a_second_click_on_start_changes_nothing(lena, tiny):
    first = steps.begin(lena, at=NOON)
    again = steps.begin(lena, at=NOON + MINUTE)
    assert (again.id, again.acknowledged_at, count(Enrolment)) == (first.id, NOON, 1)
    assert count(AuditEntry) == 2  # published, begun


@pytest.mark.parametrize("day", [date(2025, 8, 31), date(2029, 9, 1)])
def test_outside_its_days_a_course_takes_no_start(lena, tiny, day):
    with pytest.raises(enrolment.NotOffered):
        steps.begin(lena, at=NOON, today=day)


def test_a_retired_course_takes_no_start_but_those_who_began_read_on(cast, lena, tiny):
    steps.begin(lena, at=NOON)
    courses.retire(actor=cast.actor("petra"), key="tiny", reason="Replaced.", at=NOON)
    with pytest.raises(enrolment.NotOffered):
        steps.begin(cast.actor("noor"), at=NOON)
    assert steps.begin(lena, at=NOON).person_id == lena.person_id
    assert standing(lena).next_step.kind is StepKind.READ
    assert standing(lena).is_closed


def test_an_unknown_course_is_missing(lena, tiny):
    with pytest.raises(Missing):
        steps.begin(lena, at=NOON, key="unknown")
    with pytest.raises(Missing):
        standing(lena, key="unknown")


def test_who_may_not_learn_may_not_start(lena, tiny):
    with pytest.raises(NotAllowed):
        steps.begin(Actor(person_id=lena.person_id, roles=frozenset()), at=NOON)


# ----- reading ---------------------------------------------------------------------------


def test_case_43_marking_lessons_moves_what_is_computed_and_marking_again_changes_nothing(
    lena, tiny
):
    steps.begin(lena, at=NOON)
    assert (standing(lena).percent, standing(lena).minutes_left) == (0, 16)
    steps.read(lena, "soap", at=NOON)
    steps.read(lena, "soap", at=NOON + MINUTE)
    now = standing(lena)
    assert (now.percent, now.minutes_left, now.progress_words) == (20, 13, "1 of 3 lessons read")
    assert [one.is_read for one in now.lessons] == [False, True, False]
    assert db.session.scalars(select(LessonRead.read_at)).all() == [NOON]


def test_case_44_the_quiz_is_open_in_the_very_request_that_read_the_last_lesson(lena, tiny):
    steps.begin(lena, at=NOON)
    steps.read(lena, "moments", "soap", at=NOON)
    assert standing(lena).next_step.lesson_id == "habits"
    steps.read(lena, "habits", at=NOON)
    assert standing(lena).next_step.kind is StepKind.QUIZ
    assert steps.take_quiz(lena, at=NOON).outcome is Outcome.PASSED


def test_a_lesson_of_no_version_can_not_be_marked(lena, tiny):
    with pytest.raises(enrolment.NotBegun):
        steps.read(lena, "soap", at=NOON)
    steps.begin(lena, at=NOON)
    with pytest.raises(Missing):
        steps.read(lena, "unknown", at=NOON)


def keep(actor, lesson_id, anchor, *, at=NOON):
    enrolment.keep_position(actor=actor, key="tiny", lesson_id=lesson_id, anchor=anchor, at=at)


def test_case_43_the_place_is_kept_on_the_server_and_the_last_to_write_wins(lena, tiny):
    steps.begin(lena, at=NOON)
    keep(lena, "moments", "before")
    keep(lena, "soap", "soap", at=NOON + MINUTE)
    here = standing(lena)
    assert (here.position.heading, here.position.at) == ("When soap is needed", NOON + MINUTE)
    assert here.next_step.url == "/courses/tiny/lessons/soap#soap"
    assert count(Position) == 1
    steps.read(lena, "soap", at=NOON)
    assert standing(lena).position is None
    assert standing(lena).next_step.label == "Read lesson 1"


def test_a_heading_that_is_not_there_is_not_kept(lena, tiny):
    with pytest.raises(enrolment.NotBegun):
        keep(lena, "soap", "soap")
    steps.begin(lena, at=NOON)
    for lesson_id, anchor in (("soap", "before"), ("unknown", "")):
        with pytest.raises(Missing):
            keep(lena, lesson_id, anchor)
    keep(lena, "soap", "")
    assert standing(lena).position.heading == "Soap or rub"


# ----- evaluating and completing ---------------------------------------------------------


def test_case_69_the_evaluation_completes_the_course_in_the_same_request(lena, tiny):
    steps.begin(lena, at=NOON)
    steps.read(lena, at=NOON)
    steps.take_quiz(lena, at=NOON)
    assert standing(lena).progress_words == "Quiz passed, evaluation left"
    assert [one.kind for one in standing(lena).steps if not one.is_done] == [
        StepKind.EVALUATION, StepKind.CLAIM,
    ]
    steps.evaluate(lena, at=NOON + MINUTE)
    done = standing(lena)
    assert (done.completed_at, done.percent, done.can_claim) == (NOON + MINUTE, 100, True)
    assert done.next_step.kind is StepKind.CLAIM


def test_the_evaluation_waits_for_what_it_judges(lena, tiny):
    steps.begin(lena, at=NOON)
    steps.read(lena, at=NOON)
    with pytest.raises(completion.NotEvaluable, match="quiz is passed"):
        steps.evaluate(lena, at=NOON)
    steps.take_quiz(lena, at=NOON)
    with pytest.raises(completion.NotEvaluable, match="objective"):
        steps.evaluate(lena, at=NOON, objectives={"o1": 3})
    assert (count(EvaluationReceipt), count(EvaluationResponse)) == (0, 0)


def test_case_79_nothing_leads_from_what_was_answered_to_who_answered(lena, tiny):
    steps.begin(lena, at=NOON)
    steps.read(lena, at=NOON)
    steps.take_quiz(lena, at=NOON)
    told = count(AuditEntry)
    token = steps.evaluate(lena, at=NOON, comment="More time for questions, please.")
    receipt = db.session.scalars(select(EvaluationReceipt)).one()
    response = db.session.scalars(select(EvaluationResponse)).one()
    assert receipt.token == token
    assert response.comment == "More time for questions, please."
    # Of the response's columns only these hold anything, and no value of the receipt is in it.
    assert set(EvaluationResponse.__table__.columns.keys()) == {
        "id", "course_version_id", "month", "answers", "comment",
    }
    assert response.month == "2026-11"
    said = json.dumps([response.id, response.month, response.answers, response.comment])
    assert token not in said
    assert str(lena.person_id) not in response.answers
    assert len(response.id) == 32
    # No foreign key of either table leads to the other, and the trail says nothing of it.
    tables = {key.column.table.name for key in EvaluationResponse.__table__.foreign_keys}
    assert tables == {"course_versions"}
    assert count(AuditEntry) == told
    basis = db.session.scalars(select(Completion.basis)).one()
    assert response.id not in json.dumps(basis)


@pytest.mark.skipif("__import__('tests.conftest').conftest.ENGINE != 'sqlite'")
def test_case_79_the_order_of_rows_on_disk_tells_nothing(app):
    made = db.session.scalar(
        text("SELECT sql FROM sqlite_master WHERE name = 'evaluation_responses'")
    )
    assert "WITHOUT ROWID" in made


def test_a_second_evaluation_changes_nothing(lena, tiny):
    steps.finish(lena, at=NOON)
    token = db.session.scalar(select(EvaluationReceipt.token))
    assert steps.evaluate(lena, at=NOON + DAY, comment="again") == token
    assert (count(EvaluationReceipt), count(EvaluationResponse)) == (1, 1)
    assert standing(lena).completed_at == NOON


def test_nobody_evaluates_or_completes_for_somebody_else(cast, lena, tiny):
    enrolled = steps.begin(lena, at=NOON)
    noor = cast.actor("noor")
    with pytest.raises(Missing):
        completion.evaluate(
            actor=noor, enrolment_id=enrolled.id, answers=steps.answers(enrolled), at=NOON
        )
    with pytest.raises(Missing):
        completion.complete_if_done(
            person_id=noor.person_id, enrolment_id=enrolled.id, at=NOON
        )


def test_the_completion_says_what_it_rests_on(lena, tiny):
    steps.finish(lena, at=NOON)
    done = progress.completion_of(standing(lena).enrolment_id)
    assert done.basis["version"] == 1
    assert done.basis["digest"] == tiny.digest
    assert set(done.basis["lessons"]) == set(LESSONS)
    assert db.session.get(Attempt, done.basis["attempt"]).outcome is Outcome.PASSED


def _step_at_random(actor, chance, at) -> None:
    """Do one thing, in whatever order; what is refused is refused."""
    choices = [
        lambda: steps.begin(actor, at=at),
        lambda: steps.read(actor, chance.choice(LESSONS), at=at),
        lambda: steps.read(actor, chance.choice(LESSONS), at=at),
        lambda: keep(actor, "soap", "soap", at=at),
        lambda: steps.take_quiz(actor, at=at, right=chance.random() < 0.7),
        lambda: steps.evaluate(actor, at=at),
        lambda: completion.complete_if_done(
            person_id=actor.person_id, enrolment_id=_enrolment_id(actor), at=at
        ),
        lambda: enrolment.begin_again(
            actor=actor, key="tiny", acknowledged=True, at=at, today=TODAY
        ),
    ]
    # AttributeError: evaluating before the start.
    with contextlib.suppress(Refused, Missing, AttributeError):
        chance.choice(choices)()


def _enrolment_id(actor) -> int:
    found = progress.enrolment(actor.person_id, "tiny")
    return found.id if found else 0


def test_case_04_no_order_of_operations_completes_what_is_not_done(cast, tiny):
    finished = 0
    for seed in range(12):
        chance = random.Random(seed)
        who = person(f"P{seed}", f"p{seed}@example.org", department=None,
                     profession=Profession.NURSE, at=NOON)
        actor = Actor(person_id=who.id)
        for hour in range(45):
            _step_at_random(actor, chance, NOON + timedelta(hours=hour))
            for one in db.session.scalars(
                select(Enrolment).where(Enrolment.person_id == who.id)
            ):
                needs = needs_of(published.content_of(one.course_version))
                satisfied = is_satisfied(needs, progress.met_of(one))
                done = progress.completion_of(one.id) is not None
                assert done == satisfied
                finished += done
    assert finished > 0


def test_case_05_twenty_calls_at_once_complete_once(app, lena, tiny):
    enrolled = steps.begin(lena, at=NOON)
    steps.read(lena, at=NOON)
    steps.take_quiz(lena, at=NOON)
    db.session.add(EvaluationReceipt(enrolment_id=enrolled.id, token="t", received_at=NOON))
    enrolment_id = enrolled.id
    db.session.commit()
    seen, gate = [], threading.Barrier(20)

    def call() -> None:
        with app.app_context():
            gate.wait()
            with kept():
                done = completion.complete_if_done(
                    person_id=lena.person_id, enrolment_id=enrolment_id, at=NOON
                )
                seen.append(done.id)
            db.session.remove()

    _all_at_once(call, 20)
    assert len(seen) == 20
    assert len(set(seen)) == 1
    assert count(Completion) == 1


def test_twenty_starts_at_once_make_one_enrolment(app, lena, tiny):
    seen, gate = [], threading.Barrier(20)

    def call() -> None:
        with app.app_context():
            gate.wait()
            with kept():
                seen.append(steps.begin(lena, at=NOON).id)
            db.session.remove()

    _all_at_once(call, 20)
    assert len(seen) == 20
    assert len(set(seen)) == 1


def _all_at_once(call, times: int) -> None:
    db.session.rollback()
    threads = [threading.Thread(target=call) for _ in range(times)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


# ----- versions and cycles ---------------------------------------------------------------


def _newer(**changes):
    made = publish_tiny(at=NOON + DAY, **changes)
    db.session.commit()
    return made


def test_case_46_who_is_half_way_finishes_on_the_version_begun(lena, tiny):
    steps.begin(lena, at=NOON)
    steps.read(lena, "moments", at=NOON)
    before = standing(lena)
    _newer(title="Washing hands, at length", change_note="Longer.", change="minor")
    now = standing(lena)
    assert (now.version_number, now.newest_number) == (1, 2)
    assert (now.percent, now.lessons) == (before.percent, before.lessons)
    steps.read(lena, at=NOON)
    steps.take_quiz(lena, at=NOON)
    steps.evaluate(lena, at=NOON)
    assert progress.completion_of(now.enrolment_id).basis["version"] == 1


def test_case_46_a_new_version_never_takes_a_completion_away(lena, tiny):
    steps.finish(lena, at=NOON)
    _newer(title="Washing hands again", change="material", change_note="New law.")
    now = standing(lena)
    assert (now.percent, now.completed_at, now.version_number) == (100, NOON, 1)
    assert now.newer_is_material


def test_case_46_a_minor_version_after_a_material_one_still_offers_the_material(lena, tiny):
    steps.begin(lena, at=NOON)
    assert not standing(lena).newer_is_material
    _newer(title="Second", change="minor", change_note="Commas.")
    assert not standing(lena).newer_is_material
    _newer(title="Third", change="material", change_note="New law.")
    _newer(title="Fourth", change="minor", change_note="Commas.")
    assert standing(lena).newer_is_material


def _again(actor, *, at=NOON + DAY, today=TODAY):
    return enrolment.begin_again(
        actor=actor, key="tiny", acknowledged=True, at=at, today=today
    )


def test_a_new_cycle_is_a_new_row_on_the_newest_version_and_touches_nothing_before(lena, tiny):
    steps.finish(lena, at=NOON)
    first = standing(lena)
    _newer(title="Washing hands again", change="material", change_note="New law.")
    fresh = _again(lena)
    assert (fresh.cycle, fresh.course_version.number) == (2, 2)
    now = standing(lena)
    assert (now.cycle, now.percent, now.completed_at) == (2, 0, None)
    assert now.quiz.attempts_used == 0
    assert progress.completion_of(first.enrolment_id).completed_at == NOON
    # A second click finds the cycle untouched and opens no third.
    assert _again(lena, at=NOON + DAY + MINUTE).id == fresh.id


def test_no_new_cycle_in_the_middle_of_one(lena, tiny):
    with pytest.raises(enrolment.NotBegun):
        _again(lena)
    steps.begin(lena, at=NOON)
    with pytest.raises(enrolment.StillOpen):
        _again(lena)


def test_who_was_caught_by_expiry_may_begin_on_the_version_that_follows(lena, tiny):
    steps.begin(lena, at=NOON)
    steps.read(lena, at=NOON)
    _newer(expires_on=date(2029, 9, 1), change_note="Reviewed.")
    after = date(2029, 9, 1)
    assert standing(lena, today=after).is_closed
    assert _again(lena, today=after).cycle == 2


# ----- one function for everybody's view -------------------------------------------------


def test_case_45_learner_and_coordinator_read_one_function(cast, lena, tiny):
    steps.begin(lena, at=NOON)
    steps.read(lena, "moments", at=NOON)
    own = standing(lena)
    course_id = tiny.course_id
    many = progress.standings([cast.lena, cast.noor], [course_id], at=NOON, today=TODAY)
    assert many[cast.lena, course_id] == own
    assert progress.standings_of(cast.lena, at=NOON, today=TODAY)["tiny"] == own
    assert many[cast.noor, course_id].progress_words == "Not started"


def test_standings_take_as_many_statements_for_many_as_for_few(cast, tiny, statements):
    for n in range(6):
        publish_tiny(at=NOON, key=f"tiny-{n}", title=f"Tiny {n}")
    ids = [tiny.course_id]
    few_people = [cast.lena]
    many_people = [cast.lena, cast.noor, cast.cora, cast.otto, cast.petra, cast.ada]
    for one in ("lena", "noor", "cora"):
        for key in ("tiny", "tiny-1", "tiny-2"):
            steps.begin(cast.actor(one), at=NOON, key=key)
            steps.read(cast.actor(one), "soap", at=NOON, key=key)
    db.session.commit()
    progress.standings(many_people, None, at=NOON)  # what versions say is parsed once
    db.session.expire_all()
    with statements() as few:
        progress.standings(few_people, ids, at=NOON)
    db.session.expire_all()
    with statements() as many:
        progress.standings(many_people, None, at=NOON)
    assert len(many) == len(few) <= 12
