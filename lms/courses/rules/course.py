"""A course as values: what a published version says, parsed once and never changed."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any

QUARTERS_PER_HOUR = 4


class Kind(StrEnum):
    """How a quiz item is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true_false"
    ORDERING = "ordering"
    MATCHING = "matching"
    CASE = "case"


# The words of the learning format, as the AMA names them in designation statements (2011, 2017).
FORMAT_WORDS: Mapping[str, str] = {
    "live": "live activity",
    "enduring": "enduring material",
    "journal": "journal-based CME activity",
    "test_item": "test-item writing activity",
    "manuscript": "manuscript review activity",
    "pi": "PI CME activity",
    "ipoc": "Internet point-of-care activity",
    "other": "other activity",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """What the learner can do afterwards."""

    id: str
    verb: str
    level: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """One lesson: its pages are in the version's rendered part under the same id."""

    id: str
    title: str
    minutes: int
    objectives: tuple[str, ...]
    # How many branching cases stand in it.
    cases: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One answer of an item. `right` has no meaning for ordering."""

    id: str
    text: str
    rationale: str
    right: bool = False
    pinned: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two things that belong together in a matching item."""

    id: str
    left: str
    right: str
    rationale: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What one can do at a node of a case, and where it leads."""

    id: str
    text: str
    to: str
    rationale: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A moment in a case. An end has an outcome, a score from 0 to 1 and a debrief."""

    id: str
    text: str
    choices: tuple[Choice, ...] = ()
    outcome: str = ""
    score: Fraction = Fraction(0)
    debrief: str = ""

    @property
    def is_end(self) -> bool:
        """Say whether the case is over here."""
        return not self.choices


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One question of the bank."""

    id: str
    kind: Kind
    objective: str
    lesson: str
    anchor: str
    difficulty: int
    stem: str
    references: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    pairs: tuple[Pair, ...] = ()
    nodes: tuple[Node, ...] = ()
    start: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quiz:
    """The policy of the quiz, and its bank."""

    draw: int
    pass_correct: int
    retries: int
    pause_hours: int
    minutes: int
    time_limit_minutes: int | None
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contributor:
    """Someone who planned, wrote or reviewed, with what they disclosed."""

    name: str
    credentials: str
    role: str
    disclosure: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One source."""

    id: str
    text: str
    year: int
    url: str
    review_by: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirements:
    """What makes this course complete."""

    lessons: bool
    quiz: bool
    evaluation: bool


@dataclass(frozen=True, kw_only=True)
class Course:
    """Everything a published version says."""

    key: str
    title: str
    subtitle: str
    summary: str
    language: str
    learning_format: str
    minutes: int
    quarters: int
    audience: str
    professions: tuple[str, ...]
    prerequisites: str
    topics: tuple[str, ...]
    recommended_before: tuple[str, ...]
    content_note: str
    practice_gap: str
    hardware: str
    released_on: date
    reviewed_on: date
    review_by_on: date
    expires_on: date
    commercial_support: str
    change: str
    change_note: str
    requirements: Requirements
    quiz: Quiz
    # "" where there is no guide for teaching it to a group.
    facilitator_title: str
    takeaway_title: str
    takeaway_minutes: int
    people: tuple[Contributor, ...]
    objectives: tuple[Objective, ...]
    lessons: tuple[Lesson, ...]
    references: tuple[Reference, ...]

    @property
    def has_cases(self) -> bool:
        """Say whether a lesson holds a branching case."""
        return any(one.cases for one in self.lessons)

    @cached_property
    def searchable(self) -> str:
        """Return all that a search for a course looks through, as `plain` writes it."""
        return plain(
            " ".join(
                (
                    self.title,
                    self.subtitle,
                    self.summary,
                    self.audience,
                    *map(topic_words, self.topics),
                    *(one.text for one in self.objectives),
                    *(one.title for one in self.lessons),
                )
            )
        )

    @property
    def format_words(self) -> str:
        """Return the learning format in the words statements use, such as "enduring material"."""
        return FORMAT_WORDS[self.learning_format]

    def lesson(self, lesson_id: str) -> Lesson | None:
        """Return the lesson with this id, or None."""
        return next((one for one in self.lessons if one.id == lesson_id), None)

    def item(self, item_id: str) -> Item | None:
        """Return the item of the bank with this id, or None."""
        return next((one for one in self.quiz.items if one.id == item_id), None)


def plain(text: str) -> str:
    """Return a text as it is searched: small letters, without accents."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in bare if not unicodedata.combining(one))


def topic_words(topic: str) -> str:
    """Write a topic as people read it: "human-trafficking" becomes "Human trafficking"."""
    return topic.replace("-", " ").capitalize()


def hours_text(quarters: int) -> str:
    """Write quarters of an hour as hours with two decimals: 3 becomes "0.75"."""
    return str((Decimal(quarters) / QUARTERS_PER_HOUR).quantize(Decimal("0.01")))


def _item(raw: Mapping[str, Any]) -> Item:
    return Item(
        id=raw["id"],
        kind=Kind(raw["kind"]),
        objective=raw["objective"],
        lesson=raw["lesson"],
        anchor=raw.get("anchor", ""),
        difficulty=raw["difficulty"],
        stem=raw["stem"],
        references=tuple(raw.get("references", ())),
        options=tuple(Option(**option) for option in raw.get("options", ())),
        pairs=tuple(Pair(**pair) for pair in raw.get("pairs", ())),
        nodes=tuple(_node(node) for node in raw.get("nodes", ())),
        start=raw.get("start", ""),
    )


def _node(raw: Mapping[str, Any]) -> Node:
    return Node(
        id=raw["id"],
        text=raw["text"],
        choices=tuple(Choice(**choice) for choice in raw.get("choices", ())),
        outcome=raw.get("outcome", ""),
        score=Fraction(raw.get("score", "0")),
        debrief=raw.get("debrief", ""),
    )


def items_of(raw: Sequence[Mapping[str, Any]]) -> tuple[Item, ...]:
    """Parse items from plain data, as in a version's content or an attempt's `drawn`."""
    return tuple(_item(one) for one in raw)


def _day(text: str | date | None) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else text


def parse(content: Mapping[str, Any]) -> Course:
    """Build the course from a version's `content`.

    `content` is course.toml as plain JSON (days as ISO text), with the items of quiz.toml under
    `quiz.items`. It was checked before it was published; a KeyError here is a bug.
    """
    quiz, takeaway = content["quiz"], content["takeaway"]
    plain = [
        "key",
        "title",
        "subtitle",
        "summary",
        "language",
        "learning_format",
        "minutes",
        "audience",
        "prerequisites",
        "content_note",
        "practice_gap",
        "hardware",
        "commercial_support",
        "change",
        "change_note",
    ]
    days = ["released_on", "reviewed_on", "review_by_on", "expires_on"]
    completion = content["completion"]
    return Course(
        **{name: content[name] for name in plain},
        **{name: _day(content[name]) for name in days},  # type: ignore[arg-type]
        quarters=int(Decimal(content["ce_hours"]) * QUARTERS_PER_HOUR),
        professions=tuple(content["professions"]),
        topics=tuple(content["topics"]),
        recommended_before=tuple(content["recommended_before"]),
        requirements=Requirements(
            lessons=completion["lessons"] == "all",
            quiz=completion["quiz"],
            evaluation=completion["evaluation"],
        ),
        quiz=Quiz(
            draw=quiz["draw"],
            pass_correct=quiz["pass_correct"],
            retries=quiz["retries"],
            pause_hours=quiz["pause_hours"],
            minutes=quiz["minutes"],
            time_limit_minutes=quiz.get("time_limit_minutes"),
            items=items_of(quiz["items"]),
        ),
        facilitator_title=content.get("facilitator", {}).get("title", ""),
        takeaway_title=takeaway["title"],
        takeaway_minutes=takeaway["minutes"],
        people=tuple(Contributor(**one) for one in content["people"]),
        objectives=tuple(Objective(**one) for one in content["objectives"]),
        lessons=tuple(
            Lesson(
                id=one["id"],
                title=one["title"],
                minutes=one["minutes"],
                objectives=tuple(one["objectives"]),
                cases=one.get("cases", 0),
            )
            for one in content["lessons"]
        ),
        references=tuple(
            Reference(
                id=one["id"],
                text=one["text"],
                year=one["year"],
                url=one.get("url", ""),
                review_by=_day(one.get("review_by")),
            )
            for one in content["references"]
        ),
    )
