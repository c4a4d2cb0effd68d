"""Taking a quiz: start or resume, answer, hand in; and what happens when time runs out."""

import random
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, insert, select, update

from lms import access, audit
from lms.access import Actor, Permission
from lms.courses import queries as courses
from lms.db import connection, db, whole
from lms.errors import Missing, Refused
from lms.learning.models import Answer, Attempt, Enrolment, Outcome, TimeExtension
from lms.learning.operations import completion
from lms.learning.queries import progress
from lms.learning.queries import quiz as queries
from lms.learning.queries.sitting import Given, Try, given, hold_enrolment_of, sitting, tries_of
from lms.learning.rules import attempts, drawing, scoring
from lms.learning.rules.asking import missing
from lms.learning.rules.scoring import Result
from lms.people.models import Person

CHANCE: random.Random = secrets.SystemRandom()
LARGEST_EXTENSION = 300  # percent, as the table's constraint says


class NotBegun(Refused):
    """The course was not started."""


class NotOffered(Refused):
    """The course takes no new attempts."""


class LessonsLeft(Refused):
    """The quiz opens when the lessons are read."""


class AlreadyPassed(Refused):
    """There is nothing left to pass."""


class Pausing(Refused):
    """All attempts of this round are used."""


class AttemptEnded(Refused):
    """The attempt was handed in, or its time ran out."""


class BadPercent(Refused):
    """More time than can be given, or no number at all."""

    def __init__(self, given: object) -> None:
        super().__init__(
            f"More time is a whole percentage from 0 to {LARGEST_EXTENSION}, such as 50; "
            f"“{given}” is not. Nothing was changed."
        )


class Unanswered(Refused):
    """Questions are still open; `numbers` says which."""

    def __init__(self, numbers: tuple[int, ...]) -> None:
        listed = " and ".join(
            part for part in (", ".join(map(str, numbers[:-1])), str(numbers[-1])) if part
        )
        word, verb = ("Question", "is") if len(numbers) == 1 else ("Questions", "are")
        super().__init__(
            f"{word} {listed} {verb} still open. Nothing was handed in; answer and hand in again."
        )
        self.numbers = numbers


def _let_start(enrolled: Enrolment, made: list[Try], *, at: datetime, today: date) -> None:
    course = queries.course_of(enrolled)
    if any(one.outcome is Outcome.PASSED for one in made):
        raise AlreadyPassed("You have passed this quiz. There is nothing left to take here.")
    if queries.is_closed(enrolled, course, today=today):
        raise NotOffered(
            "This course takes no new quiz attempts: it was retired or has expired. "
            "What you earned before stays yours."
        )
    if left := queries.lessons_left(enrolled, course):
        titles = "; ".join(lesson.title for lesson in left)
        raise LessonsLeft(f"The quiz opens when every lesson is read. Still to read: {titles}.")
    if not queries.room_of(made, course, at=at).left:
        raise Pausing("All attempts are used for now. The next one opens after the pause.")


@whole
def start(
    *, actor: Actor, key: str, at: datetime, today: date, rng: random.Random = CHANCE
) -> Attempt:
    """Start an attempt, or return the one that is open: there is never a second one.

    The questions are drawn and written before the first is shown (case 30). An open attempt
    whose time has run out is ended and returned. `today` is the institution's day. Raises
    NotBegun, AlreadyPassed, NotOffered, LessonsLeft or Pausing.
    """
    access.require(actor, Permission.LEARN)
    enrolled = progress.enrolment(actor.person_id, key, lock=True)
    if enrolled is None:
        raise NotBegun("Start the course first; its page has the button. The quiz is part of it.")
    made = tries_of(enrolled.id)
    if open_ := next((one for one in made if one.ended_at is None), None):
        if attempts.is_over(open_.deadline_at, at=at):
            return close(actor=actor, attempt_id=open_.id, at=at)
        return queries.own_attempt(actor.person_id, open_.id)
    _let_start(enrolled, made, at=at, today=today)
    content, rendered = queries.texts_of(enrolled.course_version_id)
    course = queries.course_of(enrolled)
    percent = queries.extension(actor.person_id, enrolled.course_id)
    minutes = attempts.minutes_allowed(course.quiz.time_limit_minutes, percent=percent)
    attempt = Attempt(
        enrolment_id=enrolled.id,
        number=len(made) + 1,
        started_at=at,
        deadline_at=None if minutes is None else at + timedelta(minutes=minutes),
        minutes_allowed=minutes,
        drawn=drawing.freeze(
            course,
            content=content,
            rendered=rendered,
            seen=queries.seen_items(actor.person_id, enrolled.course_id),
            rng=rng,
        ),
    )
    db.session.add(attempt)
    db.session.flush()
    return attempt


