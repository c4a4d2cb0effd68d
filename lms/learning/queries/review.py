"""What the review of an ended attempt shows."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from lms.learning.models import Outcome
from lms.learning.queries import progress, quiz
from lms.learning.queries.sitting import sitting, tries_of
from lms.learning.rules import attempts
from lms.learning.rules.progress import Step, claim_until
from lms.learning.rules.reviewing import (
    ObjectiveRow,
    Reread,
    Reviewed,
    by_objective,
    reviewed,
    to_reread,
)


@dataclass(frozen=True, kw_only=True)
class Review:
    """An ended attempt, looked back on."""

    attempt_id: int
    number: int
    course_key: str
    course_title: str
    outcome: Outcome
    points: Fraction
    pass_correct: int
    ended_at: datetime
    deadline_at: datetime | None
    questions: tuple[Reviewed, ...]
    objectives: tuple[ObjectiveRow, ...]
    room: attempts.Room
    # Whether another attempt can ever be started: not after a pass, nor once the course closed.
    is_closed: bool
    passed_attempt_id: int | None
    # After a pass: what comes next on the checklist, and until when credit can be claimed.
    next_step: Step | None
    claim_until: date

    @property
    def is_passed(self) -> bool:
        """Say whether this attempt passed."""
        return self.outcome is Outcome.PASSED

    @property
    def missed(self) -> tuple[Reviewed, ...]:
        """Return the questions that did not earn everything."""
        return tuple(one for one in self.questions if not one.is_right)

    @property
    def reread(self) -> tuple[Reread, ...]:
        """Return the lessons behind what was missed."""
        return to_reread(self.questions)

    @property
    def minutes_to_reread(self) -> int:
        """Return how long that takes, in minutes."""
        return sum(one.minutes for one in self.reread)


def review(person_id: int, attempt_id: int, *, at: datetime, today: date) -> Review | None:
    """Return the review of an attempt that has ended, or None while it is open.

    Raises Missing for the attempt of somebody else.
    """
    attempt = sitting(person_id, attempt_id)
    if attempt.ended_at is None or attempt.outcome is None:
        return None
    drawn, course = attempt.drawn, attempt.course
    responses = quiz.responses_of(attempt.id)
    is_passed = attempt.outcome is Outcome.PASSED
    questions = tuple(
        reviewed(one, responses.get(one.item.id, []), tell=is_passed) for one in drawn
    )
    made = tries_of(attempt.enrolment_id)
    passed = next((one.id for one in made if one.outcome is Outcome.PASSED), None)
    order = [one.id for one in course.objectives]
    return Review(
        attempt_id=attempt.id,
        number=attempt.number,
        course_key=course.key,
        course_title=course.title,
        outcome=attempt.outcome,
        points=Fraction(attempt.points or "0"),
        pass_correct=course.quiz.pass_correct,
        ended_at=attempt.ended_at,
        deadline_at=attempt.deadline_at,
        questions=questions,
        objectives=by_objective(drawn, questions, order=order),
        room=quiz.room_of(made, course, at=at),
        is_closed=attempt.is_retired or today > course.expires_on,
        passed_attempt_id=passed,
        next_step=_next_step(person_id, course.key, at=at, today=today) if is_passed else None,
        claim_until=claim_until(course),
    )


def _next_step(person_id: int, key: str, *, at: datetime, today: date) -> Step:
    return progress.standing(person_id, key, at=at, today=today).next_step
