"""How far people are: one function for the learner's pages and the coordinator's (case 45)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import contains_eager, defer, joinedload

from lms.courses.models import Course as CourseRow
from lms.courses.models import CourseVersion
from lms.courses.queries.catalogue import Catalogue, Edition, catalogue
from lms.courses.rules.course import Course
from lms.db import db
from lms.errors import Missing
from lms.learning.models import Completion, Enrolment
from lms.learning.queries.records import Begun, Read, Record, read
from lms.learning.rules import attempts, progress
from lms.learning.rules.progress import Met, Place, QuizState, Step, Way
from lms.learning.rules.told import LessonState, Mark, told_of


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
    # The same for all who are as far in the same version: what a page says of it may be kept by it.
    mark: Mark

    @property
    def is_begun(self) -> bool:
        """Say whether the person has started the course."""
        return self.enrolment_id is not None

    @property
    def is_complete(self) -> bool:
        """Say whether a completion is recorded."""
        return self.completed_at is not None


def _quiz(course: Course, record: Record, *, at: datetime) -> QuizState:
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


def _place(record: Record, course: Course) -> Place | None:
    """Return where the person stopped, unless that lesson is read or all is done."""
    place = record.position
    known = place is not None and course.lesson(place.lesson_id) is not None
    if place is None or not known or place.lesson_id in record.read or record.completed_at:
        return None
    return place


def _lenient(instant: datetime) -> date:
    """Return the calendar day that is still going on somewhere, for callers without a zone."""
    return (instant - timedelta(hours=12)).date()


def _standing(
    person_id: int,
    shelf: Catalogue,
    newest: Edition,
    enrolled: Begun | None,
    record: Record,
    serial: str | None,
    *,
    at: datetime,
    today: date | None,
) -> Standing:
    version = shelf.editions[enrolled.version_id] if enrolled else newest
    course, met = shelf.content(version), record.met()
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
        is_closed=newest.is_retired or day > course.expires_on,
        is_complete=done_at is not None,
        can_claim=in_time and serial is None,
        place=_place(record, course),
        serial=serial,
    )
    material = shelf.material.get(version.course_id, frozenset())
    told = told_of(way, digest=version.digest)
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
        newer_is_material=bool(material) and max(material) > version.number,
        lessons=told.lessons,
        quiz=way.quiz,
        evaluation_done=met.evaluation_done,
        completed_at=done_at,
        can_claim=way.can_claim,
        serial=serial,
        is_closed=way.is_closed,
        minutes_left=told.minutes_left,
        percent=told.percent,
        progress_words=told.progress_words,
        position=way.place,
        # It leads to the certificate, which is one's own.
        next_step=progress.next_step(way) if serial else told.next_step,
        steps=told.steps,
        mark=told.mark,
    )


def _serial(
    awards: Sequence[tuple[int, datetime, str]], completed_at: datetime | None
) -> str | None:
    """Return the newest certificate issued since this completion; an earlier cycle's is older."""
    if completed_at is None:
        return None
    since = [serial for _seq, at, serial in awards if at >= completed_at]
    return since[-1] if since else None


def standings(
    person_ids: Collection[int],
    course_ids: Collection[int] | None,
    *,
    at: datetime,
    today: date | None = None,
    shelf: Catalogue | None = None,
) -> dict[tuple[int, int], Standing]:
    """Return how these people stand in these courses (all, for None), by (person, course) id.

    The number of statements is the same for any number of people and courses. `today` is the
    institution's day; without it a course stays open while its last day lasts anywhere. `shelf` is
    for those who have asked for the catalogue already.
    """
    return _all_standings(
        person_ids,
        course_ids,
        shelf or catalogue(),
        read(person_ids, course_ids),
        at=at,
        today=today,
    )


def _all_standings(
    person_ids: Collection[int],
    course_ids: Collection[int] | None,
    shelf: Catalogue,
    found: Read,
    *,
    at: datetime,
    today: date | None,
) -> dict[tuple[int, int], Standing]:
    wanted = shelf.newest if course_ids is None else course_ids
    standings = {}
    for person_id in person_ids:
        for course_id in wanted:
            one = found.newest.get((person_id, course_id))
            record = found.records[one.id] if one else Record()
            serial = _serial(
                found.awards[person_id, one.version_id] if one else (), record.completed_at
            )
            standings[person_id, course_id] = _standing(
                person_id, shelf, shelf.newest[course_id], one, record, serial, at=at, today=today
            )
    return standings


