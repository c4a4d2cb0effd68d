"""What an answer is worth, in exact fractions, and whether a quiz is passed.

The rules of credit are those of courses/README.md. A response is plain JSON, by kind:

* single, true_false, multiple: the ids of the options chosen;
* ordering: `[option id, place]` for each option given a place, places from 1;
* matching: `[left pair id, right pair id]` for each left side given a right one;
* case: the ids of the choices taken, from the first node on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lms.courses.rules.course import Item, Kind, Node

Response = Sequence[Any]

NOTHING = Fraction(0)
FULL = Fraction(1)


def node_at_end_of(item: Item, path: Response) -> Node:
    """Replay the choices of a case and return the node they lead to.

    Raises KeyError when a choice was not to be had where the path takes it.
    """
    nodes = {node.id: node for node in item.nodes}
    here = nodes[item.start]
    for choice_id in path:
        choices = {choice.id: choice for choice in here.choices}
        here = nodes[choices[choice_id].to]
    return here


def is_complete(item: Item, response: Response) -> bool:
    """Say whether this response counts as an answer, and not as one begun.

    An ordering needs every place once, a matching every left side, a case an end.
    """
    match item.kind:
        case Kind.ORDERING:
            return sorted(dict(response).values()) == list(
                range(1, len(item.options) + 1)
            )
        case Kind.MATCHING:
            return len({left for left, _ in response}) == len(item.pairs)
        case Kind.CASE:
            return bool(response) and node_at_end_of(item, response).is_end
        case _:
            return bool(response)


def _single(item: Item, response: Response) -> Fraction:
    right = {option.id for option in item.options if option.right}
    return FULL if set(response) == right else NOTHING


def _multiple(item: Item, response: Response) -> Fraction:
    right = {option.id for option in item.options if option.right}
    chosen = set(response)
    return max(NOTHING, Fraction(len(chosen & right) - len(chosen - right), len(right)))


def _ordering(item: Item, response: Response) -> Fraction:
    if not is_complete(item, response):
        return NOTHING
    place = dict(response)
    neighbours = list(zip(item.options, item.options[1:], strict=False))
    kept = sum(place[first.id] < place[second.id] for first, second in neighbours)
    return Fraction(kept, len(neighbours))


def _matching(item: Item, response: Response) -> Fraction:
    return Fraction(sum(left == right for left, right in response), len(item.pairs))


def _case(item: Item, response: Response) -> Fraction:
    here = node_at_end_of(item, response)
    return here.score if here.is_end else NOTHING


_CREDIT: Mapping[Kind, Callable[[Item, Response], Fraction]] = {
    Kind.SINGLE: _single,
    Kind.TRUE_FALSE: _single,
    Kind.MULTIPLE: _multiple,
    Kind.ORDERING: _ordering,
    Kind.MATCHING: _matching,
    Kind.CASE: _case,
}


def credit(item: Item, response: Response) -> Fraction:
    """Return what a response is worth, from 0 to 1; nothing for no response."""
    return _CREDIT[item.kind](item, response) if response else NOTHING


def _best_path(item: Item) -> list[str]:
    nodes = {node.id: node for node in item.nodes}
    best: tuple[Fraction, list[str]] = (Fraction(-1), [])
    waiting: list[tuple[str, list[str]]] = [(item.start, [])]
    seen: set[str] = set()
    while waiting:
        node_id, path = waiting.pop(0)
        node = nodes[node_id]
        if node.is_end and node.score > best[0]:
            best = (node.score, path)
        if node_id not in seen:
            seen.add(node_id)
            waiting += [(choice.to, [*path, choice.id]) for choice in node.choices]
    return best[1]


def best(item: Item) -> list[Any]:
    """Return a response that earns the most this item can give: for reviews and tests."""
    match item.kind:
        case Kind.ORDERING:
            return [[option.id, place] for place, option in enumerate(item.options, start=1)]
        case Kind.MATCHING:
            return [[pair.id, pair.id] for pair in item.pairs]
        case Kind.CASE:
            return _best_path(item)
        case _:
            return [option.id for option in item.options if option.right]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a whole attempt came to. `credits` follow the order of the questions."""

    credits: tuple[Fraction, ...]
    unanswered: tuple[int, ...]
    pass_correct: int

    @property
    def points(self) -> Fraction:
        """Return the sum of credit, exact."""
        return sum(self.credits, NOTHING)

    @property
    def is_complete(self) -> bool:
        """Say whether every question was answered."""
        return not self.unanswered

    @property
    def is_passed(self) -> bool:
        """Say whether the sum of credit reaches the mark, compared exactly."""
        return self.points >= self.pass_correct


def result(
    items: Sequence[Item], responses: Mapping[str, Response], *, pass_correct: int
) -> Result:
    """Judge an attempt: the items as drawn, the responses by item id."""
    return Result(
        credits=tuple(credit(item, responses.get(item.id, ())) for item in items),
        unanswered=tuple(
            number
            for number, item in enumerate(items, start=1)
            if not is_complete(item, responses.get(item.id, ()))
        ),
        pass_correct=pass_correct,
    )


def objective_credits(items: Sequence[Item], judged: Result) -> dict[str, tuple[Fraction, int]]:
    """Return by objective id the credit earned and the number of questions asked."""
    sums: dict[str, tuple[Fraction, int]] = {}
    for item, earned in zip(items, judged.credits, strict=True):
        before, asked = sums.get(item.objective, (NOTHING, 0))
        sums[item.objective] = (before + earned, asked + 1)
    return sums
