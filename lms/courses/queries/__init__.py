"""Questions about published courses: the newest version, the list on offer, a page, a series."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import contains_eager, defer, joinedload

from lms.courses.models import Course as CourseRow
from lms.courses.models import CourseVersion, Medium, SeriesVersion
from lms.courses.queries.catalogue import catalogue
from lms.courses.rules.course import Course, parse
from lms.courses.rules.page import LessonPage
from lms.courses.rules.series import Series
from lms.db import db
from lms.errors import Missing
from lms.people.models import Person

# A version never changes, so what its digest parses to may be kept without thought.
_KEPT_MOST = 256
_kept: dict[str, Course] = {}
_lock = Lock()


def newest(course_id: int) -> Select[CourseVersion]:
    """Select the newest version of a course."""
    return (
        select(CourseVersion)
        .where(CourseVersion.course_id == course_id)
        .order_by(CourseVersion.number.desc())
        .limit(1)
    )


def newest_of_series(key: str) -> Select[SeriesVersion]:
    """Select the newest version of a series."""
    return (
        select(SeriesVersion)
        .where(SeriesVersion.key == key)
        .order_by(SeriesVersion.number.desc())
        .limit(1)
    )


def _keep(digest: str, course: Course) -> Course:
    with _lock:
        if len(_kept) >= _KEPT_MOST:
            _kept.pop(next(iter(_kept)))
        _kept[digest] = course
    return course


def content_of(version: CourseVersion) -> Course:
    """Return what a version says, parsed; kept in memory by its digest."""
    known = _kept.get(version.digest)
    return known if known is not None else _keep(version.digest, parse(version.content))


def _parse_all(versions: Iterable[CourseVersion]) -> None:
    """Parse what is not yet known of many versions, with one statement at most."""
    unknown = {one.id: one.digest for one in versions if one.digest not in _kept}
    if not unknown:
        return
    rows = db.session.execute(
        select(CourseVersion.digest, CourseVersion.content).where(CourseVersion.id.in_(unknown))
    )
    for digest, content in rows:
        _keep(digest, parse(content))


def _newest_versions() -> Select[CourseVersion]:
    last = (
        select(CourseVersion.course_id, func.max(CourseVersion.number).label("number"))
        .group_by(CourseVersion.course_id)
        .subquery()
    )
    return (
        select(CourseVersion)
        .join(CourseVersion.course)
        .join(
            last,
            (last.c.course_id == CourseVersion.course_id) & (last.c.number == CourseVersion.number),
        )
        .options(
            contains_eager(CourseVersion.course),
            defer(CourseVersion.content),
            defer(CourseVersion.rendered),
        )
    )


# Built once: to build it takes longer than to ask it.
_LATEST = _newest_versions().where(CourseRow.key == bindparam("key"))


def latest(key: str) -> CourseVersion:
    """Return the newest version of a course, retired or not; raise Missing for an unknown key."""
    version = db.session.scalar(_LATEST, {"key": key})
    if version is None:
        raise Missing(key)
    return version


def content_kept(version_id: int, digest: str) -> Course:
    """Return what a version says, which is asked for only when its digest is not known yet."""
    known = _kept.get(digest)
    return content_of(version(version_id)) if known is None else known


def version(version_id: int) -> CourseVersion:
    """Return one version with its course; raise Missing where there is none."""
    found = db.session.get(
        CourseVersion,
        version_id,
        options=[
            joinedload(CourseVersion.course),
            defer(CourseVersion.content),
            defer(CourseVersion.rendered),
        ],
    )
    if found is None:
        raise Missing(version_id)
    return found


def offered(today: date) -> list[Course]:
    """Return the courses on offer on this day, by title, each as its newest version says.

    On offer is what is not retired, was released and has not expired.
    """
    shelf = catalogue()
    return [shelf.content(one) for one in shelf.offered(today)]


def newest_versions(keys: Iterable[str]) -> dict[str, CourseVersion]:
    """Return the newest version of each of these courses that exists, retired or not, by key."""
    wanted = set(keys)
    versions = db.session.scalars(_newest_versions().where(CourseRow.key.in_(wanted))).all()
    _parse_all(versions)
    return {one.course.key: one for one in versions}


def lesson_page(version: CourseVersion, lesson_id: str) -> LessonPage:
    """Return a lesson of a version as it is shown; raise Missing for an unknown lesson."""
    shelf = catalogue()
    return shelf.lesson_page(shelf.editions[version.id], lesson_id)


def takeaway_html(version: CourseVersion) -> str:
    """Return the sanitised page to keep."""
    return str(version.rendered["takeaway"]["html"])


@dataclass(frozen=True, kw_only=True)
class Guide:
    """The guide for whoever teaches a course to a group."""

    key: str
    course_title: str
    title: str
    html: str
    references: tuple[str, ...]
    version_number: int


def facilitator(key: str) -> Guide:
    """Return the facilitator's guide of the newest version; raise Missing where there is none."""
    version = latest(key)
    course = content_of(version)
    shown = version.rendered.get("facilitator")
    if shown is None:
        raise Missing(key)
    return Guide(
        key=key,
        course_title=course.title,
        title=course.facilitator_title,
        html=shown["html"],
        references=tuple(one["html"] for one in shown["references"]),
        version_number=version.number,
    )


def item_html(version: CourseVersion, item_id: str) -> dict[str, Any]:
    """Return the rendered parts of a quiz item, key included; see rules.render_course.rendered."""
    try:
        return dict(version.rendered["items"][item_id])
    except KeyError:
        raise Missing(item_id) from None


def medium(digest: str) -> Medium:
    """Return a picture by its digest; raise Missing where there is none."""
    found = db.session.get(Medium, digest)
    if found is None:
        raise Missing(digest)
    return found


def all_series() -> tuple[Series, ...]:
    """Return every series as last published, by title."""
    return catalogue().all_series


def series(key: str) -> Series:
    """Return a series as last published; raise Missing for an unknown key."""
    found = next((one for one in all_series() if one.key == key), None)
    if found is None:
        raise Missing(key)
    return found


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    """One line in a planner's list of the versions of a course."""

    number: int
    change: str
    change_note: str
    digest: str
    published_at: datetime
    published_by: str


@dataclass(frozen=True, kw_only=True)
class History:
    """A course with all its versions, newest first."""

    key: str
    title: str
    retired_at: datetime | None
    retired_reason: str
    versions: tuple[VersionRow, ...]


def history(key: str) -> History:
    """Return a course with all its versions, newest first; raise Missing for an unknown key."""
    rows = db.session.execute(
        select(CourseVersion, Person.name)
        .join(CourseVersion.course)
        .outerjoin(Person, Person.id == CourseVersion.published_by_id)
        .where(CourseRow.key == key)
        .order_by(CourseVersion.number.desc())
        .options(contains_eager(CourseVersion.course), defer(CourseVersion.rendered))
    ).all()
    if not rows:
        raise Missing(key)
    course = rows[0][0].course
    return History(
        key=key,
        title=content_of(rows[0][0]).title,
        retired_at=course.retired_at,
        retired_reason=course.retired_reason or "",
        versions=tuple(
            VersionRow(
                number=one.number,
                change=one.change,
                change_note=content_of(one).change_note,
                digest=one.digest,
                published_at=one.published_at,
                published_by=name or "",
            )
            for one, name in rows
        ),
    )
