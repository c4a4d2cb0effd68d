"""Which questions are drawn, how they are shuffled, and what marks mean."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.courses.rules.course import Quiz
from lms.learning.rules import drawing, scoring
from lms.learning.rules.drawing import Drawn, EmptyAnswer, UnknownAnswer
from tests.learning.bank import case, items, matching, multiple, ordering, single, true_false

EVERY_KIND = [single(), multiple(), true_false(), ordering(), matching(), case()]


def shown(item, rng=None) -> Drawn:
    order = drawing._order(item, rng or random.Random(5))
    return Drawn(
        number=1, item=item, order={key: tuple(ids) for key, ids in order.items()}, html={},
        objective_text="", lesson_title="", lesson_minutes=0,
    )


banks = st.lists(st.integers(0, 4), min_size=1, max_size=30).map(
    lambda objectives: [single(f"i{n}", f"o{one}") for n, one in enumerate(objectives)]
)


@given(bank=banks, count=st.integers(1, 20), seed=st.integers(), data=st.data())
def test_a_draw_is_without_repetition_and_as_even_as_the_bank_allows(bank, count, seed, data):
    seen = {one.id: data.draw(st.integers(0, 3)) for one in bank}
    drawn = drawing.draw(bank, count, seen=seen, rng=random.Random(seed))
    assert len(drawn) == len({one.id for one in drawn}) == min(count, len(bank))
    has, got = Counter(i.objective for i in bank), Counter(i.objective for i in drawn)
    for one in has:
        for other in has:
            # One objective may only be two ahead of another that had nothing left to give.
            assert got[one] - got[other] <= 1 or got[other] == has[other]


@given(bank=banks, count=st.integers(1, 20), seed=st.integers(), data=st.data())
def test_within_an_objective_what_was_seen_least_comes_first(bank, count, seed, data):
    seen = {one.id: data.draw(st.integers(0, 3)) for one in bank}
    drawn = {one.id for one in drawing.draw(bank, count, seen=seen, rng=random.Random(seed))}
    for inside in bank:
        for outside in bank:
            if inside.objective == outside.objective and inside.id in drawn:
                assert outside.id in drawn or seen[inside.id] <= seen[outside.id]


def test_three_attempts_go_through_the_whole_bank_before_anything_comes_again():
    bank, seen = items(30, objectives=5), Counter()
    for _ in range(3):
        seen.update(one.id for one in drawing.draw(bank, 10, seen=seen, rng=random.Random(1)))
    assert set(seen.values()) == {1}
    assert len(seen) == 30


def test_chance_decides_among_equals():
    bank = items(20, objectives=5)
    draws = {
        frozenset(i.id for i in drawing.draw(bank, 10, seen={}, rng=random.Random(seed)))
        for seed in range(30)
    }
    assert len(draws) > 20


def test_the_number_drawn_is_never_more_than_there_is():
    policy = {
        "pass_correct": 1, "retries": 0, "pause_hours": 0, "minutes": 1, "time_limit_minutes": None
    }
    assert drawing.drawn_number(Quiz(draw=10, items=tuple(items(7)), **policy)) == 7
    assert drawing.drawn_number(Quiz(draw=5, items=tuple(items(7)), **policy)) == 5


@given(seed=st.integers(), pinned=st.sets(st.sampled_from("abcdef")))
def test_case_33_what_is_pinned_keeps_its_place_and_the_rest_moves(seed, pinned):
    order = drawing.shuffled("abcdef", pinned=frozenset(pinned), rng=random.Random(seed))
    assert sorted(order) == list("abcdef")
    assert all(order["abcdef".index(one)] == one for one in pinned)


def test_case_33_all_of_the_above_stays_last_while_the_others_are_shuffled():
    firsts = set()
    for seed in range(40):
        order = shown(single(pinned="d"), random.Random(seed)).order["options"]
        assert order[3] == "d"
        firsts.add(order[0])
    assert firsts == {"a", "b", "c"}


def test_true_and_false_stand_in_their_usual_order():
    assert all(
        shown(true_false(), random.Random(seed)).order["options"] == ("true", "false")
        for seed in range(10)
    )


@pytest.mark.parametrize("item", EVERY_KIND, ids=lambda item: item.kind)
@pytest.mark.parametrize("seed", range(5))
def test_marks_and_responses_translate_there_and_back(item, seed):
    drawn = shown(item, random.Random(seed))
    best = scoring.best(item)
    marks = drawing.marks_of(drawn, best)
    assert all(isinstance(mark, str) for mark in marks)
    again = drawing.response_of(drawn, marks)
    assert scoring.credit(item, again) == 1
    assert drawing.marks_of(drawn, again) == marks


def test_marks_are_positions_as_shown_and_not_ids():
    drawn = shown(single())
    position = drawn.order["options"].index("a") + 1
    assert drawing.response_of(drawn, [str(position)]) == ["a"]
    with pytest.raises(UnknownAnswer):
        drawing.response_of(drawn, ["a"])


@pytest.mark.parametrize("item", EVERY_KIND, ids=lambda item: item.kind)
def test_case_29_an_empty_answer_is_refused_and_not_taken_for_a_wrong_one(item):
    drawn = shown(item)
    rows = {"ordering": 4, "matching": 3}.get(item.kind, 0)
    with pytest.raises(EmptyAnswer):
        drawing.response_of(drawn, [""] * rows)


@pytest.mark.parametrize("item", EVERY_KIND, ids=lambda item: item.kind)
@pytest.mark.parametrize("bad", ["0", "9", "-1", "1.0", "x", "１", "1" * 5000, "<b>", "\x00"])
def test_what_was_not_shown_is_refused(item, bad):
    drawn = shown(item)
    rows = {"ordering": 4, "matching": 3}.get(item.kind, 1)
    with pytest.raises(UnknownAnswer):
        drawing.response_of(drawn, [bad] * rows)


def test_two_answers_where_one_is_asked_are_refused():
    with pytest.raises(UnknownAnswer, match="one answer"):
        drawing.response_of(shown(single()), ["1", "2"])


def test_too_few_or_too_many_rows_are_refused():
    for marks in (["1"], ["1", "2", "3", "4", "1"]):
        with pytest.raises(UnknownAnswer):
            drawing.response_of(shown(ordering()), marks)


def test_a_case_goes_only_where_its_choices_lead():
    drawn = shown(case())
    ask = str(drawn.order["n1"].index("ask") + 1)
    alone = str(drawn.order["n2"].index("alone") + 1)
    assert drawing.response_of(drawn, [ask, alone]) == ["ask", "alone"]
    with pytest.raises(UnknownAnswer):
        drawing.response_of(drawn, [ask, alone, "1"])  # the case is over
    with pytest.raises(UnknownAnswer):
        drawing.response_of(drawn, [ask, "3"])


@given(marks=st.lists(st.text(max_size=6), max_size=8), item=st.sampled_from(EVERY_KIND))
def test_whatever_arrives_is_answered_with_a_response_or_a_refusal(marks, item):
    drawn = shown(item)
    try:
        response = drawing.response_of(drawn, marks)
    except (EmptyAnswer, UnknownAnswer):
        return
    assert 0 <= scoring.credit(item, response) <= 1
    assert drawing.response_of(drawn, drawing.marks_of(drawn, response)) == response
