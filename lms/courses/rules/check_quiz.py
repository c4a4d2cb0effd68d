"""Check quiz.toml: each item by its kind, and what it points to."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lms.courses.rules.check_cases import check_ways, rationales
from lms.courses.rules.check_course import check_format, ids
from lms.courses.rules.course import Kind
from lms.courses.rules.problem import Problem, error, place
from lms.courses.rules.shape import compare, name_of, tables, text, texts
from lms.courses.rules.shapes import QUIZ

OPTIONS_OF_SINGLE = 4
PAIRS = range(3, 7)

_PINNED = re.compile(
    r"\b(?:all|none|any|both|neither|some) of (?:the above|these|those|them|the options)\b"
    r"|\ball (?:the )?above\b|\bnone above\b|\b(?:both )?[a-e] and [a-e]\b(?! )",
    re.IGNORECASE,
)
# What belongs to each kind of item besides what all have.
_PARTS: Mapping[str, str] = {
    Kind.SINGLE: "options",
    Kind.MULTIPLE: "options",
    Kind.TRUE_FALSE: "options",
    Kind.ORDERING: "options",
    Kind.MATCHING: "pairs",
    Kind.CASE: "nodes",
}

Raw = Mapping[str, Any]


def _right(options: list[dict[str, Any]]) -> int:
    return sum(one.get("right") is True for one in options)


def _single(item: Raw, here: str) -> Iterator[Problem]:
    options = tables(item, "options")
    if len(options) != OPTIONS_OF_SINGLE:
        yield error(
            "C12",
            here,
            f"It has {len(options)} options. Give one best answer and three others.",
        )
    if _right(options) != 1:
        yield error(
            "C12",
            here,
            f"{_right(options)} options are right. Mark exactly one, or make it multiple.",
        )


def _multiple(item: Raw, here: str) -> Iterator[Problem]:
    options = tables(item, "options")
    right = _right(options)
    if right < 2 or right == len(options):
        yield error(
            "C12", here, f"{right} of {len(options)} options are right. Mark two or more, not all."
        )


def _true_false(item: Raw, here: str) -> Iterator[Problem]:
    options = tables(item, "options")
    if {text(one, "id") for one in options} != {"true", "false"} or len(options) != 2:
        yield error("C12", here, 'Give it two options, with the ids "true" and "false".')
    if _right(options) != 1:
        yield error("C12", here, f"{_right(options)} options are right. Mark exactly one.")


def _ordering(item: Raw, here: str) -> Iterator[Problem]:
    options = tables(item, "options")
    if len(options) < 3:
        yield error("C12", here, f"There are {len(options)} options. Give three or more to order.")
    if any("right" in one or "pinned" in one for one in options):
        yield error(
            "C12",
            here,
            "An option says right or pinned. Take it out: the right order is the order listed.",
        )


def _matching(item: Raw, here: str) -> Iterator[Problem]:
    pairs = tables(item, "pairs")
    if len(pairs) not in PAIRS:
        yield error("C12", here, f"There are {len(pairs)} pairs. Give {PAIRS[0]} to {PAIRS[-1]}.")
    for side in ("left", "right"):
        seen = [text(one, side).strip().casefold() for one in pairs]
        if len(set(seen)) < len(seen):
            yield error("C12", here, f"Two pairs have the same {side} text. Make all different.")


def _case(item: Raw, here: str) -> Iterator[Problem]:
    yield from check_ways(item, here, of_end=("outcome", "score", "debrief"))
    if not any(text(one, "score") == "1" for one in tables(item, "nodes")):
        yield error("C12", here, 'No end has the score "1". Let one path be the best.')


_KINDS: Mapping[str, Callable[[Raw, str], Iterator[Problem]]] = {
    Kind.SINGLE: _single,
    Kind.MULTIPLE: _multiple,
    Kind.TRUE_FALSE: _true_false,
    Kind.ORDERING: _ordering,
    Kind.MATCHING: _matching,
    Kind.CASE: _case,
}


def _pinned(item: Raw, here: str) -> Iterator[Problem]:
    for number, one in enumerate(tables(item, "options"), start=1):
        if (said := _PINNED.search(text(one, "text"))) and one.get("pinned") is not True:
            yield error(
                "C13",
                place(here, name_of(one, number, "option")),
                f"It says {said[0]!r}, which is wrong once options are shuffled. Add pinned = true "
                "or write it out.",
            )


def _by_kind(item: Raw, here: str) -> Iterator[Problem]:
    kind = text(item, "kind")
    if kind not in _KINDS:
        return
    yield from _KINDS[kind](item, place(here, _PARTS[kind]))
    for part in ("options", "pairs", "nodes", "start"):
        if part in item and part != _PARTS[kind] and not (kind == Kind.CASE and part == "start"):
            yield error("C12", place(here, part), f"An item of kind {kind} has none. Take it out.")


def _points_to(
    item: Raw, here: str, course: Raw, anchors: Mapping[str, set[str]]
) -> Iterator[Problem]:
    objectives = {text(one, "id") for one in tables(course, "objectives")}
    references = {text(one, "id") for one in tables(course, "references")}
    objective, lesson, anchor = (text(item, key) for key in ("objective", "lesson", "anchor"))
    if objective and objective not in objectives:
        yield error("C07", place(here, "objective"), f"There is no objective {objective!r}.")
    if lesson and lesson not in anchors:
        yield error("C07", place(here, "lesson"), f"There is no lesson {lesson!r}.")
    elif anchor and anchor not in anchors.get(lesson, set()):
        yield error(
            "C20",
            place(here, "anchor"),
            f"The lesson {lesson!r} has no heading with the id {anchor!r}. Name one it has.",
        )
    for one in texts(item, "references"):
        if one not in references:
            yield error("C07", place(here, "references"), f"There is no reference {one!r}.")


def check_quiz(
    raw: Raw, course: Raw, anchors: Mapping[str, set[str]], where: str
) -> Iterator[Problem]:
    """Yield every problem of quiz.toml; `anchors` are the heading ids of each lesson."""
    yield from compare(raw, QUIZ, where)
    yield from check_format(raw, where)
    items = tables(raw, "items")
    yield from ids(items, "item", where)
    for number, item in enumerate(items, start=1):
        here = place(where, name_of(item, number, "item"))
        yield from _by_kind(item, here)
        yield from _pinned(item, here)
        for part, noun in (("options", "option"), ("pairs", "pair")):
            yield from ids(tables(item, part), noun, here)
            yield from rationales(tables(item, part), noun, here)
        yield from _points_to(item, here, course, anchors)
