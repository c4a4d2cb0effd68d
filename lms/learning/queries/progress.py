"""How far people are: one function for the learner's pages and the coordinator's (case 45)."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import defer, joinedload

from lms.certificates.models import Entry, LedgerEntry
from lms.courses import queries as courses
from lms.courses.models import Course as CourseRow
from lms.courses.models import CourseVersion
from lms.courses.rules.course import Course
from lms.db import db
from lms.errors import Missing
from lms.learning.models import (
    Attempt,
    Completion,
    Enrolment,
    EvaluationReceipt,
    LessonRead,
    Outcome,
    Position,
)
from lms.learning.rules import attempts, progress
from lms.learning.rules.progress import Met, Place, QuizState, Step, Way


@dataclass(frozen=True, kw_only=True)
class LessonState:
    """A lesson of the version a person is on, and whether it is read."""

    id: str
    title: str
    minutes: int
    is_read: bool


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one person stands in one course, in the newest cycle; before a start, of the newest
    version. Everything here is derived from what is recorded each time it is asked for.
    """

    person_id: int
    course_key: str
    course: Course = field(repr=False)  # what this version says
    enrolment_id: int | None
    cycle: int
    acknowledged_at: datetime | None
    version_id: int
    version_number: int
    newest_number: int
    # A version after the one begun on changed something that matters; taking it is optional.
    newer_is_material: bool
    lessons: tuple[LessonState, ...]
    quiz: QuizState
    evaluation_done: bool
    completed_at: datetime | None
    can_claim: bool
    serial: str | None  # the newest certificate for this completion
    is_closed: bool
    minutes_left: int
    percent: int
    progress_words: str
    position: Place | None
    next_step: Step
    steps: tuple[Step, ...]

    @property
    def is_begun(self) -> bool:
        """Say whether the person has started the course."""
        return self.enrolment_id is not None

    @property
    def is_complete(self) -> bool:
        """Say whether a completion is recorded."""
        return self.completed_at is not None


@dataclass(kw_only=True)
class _Record:
    """What the tables hold about one enrolment."""

    read: set[str] = field(default_factory=set)
    position: Position | None = None
    ends: list[datetime] = field(default_factory=list)
    attempts: int = 0
    open_id: int | None = None
    passed_id: int | None = None
    is_evaluated: bool = False
    completed_at: datetime | None = None

    def met(self) -> Met:
        return Met(
            lessons_read=frozenset(self.read),
            quiz_passed=self.passed_id is not None,
            evaluation_done=self.is_evaluated,
        )


Chosen = Select[Any]


def _records(chosen: Chosen) -> dict[int, _Record]:
    """Read everything about the chosen enrolments, one statement for each table."""
    found: dict[int, _Record] = defaultdict(_Record)
    for read in db.session.execute(
        select(LessonRead.enrolment_id, LessonRead.lesson_id).where(
            LessonRead.enrolment_id.in_(chosen)
        )
    ):
        found[read.enrolment_id].read.add(read.lesson_id)
    for place in db.session.scalars(select(Position).where(Position.enrolment_id.in_(chosen))):
        found[place.enrolment_id].position = place
    for attempt in db.session.execute(
        # Not what was drawn: it is large, and holds the key.
        select(Attempt.id, Attempt.enrolment_id, Attempt.ended_at, Attempt.outcome)
        .where(Attempt.enrolment_id.in_(chosen))
        .order_by(Attempt.number)
    ):
        _count(found[attempt.enrolment_id], attempt)
    for enrolment_id in db.session.scalars(
        select(EvaluationReceipt.enrolment_id).where(EvaluationReceipt.enrolment_id.in_(chosen))
    ):
        found[enrolment_id].is_evaluated = True
    for done in db.session.execute(
        select(Completion.enrolment_id, Completion.completed_at).where(
            Completion.enrolment_id.in_(chosen)
        )
    ):
        found[done.enrolment_id].completed_at = done.completed_at
    return found


def _count(record: _Record, attempt: Any) -> None:
    record.attempts += 1
    if attempt.ended_at is None:
        record.open_id = attempt.id
    else:
        record.ends.append(attempt.ended_at)
    if attempt.outcome is Outcome.PASSED:
        record.passed_id = attempt.id


def _quiz(course: Course, record: _Record, *, at: datetime) -> QuizState:
    quiz = course.quiz
    room = attempts.room(record.ends, retries=quiz.retries, pause_hours=quiz.pause_hours, at=at)
    return QuizState(
        passed=record.passed_id is not None,
        attempts_used=room.used + (record.open_id is not None),
        attempts_allowed=room.allowed,
        open_attempt_id=record.open_id,
        passed_attempt_id=record.passed_id,
        pause_until=room.pause_until,
    )


