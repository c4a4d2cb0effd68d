"""The shapes of course.toml, quiz.toml, a knowledge check and a series: format 1 as data."""

from typing import Final

from lms.courses.rules.course import FORMAT_WORDS, Kind
from lms.courses.rules.shape import (
    TEXT_MOST,
    Day,
    Flag,
    ListOf,
    OneOf,
    Shape,
    Table,
    Tables,
    Text,
    Whole,
)

FORMAT: Final = 1
LEVELS: Final = ("remember", "understand", "apply", "analyze", "evaluate", "create")
# As lms/people/models.py: Profession has them; a test holds the two together.
PROFESSIONS: Final = (
    "physician",
    "app",
    "nurse",
    "social_work",
    "psychology",
    "pharmacy",
    "allied",
    "ems",
    "support",
    "student",
    "other",
)

# Which format is asked by a rule of its own, C05.
_FORMAT: Final = Whole(-(10**9), 10**9)
_ID: Final = Text(most=60)
_PROSE: Final = Text(most=TEXT_MOST, lines=True)

_COMPLETION = Table(
    {"lessons": OneOf(("all", "none")), "quiz": Flag(), "evaluation": Flag()},
)
_QUIZ = Table(
    {
        "draw": Whole(1, 100),
        "pass_correct": Whole(1, 100),
        "retries": Whole(0, 20),
        "pause_hours": Whole(0, 24 * 30),
        "minutes": Whole(1, 240),
    },
    {"time_limit_minutes": Whole(5, 480)},
)
_TAKEAWAY = Table({"title": Text(most=200), "file": Text(most=120), "minutes": Whole(1, 30)})
_FACILITATOR = Table({"title": Text(most=200), "file": Text(most=120)})
_PERSON = Table(
    {
        "name": Text(most=120),
        "credentials": Text(least=0, most=120),
        "role": OneOf(("author", "planner", "reviewer", "faculty")),
        "disclosure": Text(lines=True),
    }
)
_OBJECTIVE = Table({"id": _ID, "verb": Text(most=40), "level": OneOf(LEVELS), "text": Text()})
_LESSON = Table(
    {
        "id": _ID,
        "file": Text(most=120),
        "title": Text(most=200),
        "minutes": Whole(1, 240),
        "objectives": ListOf(_ID, least=1),
    },
    {"exercise_minutes": Whole(1, 240)},
)
_REFERENCE = Table(
    {
        "id": _ID,
        "text": Text(most=2000, lines=True),
        "year": Whole(1500, 2200),
        "review_by": Day(),
    },
    {"url": Text(most=500)},
)

COURSE: Final = Table(
    {
        "format": _FORMAT,
        "key": Text(most=80),
        "title": Text(most=200),
        "subtitle": Text(least=0, most=200),
        "summary": _PROSE,
        "language": Text(least=2, most=35),
        "learning_format": OneOf(tuple(FORMAT_WORDS)),
        "minutes": Whole(1, 2400),
        "ce_hours": Text(most=6),
        "audience": _PROSE,
        "professions": ListOf(OneOf(PROFESSIONS), least=1),
        "prerequisites": _PROSE,
        "topics": ListOf(Text(most=60)),
        "recommended_before": ListOf(Text(most=80)),
        "content_note": _PROSE,
        "practice_gap": _PROSE,
        "hardware": _PROSE,
        "released_on": Day(),
        "reviewed_on": Day(),
        "review_by_on": Day(),
        "expires_on": Day(),
        "commercial_support": _PROSE,
        "change": OneOf(("minor", "material")),
        "change_note": _PROSE,
        "completion": _COMPLETION,
        "quiz": _QUIZ,
        "takeaway": _TAKEAWAY,
        "people": Tables(_PERSON, "person", least=1),
        "objectives": Tables(_OBJECTIVE, "objective", least=1),
        "lessons": Tables(_LESSON, "lesson", least=1),
        "references": Tables(_REFERENCE, "reference", least=1),
    },
    {"facilitator": _FACILITATOR, "reading_grade": Whole(1, 12)},
)

_OPTION = Table({"id": _ID, "text": _PROSE}, {"rationale": _PROSE, "right": Flag(),
                                              "pinned": Flag()})  # fmt: skip
_PAIR = Table({"id": _ID, "left": _PROSE, "right": _PROSE}, {"rationale": _PROSE})
_CHOICE = Table({"id": _ID, "text": _PROSE, "to": _ID}, {"rationale": _PROSE})
_NODE = Table(
    {"id": _ID, "text": _PROSE},
    {
        "choices": Tables(_CHOICE, "choice"),
        "outcome": _PROSE,
        "score": OneOf(("1", "0.5", "0")),
        "debrief": _PROSE,
    },
)
ITEM_KINDS: Final = tuple(kind.value for kind in Kind)
_ITEM_MUST: Final[dict[str, Shape]] = {
    "id": _ID,
    "kind": OneOf(ITEM_KINDS),
    "objective": _ID,
    "lesson": _ID,
    "difficulty": Whole(1, 3),
    "stem": _PROSE,
}
_ITEM = Table(
    _ITEM_MUST,
    {
        "anchor": Text(most=80),
        "references": ListOf(_ID),
        "options": Tables(_OPTION, "option"),
        "pairs": Tables(_PAIR, "pair"),
        "nodes": Tables(_NODE, "node"),
        "start": _ID,
    },
)
QUIZ: Final = Table({"format": _FORMAT, "items": Tables(_ITEM, "item", least=1)})

CHECK: Final = Table(
    {
        "id": _ID,
        "stem": _PROSE,
        "options": Tables(
            Table({"text": _PROSE}, {"right": Flag(), "feedback": _PROSE}), "option", 2, 6
        ),
    }
)

_CASE_NODE: Final = Table(
    {"id": _ID, "text": _PROSE},
    {"choices": Tables(_CHOICE, "choice"), "outcome": _PROSE, "debrief": _PROSE},
)
CASE: Final = Table(
    {
        "id": _ID,
        "title": Text(most=200),
        "start": _ID,
        "nodes": Tables(_CASE_NODE, "node", least=3, most=60),
    }
)

SERIES: Final = Table(
    {
        "format": _FORMAT,
        "key": Text(most=80),
        "title": Text(most=200),
        "summary": _PROSE,
        "order": OneOf(("any", "listed")),
        "required": Whole(0, 100),
        "courses": ListOf(Text(most=80)),
    },
    {"recommended_first": Text(most=80), "planned": ListOf(Text(most=200))},
)
