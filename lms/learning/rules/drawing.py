"""Which questions an attempt gets, in which order, and what a mark on its page means.

Nothing that a browser sees names an option: it gets positions, as shown in this attempt. Ids
may tell the key ("a" comes first in an ordering, a pair has one id for both its sides).
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lms.courses.rules.course import Course, Item, Kind, Quiz, items_of
from lms.errors import Refused
from lms.learning.rules import scoring

# The keys of an entry's `order`, besides the node ids of a case.
OPTIONS = "options"
RIGHTS = "rights"


class EmptyAnswer(Refused):
    """Nothing was chosen."""


class UnknownAnswer(Refused):
    """What arrived is not an answer to this question."""


def drawn_number(quiz: Quiz) -> int:
    """Return how many questions an attempt asks: the number every page shows (case 35)."""
    return min(quiz.draw, len(quiz.items))


def draw(
    bank: Sequence[Item], count: int, *, seen: Mapping[str, int], rng: random.Random
) -> list[Item]:
    """Draw `count` items, or all when the bank is smaller.

    Every objective gets as even a share as its items allow; within an objective the items seen
    least come first; among equals chance decides. `seen` counts by item id.
    """
    by_objective: dict[str, list[Item]] = defaultdict(list)
    for item in rng.sample(bank, len(bank)):
        by_objective[item.objective].append(item)
    for waiting in by_objective.values():
        waiting.sort(key=lambda item: seen.get(item.id, 0))
    taken: dict[str, int] = dict.fromkeys(by_objective, 0)
    chosen: list[Item] = []
    while len(chosen) < min(count, len(bank)):
        open_ = [one for one, waiting in by_objective.items() if waiting]
        turn = min(open_, key=lambda one: (taken[one], seen.get(by_objective[one][0].id, 0)))
        chosen.append(by_objective[turn].pop(0))
        taken[turn] += 1
    rng.shuffle(chosen)
    return chosen


def shuffled(ids: Sequence[str], *, pinned: frozenset[str], rng: random.Random) -> list[str]:
    """Shuffle, but leave what is pinned at its place (case 33)."""
    free = [one for one in ids if one not in pinned]
    rng.shuffle(free)
    return [one if one in pinned else free.pop(0) for one in ids]


def _order(item: Item, rng: random.Random) -> dict[str, list[str]]:
    nothing: frozenset[str] = frozenset()
    match item.kind:
        case Kind.TRUE_FALSE:
            return {OPTIONS: [option.id for option in item.options]}
        case Kind.MATCHING:
            return {RIGHTS: shuffled([pair.id for pair in item.pairs], pinned=nothing, rng=rng)}
        case Kind.CASE:
            return {
                node.id: shuffled([one.id for one in node.choices], pinned=nothing, rng=rng)
                for node in item.nodes
                if node.choices
            }
        case _:
            pinned = frozenset(option.id for option in item.options if option.pinned)
            return {
                OPTIONS: shuffled([one.id for one in item.options], pinned=pinned, rng=rng)
            }


def freeze(
    course: Course,
    *,
    content: Mapping[str, Any],
    rendered: Mapping[str, Any],
    seen: Mapping[str, int],
    rng: random.Random,
) -> list[dict[str, Any]]:
    """Draw an attempt's questions as plain JSON: order, texts, keys and rationales as of now.

    `content` and `rendered` are those of the version that `course` was parsed from. What is
    returned is kept with the attempt, so that neither review nor resume can show anything
    else than what was asked (cases 32 and 34).
    """
    raw = {one["id"]: one for one in content["quiz"]["items"]}
    html = rendered.get("items", {})
    objectives = {one.id: one.text for one in course.objectives}
    frozen = []
    for item in draw(course.quiz.items, course.quiz.draw, seen=seen, rng=rng):
        lesson = course.lesson(item.lesson)
        frozen.append(
            {
                "item": raw[item.id],
                "order": _order(item, rng),
                "html": html.get(item.id, {}),
                "objective_text": objectives.get(item.objective, ""),
                "lesson_title": lesson.title if lesson else "",
                "lesson_minutes": lesson.minutes if lesson else 0,
            }
        )
    return frozen


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One question of an attempt, as it was frozen. Holds the key: never for a browser."""

    number: int
    item: Item
    order: Mapping[str, tuple[str, ...]]
    html: Mapping[str, Any]
    objective_text: str
    lesson_title: str
    lesson_minutes: int


