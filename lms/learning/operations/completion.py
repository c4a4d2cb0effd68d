"""Handing in the evaluation, and the one place where a course becomes complete."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from lms import access
from lms.access import Actor, Permission
from lms.courses import queries as courses
from lms.db import db, whole
from lms.errors import Refused
from lms.learning.models import (
    Attempt,
    Completion,
    Enrolment,
    EvaluationReceipt,
    EvaluationResponse,
    LessonRead,
    Outcome,
)
from lms.learning.queries import progress as queries
from lms.learning.rules import progress
from lms.learning.rules.evaluation import EvaluationAnswers, problem_with
from lms.learning.rules.progress import Met

__all__ = [
    "EvaluationAnswers",
    "NotEvaluable",
    "complete",
    "complete_if_done",
    "evaluate",
    "take_evaluation",
]


class NotEvaluable(Refused):
    """Something before the evaluation is left, or the evaluation itself is not whole."""


_RECEIPT = select(EvaluationReceipt).where(
    EvaluationReceipt.enrolment_id == bindparam("enrolment_id")
)
_READS = (
    select(LessonRead.lesson_id, LessonRead.read_at)
    .where(LessonRead.enrolment_id == bindparam("enrolment_id"))
    .order_by(LessonRead.id)
)
_PASSED = (
    select(Attempt.id)
    .where(
        Attempt.enrolment_id == bindparam("enrolment_id"), Attempt.outcome == Outcome.PASSED
    )
    .order_by(Attempt.number)
    .limit(1)
)


def _receipt(enrolment_id: int) -> EvaluationReceipt | None:
    return db.session.scalar(_RECEIPT, {"enrolment_id": enrolment_id})


@whole
def evaluate(*, actor: Actor, enrolment_id: int, answers: EvaluationAnswers, at: datetime) -> str:
    """Take the evaluation of an enrolment and return the token that proves it was handed in.

    What was answered is stored so that nothing leads from it to the person: a random key, the
    month instead of the instant, and no line in the audit trail (case 79). A second evaluation
    of the same enrolment changes nothing and returns the first token. Completes the course
    when this was the last requirement. Raises Missing or NotEvaluable.
    """
    access.require(actor, Permission.LEARN)
    enrolled = queries.own_enrolment(actor.person_id, enrolment_id, lock=True)
    if (earlier := _receipt(enrolled.id)) is not None:
        return earlier.token
    met = queries.met_of(enrolled)
    receipt = take_evaluation(enrolled, met, answers, at=at)
    if queries.completion_of(enrolled.id) is None:
        complete(enrolled, replace(met, evaluation_done=True), at=at)
    return receipt.token


def take_evaluation(
    enrolled: Enrolment, met: Met, answers: EvaluationAnswers, *, at: datetime
) -> EvaluationReceipt:
    """Take the first evaluation of an enrolment, within an operation that holds its row.

    `met` is what was met before, read since the row is held. Raises NotEvaluable.
    """
    course = courses.content_of(enrolled.course_version)
    if not progress.is_evaluable(progress.needs_of(course), met):
        raise NotEvaluable("The evaluation opens when the lessons are read and the quiz is passed.")
    if problem := problem_with(answers, [one.id for one in course.objectives]):
        raise NotEvaluable(problem)
    receipt = EvaluationReceipt(
        enrolment_id=enrolled.id, token=secrets.token_urlsafe(24), received_at=at
    )
    response = EvaluationResponse(
        id=secrets.token_hex(16),
        course_version_id=enrolled.course_version_id,
        month=f"{at:%Y-%m}",
        answers=answers.as_data(),
        comment=answers.comment,
    )
    db.session.add_all([receipt, response])
    db.session.flush()
    return receipt


def _basis(enrolled: Enrolment) -> dict[str, Any]:
    """Return what the completion rests on, as it stands at this instant."""
    reads = db.session.execute(_READS, {"enrolment_id": enrolled.id})
    passed = db.session.scalar(_PASSED, {"enrolment_id": enrolled.id})
    receipt = _receipt(enrolled.id)
    version = enrolled.course_version
    return {
        "course": version.course.key,
        "version": version.number,
        "digest": version.digest,
        "cycle": enrolled.cycle,
        "lessons": {lesson_id: read_at.isoformat() for lesson_id, read_at in reads},
        "attempt": passed,
        "receipt": receipt.id if receipt else None,
    }


@whole
def complete_if_done(*, person_id: int, enrolment_id: int, at: datetime) -> Completion | None:
    """Record the completion of an enrolment if every requirement of its version is met.

    Returns the completion, also when it was recorded before, or None while something is left; of
    callers at the same time one writes. Raises Missing for the enrolment of somebody else.
    """
    enrolled = queries.own_enrolment(person_id, enrolment_id, lock=True)
    if (earlier := queries.completion_of(enrolled.id)) is not None:
        return earlier
    return complete(enrolled, queries.met_of(enrolled), at=at)


def complete(enrolled: Enrolment, met: Met, *, at: datetime) -> Completion | None:
    """Record a completion, or return None while something is left.

    The only writer of completions (case 4), for operations that hold the enrolment's row and have
    since found no completion of it; `met` is what is met by then.
    """
    needs = progress.needs_of(courses.content_of(enrolled.course_version))
    if not progress.is_satisfied(needs, met):
        return None
    completion = Completion(enrolment_id=enrolled.id, completed_at=at, basis=_basis(enrolled))
    db.session.add(completion)
    db.session.flush()
    return completion
