"""Ways through the tiny course, by the product's own operations."""

from datetime import date, datetime

from lms.access import Actor
from lms.courses import queries as courses
from lms.learning.models import Attempt, Enrolment
from lms.learning.operations import completion, enrolment, quiz
from lms.learning.queries import progress
from lms.learning.rules import drawing, scoring
from lms.learning.rules.evaluation import EvaluationAnswers
from tests.courses.tiny import KEY

TODAY = date(2026, 11, 2)
LESSONS = ("moments", "soap", "habits")


def begin(actor: Actor, *, at: datetime, key: str = KEY, today: date = TODAY) -> Enrolment:
    """Start the course with the box ticked."""
    return enrolment.start(actor=actor, key=key, acknowledged=True, at=at, today=today)


def read(actor: Actor, *lessons: str, at: datetime, key: str = KEY) -> None:
    """Mark lessons as read; all, when none is named."""
    for one in lessons or LESSONS:
        enrolment.mark_read(actor=actor, key=key, lesson_id=one, at=at)


def take_quiz(actor: Actor, *, at: datetime, key: str = KEY, right: bool = True) -> Attempt:
    """Take the quiz to its end, all right or all wrong."""
    attempt = quiz.start(actor=actor, key=key, at=at, today=TODAY)
    for one in drawing.thaw(attempt.drawn):
        response = scoring.best(one.item) if right else _wrong(one.item)
        quiz.answer(
            actor=actor, attempt_id=attempt.id, number=one.number,
            marks=drawing.marks_of(one, response), at=at,
        )
    return quiz.submit(actor=actor, attempt_id=attempt.id, at=at)


def _wrong(item) -> list:
    match item.kind:
        case "ordering":
            last = len(item.options)
            return [[one.id, last - place] for place, one in enumerate(item.options)]
        case "matching":
            ids = [pair.id for pair in item.pairs]
            return [[a, b] for a, b in zip(ids, ids[1:] + ids[:1], strict=True)]
        case "case":
            return ["enter", "touch"]
    return [next(one.id for one in item.options if not one.right)]


def answers(enrolled: Enrolment, **changes) -> EvaluationAnswers:
    """A whole evaluation."""
    course = courses.content_of(enrolled.course_version)
    marks = {one.id: 4 for one in course.objectives}
    return EvaluationAnswers(**({"objectives": marks, "bias": False} | changes))


def evaluate(actor: Actor, *, at: datetime, key: str = KEY, **changes) -> str:
    """Hand in the evaluation."""
    enrolled = progress.enrolment(actor.person_id, key)
    return completion.evaluate(
        actor=actor, enrolment_id=enrolled.id, answers=answers(enrolled, **changes), at=at
    )


def finish(actor: Actor, *, at: datetime, key: str = KEY) -> None:
    """Go the whole way, from the start to the evaluation."""
    begin(actor, at=at, key=key)
    read(actor, at=at, key=key)
    take_quiz(actor, at=at, key=key)
    evaluate(actor, at=at, key=key)
