"""What the pages of a quiz ask: may it start, what is asked, what is still open."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import defer, joinedload

from lms.courses import queries as courses
from lms.courses.models import Course as CourseRow
from lms.courses.models import CourseVersion
from lms.courses.rules.course import Course, Lesson
from lms.db import db
from lms.errors import Missing
from lms.learning.models import Attempt, Enrolment, LessonRead, Outcome, TimeExtension
from lms.learning.queries import progress
from lms.learning.queries.sitting import (
    Given,
    Sitting,
    Try,
    given,
    hold_enrolment_of,
    sitting,
    tries_of,
)
from lms.learning.rules import attempts, drawing, scoring
from lms.learning.rules.asking import Asked, asked, missing, stem_html
from lms.learning.rules.reviewing import Reread, reviewed, to_reread
from lms.people.models import Person

# A version is parsed once for all; a page of a quiz needs its digest, not its hundred kilobytes.
_LEAN_VERSION = joinedload(Enrolment.course_version, innerjoin=True).options(
    defer(CourseVersion.content), defer(CourseVersion.rendered)
)


def own_attempt(person_id: int, attempt_id: int, *, lock: bool = False) -> Attempt:
    """Return this person's attempt; with `lock` nobody else changes it before we are done.

    Raises Missing, also for the attempt of somebody else.
    """
    chosen = (
        select(Attempt)
        .join(Enrolment)
        .where(Attempt.id == attempt_id, Enrolment.person_id == person_id)
        .options(joinedload(Attempt.enrolment, innerjoin=True).options(_LEAN_VERSION))
    )
    if lock:
        hold_enrolment_of(attempt_id)
        chosen = chosen.with_for_update(of=Attempt).execution_options(populate_existing=True)
    attempt = db.session.scalar(chosen)
    if attempt is None:
        raise Missing(f"attempt {attempt_id}")
    return attempt


def course_of(enrolled: Enrolment) -> Course:
    """Return the course as the version says that this enrolment is pinned to."""
    return courses.content_of(enrolled.course_version)


# Statements are built once: to build one takes longer than to ask it.
_TEXTS = select(CourseVersion.content, CourseVersion.rendered).where(
    CourseVersion.id == bindparam("version_id")
)
_SEEN = (
    select(Attempt.drawn)
    .join(Enrolment)
    .where(
        Enrolment.person_id == bindparam("person_id"),
        Enrolment.course_id == bindparam("course_id"),
    )
)
_EXTENSION = select(func.max(TimeExtension.percent)).where(
    TimeExtension.person_id == bindparam("person_id"),
    TimeExtension.ended_at.is_(None),
    or_(TimeExtension.course_id.is_(None), TimeExtension.course_id == bindparam("course_id")),
)
_READ = select(LessonRead.lesson_id).where(LessonRead.enrolment_id == bindparam("enrolment_id"))


def texts_of(version_id: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a version says and how it is shown, from which questions are drawn."""
    content, rendered = db.session.execute(_TEXTS, {"version_id": version_id}).one()
    return content, rendered


def seen_items(person_id: int, course_id: int) -> Counter[str]:
    """Count how often each item was drawn for this person in this course, in every cycle."""
    drawn = db.session.scalars(_SEEN, {"person_id": person_id, "course_id": course_id})
    return Counter(one["item"]["id"] for questions in drawn for one in questions)


def extension(person_id: int, course_id: int) -> int:
    """Return the percentage of time this person gets on top in this course; 0 for none."""
    given = {"person_id": person_id, "course_id": course_id}
    return db.session.scalar(_EXTENSION, given) or 0


def lessons_left(enrolled: Enrolment, course: Course) -> tuple[Lesson, ...]:
    """Return the lessons that must be read before the quiz opens (case 50), in order."""
    if not course.requirements.lessons:
        return ()
    read = set(db.session.scalars(_READ, {"enrolment_id": enrolled.id}))
    return tuple(lesson for lesson in course.lessons if lesson.id not in read)


def is_closed(enrolled: Enrolment, course: Course, *, today: date) -> bool:
    """Say whether the course takes no new attempts: retired, or past the day it expires on."""
    return enrolled.course.retired_at is not None or today > course.expires_on


