"""What must be looked at again by a day: courses, their sources, the library, the directory. Pure.

A source that several courses cite under one id, with one day, is one thing to look at.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from lms.courses.rules.check_library import due_documents
from lms.courses.rules.course import Course
from lms.courses.rules.directory import Directory
from lms.courses.rules.folder import COURSE_FILE, Folder
from lms.courses.rules.library import Library
from lms.courses.rules.shape import day, tables, text


class Kind(StrEnum):
    """What kind of thing is due."""

    REVIEW = "review"
    END = "end"
    REFERENCE = "reference"
    DOCUMENT = "document"
    SERVICE = "service"


KIND_WORDS: Final = {
    Kind.REVIEW: "Review of a course",
    Kind.END: "End of a course",
    Kind.REFERENCE: "Source of a course",
    Kind.DOCUMENT: "Library",
    Kind.SERVICE: "Directory",
}


@dataclass(frozen=True, kw_only=True)
class Due:
    """One thing to look at; `used_in` are the keys of the courses it concerns."""

    due_on: date
    kind: Kind
    id: str
    name: str
    used_in: tuple[str, ...] = ()

    @property
    def kind_words(self) -> str:
        """Return the kind as planners call it."""
        return KIND_WORDS[self.kind]

    def is_overdue(self, today: date) -> bool:
        """Say whether its day has passed."""
        return self.due_on < today

    def __str__(self) -> str:
        """Write it on one line, as the command line prints it."""
        where = f" ({', '.join(self.used_in)})" if self.used_in else ""
        return f"{self.due_on} {self.kind} {self.id}: {self.name}{where}"


@dataclass(frozen=True, kw_only=True)
class Dates:
    """The days that a course carries; a day that isn't stated is None."""

    key: str
    title: str
    review_by_on: date | None
    expires_on: date | None
    references: tuple[tuple[str, str, date | None], ...]
    """Id, text and day of each source."""


def dates_of(course: Course) -> Dates:
    """Return the days of a published course."""
    return Dates(
        key=course.key,
        title=course.title,
        review_by_on=course.review_by_on,
        expires_on=course.expires_on,
        references=tuple((one.id, one.text, one.review_by) for one in course.references),
    )


def dates_in(folder: Folder) -> Dates:
    """Return the days of a course folder."""
    raw = folder.table(COURSE_FILE)
    return Dates(
        key=text(raw, "key"),
        title=text(raw, "title"),
        review_by_on=day(raw, "review_by_on"),
        expires_on=day(raw, "expires_on"),
        references=tuple(
            (text(one, "id"), text(one, "text"), day(one, "review_by"))
            for one in tables(raw, "references")
        ),
    )


def _of_courses(courses: Iterable[Dates], by: date) -> Iterator[Due]:
    sources: dict[tuple[str, date], tuple[str, list[str]]] = {}
    for one in courses:
        for kind, on in ((Kind.REVIEW, one.review_by_on), (Kind.END, one.expires_on)):
            if on is not None and on <= by:
                yield Due(due_on=on, kind=kind, id=one.key, name=one.title, used_in=(one.key,))
        for name, said, on in one.references:
            if on is not None and on <= by:
                sources.setdefault((name, on), (said, []))[1].append(one.key)
    for (name, on), (said, keys) in sources.items():
        plain = said.replace("*", "")
        yield Due(due_on=on, kind=Kind.REFERENCE, id=name, name=plain, used_in=tuple(sorted(keys)))


def due(
    courses: Iterable[Dates], library: Library, directory: Directory, *, by: date
) -> tuple[Due, ...]:
    """Return everything to look at by this day, oldest first."""
    found = [*_of_courses(courses, by)]
    found += (
        Due(due_on=one.review_by, kind=Kind.DOCUMENT, id=one.id, name=one.title)
        for one in due_documents(library, by)
    )
    found += (
        Due(due_on=one.review_by, kind=Kind.SERVICE, id=one.id, name=one.name)
        for one in directory.entries
        if one.review_by <= by
    )
    order = list(Kind)
    return tuple(sorted(found, key=lambda one: (one.due_on, order.index(one.kind), one.id)))
