"""Taking a quiz on a database: limits, clocks, wholeness, and many clicks at once."""

import random
import threading
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from lms.access import Actor
from lms.audit import AuditEntry
from lms.db import db
from lms.errors import Missing, NotAllowed, Refused
from lms.learning.models import Answer, Attempt, Outcome
from lms.learning.operations import quiz
from lms.learning.queries import quiz as queries
from lms.learning.rules.drawing import EmptyAnswer, UnknownAnswer, thaw
from lms.web.door import kept
from tests.conftest import NOON
from tests.learning import ground

TODAY = date(2026, 11, 2)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lena(cast) -> Actor:
    return cast.actor("lena")


@pytest.fixture
def course(cast):
    made = ground.publish(at=NOON)
    db.session.commit()
    return made


def begin(actor, *, at=NOON, seed=1) -> Attempt:
    return quiz.start(actor=actor, key="ground", at=at, today=TODAY, rng=random.Random(seed))


def answer_all(actor, attempt, marks, *, at=NOON) -> None:
    for number, given in marks.items():
        quiz.answer(actor=actor, attempt_id=attempt.id, number=number, marks=given, at=at)


def fail_one(actor, *, at) -> Attempt:
    attempt = begin(actor, at=at)
    answer_all(actor, attempt, ground.wrong_marks(attempt), at=at)
    return quiz.submit(actor=actor, attempt_id=attempt.id, at=at)


def begin_on_whole_bank(actor, course) -> Attempt:
    """Start an attempt that asks all eighteen, so that every kind is in it."""
    ground.publish(at=NOON, course=course, number=2, draw=18)
    ground.enrol(actor.person_id, course, at=NOON)
    return begin(actor)


def timed(course, minutes=30, **more):
    return ground.publish(
        at=NOON, course=course, number=2, time_limit_minutes=minutes, **more
    )