def responses_of(attempt_id: int) -> dict[str, list[Any]]:
    """Return what was answered, by item id, as it stands in the database now."""
    return {item_id: one.response for item_id, one in given(attempt_id).items()}


def overdue(*, at: datetime) -> list[int]:
    """Return the ids of open attempts whose time has run out."""
    return list(
        db.session.scalars(
            select(Attempt.id)
            .where(Attempt.ended_at.is_(None), Attempt.deadline_at < at)
            .order_by(Attempt.id)
        )
    )


@dataclass(frozen=True, kw_only=True)
class Start:
    """The page before the first question: how the quiz works, and what stands in the way."""

    course_key: str
    course_title: str
    questions: int
    minutes: int
    pass_correct: int
    retries: int
    pause_hours: int
    time_limit: int | None
    minutes_allowed: int | None
    is_enrolled: bool
    is_closed: bool
    lessons_left: tuple[Lesson, ...]
    room: attempts.Room
    open_attempt_id: int | None
    open_answered: int
    is_overdue: bool
    passed_attempt_id: int | None
    last_attempt_id: int | None
    reread: tuple[Reread, ...]

    @property
    def may_start(self) -> bool:
        """Say whether a click on the button starts a new attempt."""
        barred = self.is_closed or self.lessons_left or self.passed_attempt_id
        return self.is_enrolled and not barred and self.room.left > 0


def room_of(made: Sequence[Try], course: Course, *, at: datetime) -> attempts.Room:
    """Return the room for attempts that those made in this cycle leave."""
    ends = [one.ended_at for one in made if one.ended_at is not None]
    quiz = course.quiz
    return attempts.room(ends, retries=quiz.retries, pause_hours=quiz.pause_hours, at=at)


def start(person_id: int, key: str, *, at: datetime, today: date) -> Start:
    """Return the start page of a quiz. Raises Missing when there is no such course or quiz."""
    enrolled = progress.enrolment(person_id, key)
    version = enrolled.course_version if enrolled else courses.latest(key)
    course = courses.content_of(version)
    if not course.requirements.quiz:
        raise Missing(f"{key} has no quiz")
    made = tries_of(enrolled.id) if enrolled else []
    last = made[-1] if made and made[-1].ended_at else None
    open_ = next((one for one in made if one.ended_at is None), None)
    percent = extension(person_id, version.course_id)
    passed = next((one for one in made if one.outcome is Outcome.PASSED), None)
    return Start(
        course_key=key,
        course_title=course.title,
        questions=drawing.drawn_number(course.quiz),
        minutes=course.quiz.minutes,
        pass_correct=course.quiz.pass_correct,
        retries=course.quiz.retries,
        pause_hours=course.quiz.pause_hours,
        time_limit=course.quiz.time_limit_minutes,
        minutes_allowed=attempts.minutes_allowed(course.quiz.time_limit_minutes, percent=percent),
        is_enrolled=enrolled is not None,
        is_closed=enrolled is not None and is_closed(enrolled, course, today=today),
        lessons_left=lessons_left(enrolled, course) if enrolled else (),
        room=room_of(made, course, at=at),
        open_attempt_id=open_.id if open_ else None,
        open_answered=sum(_answered(sitting(person_id, open_.id))) if open_ else 0,
        is_overdue=open_ is not None and attempts.is_over(open_.deadline_at, at=at),
        passed_attempt_id=passed.id if passed else None,
        last_attempt_id=last.id if last else None,
        reread=_reread(sitting(person_id, last.id)) if last else (),
    )


def _reread(one: Sitting) -> tuple[Reread, ...]:
    said = responses_of(one.id)
    return to_reread(
        [reviewed(drawn, said.get(drawn.item.id, []), tell=False) for drawn in one.drawn]
    )


