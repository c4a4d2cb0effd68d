"""The whole question bank, over all courses: nothing but knowledge gives a key away."""

import re
from collections import Counter
from itertools import combinations

import pytest

from lms.courses import files
from lms.courses.cli import HOME
from lms.courses.rules.check_bank import length_ratio, singles
from lms.courses.rules.shape import tables, text

# Two stems that share more than this of their words ask the same thing.
SHARED_MOST = 0.6
OPTIONS_SHARED_MOST = 0.7
# Fewer words say nothing: the answers of a calculation are numbers.
WORDS_LEAST = 8


@pytest.fixture(scope="module")
def bank():
    """Return every item of every course as (course, item)."""
    found = [files.read(folder) for folder in files.course_folders(HOME)]
    return [
        (one.name.removeprefix("courses/"), item)
        for one in found
        for item in tables(one.table("quiz.toml"), "items")
    ]


def words(said: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z']{3,}", said.lower()))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0


def said_by(item) -> str:
    """Return the stem, and what else tells one item from another of the same stem."""
    parts = (*tables(item, "options"), *tables(item, "pairs"))
    return " ".join([text(item, "stem"), *(text(one, "text") or text(one, "left") for one in parts)])


def test_keys_stand_at_all_places_about_equally_often(bank):
    places = Counter(key for key, _ in singles([item for _, item in bank]))
    share = {place: places[place] / places.total() for place in range(4)}
    assert all(0.2 <= one <= 0.3 for one in share.values()), share


def test_keys_are_no_more_than_a_fifth_longer_than_distractors(bank):
    found = singles([item for _, item in bank])
    assert length_ratio(found) <= 1.2
    # Nor does choosing the longest answer pass a quiz.
    longest = sum(len(texts[key]) == max(map(len, texts)) for key, texts in found)
    assert longest / len(found) < 0.4


def test_true_and_false_are_right_about_equally_often(bank):
    right = Counter(
        text(one, "id")
        for _, item in bank
        if text(item, "kind") == "true_false"
        for one in tables(item, "options")
        if one.get("right") is True
    )
    assert 0.3 <= right["true"] / right.total() <= 0.7, right


def test_no_two_items_are_near_duplicates(bank):
    stems = [(course, text(item, "id"), words(text(item, "stem")), words(said_by(item)))
             for course, item in bank]  # fmt: skip
    twins = [
        (one[:2], other[:2])
        for one, other in combinations(stems, 2)
        if alike(one[2], other[2]) > SHARED_MOST and alike(one[3], other[3]) > SHARED_MOST / 2
    ]
    assert twins == []


def test_no_two_items_have_the_same_answers(bank):
    answers = [
        (course, text(item, "id"), words(" ".join(text(one, "text") for one in options)))
        for course, item in bank
        if text(item, "kind") == "single" and (options := tables(item, "options"))
    ]
    twins = [
        (one[:2], other[:2])
        for one, other in combinations(answers, 2)
        if min(len(one[2]), len(other[2])) >= WORDS_LEAST
        and alike(one[2], other[2]) > OPTIONS_SHARED_MOST
    ]
    assert twins == []


def test_every_bank_holds_at_least_twice_what_a_quiz_draws():
    for folder in files.course_folders(HOME):
        read = files.read(folder)
        drawn = read.table("course.toml")["quiz"]["draw"]
        assert len(tables(read.table("quiz.toml"), "items")) >= 2 * drawn, folder.name


def test_these_measures_see_what_they_are_for():
    items = [
        {"kind": "single", "stem": "x", "options": [
            {"text": "the right one, which is long", "right": True}, {"text": "no"},
            {"text": "nope"}, {"text": "never"}]}
    ]  # fmt: skip
    assert singles(items)[0][0] == 0
    assert length_ratio(singles(items)) > 5
    assert alike(words("Which first step is right here?"), words("Which first step is right?")) > 0.6