def _place(record: _Record, course: Course) -> Place | None:
    """Return where the person stopped, unless that lesson is read or all is done."""
    at = record.position
    known = at is not None and course.lesson(at.lesson_id) is not None
    if at is None or not known or at.lesson_id in record.read or record.completed_at:
        return None
    return Place(lesson_id=at.lesson_id, anchor=at.anchor, heading=at.heading, at=at.at)


def _lenient(instant: datetime) -> date:
    """Return the calendar day that is still going on somewhere, for callers without a zone."""
    return (instant - timedelta(hours=12)).date()


@dataclass(frozen=True, kw_only=True)
class _Shelf:
    """The courses asked for: newest versions, and which numbers changed something that matters."""

    newest: dict[int, CourseVersion]
    material: dict[int, set[int]]


def _shelf(course_ids: Collection[int] | None) -> _Shelf:
    rows = select(CourseRow.key)
    marks = select(CourseVersion.course_id, CourseVersion.number).where(
        CourseVersion.change == "material"
    )
    if course_ids is not None:
        rows = rows.where(CourseRow.id.in_(course_ids))
        marks = marks.where(CourseVersion.course_id.in_(course_ids))
    newest = courses.newest_versions(db.session.scalars(rows).all())
    material: dict[int, set[int]] = defaultdict(set)
    for course_id, number in db.session.execute(marks):
        material[course_id].add(number)
    return _Shelf(newest={one.course_id: one for one in newest.values()}, material=material)


def _standing(
    person_id: int,
    shelf: _Shelf,
    newest: CourseVersion,
    enrolled: Enrolment | None,
    record: _Record,
    serial: str | None,
    *,
    at: datetime,
    today: date | None,
) -> Standing:
    version = enrolled.course_version if enrolled else newest
    course, met = courses.content_of(version), record.met()
    day = today or _lenient(at)
    done_at = record.completed_at
    in_time = done_at is not None and progress.may_claim(
        course, completed_on=_lenient(done_at), today=day
    )
    way = Way(
        course=course,
        met=met,
        quiz=_quiz(course, record, at=at),
        is_begun=enrolled is not None,
        is_closed=newest.course.retired_at is not None or day > course.expires_on,
        is_complete=done_at is not None,
        can_claim=in_time and serial is None,
        place=_place(record, course),
        serial=serial,
    )
    later = {number for number in shelf.material[version.course_id] if number > version.number}
    return Standing(
        person_id=person_id,
        course_key=course.key,
        course=course,
        enrolment_id=enrolled.id if enrolled else None,
        cycle=enrolled.cycle if enrolled else 0,
        acknowledged_at=enrolled.acknowledged_at if enrolled else None,
        version_id=version.id,
        version_number=version.number,
        newest_number=newest.number,
        newer_is_material=bool(later),
        lessons=tuple(
            LessonState(
                id=one.id, title=one.title, minutes=one.minutes, is_read=one.id in record.read
            )
            for one in course.lessons
        ),
        quiz=way.quiz,
        evaluation_done=met.evaluation_done,
        completed_at=done_at,
        can_claim=way.can_claim,
        serial=serial,
        is_closed=way.is_closed,
        # A completion is for ever, whatever a later rule would say of the same record (case 46).
        minutes_left=0 if done_at else progress.minutes_left(course, met),
        percent=100 if done_at else progress.percent(progress.needs_of(course), met),
        progress_words=(
            "Complete" if done_at else progress.progress_words(course, met, is_begun=way.is_begun)
        ),
        position=way.place,
        next_step=progress.next_step(way),
        steps=progress.steps(way),
    )


def _enrolments(
    person_ids: Collection[int], course_ids: Collection[int] | None
) -> tuple[dict[tuple[int, int], Enrolment], Chosen]:
    """Return the enrolment of the newest cycle for each pair, and a selection of all ids."""
    wanted = [Enrolment.person_id.in_(person_ids)]
    if course_ids is not None:
        wanted.append(Enrolment.course_id.in_(course_ids))
    rows = db.session.scalars(
        select(Enrolment)
        .where(*wanted)
        .order_by(Enrolment.cycle)
        .options(
            joinedload(Enrolment.course_version).options(
                defer(CourseVersion.content), defer(CourseVersion.rendered)
            )
        )
    ).all()
    chosen = select(Enrolment.id).where(*wanted)
    return {(one.person_id, one.course_id): one for one in rows}, chosen