def _answered(one: Sitting) -> list[bool]:
    said = responses_of(one.id)
    return [
        scoring.is_complete(drawn.item, said.get(drawn.item.id, ())) for drawn in one.drawn
    ]


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """One question in the list of numbers."""

    number: int
    stem_html: str
    is_answered: bool
    # What is still missing of an answer that was begun, as a sentence; else "".
    missing: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """An open attempt as any of its pages shows it. Holds nothing of the key."""

    attempt_id: int
    course_key: str
    course_title: str
    numbers: tuple[Numbered, ...]
    pass_correct: int
    deadline_at: datetime | None
    minutes_allowed: int | None
    is_ended: bool
    is_overdue: bool

    @property
    def total(self) -> int:
        """Return the number of questions."""
        return len(self.numbers)

    @property
    def answered(self) -> int:
        """Return how many are answered."""
        return sum(one.is_answered for one in self.numbers)

    @property
    def unanswered(self) -> tuple[int, ...]:
        """Return the numbers of those that are not."""
        return tuple(one.number for one in self.numbers if not one.is_answered)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question on its page, with the sheet it belongs to."""

    sheet: Sheet
    asked: Asked
    saved_at: datetime | None


def _sheet(attempt: Sitting, said: Mapping[str, Given], *, at: datetime) -> Sheet:
    numbers = []
    for one in attempt.drawn:
        response = said[one.item.id].response if one.item.id in said else []
        numbers.append(
            Numbered(
                number=one.number,
                stem_html=stem_html(one),
                is_answered=scoring.is_complete(one.item, response),
                missing=missing(one, response),
            )
        )
    return Sheet(
        attempt_id=attempt.id,
        course_key=attempt.course.key,
        course_title=attempt.course.title,
        numbers=tuple(numbers),
        pass_correct=attempt.course.quiz.pass_correct,
        deadline_at=attempt.deadline_at,
        minutes_allowed=attempt.minutes_allowed,
        is_ended=attempt.ended_at is not None,
        is_overdue=attempt.ended_at is None and attempts.is_over(attempt.deadline_at, at=at),
    )


def sheet(person_id: int, attempt_id: int, *, at: datetime) -> Sheet:
    """Return an attempt as its own pages show it: what is answered and what is open."""
    return _sheet(sitting(person_id, attempt_id), given(attempt_id), at=at)


def question(person_id: int, attempt_id: int, number: int, *, at: datetime) -> Question:
    """Return one question of an attempt. Raises Missing when it has no such number."""
    attempt = sitting(person_id, attempt_id)
    if not 1 <= number <= len(attempt.drawn):
        raise Missing(f"question {number}")
    said, this = given(attempt_id), attempt.drawn[number - 1]
    answer = said.get(this.item.id)
    response = answer.response if answer else []
    return Question(
        sheet=_sheet(attempt, said, at=at),
        asked=asked(this, response),
        saved_at=answer.saved_at if answer and response else None,
    )


@dataclass(frozen=True, kw_only=True)
class Extension:
    """More time in force: in one course by its title, or in all ("")."""

    course_key: str
    course_title: str
    percent: int
    granted_at: datetime


@dataclass(frozen=True, kw_only=True)
class MoreTime:
    """The extensions of one person, and the courses they can be given for."""

    person_id: int
    person_name: str
    extensions: tuple[Extension, ...]
    courses: tuple[tuple[str, str], ...]


def more_time(person_id: int, *, today: date) -> MoreTime:
    """Return how much more time a person gets, and in which courses. Raises Missing."""
    person = db.session.get(Person, person_id)
    if person is None:
        raise Missing(f"person {person_id}")
    rows = db.session.execute(
        select(TimeExtension, CourseRow.key)
        .outerjoin(CourseRow, TimeExtension.course_id == CourseRow.id)
        .where(TimeExtension.person_id == person_id, TimeExtension.ended_at.is_(None))
        .order_by(TimeExtension.id)
    ).all()
    titles = {course.key: course.title for course in courses.offered(today)}
    return MoreTime(
        person_id=person.id,
        person_name=person.name,
        extensions=tuple(
            Extension(
                course_key=key or "",
                course_title=titles.get(key, key) if key else "",
                percent=row.percent,
                granted_at=row.granted_at,
            )
            for row, key in rows
        ),
        courses=tuple(titles.items()),
    )
