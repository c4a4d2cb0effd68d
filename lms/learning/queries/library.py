"""What the pages of learning show: a course, a lesson, a series, a page to keep."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Text, cast, select

from lms.access import Actor, Permission, everywhere
from lms.courses import queries as courses
from lms.courses.models import CourseVersion, Medium
from lms.courses.queries.catalogue import Issuer, catalogue
from lms.courses.rules.course import Course
from lms.courses.rules.page import LessonPage
from lms.courses.rules.series import Series
from lms.db import db
from lms.errors import Missing
from lms.learning.models import Enrolment
from lms.learning.queries import progress
from lms.learning.queries.progress import Standing
from lms.learning.queries.shelves import Card
from lms.learning.rules.progress import Step, StepKind, claim_until, takes_starts


@dataclass(frozen=True, kw_only=True)
class CoursePage:
    """Everything a learner must see before starting, and how far they are afterwards."""

    course: Course
    standing: Standing
    can_start: bool  # a first start, or a new cycle, is possible today
    can_begin_again: bool
    is_retired: bool
    claim_until: date
    newest_note: str
    series: tuple[Series, ...]
    before: tuple[tuple[str, str], ...]  # key and title of courses recommended before
    issuer: Issuer | None
    digest: str

    @property
    def is_over(self) -> bool:
        """Say whether the course gives no credit to this person any more."""
        return self.standing.is_closed and not self.standing.is_complete


def course_page(person_id: int, key: str, *, at: datetime, today: date) -> CoursePage:
    """Return the page of a course for this person; raise Missing for an unknown course."""
    shelf = catalogue()
    newest = shelf.latest(key)
    standing = progress.standing(person_id, key, at=at, today=today, shelf=shelf)
    course = standing.course
    can_start = takes_starts(shelf.content(newest), today=today, is_retired=newest.is_retired)
    caught = standing.is_begun and today > course.expires_on
    return CoursePage(
        course=course,
        standing=standing,
        can_start=can_start,
        can_begin_again=can_start and (standing.is_complete or caught),
        is_retired=newest.is_retired,
        claim_until=claim_until(course),
        newest_note=shelf.content(newest).change_note,
        series=shelf.series_with(key),
        before=tuple(
            (one, shelf.content(shelf.latest(one)).title)
            for one in course.recommended_before
            if one in shelf.ids
        ),
        issuer=shelf.issuer,
        digest=shelf.editions[standing.version_id].digest,
    )


@dataclass(frozen=True, kw_only=True)
class LessonView:
    """A lesson on its page, with the way around it."""

    course: Course
    standing: Standing
    page: LessonPage
    number: int
    digest: str

    @property
    def is_read(self) -> bool:
        """Say whether this lesson is marked as read."""
        return self.standing.lessons[self.number - 1].is_read

    @property
    def total(self) -> int:
        """Return how many lessons there are."""
        return len(self.course.lessons)

    def lesson(self, by: int) -> Any:
        """Return the lesson so many places from this one, or None beyond the ends."""
        place = self.number - 1 + by
        return self.course.lessons[place] if 0 <= place < self.total else None


def lesson(
    person_id: int, key: str, lesson_id: str, *, at: datetime, today: date
) -> LessonView | None:
    """Return a lesson of the version begun on, or None when the course was not begun (case 50).

    Raises Missing for an unknown course or lesson.
    """
    shelf = catalogue()
    standing = progress.standing(person_id, key, at=at, today=today, shelf=shelf)
    if not standing.is_begun:
        return None
    edition = shelf.editions[standing.version_id]
    ids = [one.id for one in standing.lessons]
    return LessonView(
        course=standing.course,
        standing=standing,
        page=shelf.lesson_page(edition, lesson_id),
        number=ids.index(lesson_id) + 1,
        digest=edition.digest,
    )


def after(person_id: int, key: str, lesson_id: str, *, at: datetime, today: date) -> str:
    """Return the address to go on at when a lesson was read.

    That is the next unread lesson behind it; else the next step of the checklist.
    """
    standing = progress.standing(person_id, key, at=at, today=today)
    ids = [one.id for one in standing.lessons]
    behind = standing.lessons[ids.index(lesson_id) + 1 :] if lesson_id in ids else ()
    unread = next((one.id for one in behind if not one.is_read), None)
    return f"/courses/{key}/lessons/{unread}" if unread else standing.next_step.url


@dataclass(frozen=True, kw_only=True)
class Takeaway:
    """The page to keep."""

    key: str
    course_title: str
    title: str
    html: str
    reviewed_on: date
    version_number: int


def takeaway(person_id: int, key: str) -> Takeaway | None:
    """Return the page to keep of the version begun on, or None when it was not begun."""
    enrolled = progress.enrolment(person_id, key)
    if enrolled is None:
        courses.latest(key)  # Missing, for a course that is not there
        return None
    version = enrolled.course_version
    course = courses.content_of(version)
    return Takeaway(
        key=key,
        course_title=course.title,
        title=course.takeaway_title,
        html=courses.takeaway_html(version),
        reviewed_on=course.reviewed_on,
        version_number=version.number,
    )


@dataclass(frozen=True, kw_only=True)
class SeriesPage:
    """A series with its courses, each with its own state."""

    series: Series
    cards: tuple[Card, ...]
    notes: tuple[str, ...]
    complete: int

    @property
    def quarters(self) -> int:
        """Return what all courses together give at most, in quarters of an hour."""
        return sum(one.course.quarters for one in self.cards)

    @property
    def goal(self) -> Step | None:
        """Return the one thing to do next in the series: a begun course, else the first open."""
        left = [one for one in self.cards if not one.standing.is_complete]
        begun = [one for one in left if one.standing.is_begun]
        first = [one for one in left if one.course.key == self.series.recommended_first]
        chosen = next(iter([*begun, *first, *left]), None)
        if chosen is None or chosen.standing.next_step.kind is StepKind.READ:
            return None
        return chosen.standing.next_step


def series_page(person_id: int, key: str, *, at: datetime, today: date) -> SeriesPage:
    """Return a series with the state of each course; raise Missing for an unknown series."""
    series = courses.series(key)
    stands = progress.standings_of(person_id, at=at, today=today)
    cards = tuple(Card(course=one.course, standing=one) for one in _shown(series.courses, stands))
    if not cards and not series.planned:
        raise Missing(key)
    return SeriesPage(
        series=series,
        cards=cards,
        notes=tuple(dict.fromkeys(one.course.content_note for one in cards)),
        complete=sum(one.standing.is_complete for one in cards),
    )


def _shown(keys: Collection[str], stands: dict[str, Standing]) -> list[Standing]:
    """Return the courses of a series that are open, or that this person has begun."""
    known = [stands[key] for key in keys if key in stands]
    return [one for one in known if one.is_begun or not one.is_closed]


def medium(actor: Actor, digest: str) -> Medium:
    """Return a picture of a version this actor is on, or any to a planner; raise Missing.

    A picture belongs to its lesson: who may not read the one gets nothing of the other (case 50).
    """
    if not everywhere(actor, Permission.PUBLISH):
        own = select(Enrolment.course_version_id).where(Enrolment.person_id == actor.person_id)
        shown = select(CourseVersion.id).where(
            CourseVersion.id.in_(own),
            cast(CourseVersion.rendered, Text).contains(f"/media/{digest}", autoescape=True),
        )
        if db.session.scalar(shown.limit(1)) is None:
            raise Missing(digest)
    return courses.medium(digest)