def _awards(person_ids: Collection[int]) -> dict[tuple[int, int], list[tuple[datetime, str]]]:
    """Return (instant, serial) of every certificate issued, by person and version, in order."""
    rows = db.session.execute(
        select(
            LedgerEntry.person_id, LedgerEntry.course_version_id, LedgerEntry.at, LedgerEntry.serial
        )
        .where(LedgerEntry.kind == Entry.ISSUED, LedgerEntry.person_id.in_(person_ids))
        .order_by(LedgerEntry.seq)
    )
    found: dict[tuple[int, int], list[tuple[datetime, str]]] = defaultdict(list)
    for person_id, version_id, at, serial in rows:
        if person_id is not None and version_id is not None:
            found[person_id, version_id].append((at, serial))
    return found


def _serial(awards: Sequence[tuple[datetime, str]], completed_at: datetime | None) -> str | None:
    """Return the newest certificate issued since this completion; an earlier cycle's is older."""
    if completed_at is None:
        return None
    since = [serial for at, serial in awards if at >= completed_at]
    return since[-1] if since else None


def standings(
    person_ids: Collection[int],
    course_ids: Collection[int] | None,
    *,
    at: datetime,
    today: date | None = None,
) -> dict[tuple[int, int], Standing]:
    """Return how these people stand in these courses (all, for None), by (person, course) id.

    The number of statements is the same for any number of people and courses. `today` is the
    institution's day; without it a course stays open while its last day lasts anywhere.
    """
    shelf = _shelf(course_ids)
    enrolled, chosen = _enrolments(person_ids, course_ids)
    records = _records(chosen)
    awards = _awards(person_ids)
    found = {}
    for person_id in person_ids:
        for course_id, newest in shelf.newest.items():
            one = enrolled.get((person_id, course_id))
            record = records[one.id] if one else _Record()
            serial = _serial(
                awards[person_id, one.course_version_id] if one else (), record.completed_at
            )
            found[person_id, course_id] = _standing(
                person_id, shelf, newest, one, record, serial, at=at, today=today
            )
    return found


def standings_of(person_id: int, *, at: datetime, today: date | None = None) -> dict[str, Standing]:
    """Return how one person stands in every course, retired ones included, by course key."""
    found = standings([person_id], None, at=at, today=today)
    return {one.course_key: one for one in found.values()}


def standing(person_id: int, key: str, *, at: datetime, today: date | None = None) -> Standing:
    """Return how one person stands in one course; raise Missing for an unknown course."""
    course_id = db.session.scalar(select(CourseRow.id).where(CourseRow.key == key))
    found = {} if course_id is None else standings([person_id], [course_id], at=at, today=today)
    if not found:
        raise Missing(key)
    return next(iter(found.values()))


def completion_of(enrolment_id: int) -> Completion | None:
    """Return the completion of an enrolment, or None while something is left."""
    return db.session.scalar(select(Completion).where(Completion.enrolment_id == enrolment_id))


def enrolment(person_id: int, key: str, *, lock: bool = False) -> Enrolment | None:
    """Return a person's enrolment of the newest cycle, or None before the first.

    With `lock` nobody else changes what hangs on it before the transaction ends.
    """
    chosen = (
        select(Enrolment)
        .join(CourseRow)
        .where(Enrolment.person_id == person_id, CourseRow.key == key)
        .order_by(Enrolment.cycle.desc())
        .limit(1)
    )
    if lock:
        chosen = chosen.with_for_update(of=Enrolment).execution_options(populate_existing=True)
    return db.session.scalar(chosen)


def own_enrolment(person_id: int, enrolment_id: int, *, lock: bool = False) -> Enrolment:
    """Return this person's enrolment by id; raise Missing, also for somebody else's."""
    chosen = select(Enrolment).where(Enrolment.id == enrolment_id, Enrolment.person_id == person_id)
    if lock:
        chosen = chosen.with_for_update(of=Enrolment).execution_options(populate_existing=True)
    found = db.session.scalar(chosen)
    if found is None:
        raise Missing(f"enrolment {enrolment_id}")
    return found


def met_of(enrolled: Enrolment) -> Met:
    """Return what is done in one enrolment, as the tables hold it now."""
    return _records(select(Enrolment.id).where(Enrolment.id == enrolled.id))[enrolled.id].met()
