"""A course to take quizzes of: every kind of question, put into the database by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lms.courses.models import Course, CourseVersion
from lms.db import db
from lms.learning.models import Attempt, Enrolment, LessonRead
from lms.learning.rules import drawing, scoring

# Words that occur in keys and rationales only, so that a leak can be searched for.
SECRET = "zebra"


def option(id_: str, *, right: bool = False, pinned: bool = False) -> dict[str, Any]:
    """One option whose rationale holds the secret word."""
    return {
        "id": f"{SECRET}-{id_}", "text": f"Answer {id_}", "right": right, "pinned": pinned,
        "rationale": f"Because {SECRET} {id_}",
    }


def item(number: int, kind: str, objective: str, **parts: Any) -> dict[str, Any]:
    """One item of the bank as in quiz.toml."""
    return {
        "id": f"item-{number}", "kind": kind, "objective": objective, "lesson": "law",
        "anchor": "elements", "difficulty": 1, "references": [],
        "stem": f"What about number {number}?", **parts,
    }


def _case(number: int, objective: str) -> dict[str, Any]:
    def choice(id_: str, to: str) -> dict[str, str]:
        return {"id": f"{SECRET}-{id_}", "text": f"Do {id_}", "to": to, "rationale": f"As {SECRET}"}

    def end(id_: str, score: str) -> dict[str, str]:
        return {"id": id_, "text": f"It is {id_} now", "outcome": f"Ended {SECRET}",
                "score": score, "debrief": f"Debrief {SECRET}"}

    nodes = [
        {"id": f"{SECRET}-start", "text": "She comes in.",
         "choices": [choice("ask", f"{SECRET}-room"), choice("leave", "evening")]},
        {"id": f"{SECRET}-room", "text": "You are alone.",
         "choices": [choice("listen", "noon"), choice("call", "evening")]},
        end("noon", "1"), end("evening", "0"),
    ]
    return item(number, "case", objective, start=f"{SECRET}-start", nodes=nodes)


def every_kind(number: int, objective: str) -> dict[str, Any]:
    """Item number n is of kind n modulo six."""
    singles = [option("one", right=True), option("two"), option("three"), option("four")]
    both = [{**option("yes", right=True), "id": "true", "text": "True"},
            {**option("no"), "id": "false", "text": "False"}]
    pairs = [
        {"id": f"{SECRET}-{one}", "left": f"Left {one}", "right": f"Right {one}",
         "rationale": f"Because {SECRET}"}
        for one in ("alpha", "beta", "gamma")
    ]
    several = [option("one", right=True), option("two", right=True), option("three")]
    made = {
        0: lambda: item(number, "single", objective, options=singles),
        1: lambda: item(number, "multiple", objective, options=several),
        2: lambda: item(number, "true_false", objective, options=both),
        3: lambda: item(number, "ordering", objective,
                        options=[option(one) for one in ("first", "second", "third")]),
        4: lambda: item(number, "matching", objective, pairs=pairs),
        5: lambda: _case(number, objective),
    }
    return made[number % 6]()


def content(**quiz: Any) -> dict[str, Any]:
    """A course's content: 18 items of six kinds for two objectives, six drawn, four to pass."""
    items = [every_kind(n, f"o{n % 2 + 1}") for n in range(18)]
    policy = {"draw": 6, "pass_correct": 4, "retries": 2, "pause_hours": 24, "minutes": 5}
    completion = quiz.pop("completion", {"lessons": "none", "quiz": True, "evaluation": True})
    return {
        "format": 1, "key": "ground", "title": "Ground course", "subtitle": "",
        "summary": "A course.", "language": "en-US", "learning_format": "enduring",
        "minutes": 15, "ce_hours": "0.25", "audience": "All.", "professions": ["physician"],
        "prerequisites": "None.", "topics": [], "recommended_before": [], "content_note": "",
        "practice_gap": "A gap.", "hardware": "Any.", "commercial_support": "None.",
        "change": "material", "change_note": "First.", "released_on": "2026-01-01",
        "reviewed_on": "2026-01-01", "review_by_on": "2027-01-01",
        "expires_on": quiz.pop("expires_on", "2028-12-31"), "completion": completion,
        "quiz": {**policy, "items": items, **quiz},
        "takeaway": {"title": "Keep", "file": "takeaway.md", "minutes": 1}, "people": [],
        "objectives": [
            {"id": one, "verb": "define", "level": "remember", "text": f"Define {one}"}
            for one in ("o1", "o2")
        ],
        "lessons": [
            {"id": one, "file": f"lessons/{one}.md", "title": f"Lesson on {one}", "minutes": 5,
             "objectives": ["o1", "o2"]}
            for one in ("law", "signs")
        ],
        "references": [],
    }


def publish(*, at: datetime, number: int = 1, course: Course | None = None, **quiz: Any) -> Course:
    """Put a version of the course into the database and return the course's row."""
    if course is None:
        course = Course(key="ground")
        db.session.add(course)
        db.session.flush()
    said = content(**quiz)
    db.session.add(
        CourseVersion(
            course_id=course.id, number=number, digest=f"{abs(hash(repr(said))):064x}"[:64],
            change="material", content=said, rendered={"lessons": {}, "items": {}},
            published_at=at,
        )
    )
    db.session.flush()
    return course


def enrol(person_id: int, course: Course, *, at: datetime, cycle: int = 1) -> Enrolment:
    """Begin the course's newest version."""
    version = db.session.scalars(
        db.select(CourseVersion).where(CourseVersion.course_id == course.id)
        .order_by(CourseVersion.number.desc())
    ).first()
    enrolled = Enrolment(
        person_id=person_id, course_id=course.id, course_version_id=version.id, cycle=cycle,
        acknowledged_at=at,
    )
    db.session.add(enrolled)
    db.session.flush()
    return enrolled


def read(enrolled: Enrolment, *lessons: str, at: datetime) -> None:
    """Mark lessons as read."""
    db.session.add_all(
        [LessonRead(enrolment_id=enrolled.id, lesson_id=one, read_at=at) for one in lessons]
    )
    db.session.flush()


def right_marks(attempt: Attempt) -> Mapping[int, list[str]]:
    """Return by number what to mark to be right."""
    return {
        one.number: drawing.marks_of(one, scoring.best(one.item))
        for one in drawing.thaw(attempt.drawn)
    }


def wrong_marks(attempt: Attempt) -> Mapping[int, list[str]]:
    """Return by number what to mark to earn nothing, with every question answered."""
    wrong = {}
    for one in drawing.thaw(attempt.drawn):
        item = one.item
        match item.kind:
            case "ordering":
                last = len(item.options)
                response = [[o.id, last - place] for place, o in enumerate(item.options)]
            case "matching":
                ids = [pair.id for pair in item.pairs]
                response = [[a, b] for a, b in zip(ids, ids[1:] + ids[:1], strict=True)]
            case "case":
                response = [f"{SECRET}-leave"]
            case _:
                response = [next(o.id for o in item.options if not o.right)]
        assert scoring.credit(item, response) == 0
        wrong[one.number] = drawing.marks_of(one, response)
    return wrong
