"""The reading grade, and what a case adds to the minutes."""

import pytest

from lms.courses.rules.check_cases import longest
from lms.courses.rules.minutes import Load, plain_minutes
from lms.courses.rules.reading import grade, prose, syllables

WORDS = {
    "create": 2, "patient": 2, "medical": 3, "privacy": 3, "companion": 3, "identity": 4,
    "people": 2, "trafficking": 3, "registration": 4, "interpreter": 4, "called": 1, "needed": 2,
    "houses": 2, "sides": 1, "table": 2, "violence": 3, "hospital": 3, "usually": 4, "police": 2,
    "question": 2, "because": 2, "doing": 2, "idea": 3, "experience": 4, "immediate": 4, "role": 1,
}  # fmt: skip


@pytest.mark.parametrize(("word", "count"), WORDS.items())
def test_syllables_are_counted_as_they_are_spoken(word, count):
    assert syllables(word) == count


def test_short_words_in_short_sentences_read_easily_and_long_ones_do_not():
    easy = ["See it. Say it to the nurse. Do not ask the man.", "Keep the desk calm and kind."]
    hard = [
        "Institutional accountability presupposes interdisciplinary communication regarding "
        "organizational responsibilities and comprehensive documentation of deliberations."
    ]
    assert grade(easy) < 3
    assert grade(hard) > 16


def test_the_grade_is_the_one_of_the_formula():
    # Ten words of one syllable in two sentences: 0.39 x 5 + 11.8 x 1 - 15.59
    assert grade(["See the man at work. Ask him if he can."]) == pytest.approx(-1.84)
    assert grade([]) is None
    assert grade(["Two words"]) is None


def test_headings_and_tables_are_no_prose():
    page = "## A heading\n\nA sentence.\n\n| a |\n| - |\n| cell |\n\n* An entry\n"
    assert prose(page) == ["A sentence.", "An entry"]


def test_a_case_counts_with_its_longest_way():
    def node(own, words, *ahead):
        choices = [
            {"id": one, "text": "two words", "to": one, "rationale": "three words here"}
            for one in ahead
        ]
        end = {} if ahead else {"outcome": "one", "debrief": "one"}
        return {"id": own, "text": "word " * words, "choices": choices, **end}

    raw = {"start": "a", "nodes": [node("a", 10, "b", "c"), node("b", 5), node("c", 50, "d", "b"),
                                   node("d", 1)]}  # fmt: skip
    way = longest(raw)
    # a and its two choices, what the one chosen does; c likewise; then b, the longer of the ends.
    assert (way.words, way.decisions) == (10 + 4 + 3 + 50 + 4 + 3 + 5 + 2, 2)


def test_exercises_and_decisions_take_time():
    load = {"words": 200, "checks": 0, "figures": 0, "drawn": 0}
    assert plain_minutes(Load(**load, decisions=4, exercise=45)) == 1 + 2 + 45