def thaw(drawn: Sequence[Mapping[str, Any]]) -> tuple[Drawn, ...]:
    """Read an attempt's questions back, numbered from 1 in the order they are asked."""
    return tuple(
        Drawn(
            number=number,
            item=items_of([one["item"]])[0],
            order={key: tuple(ids) for key, ids in one["order"].items()},
            html=one["html"],
            objective_text=one["objective_text"],
            lesson_title=one["lesson_title"],
            lesson_minutes=one["lesson_minutes"],
        )
        for number, one in enumerate(drawn, start=1)
    )


def _at(shown: Sequence[str], mark: str) -> str:
    is_number = mark.isascii() and mark.isdigit() and len(mark) <= 3
    if not (is_number and 1 <= int(mark) <= len(shown)):
        raise UnknownAnswer(
            "That is not one of the answers shown here. Nothing was changed; "
            "reload the page and choose again."
        )
    return shown[int(mark) - 1]


def _chosen(drawn: Drawn, marks: Sequence[str]) -> list[Any]:
    chosen = {_at(drawn.order[OPTIONS], mark) for mark in marks if mark}
    if not chosen:
        raise EmptyAnswer("Choose an answer first. What you had saved before is unchanged.")
    if drawn.item.kind is not Kind.MULTIPLE and len(chosen) > 1:
        raise UnknownAnswer("This question takes one answer. Choose one and save it again.")
    return [option.id for option in drawn.item.options if option.id in chosen]


def _beside(rows: Sequence[str], shown: Sequence[Any], marks: Sequence[str]) -> list[list[Any]]:
    if len(marks) != len(rows):
        raise UnknownAnswer(
            "This page does not fit the question any more. Reload it and choose again; "
            "what you had saved before is unchanged."
        )
    places = [str(one) for one in shown]
    given = [
        [row, shown[places.index(_at(places, mark))]]
        for row, mark in zip(rows, marks, strict=True)
        if mark
    ]
    if not given:
        raise EmptyAnswer("Choose at least one place first. What you had saved is unchanged.")
    return given


def _path(drawn: Drawn, marks: Sequence[str]) -> list[Any]:
    path: list[str] = []
    for mark in marks:
        here = scoring.node_at_end_of(drawn.item, path)
        path.append(_at(drawn.order.get(here.id, ()), mark))
    if not path:
        raise EmptyAnswer("Choose what you would do first. Where you are in the case is saved.")
    return path


def response_of(drawn: Drawn, marks: Sequence[str]) -> list[Any]:
    """Translate the marks of a page into a response; see rules/scoring.py for its shape.

    Marks are positions as shown, counted from 1: of the options chosen; for each option shown
    of an ordering its place; for each left side of a matching the position of the right one
    (both "" where nothing is chosen yet); for a case, of each choice from the first node on.
    Raises EmptyAnswer or UnknownAnswer.
    """
    match drawn.item.kind:
        case Kind.ORDERING:
            places = list(range(1, len(drawn.item.options) + 1))
            return _beside(drawn.order[OPTIONS], places, marks)
        case Kind.MATCHING:
            lefts = [pair.id for pair in drawn.item.pairs]
            return _beside(lefts, drawn.order[RIGHTS], marks)
        case Kind.CASE:
            return _path(drawn, marks)
        case _:
            return _chosen(drawn, marks)


def marks_of(drawn: Drawn, response: Sequence[Any]) -> list[str]:
    """Translate a response back into the marks of the page it was given on."""
    match drawn.item.kind:
        case Kind.ORDERING:
            places = {option_id: str(place) for option_id, place in response}
            return [places.get(option_id, "") for option_id in drawn.order[OPTIONS]]
        case Kind.MATCHING:
            shown = drawn.order[RIGHTS]
            rights = {left: str(shown.index(right) + 1) for left, right in response}
            return [rights.get(pair.id, "") for pair in drawn.item.pairs]
        case Kind.CASE:
            marks = []
            for step, choice_id in enumerate(response):
                here = scoring.node_at_end_of(drawn.item, response[:step])
                marks.append(str(drawn.order[here.id].index(choice_id) + 1))
            return marks
        case _:
            return [str(drawn.order[OPTIONS].index(one) + 1) for one in response]