def test_all_right_passes_with_every_kind_of_question(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    kinds = set()
    for seed in range(4):
        attempt = begin(lena, seed=seed)
        kinds |= {one.item.kind for one in thaw(attempt.drawn)}
        answer_all(lena, attempt, ground.right_marks(attempt))
        ended = quiz.submit(actor=lena, attempt_id=attempt.id, at=NOON + MINUTE)
        assert (ended.outcome, ended.points) == (Outcome.PASSED, "6")
        assert ended.ended_at == NOON + MINUTE
        db.session.rollback()
        course = db.session.merge(course)
        ground.enrol(lena.person_id, course, at=NOON)
    assert len(kinds) == 6


def test_all_wrong_fails_with_nothing(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    failed = fail_one(lena, at=NOON)
    assert (failed.outcome, failed.points) == (Outcome.FAILED, "0")


def test_points_are_kept_as_an_exact_fraction(lena, course):
    attempt = begin_on_whole_bank(lena, course)
    answer_all(lena, attempt, ground.right_marks(attempt))
    several = next(one for one in thaw(attempt.drawn) if one.item.kind == "multiple")
    first = str(several.order["options"].index(f"{ground.SECRET}-one") + 1)
    quiz.answer(actor=lena, attempt_id=attempt.id, number=several.number, marks=[first], at=NOON)
    ended = quiz.submit(actor=lena, attempt_id=attempt.id, at=NOON)
    assert Fraction(ended.points) == Fraction(35, 2)
    assert ended.outcome is Outcome.PASSED


def test_case_28_answers_survive_a_killed_session_and_another_device(app, lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    marks = dict(list(ground.right_marks(attempt).items())[:4])
    answer_all(lena, attempt, marks)
    attempt_id = attempt.id
    db.session.commit()
    db.session.remove()
    db.engine.dispose()  # nothing of the first device's connection is left
    again = begin(lena, at=NOON + timedelta(hours=3), seed=9)
    assert again.id == attempt_id
    sheet = queries.sheet(lena.person_id, attempt_id, at=NOON + timedelta(hours=3))
    assert [one.number for one in sheet.numbers if one.is_answered] == list(marks)


def test_case_29_an_unanswered_question_refuses_the_hand_in_by_number(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    marks = dict(ground.right_marks(attempt))
    del marks[2], marks[5]
    answer_all(lena, attempt, marks)
    with pytest.raises(quiz.Unanswered, match="Questions 2 and 5 are still open") as refused:
        quiz.submit(actor=lena, attempt_id=attempt.id, at=NOON)
    assert refused.value.numbers == (2, 5)
    assert attempt.ended_at is None


def test_case_29_an_empty_answer_is_refused_and_leaves_the_saved_one(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    marks = ground.right_marks(attempt)
    answer_all(lena, attempt, marks)
    for one in thaw(attempt.drawn):
        rows = {"ordering": 3, "matching": 3}.get(one.item.kind, 0)
        with pytest.raises(EmptyAnswer):
            quiz.answer(actor=lena, attempt_id=attempt.id, number=one.number,
                        marks=[""] * rows, at=NOON)
        with pytest.raises(UnknownAnswer):
            quiz.answer(actor=lena, attempt_id=attempt.id, number=one.number,
                        marks=["99"] * max(rows, 1), at=NOON)
    assert quiz.submit(actor=lena, attempt_id=attempt.id, at=NOON).outcome is Outcome.PASSED


def in_threads(app, count, act):
    """Run `act` so many times at once, each in a transaction of its own; return the results."""
    results, barrier = [], threading.Barrier(count)

    def run():
        with app.app_context():
            barrier.wait()
            try:
                with kept():
                    results.append(act())
            except Refused as refusal:
                results.append(type(refusal).__name__)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(results) == count
    return results


def test_case_30_twenty_starts_at_once_make_one_attempt(app, lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    db.session.commit()
    results = in_threads(app, 20, lambda: begin(lena).id)
    assert len(set(results)) == 1
    assert db.session.scalar(select(func.count()).select_from(Attempt)) == 1


def test_case_30_the_index_refuses_a_second_open_attempt_whoever_writes_it(lena, course):
    enrolled = ground.enrol(lena.person_id, course, at=NOON)
    begin(lena)
    db.session.add(Attempt(enrolment_id=enrolled.id, number=2, started_at=NOON, drawn=[]))
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_case_30_the_attempt_and_its_questions_are_there_before_the_first_one_shows(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    db.session.expire_all()
    row = db.session.get(Attempt, attempt.id)
    assert len(row.drawn) == 6
    assert row.started_at == NOON


def test_case_30_after_the_last_retry_comes_a_pause_and_then_another_round(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    for hour in range(3):
        fail_one(lena, at=NOON + timedelta(hours=hour))
    until = NOON + timedelta(hours=2 + 24)
    for at in (NOON + timedelta(hours=2), until - timedelta(seconds=1)):
        with pytest.raises(quiz.Pausing):
            begin(lena, at=at)
    page = queries.start(lena.person_id, "ground", at=until - MINUTE, today=TODAY)
    assert page.room.pause_until == until
    assert not page.may_start
    assert page.reread[0].title == "Lesson on law"
    assert begin(lena, at=until).number == 4


def test_case_30_the_deadline_is_kept_on_the_server(lena, course):
    timed(course)
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    assert attempt.deadline_at == NOON + 30 * MINUTE
    marks = ground.right_marks(attempt)
    answer_all(lena, attempt, marks, at=NOON + 30 * MINUTE)
    late = quiz.answer(actor=lena, attempt_id=attempt.id, number=1,
                       marks=ground.wrong_marks(attempt)[1],
                       at=NOON + 30 * MINUTE + timedelta(seconds=1))
    assert late.came_late
    assert attempt.outcome is Outcome.PASSED
    assert attempt.ended_at == NOON + 30 * MINUTE
    assert attempt.points == "6"


def test_case_32_the_attempt_keeps_what_was_asked_whatever_is_published_later(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    before = thaw(attempt.drawn)
    later = ground.content()
    for one in later["quiz"]["items"]:
        one["stem"] = "Changed"
        one.get("options", []).reverse()
    ground.publish(at=NOON, course=course, number=2, items=later["quiz"]["items"])
    answer_all(lena, attempt, ground.right_marks(attempt))
    quiz.submit(actor=lena, attempt_id=attempt.id, at=NOON)
    db.session.expire_all()
    assert thaw(db.session.get(Attempt, attempt.id).drawn) == before
    assert attempt.outcome is Outcome.PASSED


def test_case_34_the_order_stays_the_same_between_looks(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    def look():
        return [queries.question(lena.person_id, attempt.id, n, at=NOON).asked for n in range(1, 7)]

    assert look() == look()


def test_case_35_the_count_shown_is_the_count_drawn(lena, course):
    few = ground.content()["quiz"]["items"][:4]
    ground.publish(at=NOON, course=course, number=2, items=few, draw=6)
    ground.enrol(lena.person_id, course, at=NOON)
    page = queries.start(lena.person_id, "ground", at=NOON, today=TODAY)
    attempt = begin(lena)
    sheet = queries.sheet(lena.person_id, attempt.id, at=NOON)
    assert page.questions == len(attempt.drawn) == sheet.total == 4


def test_case_37_resume_needs_nobody_and_nothing(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    first = begin(lena)
    assert begin(lena, at=NOON + timedelta(days=90)).id == first.id


@pytest.mark.parametrize("answered", ["none", "some", "all right", "all wrong"])
@pytest.mark.parametrize("how", ["worker", "start", "submit", "answer", "close"])
def test_case_38_every_overdue_attempt_comes_to_one_end_whoever_looks(
    lena, course, answered, how
):
    timed(course)
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    right = ground.right_marks(attempt)
    marks = {"none": {}, "some": {1: right[1]}, "all right": right,
             "all wrong": ground.wrong_marks(attempt)}[answered]
    answer_all(lena, attempt, marks)
    late = NOON + 31 * MINUTE
    act = {
        "worker": lambda: quiz.close_overdue(at=late),
        "start": lambda: begin(lena, at=late),
        "submit": lambda: quiz.submit(actor=lena, attempt_id=attempt.id, at=late),
        "answer": lambda: quiz.answer(
            actor=lena, attempt_id=attempt.id, number=1, marks=right[1], at=late
        ),
        "close": lambda: quiz.close(actor=lena, attempt_id=attempt.id, at=late),
    }[how]
    act()
    expected = {"none": "expired", "some": "expired", "all right": "passed",
                "all wrong": "failed"}[answered]
    assert attempt.outcome == expected
    assert attempt.ended_at == attempt.deadline_at
    assert quiz.close_overdue(at=late + MINUTE) == 0
    assert quiz.submit(actor=lena, attempt_id=attempt.id, at=late + MINUTE).outcome == expected
    assert attempt.ended_at == attempt.deadline_at


def test_case_38_an_attempt_with_time_left_is_not_closed(lena, course):
    timed(course)
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    assert quiz.close_overdue(at=NOON + 30 * MINUTE) == 0
    assert quiz.close(actor=lena, attempt_id=attempt.id, at=NOON).ended_at is None


def test_case_38_a_second_hand_in_shows_the_same_result(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    failed = fail_one(lena, at=NOON)
    again = quiz.submit(actor=lena, attempt_id=failed.id, at=NOON + MINUTE)
    assert (again.id, again.ended_at, again.outcome) == (failed.id, NOON, Outcome.FAILED)


def test_case_38_twenty_hand_ins_at_once_end_it_once(app, lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    answer_all(lena, attempt, ground.right_marks(attempt))
    attempt_id = attempt.id
    db.session.commit()

    def hand_in():
        ended = quiz.submit(actor=lena, attempt_id=attempt_id, at=NOON)
        return ended.id, ended.outcome, ended.points

    assert set(in_threads(app, 20, hand_in)) == {(attempt_id, Outcome.PASSED, "6")}


def test_nothing_changes_after_the_end_not_even_by_a_statement(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    failed = fail_one(lena, at=NOON)
    db.session.commit()
    with pytest.raises(quiz.AttemptEnded):
        quiz.answer(actor=lena, attempt_id=failed.id, number=1,
                    marks=ground.right_marks(failed)[1], at=NOON)
    for change in (
        update(Attempt).values(outcome=Outcome.PASSED), update(Answer).values(response=["x"])
    ):
        with pytest.raises(DatabaseError):
            db.session.execute(change)
        db.session.rollback()


def test_case_39_a_later_pass_counts_whatever_came_before(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    fail_one(lena, at=NOON)
    attempt = begin(lena, at=NOON + MINUTE)
    answer_all(lena, attempt, ground.right_marks(attempt), at=NOON + MINUTE)
    quiz.submit(actor=lena, attempt_id=attempt.id, at=NOON + MINUTE)
    page = queries.start(lena.person_id, "ground", at=NOON + MINUTE, today=TODAY)
    assert page.passed_attempt_id == attempt.id
    with pytest.raises(quiz.AlreadyPassed):
        begin(lena, at=NOON + 2 * MINUTE)


def test_case_40_time_can_be_extended_for_one_person(lena, course, cast):
    timed(course)
    quiz.extend_time(actor=cast.actor("petra"), person_id=lena.person_id, key=None,
                     percent=50, at=NOON)
    ground.enrol(lena.person_id, course, at=NOON)
    noor = cast.actor("noor")
    ground.enrol(noor.person_id, course, at=NOON)
    assert begin(lena).deadline_at == NOON + 45 * MINUTE
    assert begin(noor).deadline_at == NOON + 30 * MINUTE


def test_case_41_the_start_page_knows_the_extended_time(lena, course, cast):
    timed(course)
    quiz.extend_time(actor=cast.actor("petra"), person_id=lena.person_id, key="ground",
                     percent=100, at=NOON)
    page = queries.start(lena.person_id, "ground", at=NOON, today=TODAY)
    assert (page.time_limit, page.minutes_allowed) == (30, 60)


def test_an_extension_is_replaced_ended_and_written_down_without_its_cause(lena, course, cast):
    petra, give = cast.actor("petra"), quiz.extend_time
    for percent in (50, 100, 0):
        give(actor=petra, person_id=lena.person_id, key=None, percent=percent, at=NOON)
    assert queries.extension(lena.person_id, course.id) == 0
    give(actor=petra, person_id=lena.person_id, key="ground", percent=25, at=NOON)
    give(actor=petra, person_id=lena.person_id, key=None, percent=10, at=NOON)
    assert queries.extension(lena.person_id, course.id) == 25
    assert {one.percent for one in queries.more_time(lena.person_id, today=TODAY).extensions} == {
        25, 10
    }
    said = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "time.extended")).all()
    assert len(said) == 5


def test_an_extension_needs_the_permission_a_person_and_a_sensible_number(lena, course, cast):
    petra = cast.actor("petra")
    for actor in (lena, cast.actor("cora")):
        with pytest.raises(NotAllowed):
            quiz.extend_time(actor=actor, person_id=lena.person_id, key=None, percent=50, at=NOON)
    with pytest.raises(Missing):
        quiz.extend_time(actor=petra, person_id=999, key=None, percent=50, at=NOON)
    with pytest.raises(Missing):
        quiz.extend_time(actor=petra, person_id=lena.person_id, key="x", percent=50, at=NOON)
    with pytest.raises(quiz.BadPercent):
        quiz.extend_time(actor=petra, person_id=lena.person_id, key=None, percent=301, at=NOON)
    for typed in ("", "half", "-5", "1.5", "٥٠"):
        with pytest.raises(quiz.BadPercent):
            quiz.percent_of(typed)
    assert quiz.percent_of("50 %") == 50


def test_case_20_attempts_and_pauses_count_per_cycle(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    for _ in range(3):
        fail_one(lena, at=NOON)
    ground.enrol(lena.person_id, course, at=NOON, cycle=2)
    assert begin(lena, at=NOON + MINUTE).number == 1


def test_items_seen_least_come_first_across_attempts_and_cycles(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    seen = Counter()
    for turn in range(2):
        seen.update(one["item"]["id"] for one in fail_one(lena, at=NOON + turn * MINUTE).drawn)
    ground.enrol(lena.person_id, course, at=NOON, cycle=2)
    seen.update(one["item"]["id"] for one in begin(lena, at=NOON + 3 * MINUTE).drawn)
    assert len(seen) == 18
    assert set(seen.values()) == {1}


def test_case_50_the_quiz_opens_when_every_lesson_is_read(lena, course):
    ground.publish(at=NOON, course=course, number=2,
                   completion={"lessons": "all", "quiz": True, "evaluation": True})
    enrolled = ground.enrol(lena.person_id, course, at=NOON)
    with pytest.raises(quiz.LessonsLeft, match="Lesson on law; Lesson on signs"):
        begin(lena)
    ground.read(enrolled, "law", at=NOON)
    with pytest.raises(quiz.LessonsLeft, match="Still to read: Lesson on signs"):
        begin(lena)
    page = queries.start(lena.person_id, "ground", at=NOON, today=TODAY)
    assert [one.id for one in page.lessons_left] == ["signs"]
    ground.read(enrolled, "signs", at=NOON)
    assert begin(lena).number == 1


def test_an_expired_or_retired_course_takes_no_new_attempt_but_lets_an_open_one_end(lena, course):
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    course.retired_at = NOON
    db.session.flush()
    assert begin(lena).id == attempt.id
    answer_all(lena, attempt, ground.wrong_marks(attempt))
    quiz.submit(actor=lena, attempt_id=attempt.id, at=NOON)
    with pytest.raises(quiz.NotOffered):
        begin(lena)
    course.retired_at = None
    db.session.flush()
    with pytest.raises(quiz.NotOffered):
        quiz.start(actor=lena, key="ground", at=NOON, today=date(2029, 1, 1))
    assert quiz.start(actor=lena, key="ground", at=NOON, today=date(2028, 12, 31)).number == 2


def test_without_having_begun_the_course_there_is_no_quiz(lena, course):
    with pytest.raises(quiz.NotBegun):
        begin(lena)
    assert not queries.start(lena.person_id, "ground", at=NOON, today=TODAY).may_start


def test_somebody_elses_attempt_is_missing(lena, course, cast):
    ground.enrol(lena.person_id, course, at=NOON)
    attempt = begin(lena)
    for other in (cast.actor("noor"), cast.actor("cora"), cast.actor("ada")):
        for act in (
            lambda who=other: quiz.answer(
                actor=who, attempt_id=attempt.id, number=1, marks=["1"], at=NOON
            ),
            lambda who=other: quiz.submit(actor=who, attempt_id=attempt.id, at=NOON),
            lambda who=other: quiz.close(actor=who, attempt_id=attempt.id, at=NOON),
            lambda who=other: queries.sheet(who.person_id, attempt.id, at=NOON),
        ):
            with pytest.raises(Missing):
                act()


def test_a_case_can_be_started_again_until_it_is_handed_in(lena, course):
    attempt = begin_on_whole_bank(lena, course)
    answer_all(lena, attempt, ground.right_marks(attempt))
    number = next(one.number for one in thaw(attempt.drawn) if one.item.kind == "case")
    saved = quiz.start_over(actor=lena, attempt_id=attempt.id, number=number, at=NOON)
    assert (saved.is_answered, saved.answered) == (False, 17)
    with pytest.raises(quiz.Unanswered):
        quiz.submit(actor=lena, attempt_id=attempt.id, at=NOON)


def test_an_answer_begun_is_kept_and_says_what_is_missing(lena, course):
    attempt = begin_on_whole_bank(lena, course)
    by_kind = {one.item.kind: one.number for one in thaw(attempt.drawn)}

    def say(kind, marks):
        saved = quiz.answer(
            actor=lena, attempt_id=attempt.id, number=by_kind[kind], marks=marks, at=NOON
        )
        return saved.is_answered, saved.missing

    assert say("matching", ["1", "", ""]) == (False, "One of 3 are matched.")
    assert say("ordering", ["", "2", "1"]) == (False, "Two of 3 have a place.")
    assert say("ordering", ["2", "2", "1"]) == (
        False, "Place 2 is given more than once; each needs its own."
    )
    assert say("ordering", ["3", "2", "1"]) == (True, "")
