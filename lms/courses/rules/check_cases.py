"""Check branching cases: every way through one comes to an end, and nothing is out of reach."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token

from lms.courses.rules import markdown
from lms.courses.rules.check_course import ids, own_id
from lms.courses.rules.folder import set_apart
from lms.courses.rules.problem import Problem, error, place
from lms.courses.rules.shape import compare, name_of, tables, text
from lms.courses.rules.shapes import CASE

Raw = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Longest:
    """What is read and decided on the way through a case that has most to read."""

    words: int
    decisions: int


def reached_from(nodes: Mapping[str, Raw], start: str) -> set[str]:
    """Return the ids of the nodes that choices lead to from the start, the start included."""
    reached, ahead = set(), [start]
    while ahead:
        own = ahead.pop()
        if own in nodes and own not in reached:
            reached.add(own)
            ahead += [text(one, "to") for one in tables(nodes[own], "choices")]
    return reached


def runs_in_circles(nodes: Mapping[str, Raw]) -> bool:
    """Say whether some path never ends: taking off what leads only to ends leaves something."""
    left = {
        own: {to for one in tables(node, "choices") if (to := text(one, "to")) in nodes}
        for own, node in nodes.items()
    }
    while ended := {own for own, ahead in left.items() if not ahead}:
        left = {own: ahead - ended for own, ahead in left.items() if own not in ended}
    return bool(left)


def longest(raw: Raw) -> Longest:
    """Return what the longest way through a case asks; nothing where it has no sound way.

    At each moment all choices are read, and of the one chosen also what it does.
    """
    nodes = {text(one, "id"): one for one in tables(raw, "nodes")}
    if runs_in_circles(nodes):
        return Longest(words=0, decisions=0)
    seen: dict[str, Longest] = {}

    def of(own: str) -> Longest:
        if own not in nodes:
            return Longest(words=0, decisions=0)
        if own not in seen:
            node = nodes[own]
            here = sum(_words(node, key) for key in ("text", "outcome", "debrief"))
            choices = tables(node, "choices")
            ways = [(of(text(one, "to")), _words(one, "rationale")) for one in choices]
            best = max(ways, key=lambda way: way[0].words + way[1], default=None)
            here += sum(_words(one, "text") for one in choices)
            seen[own] = (
                Longest(words=here + best[0].words + best[1], decisions=best[0].decisions + 1)
                if best
                else Longest(words=here, decisions=0)
            )
        return seen[own]

    return of(text(raw, "start"))


def _words(raw: Raw, key: str) -> int:
    return markdown.words(text(raw, key))


def rationales(found: list[dict[str, Any]], noun: str, here: str) -> Iterator[Problem]:
    """Yield a problem for every option, pair or choice that does not say why."""
    for number, one in enumerate(found, start=1):
        if not text(one, "rationale").strip():
            yield error(
                "C11",
                place(here, name_of(one, number, noun)),
                "The rationale is missing. Write why this is right or why not, so that it teaches.",
            )


def _node(node: Raw, here: str, *, of_end: Sequence[str]) -> Iterator[Problem]:
    choices = tables(node, "choices")
    end = [key for key in of_end if text(node, key).strip()]
    if choices and end:
        yield error("C12", here, f"It has choices and also {', '.join(end)}. An end has none.")
    if not choices and len(end) < len(of_end):
        needed = f"{', '.join(of_end[:-1])} and {of_end[-1]}"
        yield error("C12", here, f"It has no choices. An end needs {needed}.")
    if len(choices) == 1:
        yield error("C12", here, "It has one choice only. Give two or more.")
    yield from rationales(choices, "choice", here)
    yield from ids(choices, "choice", here)


def check_ways(raw: Raw, where: str, *, of_end: Sequence[str]) -> Iterator[Problem]:
    """Yield every problem of the ways through a case, in a lesson or in a quiz.

    `of_end` are the keys that a node without choices must have.
    """
    found = tables(raw, "nodes")
    nodes = {text(one, "id"): one for one in found}
    start = text(raw, "start")
    if start not in nodes:
        yield error(
            "C12", place(where, "start"), f"There is no node {start!r}. Name the first one."
        )
    reached = reached_from(nodes, start)
    for number, node in enumerate(found, start=1):
        here = place(where, name_of(node, number, "node"))
        yield from _node(node, here, of_end=of_end)
        for one in tables(node, "choices"):
            if text(one, "to") not in nodes:
                yield error("C07", here, f"A choice leads to {text(one, 'to')!r}: no such node.")
        if start in nodes and text(node, "id") not in reached:
            yield error("C12", here, "No choice leads here. Lead one here or take it out.")
    if runs_in_circles(nodes):
        yield error("C12", where, "Some choices lead in a circle. Let every path come to an end.")
    yield from ids(found, "node", where)


def check_case(
    token: Token, where: str, taken: set[str]
) -> Iterator[tuple[Problem | None, str | None]]:
    """Yield problems of one branching case of a lesson, and its texts, which are Markdown.

    `taken` are the ids of the cases before it on the page; its own is added.
    """
    raw, slips = set_apart(token.content, where)
    for slip in slips:
        yield slip, None
    if slips:
        return
    for problem in compare(raw, CASE, where):
        yield problem, None
    for problem in own_id(text(raw, "id"), "case", where, taken):
        yield problem, None
    for problem in check_ways(raw, where, of_end=("outcome", "debrief")):
        yield problem, None
    for one in _texts(raw):
        yield None, one


def _texts(raw: Raw) -> Iterator[str]:
    for node in tables(raw, "nodes"):
        for key in ("text", "outcome", "debrief"):
            yield text(node, key)
        for one in tables(node, "choices"):
            yield text(one, "text")
            yield text(one, "rationale")
