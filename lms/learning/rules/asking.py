"""A question as its page shows it: what is asked and what was answered, and never the key."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from lms.courses.rules.course import Kind
from lms.learning.rules import scoring
from lms.learning.rules.drawing import OPTIONS, RIGHTS, Drawn, marks_of
from lms.learning.rules.wording import in_words

# What the line below the answers says, by kind. The rule of partial credit stands here.
HINTS: Mapping[Kind, str] = {
    Kind.SINGLE: "One answer. You can change it until you hand in.",
    Kind.TRUE_FALSE: "One answer. You can change it until you hand in.",
    Kind.MULTIPLE: "Choose all that apply. Each right choice adds its share, each wrong one "
    "takes one away, never below zero.",
    Kind.ORDERING: "Give each a place of its own. Each two neighbors in the right order count.",
    Kind.MATCHING: "Each right pair counts. You can change them until you hand in.",
    Kind.CASE: "What you do decides how it goes on. You can start again until you hand in.",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """One thing that can be chosen: its mark, and how it reads."""

    mark: str
    html: str
    is_chosen: bool = False

    @property
    def text(self) -> str:
        """Return how it reads without marks."""
        return plain(self.html)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of an ordering or matching, with the mark chosen for it or ""."""

    html: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happened in a case so far: the moment, and what was done; the mark of that choice."""

    html: str
    did_html: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question as shown: `places` to choose from, `rows` to choose for, `steps` of a case."""

    number: int
    kind: Kind
    stem_html: str
    hint: str
    places: tuple[Place, ...]
    rows: tuple[Row, ...] = ()
    steps: tuple[Step, ...] = ()
    node_html: str = ""
    is_case_over: bool = False
    is_answered: bool = False
    # What is still missing of an answer that was begun, as a sentence; else "".
    missing: str = ""


def html_in(html: Mapping[str, Any], *path: str, text: str) -> str:
    """Return the rendered piece at this path of an item's HTML, or the plain text, escaped."""
    here: Any = html
    for key in path:
        here = here.get(key) if isinstance(here, Mapping) else None
    return here if isinstance(here, str) else escape(text)


def plain(html: str) -> str:
    """Return what a piece of sanitised HTML says, without its marks: for <option>."""
    return unescape(re.sub(r"<[^>]+>", "", html))


def option_html(drawn: Drawn, option_id: str) -> str:
    """Return the text of an option as HTML."""
    option = next(one for one in drawn.item.options if one.id == option_id)
    return html_in(drawn.html, "options", option_id, "text_html", text=option.text)


def stem_html(drawn: Drawn) -> str:
    """Return the stem as HTML."""
    return html_in(drawn.html, "stem_html", text=drawn.item.stem)


def node_html(drawn: Drawn, node_id: str) -> str:
    """Return the text of a moment of a case as HTML."""
    node = next(one for one in drawn.item.nodes if one.id == node_id)
    return html_in(drawn.html, "nodes", node_id, "text_html", text=node.text)


def choice_html(drawn: Drawn, node_id: str, choice_id: str) -> str:
    """Return the text of a choice of a case as HTML."""
    node = next(one for one in drawn.item.nodes if one.id == node_id)
    choice = next(one for one in node.choices if one.id == choice_id)
    path = ("nodes", node_id, "choices", choice_id, "text_html")
    return html_in(drawn.html, *path, text=choice.text)


def pair_html(drawn: Drawn, pair_id: str, side: str) -> str:
    """Return the "left" or "right" side of a pair as HTML."""
    pair = next(one for one in drawn.item.pairs if one.id == pair_id)
    text = pair.left if side == "left" else pair.right
    return html_in(drawn.html, "pairs", pair_id, f"{side}_html", text=text)


def _options(drawn: Drawn, marks: Sequence[str]) -> tuple[Place, ...]:
    return tuple(
        Place(
            mark=str(place), html=option_html(drawn, option_id), is_chosen=str(place) in marks
        )
        for place, option_id in enumerate(drawn.order[OPTIONS], start=1)
    )


def _ordering(drawn: Drawn, marks: Sequence[str]) -> dict[str, Any]:
    shown = _options(drawn, ())
    places = tuple(Place(mark=one.mark, html=one.mark) for one in shown)
    given = marks or [""] * len(shown)
    rows = tuple(
        Row(html=one.html, mark=mark) for one, mark in zip(shown, given, strict=True)
    )
    return {"places": places, "rows": rows}


def _matching(drawn: Drawn, marks: Sequence[str]) -> dict[str, Any]:
    pairs = [pair.id for pair in drawn.item.pairs]
    places = tuple(
        Place(mark=str(place), html=pair_html(drawn, one, "right"))
        for place, one in enumerate(drawn.order[RIGHTS], start=1)
    )
    given = marks or [""] * len(pairs)
    rows = tuple(
        Row(html=pair_html(drawn, one, "left"), mark=mark)
        for one, mark in zip(pairs, given, strict=True)
    )
    return {"places": places, "rows": rows}


def _case(drawn: Drawn, response: Sequence[Any], marks: Sequence[str]) -> dict[str, Any]:
    steps = []
    for step, choice_id in enumerate(response):
        node = scoring.node_at_end_of(drawn.item, response[:step])
        steps.append(
            Step(
                html=node_html(drawn, node.id),
                did_html=choice_html(drawn, node.id, choice_id),
                mark=marks[step],
            )
        )
    here = scoring.node_at_end_of(drawn.item, response)
    places = tuple(
        Place(mark=str(place), html=choice_html(drawn, here.id, one))
        for place, one in enumerate(drawn.order.get(here.id, ()), start=1)
    )
    return {
        "places": places,
        "steps": tuple(steps),
        "node_html": node_html(drawn, here.id),
        "is_case_over": here.is_end,
    }


def missing(drawn: Drawn, response: Sequence[Any]) -> str:
    """Say what is still missing of an answer that was begun; "" when nothing is, or all."""
    if not response or scoring.is_complete(drawn.item, response):
        return ""
    match drawn.item.kind:
        case Kind.ORDERING:
            given = [place for _, place in response]
            if len(set(given)) < len(given):
                twice = min(place for place in given if given.count(place) > 1)
                return f"Place {twice} is given more than once; each needs its own."
            return f"{in_words(len(given)).capitalize()} of {len(drawn.item.options)} have a place."
        case Kind.MATCHING:
            done = in_words(len(response)).capitalize()
            return f"{done} of {len(drawn.item.pairs)} are matched."
        case _:
            return "The case goes on."


def asked(drawn: Drawn, response: Sequence[Any]) -> Asked:
    """Return the question as its page shows it, with what was answered so far."""
    marks = marks_of(drawn, response)
    match drawn.item.kind:
        case Kind.ORDERING:
            parts = _ordering(drawn, marks)
        case Kind.MATCHING:
            parts = _matching(drawn, marks)
        case Kind.CASE:
            parts = _case(drawn, response, marks)
        case _:
            parts = {"places": _options(drawn, marks)}
    return Asked(
        number=drawn.number,
        kind=drawn.item.kind,
        stem_html=stem_html(drawn),
        hint=HINTS[drawn.item.kind],
        is_answered=scoring.is_complete(drawn.item, response),
        missing=missing(drawn, response),
        **parts,
    )
