"""Everything one can do with courses: publish them, publish series, retire them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lms import access, audit
from lms.access import Actor, Permission
from lms.courses import queries
from lms.courses.models import Course, CourseVersion, Medium, SeriesVersion
from lms.courses.operations.looking import Ready, pictures, ready
from lms.courses.rules.check import Printable
from lms.courses.rules.check_series import check_series
from lms.courses.rules.folder import (
    COURSE_FILE,
    MEDIA_TYPES,
    Folder,
    canonical,
    digest,
    ending,
    plain,
)
from lms.courses.rules.problem import Problem, errors
from lms.courses.rules.shape import text
from lms.db import db, whole
from lms.errors import Missing, Refused

REASON_MOST = 500


class NotFit(Refused):
    """The folder has problems that forbid publishing."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            f"{len(problems)} problem(s) keep this from being published. " + str(problems[0])
        )
        self.problems = problems


class AlreadyRetired(Refused):
    """The course was retired before."""


class Outcome(StrEnum):
    """What publishing came to."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True)
class Published:
    """What publishing a folder came to; `number` is the version that is now the newest."""

    key: str
    outcome: Outcome
    version: CourseVersion | None
    number: int
    change: str


def _course(key: str) -> Course:
    """Return the row of a course, made where there is none, locked until the transaction ends."""
    query = select(Course).where(Course.key == key).with_for_update()
    course = db.session.scalar(query)
    if course is None:
        try:
            with db.session.begin_nested():
                db.session.add(Course(key=key))
        except IntegrityError:
            pass  # Somebody else made it between our look and our try; it's theirs we lock.
        course = db.session.scalars(query).one()
    return course


def published_as(folder: Folder) -> int | None:
    """Return the number of the newest version where it says just what the folder says."""
    if folder.problems:
        return None
    key = text(folder.table(COURSE_FILE), "key")
    course_id = db.session.scalar(select(Course.id).where(Course.key == key))
    newest = db.session.scalar(queries.newest(course_id)) if course_id is not None else None
    if newest is None or folder.slips():
        return None
    return newest.number if newest.digest == digest(folder) else None


def _keep_media(folder: Folder) -> None:
    """Store pictures under their digests."""
    for path, own in pictures(folder).items():
        data = folder.media[path]
        medium = Medium(digest=own, content_type=MEDIA_TYPES[ending(path)], content=data)
        try:
            with db.session.begin_nested():
                if db.session.get(Medium, medium.digest) is None:
                    db.session.add(medium)
        except IntegrityError:
            pass  # Somebody else kept the same bytes at the same time.


@whole
def publish(
    *,
    actor: Actor,
    folder_content: Folder,
    at: datetime,
    printable: Printable | None = None,
    made_ready: Ready | None = None,
) -> Published:
    """Publish a course folder as the next version, unless the newest says the same.

    A retired course is not published again. Raises NotFit with all problems when the folder
    has any that forbid publishing. Of publishers at the same time one makes the version.
    `made_ready` spares looking and rendering where it's of this very content and day.
    """
    access.require(actor, Permission.PUBLISH)
    if made_ready is None or (made_ready.mark, made_ready.on) != (folder_content.mark, at.date()):
        made_ready = ready(folder_content, on=at.date(), printable=printable)
    if problems := errors(made_ready.problems):
        raise NotFit(problems)
    seen, data = made_ready.digest, made_ready.content
    course = _course(data["key"])
    newest = db.session.scalar(queries.newest(course.id))
    number = newest.number if newest else 0

    def came_to(outcome: Outcome, version: CourseVersion | None, change: str) -> Published:
        return Published(
            key=course.key,
            outcome=outcome,
            version=version,
            number=version.number if version else number,
            change=change,
        )

    if newest is not None and newest.digest == seen:
        return came_to(Outcome.UNCHANGED, newest, newest.change)
    if course.retired_at is not None:
        return came_to(Outcome.RETIRED, newest, "")
    _keep_media(folder_content)
    version = CourseVersion(
        course=course,
        number=number + 1,
        digest=seen,
        # There is nothing before the first for it to differ from a little.
        change=data["change"] if newest else "material",
        content=data,
        rendered=made_ready.rendered,
        published_at=at,
        published_by_id=actor.person_id or None,
    )
    db.session.add(version)
    db.session.flush()
    audit.record(
        actor=actor,
        at=at,
        action="course.published",
        thing=f"course:{course.key}",
        number=version.number,
        digest=seen,
        change=version.change,
    )
    return came_to(Outcome.PUBLISHED, version, version.change)


@whole
def publish_series(
    *, actor: Actor, folder_content: Folder, at: datetime
) -> list[tuple[str, Outcome]]:
    """Publish every series of a folder of series files that says something new.

    The courses that a series names must have been published. Raises NotFit with all problems.
    """
    access.require(actor, Permission.PUBLISH)
    known = frozenset(db.session.scalars(select(Course.key)))
    if problems := errors(check_series(folder_content, known)):
        raise NotFit(problems)
    done = []
    for path in sorted(folder_content.texts):
        data: dict[str, Any] = plain(folder_content.table(path))
        key, seen = data["key"], hashlib.sha256(canonical(data)).hexdigest()
        newest = db.session.scalar(queries.newest_of_series(key))
        if newest is not None and newest.digest == seen:
            done.append((key, Outcome.UNCHANGED))
            continue
        version = SeriesVersion(
            key=key,
            number=newest.number + 1 if newest else 1,
            digest=seen,
            content=data,
            published_at=at,
            published_by_id=actor.person_id or None,
        )
        db.session.add(version)
        audit.record(
            actor=actor,
            at=at,
            action="series.published",
            thing=f"series:{key}",
            number=version.number,
            digest=seen,
        )
        done.append((key, Outcome.PUBLISHED))
    db.session.flush()
    return done


@whole
def retire(*, actor: Actor, key: str, reason: str, at: datetime) -> None:
    """Stop offering a course; its versions, records and certificates stay.

    Raises Missing for an unknown key, AlreadyRetired, and Refused without a reason.
    """
    access.require(actor, Permission.RETIRE)
    course = db.session.scalar(select(Course).where(Course.key == key).with_for_update())
    if course is None:
        raise Missing(key)
    if course.retired_at is not None:
        raise AlreadyRetired("This course is retired already.")
    reason = reason.strip()
    if not 3 <= len(reason) <= REASON_MOST:
        raise Refused(f"Say why the course is retired, in 3 to {REASON_MOST} characters.")
    course.retired_at = at
    course.retired_by_id = actor.person_id or None
    course.retired_reason = reason
    audit.record(actor=actor, at=at, action="course.retired", thing=f"course:{key}", reason=reason)
    db.session.flush()