def _judged(attempt: Attempt) -> Result:
    course = queries.course_of(attempt.enrolment)
    items = [one.item for one in drawing.thaw(attempt.drawn)]
    said = queries.responses_of(attempt.id)
    return scoring.result(items, said, pass_correct=course.quiz.pass_correct)


def _end(attempt: Attempt, *, at: datetime, judged: Result | None = None) -> Attempt:
    """Give the attempt its one end state, from the answers that were saved.

    An attempt whose time ran out ended then, however much later somebody looks. Completion
    counts from the instant at which the last requirement was found met, which is now.
    """
    judged = judged or _judged(attempt)
    # What was saved in time counts: who has reached the mark has passed, open questions or not.
    if judged.is_passed:
        attempt.outcome = Outcome.PASSED
    else:
        attempt.outcome = Outcome.FAILED if judged.is_complete else Outcome.EXPIRED
    late = attempts.is_over(attempt.deadline_at, at=at)
    attempt.ended_at = attempt.deadline_at if late else at
    attempt.points = str(judged.points)
    db.session.flush()
    if attempt.outcome is Outcome.PASSED:
        completion.complete_if_done(
            person_id=attempt.enrolment.person_id, enrolment_id=attempt.enrolment_id, at=at
        )
    return attempt


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What came of saving an answer. `came_late` says that it did not: time had run out."""

    number: int
    saved_at: datetime
    is_answered: bool
    answered: int
    total: int
    # What is still missing of an answer that was begun, as a sentence; else "".
    missing: str = ""
    came_late: bool = False


def _keep(
    actor: Actor, attempt_id: int, number: int, *, marks: list[str] | None, at: datetime
) -> Saved:
    access.require(actor, Permission.LEARN)
    attempt = sitting(actor.person_id, attempt_id, lock=True)
    if attempt.ended_at is not None:
        raise AttemptEnded(
            "This attempt has ended, so the answer was not changed. Its result is on its page."
        )
    drawn = attempt.drawn
    if not 1 <= number <= len(drawn):
        raise Missing(f"question {number}")
    if attempts.is_over(attempt.deadline_at, at=at):
        _end(queries.own_attempt(actor.person_id, attempt_id, lock=True), at=at)
        return Saved(
            number=number, saved_at=at, is_answered=False, answered=0, total=len(drawn),
            came_late=True,
        )
    this = drawn[number - 1]
    response = [] if marks is None else drawing.response_of(this, marks)
    # The attempt is held, so nobody answers it between this look and the row below.
    said = given(attempt_id)
    before = said.get(this.item.id)
    _write(attempt_id, this.item.id, before, response, at=at)
    done = [
        scoring.is_complete(one.item, said[one.item.id].response if one.item.id in said else ())
        for one in drawn
    ]
    done[number - 1] = scoring.is_complete(this.item, response)
    return Saved(
        number=number,
        saved_at=at,
        is_answered=done[number - 1],
        answered=sum(done),
        total=len(drawn),
        missing=missing(this, response),
    )


# Built once: to build a statement takes longer than to send it.
_ANSWERS = Answer.metadata.tables["answers"]
_FIRST = insert(_ANSWERS).inline()
_AGAIN = (
    update(_ANSWERS)
    .where(_ANSWERS.c.id == bindparam("answer_id", type_=Integer))
    .values(response=bindparam("said"), saved_at=bindparam("at"))
)


def _write(
    attempt_id: int, item_id: str, before: Given | None, response: list[Any], *, at: datetime
) -> None:
    here = connection()
    if before is None:
        here.execute(
            _FIRST,
            {"attempt_id": attempt_id, "item_id": item_id, "response": response, "saved_at": at},
        )
    else:
        here.execute(_AGAIN, {"answer_id": before.id, "said": response, "at": at})


@whole
def answer(
    *, actor: Actor, attempt_id: int, number: int, marks: list[str], at: datetime
) -> Saved:
    """Save what was answered to one question, in place of what was answered before.

    `marks` are positions as the page shows them; rules/drawing.py says which. After the
    deadline the attempt is ended instead, and the result says `came_late`. Raises Missing,
    AttemptEnded, EmptyAnswer or UnknownAnswer.
    """
    return _keep(actor, attempt_id, number, marks=marks, at=at)


@whole
def start_over(*, actor: Actor, attempt_id: int, number: int, at: datetime) -> Saved:
    """Take a case back to its first moment. Raises Missing or AttemptEnded."""
    return _keep(actor, attempt_id, number, marks=None, at=at)


@whole
def submit(*, actor: Actor, attempt_id: int, at: datetime) -> Attempt:
    """Hand the attempt in and return it ended; a second click returns the same.

    Raises Unanswered, with the numbers, while questions are open and time is left.
    """
    access.require(actor, Permission.LEARN)
    attempt = queries.own_attempt(actor.person_id, attempt_id, lock=True)
    if attempt.ended_at is not None:
        return attempt
    judged = _judged(attempt)
    if judged.unanswered and not attempts.is_over(attempt.deadline_at, at=at):
        raise Unanswered(judged.unanswered)
    return _end(attempt, at=at, judged=judged)


@whole
def close(*, actor: Actor, attempt_id: int, at: datetime) -> Attempt:
    """End this person's attempt if its time has run out; return it as it then stands."""
    attempt = queries.own_attempt(actor.person_id, attempt_id, lock=True)
    if attempt.ended_at is None and attempts.is_over(attempt.deadline_at, at=at):
        return _end(attempt, at=at)
    return attempt


