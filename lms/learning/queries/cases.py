"""What the pages of branching cases show."""

from dataclasses import dataclass
from datetime import date, datetime

from lms.courses.queries.catalogue import catalogue
from lms.courses.rules.course import Course, Lesson
from lms.courses.rules.page import CaseBlock
from lms.errors import Missing
from lms.learning.queries import library
from lms.learning.rules.walking import CaseMap, Walk, case_map, walk


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """A moment of a case on its page."""

    course: Course
    lesson: Lesson
    case: CaseBlock
    walk: Walk


@dataclass(frozen=True, kw_only=True)
class MapView:
    """The map of a case of the newest version, for those who publish and review."""

    course: Course
    lesson: Lesson
    case: CaseBlock
    map: CaseMap


def case(
    person_id: int, key: str, lesson_id: str, case_id: str, path: str, *, at: datetime, today: date
) -> CaseView | None:
    """Return the moment of a case that a path leads to, or None when the course was not begun.

    Raises Missing for an unknown course, lesson or case, and for a path that leads nowhere.
    """
    view = library.lesson(person_id, key, lesson_id, at=at, today=today)
    if view is None:
        return None
    found = view.page.case(case_id)
    here = walk(found, path) if found else None
    lesson = view.course.lesson(lesson_id)
    if found is None or here is None or lesson is None:
        raise Missing(case_id)
    return CaseView(course=view.course, lesson=lesson, case=found, walk=here)


def map_of(key: str, lesson_id: str, case_id: str) -> MapView:
    """Return the map of a case of the newest version; raise Missing where there is none."""
    shelf = catalogue()
    newest = shelf.latest(key)
    course = shelf.content(newest)
    found = shelf.lesson_page(newest, lesson_id).case(case_id)
    lesson = course.lesson(lesson_id)
    if found is None or lesson is None:
        raise Missing(case_id)
    return MapView(course=course, lesson=lesson, case=found, map=case_map(found))
