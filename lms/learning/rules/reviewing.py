"""What a review tells about each question once an attempt has ended.

After a pass everything is told. Before it, only what was chosen and why that falls short, with
the lesson that covers it: the next attempt may ask some of the same questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lms.courses.rules.course import Item, Kind
from lms.learning.rules import scoring
from lms.learning.rules.asking import (
    choice_html,
    html_in,
    node_html,
    option_html,
    pair_html,
    stem_html,
)
from lms.learning.rules.drawing import Drawn

CHOSE = "You chose:"
BETTER = "Better:"


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing said about an answer: whose (`label`), what it was, and why it is so."""

    label: str
    html: str
    why_html: str


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """One question, looked back on."""

    number: int
    stem_html: str
    credit: Fraction
    is_answered: bool
    notes: tuple[Note, ...]
    lesson_id: str
    lesson_title: str
    lesson_minutes: int
    anchor: str
    sources: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Say whether the answer earned everything."""
        return self.credit == 1  # which is asked often, and faster than of another fraction

    @property
    def word(self) -> str:
        """Name the state of the answer in a word or two."""
        if self.is_right:
            return "Right"
        if not self.is_answered:
            return "Open"
        return "Partly right" if self.credit else "Missed"


def _why_option(drawn: Drawn, option_id: str) -> str:
    option = next(one for one in drawn.item.options if one.id == option_id)
    return html_in(drawn.html, "options", option_id, "rationale_html", text=option.rationale)


def _options(drawn: Drawn, response: Sequence[Any], *, tell: bool) -> list[Note]:
    notes = [
        Note(label=CHOSE, html=option_html(drawn, one), why_html=_why_option(drawn, one))
        for one in response
    ]
    if tell:
        notes += [
            Note(label=BETTER, html=option_html(drawn, one.id), why_html=_why_option(drawn, one.id))
            for one in drawn.item.options
            if one.right and one.id not in response
        ]
    return notes


def _out_of_order(item: Item, response: Sequence[Any]) -> set[str]:
    place = dict(response)
    neighbours = zip(item.options, item.options[1:], strict=False)
    return {
        one.id
        for first, second in neighbours
        if place.get(first.id, 0) >= place.get(second.id, 0)
        for one in (first, second)
    }


def _ordering(drawn: Drawn, response: Sequence[Any], *, tell: bool) -> list[Note]:
    wrong = _out_of_order(drawn.item, response)
    notes = [
        Note(
            label=f"You put at {place}:",
            html=option_html(drawn, one),
            why_html="" if tell else _why_option(drawn, one),
        )
        for one, place in sorted(response, key=lambda given: int(given[1]))
        if one in wrong
    ]
    if tell:
        notes += [
            Note(label=f"Place {place}:", html=option_html(drawn, one.id),
                 why_html=_why_option(drawn, one.id))
            for place, one in enumerate(drawn.item.options, start=1)
        ]
    return notes


def _matching(drawn: Drawn, response: Sequence[Any], *, tell: bool) -> list[Note]:
    given, notes = dict(response), []
    for pair in drawn.item.pairs:
        left = pair_html(drawn, pair.id, "left")
        why = html_in(drawn.html, "pairs", pair.id, "rationale_html", text=pair.rationale)
        chosen, is_wrong = given.get(pair.id), given.get(pair.id) != pair.id
        if chosen is not None and (is_wrong or tell):
            text = f"{left} – {pair_html(drawn, chosen, 'right')}"
            notes.append(Note(label=CHOSE, html=text, why_html="" if tell and is_wrong else why))
        if tell and is_wrong:
            text = f"{left} – {pair_html(drawn, pair.id, 'right')}"
            notes.append(Note(label=BETTER, html=text, why_html=why))
    return notes


def _case(drawn: Drawn, response: Sequence[Any]) -> list[Note]:
    notes = []
    for step, choice_id in enumerate(response):
        node = scoring.node_at_end_of(drawn.item, response[:step])
        choice = next(one for one in node.choices if one.id == choice_id)
        path = ("nodes", node.id, "choices", choice_id, "rationale_html")
        notes.append(
            Note(
                label="You did:",
                html=choice_html(drawn, node.id, choice_id),
                why_html=html_in(drawn.html, *path, text=choice.rationale),
            )
        )
    here = scoring.node_at_end_of(drawn.item, response)
    if here.is_end:
        outcome = html_in(drawn.html, "nodes", here.id, "outcome_html", text=here.outcome)
        debrief = html_in(drawn.html, "nodes", here.id, "debrief_html", text=here.debrief)
        notes.append(
            Note(label="How it ended:", html=outcome or node_html(drawn, here.id), why_html=debrief)
        )
    return notes


def _notes(drawn: Drawn, response: Sequence[Any], *, tell: bool) -> list[Note]:
    match drawn.item.kind:
        case Kind.ORDERING:
            return _ordering(drawn, response, tell=tell)
        case Kind.MATCHING:
            return _matching(drawn, response, tell=tell)
        case Kind.CASE:
            return _case(drawn, response)
        case _:
            return _options(drawn, response, tell=tell)


def reviewed(drawn: Drawn, response: Sequence[Any], *, tell: bool) -> Reviewed:
    """Look back on one question; `tell` says whether the better answer may be told."""
    return Reviewed(
        number=drawn.number,
        stem_html=stem_html(drawn),
        credit=scoring.credit(drawn.item, response),
        is_answered=scoring.is_complete(drawn.item, response),
        notes=tuple(_notes(drawn, response, tell=tell)),
        lesson_id=drawn.item.lesson,
        lesson_title=drawn.lesson_title,
        lesson_minutes=drawn.lesson_minutes,
        anchor=drawn.item.anchor,
        sources=tuple(one["html"] for one in drawn.html.get("references", ())),
    )


@dataclass(frozen=True, kw_only=True)
class Reread:
    """A lesson worth reading again, and how long that takes."""

    lesson_id: str
    title: str
    minutes: int


def to_reread(questions: Sequence[Reviewed]) -> tuple[Reread, ...]:
    """Return the lessons behind the answers that fell short, those with most of them first."""
    missed = [one for one in questions if not one.is_right]
    count: dict[Reread, int] = {}
    for one in missed:
        lesson = Reread(
            lesson_id=one.lesson_id, title=one.lesson_title, minutes=one.lesson_minutes
        )
        count[lesson] = count.get(lesson, 0) + 1
    return tuple(sorted(count, key=lambda lesson: -count[lesson]))


@dataclass(frozen=True, kw_only=True)
class ObjectiveRow:
    """What was earned on one objective, and what to reread for it."""

    text: str
    earned: Fraction
    asked: int
    reread: tuple[Reread, ...]


def by_objective(
    drawn: Sequence[Drawn], questions: Sequence[Reviewed], *, order: Sequence[str]
) -> tuple[ObjectiveRow, ...]:
    """Sum up by objective, in the course's order of objective ids."""
    rows = []
    for objective in order:
        pairs = [
            (one, looked)
            for one, looked in zip(drawn, questions, strict=True)
            if one.item.objective == objective
        ]
        if pairs:
            rows.append(
                ObjectiveRow(
                    text=pairs[0][0].objective_text,
                    earned=sum((looked.credit for _, looked in pairs), Fraction(0)),
                    asked=len(pairs),
                    reread=to_reread([looked for _, looked in pairs]),
                )
            )
    return tuple(rows)
