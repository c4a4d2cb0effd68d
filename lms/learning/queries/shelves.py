"""The list of courses: narrowed to what is asked for, by series or along a path."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lms.courses.queries.catalogue import catalogue
from lms.courses.rules.course import Course, plain, topic_words
from lms.courses.rules.paths import LearningPath
from lms.courses.rules.series import Series
from lms.learning.queries import progress
from lms.learning.queries.progress import Standing
from lms.people.rules import PROFESSIONS


@dataclass(frozen=True, kw_only=True)
class Card:
    """A course in a list, with how far this person is."""

    course: Course
    standing: Standing

    @property
    def kind(self) -> str:
        """Return the kind of state: a shape and a color of the stylesheet."""
        if self.standing.is_complete:
            return "done"
        return "going" if self.standing.is_begun else "open"

    @property
    def words(self) -> str:
        """Return the state in words."""
        if not self.standing.is_complete:
            return self.standing.progress_words
        if self.standing.serial:
            return "Complete, credit claimed"
        return "Complete, credit to claim" if self.standing.can_claim else "Complete"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A course in the list: with a card where this person has begun it, else the same for all."""

    course: Course
    digest: str  # of the version that is shown
    card: Card | None


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Courses that stand together: those of a series, or those of none."""

    series: Series | None
    offers: tuple[Offer, ...]
    # What a path calls this step of it.
    stage: str = ""


# What makes courses differ in how they are taken, by what stands in their lessons and files.
CASES, GROUPS, READING = "cases", "groups", "reading"
FORMS: Mapping[str, str] = {
    READING: "Reading at your own pace",
    CASES: "Branching cases",
    GROUPS: "With a guide for groups",
}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the list is narrowed to."""

    words: str = ""
    minutes: int | None = None
    topic: str = ""
    profession: str = ""
    form: str = ""
    quarters: int | None = None
    path: str = ""

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is asked for."""
        return self == Filters()


@dataclass(frozen=True, kw_only=True)
class Library:
    """The list of courses as asked for, and what it can be narrowed to."""

    shelves: tuple[Shelf, ...]
    found: int
    offered: int
    topics: tuple[tuple[str, str], ...]
    professions: tuple[tuple[str, str], ...]
    hours: tuple[int, ...]  # in quarters
    paths: tuple[LearningPath, ...]
    path: LearningPath | None


def _has_form(course: Course, form: str) -> bool:
    if form == CASES:
        return course.has_cases
    if form == GROUPS:
        return bool(course.facilitator_title)
    return not course.has_cases


def _matches(course: Course, filters: Filters, path: LearningPath | None) -> bool:
    return (
        (filters.minutes is None or course.minutes <= filters.minutes)
        and (filters.quarters is None or course.quarters == filters.quarters)
        and (not filters.topic or filters.topic in course.topics)
        and (not filters.profession or filters.profession in course.professions)
        and (not filters.form or _has_form(course, filters.form))
        and (path is None or course.key in path.courses)
        and all(word in course.searchable for word in plain(filters.words).split())
    )


def _stages(offers: Sequence[Offer], path: LearningPath) -> tuple[Shelf, ...]:
    """Return the courses of a path in its order, each where it comes first."""
    by_key = {one.course.key: one for one in offers}
    shelves = []
    for stage in path.stages:
        here = tuple(by_key.pop(key) for key in stage.courses if key in by_key)
        if here:
            shelves.append(Shelf(series=None, offers=here, stage=stage.title))
    return tuple(shelves)


def _shelves(offers: Sequence[Offer], series: Iterable[Series]) -> tuple[Shelf, ...]:
    by_key = {one.course.key: one for one in offers}
    shelves, placed = [], set()
    for one in series:
        here = [by_key[key] for key in one.courses if key in by_key and key not in placed]
        placed |= {one.course.key for one in here}
        if here:
            shelves.append(Shelf(series=one, offers=tuple(here)))
    alone = tuple(one for one in offers if one.course.key not in placed)
    return (*((Shelf(series=None, offers=alone),) if alone else ()), *shelves)


def _leading(paths: Iterable[LearningPath], offered: Iterable[Course]) -> Iterator[LearningPath]:
    """Yield the paths that lead to a course on offer, without those that aren't."""
    keys = frozenset(one.key for one in offered)
    for path in paths:
        if not keys.isdisjoint(path.courses):
            yield path.only(keys)


def library(
    person_id: int,
    filters: Filters,
    *,
    paths: Sequence[LearningPath] = (),
    at: datetime,
    today: date,
) -> Library:
    """Return the courses on offer, narrowed, each with how far this person is.

    The number of statements does not grow with the number of courses.
    """
    shelf = catalogue()
    editions = shelf.offered(today)
    offered = [shelf.content(one) for one in editions]
    leading = tuple(_leading(paths, offered))
    path = next((one for one in leading if one.key == filters.path), None)
    own = progress.whole(person_id, at=at, today=today, shelf=shelf)
    begun = frozenset(own.begun)
    wanted = [
        Offer(
            course=course,
            digest=edition.digest,
            card=Card(course=course, standing=own.standing(course.key))
            if course.key in begun
            else None,
        )
        for edition, course in zip(editions, offered, strict=True)
        if _matches(course, filters, path)
    ]
    topics = {topic for one in offered for topic in one.topics}
    named = {name for one in offered for name in one.professions}
    return Library(
        shelves=_stages(wanted, path) if path else _shelves(wanted, shelf.all_series),
        found=len(wanted),
        offered=len(offered),
        topics=tuple((one, topic_words(one)) for one in sorted(topics)),
        professions=tuple((one, words) for one, words in PROFESSIONS.items() if one in named),
        hours=tuple(sorted({one.quarters for one in offered})),
        paths=tuple(
            one
            for one in leading
            if not filters.profession or filters.profession in one.professions
        ),
        path=path,
    )
