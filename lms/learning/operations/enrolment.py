"""Starting a course, reading its lessons, and keeping the place."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lms import access, audit
from lms.access import Actor, Permission
from lms.courses import queries as courses
from lms.courses.models import CourseVersion
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.learning.models import Enrolment, LessonRead, Position
from lms.learning.operations.completion import complete
from lms.learning.queries import progress as queries
from lms.learning.rules import progress
from lms.learning.rules.progress import Met


class NotAcknowledged(Refused):
    """What must be seen before starting was not acknowledged."""


class NotOffered(Refused):
    """The course takes no starts: retired, expired or not released yet."""


class NotBegun(Refused):
    """The course was not started by this person."""


class StillOpen(Refused):
    """The cycle before is neither complete nor closed."""


def _startable(key: str, *, acknowledged: bool, today: date) -> CourseVersion:
    version = courses.latest(key)
    course = courses.content_of(version)
    is_retired = version.course.retired_at is not None
    if not progress.takes_starts(course, today=today, is_retired=is_retired):
        raise NotOffered(
            "This course can't be started any more. What you earned before stays yours."
            if is_retired or today > course.expires_on
            else f"This course opens on {course.released_on:%B} {course.released_on.day}, "
            f"{course.released_on.year}."
        )
    if not acknowledged:
        raise NotAcknowledged(
            "Tick the box that says you have read the disclosures, then start the course."
        )
    return version


def _add(actor: Actor, version: CourseVersion, *, cycle: int, at: datetime) -> Enrolment:
    enrolled = Enrolment(
        person_id=actor.person_id,
        course_id=version.course_id,
        course_version_id=version.id,
        cycle=cycle,
        acknowledged_at=at,
    )
    try:
        with db.session.begin_nested():
            db.session.add(enrolled)
    except IntegrityError:
        # The other click of a double click was faster; the row is there now.
        return db.session.scalars(
            select(Enrolment).where(
                Enrolment.person_id == actor.person_id,
                Enrolment.course_id == version.course_id,
                Enrolment.cycle == cycle,
            )
        ).one()
    audit.record(
        actor=actor,
        at=at,
        action="course.begun",
        thing=f"enrolment:{enrolled.id}",
        course=version.course.key,
        version=version.number,
        cycle=cycle,
    )
    db.session.flush()
    return enrolled


@whole
def start(*, actor: Actor, key: str, acknowledged: bool, at: datetime, today: date) -> Enrolment:
    """Start a course on its newest version, or return the enrolment that is there already.

    `acknowledged` says that the person ticked having read what must be seen before starting;
    the instant is kept (ACCME Standard 3). `today` is the institution's day. Raises Missing,
    NotOffered or NotAcknowledged.
    """
    access.require(actor, Permission.LEARN)
    if (begun := queries.enrolment(actor.person_id, key)) is not None:
        return begun
    version = _startable(key, acknowledged=acknowledged, today=today)
    return _add(actor, version, cycle=1, at=at)


@whole
def begin_again(
    *, actor: Actor, key: str, acknowledged: bool, at: datetime, today: date
) -> Enrolment:
    """Open a new cycle on the newest version; nothing of the cycle before is touched.

    Only when that one is complete, or can no longer be completed because its version expired.
    A second click returns the cycle that the first one opened, as nothing is done in it yet.
    Raises Missing, NotBegun, NotOffered, NotAcknowledged or StillOpen.
    """
    access.require(actor, Permission.LEARN)
    begun = queries.enrolment(actor.person_id, key, lock=True)
    if begun is None:
        raise NotBegun("Start the course first.")
    version = _startable(key, acknowledged=acknowledged, today=today)
    expired = today > courses.content_of(begun.course_version).expires_on
    if queries.completion_of(begun.id) is not None or expired:
        return _add(actor, version, cycle=begun.cycle + 1, at=at)
    if begun.cycle > 1 and queries.met_of(begun) == Met():
        return begun
    raise StillOpen("You are in the middle of this course. Finish it first.")


def _begun(actor: Actor, key: str, *, lock: bool) -> Enrolment:
    access.require(actor, Permission.LEARN)
    enrolled = queries.enrolment(actor.person_id, key, lock=lock)
    if enrolled is None:
        raise NotBegun("Start the course first; its page has the button.")
    return enrolled


@whole
def mark_read(*, actor: Actor, key: str, lesson_id: str, at: datetime) -> Enrolment:
    """Mark a lesson of the version begun on as read; once marked, again changes nothing.

    Completes the course when this was the last requirement. Raises NotBegun, or Missing for a
    lesson that this version does not have.
    """
    enrolled = _begun(actor, key, lock=True)
    if courses.content_of(enrolled.course_version).lesson(lesson_id) is None:
        raise Missing(lesson_id)
    # The enrolment is locked, so nobody marks it between this look and the row below.
    record = queries.record_of(enrolled)
    if lesson_id not in record.read:
        db.session.add(LessonRead(enrolment_id=enrolled.id, lesson_id=lesson_id, read_at=at))
        db.session.flush()
        record.read.add(lesson_id)
    if record.completed_at is None:
        complete(enrolled, record.met(), at=at)
    return enrolled


@whole
def keep_position(*, actor: Actor, key: str, lesson_id: str, anchor: str, at: datetime) -> None:
    """Keep where the person stopped, in place of where they stopped before, on any device.

    `anchor` is the id of a heading of the lesson, or "" for its beginning. The last one to
    write wins. Raises NotBegun, or Missing for a lesson or heading that is not there.
    """
    enrolled = _begun(actor, key, lock=True)
    page = courses.lesson_page(enrolled.course_version, lesson_id)
    headings = {one.id: one.text for one in page.headings} | {"": page.title}
    if anchor not in headings:
        raise Missing(anchor)
    place = db.session.get(Position, enrolled.id)
    if place is None:
        place = Position(enrolment_id=enrolled.id)
        db.session.add(place)
    place.lesson_id, place.anchor, place.at = lesson_id, anchor, at
    place.heading = headings[anchor][:200]
    db.session.flush()