@whole
def _close_one(attempt_id: int, *, at: datetime) -> bool:
    hold_enrolment_of(attempt_id)
    attempt = db.session.scalar(
        select(Attempt)
        .where(Attempt.id == attempt_id, Attempt.ended_at.is_(None))
        .with_for_update(of=Attempt)
        .execution_options(populate_existing=True)
    )
    if attempt is None:  # its owner was faster
        return False
    _end(attempt, at=at)
    return True


def close_overdue(*, at: datetime) -> int:
    """End all attempts whose time has run out, for the worker; return how many."""
    return sum(_close_one(attempt_id, at=at) for attempt_id in queries.overdue(at=at))


def percent_of(text: str) -> int:
    """Read a percentage as typed, with or without its sign. Raises BadPercent."""
    bare = text.removesuffix("%").strip()
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 4):
        raise BadPercent(text[:20])
    return int(bare)


@whole
def extend_time(
    *, actor: Actor, person_id: int, key: str | None, percent: int, at: datetime
) -> TimeExtension | None:
    """Give a person more time in timed quizzes: `percent` on top, in one course or in all.

    Replaces what was given for the same scope before; 0 ends it. Counts from the next attempt
    on. Raises Missing for an unknown person or course, Refused for a percentage out of range.
    """
    access.require(actor, Permission.EXTEND_TIME)
    if not 0 <= percent <= LARGEST_EXTENSION:
        raise BadPercent(percent)
    # Two who give time at once come one by one, so that one extension is in force.
    if db.session.get(Person, person_id, with_for_update=True) is None:
        raise Missing(f"person {person_id}")
    course_id = courses.latest(key).course_id if key else None
    before = select(TimeExtension).where(
        TimeExtension.person_id == person_id,
        TimeExtension.course_id.is_not_distinct_from(course_id),
        TimeExtension.ended_at.is_(None),
    )
    for one in db.session.scalars(before):
        one.ended_at = at
    given = None
    if percent:
        given = TimeExtension(
            person_id=person_id, course_id=course_id, percent=percent,
            granted_by_id=actor.person_id or None, granted_at=at,
        )
        db.session.add(given)
    audit.record(
        actor=actor, at=at, action="time.extended", thing=f"person:{person_id}",
        course=key, percent=percent,
    )
    db.session.flush()
    return given
