"""What answers are worth: the rules of credit, exactly."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.courses.rules.course import Kind
from lms.learning.rules import attempts, scoring, wording
from tests.learning.bank import case, items, matching, multiple, ordering, single, true_false

EVERY_KIND = [single(), multiple(), true_false(), ordering(), matching(), case()]
NOON = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize("item", EVERY_KIND, ids=lambda item: item.kind)
def test_the_best_response_earns_everything_and_none_earns_nothing(item):
    best = scoring.best(item)
    assert scoring.credit(item, best) == 1
    assert scoring.is_complete(item, best)
    assert scoring.credit(item, []) == 0
    assert not scoring.is_complete(item, [])


def test_several_right_answers_earn_right_less_wrong_never_below_zero():
    item = multiple()  # a, b, c right; d, e wrong
    assert scoring.credit(item, ["a"]) == Fraction(1, 3)
    assert scoring.credit(item, ["a", "b", "d"]) == Fraction(1, 3)
    assert scoring.credit(item, ["d", "e"]) == 0
    assert scoring.credit(item, ["a", "b", "c", "d", "e"]) == Fraction(1, 3)


def test_an_ordering_earns_the_share_of_neighbours_in_order():
    item = ordering()  # a, b, c, d

    def of(order: str) -> Fraction:
        return scoring.credit(item, [[one, place] for place, one in enumerate(order, start=1)])

    assert of("abcd") == 1
    assert of("bacd") == Fraction(2, 3)
    assert of("dcba") == 0
    assert of("bcda") == Fraction(2, 3)


def test_an_ordering_with_a_place_twice_is_not_an_answer_yet():
    item = ordering()
    twice = [["a", 1], ["b", 1], ["c", 3], ["d", 4]]
    assert not scoring.is_complete(item, twice)
    assert scoring.credit(item, twice) == 0


def test_a_matching_earns_the_share_of_pairs_and_keeps_what_is_begun():
    item = matching()  # p, q, r
    begun = [["p", "p"], ["q", "r"]]
    assert scoring.credit(item, begun) == Fraction(1, 3)
    assert not scoring.is_complete(item, begun)
    assert scoring.is_complete(item, [*begun, ["r", "r"]])
    assert scoring.credit(item, [*begun, ["r", "r"]]) == Fraction(2, 3)


def test_a_case_earns_the_score_of_the_end_it_comes_to():
    item = case()
    assert scoring.credit(item, ["ask"]) == 0
    assert not scoring.is_complete(item, ["ask"])
    assert scoring.credit(item, ["ask", "alone"]) == 1
    assert scoring.credit(item, ["ask", "there"]) == Fraction(1, 2)
    assert scoring.credit(item, ["leave"]) == 0
    assert scoring.is_complete(item, ["leave"])
    with pytest.raises(KeyError):
        scoring.credit(item, ["alone"])


responses = {
    Kind.MULTIPLE: st.lists(st.sampled_from("abcde"), unique=True),
    Kind.ORDERING: st.permutations("abcd").map(
        lambda order: [[one, place] for place, one in enumerate(order, start=1)]
    ),
    Kind.MATCHING: st.lists(st.sampled_from("pqr"), min_size=3, max_size=3).map(
        lambda rights: [list(pair) for pair in zip("pqr", rights, strict=True)]
    ),
}


@given(data=st.data(), kind=st.sampled_from(sorted(responses)))
def test_credit_is_an_exact_fraction_from_nothing_to_one(data, kind):
    item = next(one for one in EVERY_KIND if one.kind is kind)
    earned = scoring.credit(item, data.draw(responses[kind]))
    assert isinstance(earned, Fraction)
    assert 0 <= earned <= 1


def test_thirds_add_up_to_the_mark_exactly():
    bank = [multiple(f"m{n}") for n in range(3)]
    judged = scoring.result(bank, {one.id: ["a"] for one in bank}, pass_correct=1)
    assert judged.points == 1
    assert judged.is_passed


def test_one_part_short_of_the_mark_is_short_and_is_not_shown_as_the_mark():
    bank = [*items(7), multiple("last")]
    answers = {one.id: scoring.best(one) for one in bank} | {"last": ["a", "b"]}
    judged = scoring.result(bank, answers, pass_correct=8)
    assert judged.points == Fraction(23, 3)
    assert not judged.is_passed
    assert wording.points(judged.points) == "7.66"
    assert wording.points(Fraction(7999, 1000)) == "7.99"


def test_unanswered_questions_are_named_by_number():
    bank = items(4)
    answers = {bank[0].id: ["a"], bank[2].id: ["b"]}
    judged = scoring.result(bank, answers, pass_correct=2)
    assert judged.unanswered == (2, 4)
    assert not judged.is_complete


def test_objectives_get_what_their_questions_earned():
    bank = items(4, objectives=2)
    judged = scoring.result(bank, {bank[0].id: ["a"]}, pass_correct=2)
    assert scoring.objective_credits(bank, judged) == {"o0": (1, 2), "o1": (0, 2)}


def test_attempts_come_in_rounds_with_a_pause_between():
    ends = [NOON + timedelta(minutes=n) for n in range(3)]

    def room(count, at):
        return attempts.room(ends[:count], retries=2, pause_hours=24, at=at)

    assert room(0, NOON) == attempts.Room(used=0, allowed=3)
    assert room(2, NOON).left == 1
    until = ends[-1] + timedelta(hours=24)
    assert room(3, ends[-1]) == attempts.Room(used=3, allowed=3, pause_until=until)
    assert room(3, until - timedelta(seconds=1)).left == 0
    assert room(3, until) == attempts.Room(used=0, allowed=3)


@given(
    made=st.integers(0, 12), retries=st.integers(0, 4), pause=st.integers(0, 72),
    late=st.integers(0, 200),
)
def test_there_is_either_room_or_a_pause_that_ends(made, retries, pause, late):
    ends = [NOON + timedelta(minutes=n) for n in range(made)]
    at = NOON + timedelta(minutes=made, hours=late)
    room = attempts.room(ends, retries=retries, pause_hours=pause, at=at)
    assert 0 <= room.left <= 1 + retries
    assert (room.left == 0) == (room.pause_until is not None)
    assert room.pause_until is None or room.pause_until > at


def test_more_time_is_a_percentage_rounded_up_to_whole_minutes():
    assert attempts.minutes_allowed(30, percent=100) == 60
    assert attempts.minutes_allowed(15, percent=50) == 23
    assert attempts.minutes_allowed(30, percent=0) == 30
    assert attempts.minutes_allowed(None, percent=100) is None


def test_the_last_second_still_counts():
    assert not attempts.is_over(NOON, at=NOON)
    assert attempts.is_over(NOON, at=NOON + timedelta(seconds=1))
    assert not attempts.is_over(None, at=NOON)


def test_small_numbers_are_words():
    assert wording.counted(1, "question", "questions") == "one question"
    assert wording.counted(4, "question", "questions") == "four questions"
    assert wording.counted(14, "question", "questions") == "14 questions"
    assert wording.ordinal(2) == "second"
    assert wording.ordinal(12) == "number 12"
    assert wording.points(Fraction(8)) == "8"
    assert wording.points(Fraction(17, 2)) == "8.5"
    assert wording.points(Fraction(20)) == "20"
    assert [wording.duration(n) for n in (24, 48, 12, 1)] == [
        "a day", "two days", "twelve hours", "one hour",
    ]
