"""A rendered page as values: the blocks of a lesson, its headings and references."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A heading one can link to."""

    id: str
    level: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Note:
    """A source cited on this page, under the number it has here."""

    number: int
    id: str
    html: str


@dataclass(frozen=True, kw_only=True)
class HtmlBlock:
    """A stretch of the page, sanitised."""

    html: str
    kind: Literal["html"] = "html"


@dataclass(frozen=True, kw_only=True)
class CheckOption:
    """One answer of a knowledge check; `feedback_html` holds paragraphs, `text_html` a line."""

    id: str
    text_html: str
    feedback_html: str
    right: bool


@dataclass(frozen=True, kw_only=True)
class CheckBlock:
    """An ungraded knowledge check, where it stands in the flow."""

    id: str
    stem_html: str
    options: tuple[CheckOption, ...]
    kind: Literal["check"] = "check"


@dataclass(frozen=True, kw_only=True)
class CaseChoice:
    """One thing to do at a moment of a case, where it leads, and what it does."""

    id: str
    text_html: str
    to: str
    rationale_html: str


@dataclass(frozen=True, kw_only=True)
class CaseNode:
    """A moment of a case; an end has no choices but an outcome and a debrief."""

    id: str
    text_html: str
    outcome_html: str
    debrief_html: str
    choices: tuple[CaseChoice, ...]


@dataclass(frozen=True, kw_only=True)
class CaseBlock:
    """A branching case for practice: nothing of it is recorded or scored."""

    id: str
    title: str
    start: str
    nodes: tuple[CaseNode, ...]
    kind: Literal["case"] = "case"

    def node(self, node_id: str) -> CaseNode | None:
        """Return the moment with this id, or None."""
        return next((one for one in self.nodes if one.id == node_id), None)


@dataclass(frozen=True, kw_only=True)
class LessonPage:
    """One lesson as it is shown."""

    id: str
    title: str
    minutes: int
    blocks: tuple[HtmlBlock | CheckBlock | CaseBlock, ...]
    headings: tuple[Heading, ...]
    references: tuple[Note, ...]
    words: int

    def check(self, check_id: str) -> CheckBlock | None:
        """Return the knowledge check with this id, or None."""
        checks = (one for one in self.blocks if isinstance(one, CheckBlock))
        return next((one for one in checks if one.id == check_id), None)

    def case(self, case_id: str) -> CaseBlock | None:
        """Return the branching case with this id, or None."""
        cases = (one for one in self.blocks if isinstance(one, CaseBlock))
        return next((one for one in cases if one.id == case_id), None)


def _case(raw: Mapping[str, Any]) -> CaseBlock:
    return CaseBlock(
        id=raw["id"],
        title=raw["title"],
        start=raw["start"],
        nodes=tuple(
            CaseNode(
                id=node["id"],
                text_html=node["text_html"],
                outcome_html=node["outcome_html"],
                debrief_html=node["debrief_html"],
                choices=tuple(CaseChoice(**choice) for choice in node["choices"]),
            )
            for node in raw["nodes"]
        ),
    )


def _block(raw: Mapping[str, Any]) -> HtmlBlock | CheckBlock | CaseBlock:
    if raw["kind"] == "html":
        return HtmlBlock(html=raw["html"])
    if raw["kind"] == "case":
        return _case(raw)
    return CheckBlock(
        id=raw["id"],
        stem_html=raw["stem_html"],
        options=tuple(CheckOption(**option) for option in raw["options"]),
    )


def lesson_page(lesson: Any, raw: Mapping[str, Any]) -> LessonPage:
    """Build the page of a lesson (its `id`, `title`, `minutes`) from a version's rendered part."""
    return LessonPage(
        id=lesson.id,
        title=lesson.title,
        minutes=lesson.minutes,
        blocks=tuple(_block(block) for block in raw["blocks"]),
        headings=tuple(Heading(**one) for one in raw["headings"]),
        references=tuple(Note(**one) for one in raw["references"]),
        words=raw["words"],
    )