def standings_of(
    person_id: int, *, at: datetime, today: date | None = None, shelf: Catalogue | None = None
) -> dict[str, Standing]:
    """Return how one person stands in every course, retired ones included, by course key."""
    found = standings([person_id], None, at=at, today=today, shelf=shelf)
    return {one.course_key: one for one in found.values()}


class Whole:
    """What is recorded of one person, from which each course's standing is made when asked for."""

    def __init__(
        self, person_id: int, shelf: Catalogue, found: Read, *, at: datetime, today: date
    ) -> None:
        self._person_id = person_id
        self._shelf = shelf
        self._found = found
        self._at = at
        self._today = today
        self._stands: dict[str, Standing] = {}

    @property
    def begun(self) -> list[str]:
        """Return the keys of the courses this person has begun, retired ones included."""
        return [self._shelf.newest[course_id].key for _person, course_id in self._found.newest]

    @property
    def completions(self) -> list[tuple[int, datetime]]:
        """Return (course id, instant) of what was completed, in every cycle."""
        return self._found.completions(self._person_id)

    def standing(self, key: str) -> Standing:
        """Return how the person stands in one course; raise Missing for an unknown one."""
        if key not in self._stands:
            course_id = self._shelf.latest(key).course_id
            stands = _all_standings(
                [self._person_id], [course_id], self._shelf, self._found,
                at=self._at, today=self._today,
            )  # fmt: skip
            self._stands[key] = stands[self._person_id, course_id]
        return self._stands[key]


def whole(person_id: int, *, at: datetime, today: date, shelf: Catalogue) -> Whole:
    """Return all that the home page needs of one person, read in one statement."""
    return Whole(person_id, shelf, read([person_id], None), at=at, today=today)


def standing(
    person_id: int,
    key: str,
    *,
    at: datetime,
    today: date | None = None,
    shelf: Catalogue | None = None,
) -> Standing:
    """Return how one person stands in one course; raise Missing for an unknown course."""
    shelf = shelf or catalogue()
    course_id = shelf.latest(key).course_id
    found = standings([person_id], [course_id], at=at, today=today, shelf=shelf)
    return found[person_id, course_id]


# Statements are built once: to build one takes longer than to ask it. A version is parsed once for
# all, so whoever asks for an enrolment needs its version's digest, not its hundred kilobytes.
_LEAN_VERSION = joinedload(Enrolment.course_version, innerjoin=True).options(
    defer(CourseVersion.content), defer(CourseVersion.rendered)
)
_COMPLETION = select(Completion).where(Completion.enrolment_id == bindparam("enrolment_id"))
_NEWEST = (
    select(Enrolment)
    .join(Enrolment.course)
    .where(Enrolment.person_id == bindparam("person_id"), CourseRow.key == bindparam("key"))
    .order_by(Enrolment.cycle.desc())
    .limit(1)
    .options(contains_eager(Enrolment.course), _LEAN_VERSION)
)
_OWN = (
    select(Enrolment)
    .join(Enrolment.course)
    .where(
        Enrolment.id == bindparam("enrolment_id"), Enrolment.person_id == bindparam("person_id")
    )
    .options(contains_eager(Enrolment.course), _LEAN_VERSION)
)
_LOCKED = {
    chosen: chosen.with_for_update(of=Enrolment).execution_options(populate_existing=True)
    for chosen in (_NEWEST, _OWN)
}


def completion_of(enrolment_id: int) -> Completion | None:
    """Return the completion of an enrolment, or None while something is left."""
    return db.session.scalar(_COMPLETION, {"enrolment_id": enrolment_id})


def enrolment(person_id: int, key: str, *, lock: bool = False) -> Enrolment | None:
    """Return a person's enrolment of the newest cycle, or None before the first.

    With `lock` nobody else changes what hangs on it before the transaction ends.
    """
    chosen = _LOCKED[_NEWEST] if lock else _NEWEST
    return db.session.scalar(chosen, {"person_id": person_id, "key": key})


def own_enrolment(person_id: int, enrolment_id: int, *, lock: bool = False) -> Enrolment:
    """Return this person's enrolment by id; raise Missing, also for somebody else's."""
    chosen = _LOCKED[_OWN] if lock else _OWN
    found = db.session.scalar(chosen, {"person_id": person_id, "enrolment_id": enrolment_id})
    if found is None:
        raise Missing(f"enrolment {enrolment_id}")
    return found


def record_of(enrolled: Enrolment) -> Record:
    """Return what the tables hold of one enrolment now."""
    return read([enrolled.person_id], [enrolled.course_id]).records[enrolled.id]


def met_of(enrolled: Enrolment) -> Met:
    """Return what is done in one enrolment, as the tables hold it now."""
    return record_of(enrolled).met()
