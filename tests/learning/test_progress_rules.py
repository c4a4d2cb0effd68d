"""What makes a course complete, and the checklist that leads there: pure rules."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.courses.rules.course import Lesson, Requirements, parse
from lms.courses.rules.folder import content
from lms.learning.rules import progress
from lms.learning.rules.evaluation import EvaluationAnswers, problem_with
from lms.learning.rules.progress import Met, Needs, Place, QuizState, StepKind, Way
from tests.courses.tiny import tiny_course

COURSE = parse(content(tiny_course()))
AT = datetime(2026, 11, 2, 20, tzinfo=UTC)
IDS = [f"l{n}" for n in range(6)]

needs_ = st.builds(
    Needs,
    lessons=st.lists(st.sampled_from(IDS), unique=True).map(tuple),
    quiz=st.booleans(),
    evaluation=st.booleans(),
)
mets = st.builds(
    Met,
    lessons_read=st.frozensets(st.sampled_from([*IDS, "of-another-version"])),
    quiz_passed=st.booleans(),
    evaluation_done=st.booleans(),
)
courses = st.builds(
    lambda count, minutes, lessons, quiz, evaluation: replace(
        COURSE,
        lessons=tuple(
            Lesson(id=one, title=one, minutes=minutes, objectives=()) for one in IDS[:count]
        ),
        requirements=Requirements(lessons=lessons, quiz=quiz, evaluation=evaluation),
    ),
    count=st.integers(1, 6), minutes=st.integers(1, 20),
    lessons=st.booleans(), quiz=st.booleans(), evaluation=st.booleans(),
)


NOTHING = Met()


def way(course=COURSE, met=NOTHING, **changes) -> Way:
    given = {
        "course": course, "met": met, "quiz": QuizState(passed=met.quiz_passed), "is_begun": True,
        "is_closed": False, "can_claim": False, "place": None, "serial": None,
        "is_complete": progress.is_satisfied(progress.needs_of(course), met),
    } | changes
    if "can_claim" not in changes:
        given["can_claim"] = given["is_complete"] and given["serial"] is None
    return Way(**given)


@given(needs_, mets)
def test_case_04_nothing_is_complete_without_every_requirement_met(needs, met):
    complete = progress.is_satisfied(needs, met)
    missing = (
        set(needs.lessons) - met.lessons_read
        or (needs.quiz and not met.quiz_passed)
        or (needs.evaluation and not met.evaluation_done)
    )
    asks_something = bool(needs.lessons or needs.quiz or needs.evaluation)
    assert complete == (asks_something and not missing)


def test_case_04_a_version_that_asks_for_nothing_is_never_complete():
    nothing = Needs(lessons=(), quiz=False, evaluation=False)
    everything = Met(lessons_read=frozenset(IDS), quiz_passed=True, evaluation_done=True)
    assert not progress.is_satisfied(nothing, everything)


@given(needs_, mets)
def test_case_43_a_hundred_percent_means_complete_and_nothing_less_does(needs, met):
    share = progress.percent(needs, met)
    assert 0 <= share <= 100
    assert (share == 100) == progress.is_satisfied(needs, met)


@given(courses, mets, st.sampled_from(IDS))
def test_case_43_doing_more_never_lowers_percent_nor_raises_the_minutes_left(course, met, more):
    needs = progress.needs_of(course)
    later = replace(met, lessons_read=met.lessons_read | {more})
    assert progress.percent(needs, later) >= progress.percent(needs, met)
    assert progress.minutes_left(course, later) <= progress.minutes_left(course, met)
    assert (progress.minutes_left(course, met) == 0) == (
        progress.is_satisfied(needs, met) or needs.count == 0
    )


@given(courses, mets)
def test_case_43_each_step_says_what_completes_it_and_agrees_with_the_requirements(course, met):
    steps = progress.steps(way(course, met))
    needs = progress.needs_of(course)
    assert all(step.completes.startswith("Done when") for step in steps)
    required = [step for step in steps if step.kind is not StepKind.CLAIM]
    assert len(required) == needs.count
    assert (all(step.is_done for step in required) and needs.count > 0) == progress.is_satisfied(
        needs, met
    )


@given(courses, mets)
def test_case_69_the_next_step_is_the_first_thing_left_on_the_one_checklist(course, met):
    here = way(course, met)
    left = [step for step in progress.steps(here) if not step.is_done]
    step = progress.next_step(here)
    if progress.needs_of(course).count:
        assert step == left[0]
    assert step.label
    assert step.url.startswith("/courses/")


def test_case_69_after_the_last_lesson_and_quiz_the_evaluation_is_what_is_left():
    met = Met(lessons_read=frozenset(one.id for one in COURSE.lessons), quiz_passed=True)
    step = progress.next_step(way(met=met))
    assert (step.kind, step.label) == (StepKind.EVALUATION, "Evaluate and claim 0.25 CE hours")
    assert step.url == "/courses/tiny/claim"
    assert progress.minutes_left(COURSE, met) == 2


def test_minutes_left_are_unread_lessons_quiz_and_evaluation():
    assert progress.minutes_left(COURSE, Met()) == 4 + 3 + 2 + 5 + 2
    assert progress.minutes_left(COURSE, Met(lessons_read=frozenset({"moments"}))) == 12


@pytest.mark.parametrize(
    ("met", "words"),
    [
        (Met(), "0 of 3 lessons read"),
        (Met(lessons_read=frozenset({"soap"})), "1 of 3 lessons read"),
        (Met(lessons_read=frozenset({"soap"}), quiz_passed=True),
         "1 of 3 lessons read, quiz passed"),
        (Met(lessons_read=frozenset({"moments", "soap", "habits"})),
         "All lessons read, quiz not passed yet"),
        (Met(lessons_read=frozenset({"moments", "soap", "habits"}), quiz_passed=True),
         "Quiz passed, evaluation left"),
        (Met(lessons_read=frozenset({"moments", "soap", "habits"}), quiz_passed=True,
             evaluation_done=True), "Complete"),
    ],
)
def test_progress_in_words(met, words):
    assert progress.progress_words(COURSE, met, is_begun=True) == words
    assert progress.progress_words(COURSE, met, is_begun=False) == "Not started"


def test_the_next_step_continues_in_the_lesson_where_reading_stopped():
    place = Place(lesson_id="soap", anchor="soap", heading="When soap is needed", at=AT)
    step = progress.next_step(way(place=place))
    assert step.label == "Continue lesson 2"
    assert step.url == "/courses/tiny/lessons/soap#soap"


def test_before_the_start_the_next_step_is_to_start():
    assert progress.next_step(way(is_begun=False)).label == "Start course"


def test_an_open_attempt_is_gone_on_with_and_a_pause_is_named():
    met = Met(lessons_read=frozenset(one.id for one in COURSE.lessons))
    open_ = way(met=met, quiz=QuizState(open_attempt_id=7))
    assert progress.next_step(open_).label == "Go on with the quiz"
    pausing = way(met=met, quiz=QuizState(attempts_used=3, pause_until=AT + timedelta(hours=3)))
    assert progress.next_step(pausing).label == "See when the quiz opens again"
    failed = way(met=met, quiz=QuizState(attempts_used=1))
    assert progress.next_step(failed).label == "Try the quiz again"


def test_a_closed_course_can_be_read_and_nothing_else():
    step = progress.next_step(way(is_closed=True))
    assert (step.kind, step.label) == (StepKind.READ, "Go on reading")


def test_a_claimed_completion_leads_to_its_certificate():
    met = Met(lessons_read=frozenset(one.id for one in COURSE.lessons), quiz_passed=True,
              evaluation_done=True)
    assert progress.next_step(way(met=met)).kind is StepKind.CLAIM
    done = progress.next_step(way(met=met, serial="R-2026-000001"))
    assert done.url == "/certificates/R-2026-000001"
    late = progress.next_step(way(met=met, can_claim=False))
    assert late.label == "Read it again"


def test_a_course_takes_starts_from_release_to_the_last_day():
    for day, open_ in (
        (date(2025, 8, 31), False), (date(2025, 9, 1), True), (date(2029, 8, 31), True),
        (date(2029, 9, 1), False),
    ):
        assert progress.takes_starts(COURSE, today=day, is_retired=False) is open_
    assert not progress.takes_starts(COURSE, today=date(2026, 1, 1), is_retired=True)


def test_a_completion_made_in_time_can_be_claimed_for_ninety_days_after_expiry():
    last = date(2029, 11, 29)
    assert progress.claim_until(COURSE) == last
    on_the_day = {"completed_on": date(2029, 8, 31)}
    assert progress.may_claim(COURSE, **on_the_day, today=last)
    assert not progress.may_claim(COURSE, **on_the_day, today=last + timedelta(days=1))
    assert not progress.may_claim(COURSE, completed_on=date(2029, 9, 1), today=last)


def answers(**changes) -> EvaluationAnswers:
    return EvaluationAnswers(**({"objectives": {"o1": 4, "o2": 5}, "bias": False} | changes))


@pytest.mark.parametrize(
    "bad",
    [
        {"objectives": {"o1": 4}}, {"objectives": {"o1": 4, "o2": 6}},
        {"objectives": {"o1": 4, "o2": 0}}, {"change": "perhaps"}, {"comment": "x" * 2001},
        {"bias_text": "x" * 2001}, {"change_text": "x" * 2001},
    ],
)
def test_an_evaluation_with_a_gap_is_told_so(bad):
    assert problem_with(answers(), ["o1", "o2"]) is None
    assert problem_with(answers(**bad), ["o1", "o2"])
