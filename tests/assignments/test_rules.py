"""When a duty is met, and what notice an assignment gives."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lms.assignments.rules import (
    MIN_NOTICE_DAYS,
    Duty,
    State,
    counts_from,
    due_words,
    fulfilment,
    notice_problem,
    state_of,
)

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
DUE = date(2026, 4, 1)


def duty(needed: int = 1, courses: frozenset[int] = frozenset({1}), accept_days: int = 0) -> Duty:
    return Duty(
        course_ids=courses, needed=needed, due_on=DUE,
        counts_from=counts_from(MARCH, accept_days=accept_days),
    )


def test_a_completion_after_the_assignment_meets_it():
    done = fulfilment(duty(), [(1, MARCH + timedelta(days=3))])
    assert done.is_met
    assert done.completed_at == MARCH + timedelta(days=3)


def test_a_completion_of_another_course_does_not():
    assert not fulfilment(duty(), [(2, MARCH + timedelta(days=3))]).is_met


def test_case_23_a_completion_shortly_before_counts_if_the_assignment_says_so():
    before = [(1, MARCH - timedelta(days=20))]
    assert not fulfilment(duty(accept_days=0), before).is_met
    assert not fulfilment(duty(accept_days=19), before).is_met
    assert fulfilment(duty(accept_days=20), before).is_met


def test_a_retake_does_not_move_the_date():
    twice = [(1, MARCH + timedelta(days=9)), (1, MARCH + timedelta(days=3))]
    assert fulfilment(duty(), twice).completed_at == MARCH + timedelta(days=3)


def test_some_of_a_series_are_enough_when_the_series_says_so():
    two_of_three = duty(needed=2, courses=frozenset({1, 2, 3}))
    first = fulfilment(two_of_three, [(1, MARCH + timedelta(days=1))])
    assert (first.is_met, first.done, first.needed) == (False, 1, 2)
    both = fulfilment(two_of_three, [(3, MARCH + timedelta(days=5)), (1, MARCH + timedelta(days=1))])
    assert both.is_met
    assert both.completed_at == MARCH + timedelta(days=5)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(-40, 40)), max_size=12),
    st.integers(1, 3),
)
def test_order_and_repeats_change_nothing(done: list[tuple[int, int]], needed: int):
    instants = [(course, MARCH + timedelta(days=days)) for course, days in done]
    wanted = duty(needed=needed, courses=frozenset({1, 2, 3}))
    once = fulfilment(wanted, instants)
    assert once == fulfilment(wanted, list(reversed(instants)) + instants)
    assert once.done <= needed
    assert (once.completed_at is not None) == once.is_met


def test_the_due_day_lasts_until_it_ends():
    def at(day: date) -> State:
        return state_of(is_met=False, is_exempt=False, due_on=DUE, today=day)

    assert at(DUE) is State.SOON
    assert at(DUE + timedelta(days=1)) is State.OVERDUE
    assert at(DUE - timedelta(days=14)) is State.SOON
    assert at(DUE - timedelta(days=15)) is State.OPEN


def test_done_is_done_even_when_exempt_or_late():
    assert state_of(is_met=True, is_exempt=True, due_on=DUE, today=DUE + timedelta(9)) is State.COMPLETE
    assert state_of(is_met=False, is_exempt=True, due_on=DUE, today=DUE + timedelta(9)) is State.EXEMPT


def test_the_words_count_days():
    assert due_words(State.SOON, due_on=DUE, today=DUE) == "Due today"
    assert due_words(State.SOON, due_on=DUE, today=DUE - timedelta(1)) == "Due in 1 day"
    assert due_words(State.OVERDUE, due_on=DUE, today=DUE + timedelta(17)) == "17 days overdue"


def test_an_assignment_gives_notice_and_says_from_when():
    today = date(2026, 3, 17)
    assert notice_problem(due_on=today + timedelta(MIN_NOTICE_DAYS), today=today) is None
    assert "March 24, 2026 or later" in notice_problem(due_on=today + timedelta(6), today=today)
    assert "three years" in notice_problem(due_on=date(2031, 1, 1), today=today)
