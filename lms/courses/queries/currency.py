"""What is due, of the folders on the disk and of what is published; and what no longer holds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lms.courses import files
from lms.courses.queries import directory as services
from lms.courses.queries import library as sources
from lms.courses.queries.catalogue import catalogue
from lms.courses.rules import currency
from lms.courses.rules.check_library import check_references
from lms.courses.rules.check_numbers import FILE as NUMBERS_FILE
from lms.courses.rules.check_numbers import Numbers, check_numbers, numbers
from lms.courses.rules.currency import Due, dates_in, dates_of
from lms.courses.rules.folder import Folder
from lms.courses.rules.paragraphs import pieces
from lms.courses.rules.problem import Problem
from lms.courses.rules.superseded import FILE as STATEMENTS_FILE
from lms.courses.rules.superseded import Statement, check_statements, statements

_LISTS = frozenset({NUMBERS_FILE, STATEMENTS_FILE})


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What no longer holds, and the numbers that are kept up to date: texts are held against it."""

    statements: tuple[Statement, ...]
    numbers: Numbers | None
    problems: tuple[Problem, ...]
    """What is wrong with the lists themselves."""
    home: Path
    instance: Path

    def stale_in(self, course: Folder) -> Iterator[Problem]:
        """Yield what a course tells though it no longer holds.

        Of telephone numbers, only those of courses are looked at: each is one of the directory.
        """
        if self.numbers is None:
            return
        said = list(pieces(course))
        yield from check_statements(self.statements, said)
        yield from check_numbers(self.numbers, said)

    def stale_beside(self) -> Iterator[Problem]:
        """Yield what the library and the directory tell though it no longer holds."""
        if self.numbers is None:
            return
        for folder in (self.home, self.instance):
            for own in (folder / sources.OWN, folder / services.OWN):
                if own.is_dir():
                    said = list(pieces(files.read(own), without=_LISTS))
                    yield from check_statements(self.statements, said)


def standing(*, home: Path, instance: Path) -> Standing:
    """Read the lists of what no longer holds; without a library there is none."""
    listing = home / sources.OWN
    if not listing.is_dir():
        return Standing(statements=(), numbers=None, problems=(), home=home, instance=instance)
    lists = files.read(listing)
    library = sources.checked(instance / sources.OWN, home=listing).library
    here = services.checked(
        instance / services.OWN, today=date.min, home=home / services.OWN
    ).directory
    listed = statements(lists, library.by_id)
    known, slips = numbers(here, lists)
    return Standing(
        statements=listed.statements,
        numbers=known,
        problems=(*listed.problems, *slips),
        home=home,
        instance=instance,
    )


def stale(courses: Iterable[Folder], *, home: Path, instance: Path) -> list[Problem]:
    """Return what these courses, the library and the directory tell though it no longer holds."""
    found = standing(home=home, instance=instance)
    in_courses = [problem for folder in courses for problem in found.stale_in(folder)]
    return [*found.problems, *in_courses, *found.stale_beside()]


def of_library(courses: Sequence[Folder], *, home: Path, instance: Path) -> list[Problem]:
    """Return what is wrong with the library, and where courses and library disagree."""
    if not (home / sources.OWN).is_dir():
        return []
    found = sources.checked(instance / sources.OWN, home=home / sources.OWN)
    return [*found.problems, *check_references(found.library, courses)]


def due_in(courses: Iterable[Folder], *, by: date, home: Path, instance: Path) -> tuple[Due, ...]:
    """Return what is due by this day of these course folders, the library and the directory."""
    return currency.due(
        [dates_in(folder) for folder in courses],
        sources.checked(instance / sources.OWN, home=home / sources.OWN).library,
        services.checked(
            instance / services.OWN, today=date.min, home=home / services.OWN
        ).directory,
        by=by,
    )


def due(by: date, *, instance: Path) -> tuple[Due, ...]:
    """Return what is due by this day of the published courses, the library and the directory."""
    shelf = catalogue()
    there = [one for one in shelf.newest.values() if not one.is_retired]
    return currency.due(
        [dates_of(shelf.content(one)) for one in there],
        sources.library(instance / sources.OWN),
        services.directory(instance / services.OWN),
        by=by,
    )


def titles() -> dict[str, str]:
    """Return the title of each course that is not retired, by its key."""
    shelf = catalogue()
    there = [one for one in shelf.newest.values() if not one.is_retired]
    found = {one.key: shelf.content(one).title for one in there}
    return dict(sorted(found.items(), key=lambda one: one[1].casefold()))
