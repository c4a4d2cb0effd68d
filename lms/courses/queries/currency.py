"""What is due, of the folders on the disk and of what is published; and what no longer holds."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from lms.courses import files
from lms.courses.queries import directory as services
from lms.courses.queries import library as sources
from lms.courses.queries.catalogue import catalogue
from lms.courses.rules import currency
from lms.courses.rules.check_library import check_references
from lms.courses.rules.check_numbers import FILE as NUMBERS_FILE
from lms.courses.rules.check_numbers import check_numbers, numbers
from lms.courses.rules.currency import Due, dates_in, dates_of
from lms.courses.rules.folder import Folder
from lms.courses.rules.paragraphs import pieces
from lms.courses.rules.problem import Problem
from lms.courses.rules.superseded import FILE as STATEMENTS_FILE
from lms.courses.rules.superseded import check_statements, statements

_LISTS = frozenset({NUMBERS_FILE, STATEMENTS_FILE})


def stale(courses: Iterable[Folder], *, home: Path, instance: Path) -> list[Problem]:
    """Return what these courses, the library and the directory tell though it no longer holds.

    Of telephone numbers, those of courses are looked at: each is one of the directory.
    """
    listing = home / sources.OWN
    if not listing.is_dir():
        return []
    lists = files.read(listing)
    library = sources.checked(instance / sources.OWN, home=listing).library
    here = services.checked(
        instance / services.OWN, today=date.min, home=home / services.OWN
    ).directory
    listed = statements(lists, library.by_id)
    known, slips = numbers(here, lists)
    problems = [*listed.problems, *slips]
    for folder in courses:
        said = list(pieces(folder))
        problems += check_statements(listed.statements, said)
        problems += check_numbers(known, said)
    folders = (home, instance)
    for own in (folder / name for folder in folders for name in (sources.OWN, services.OWN)):
        if own.is_dir():
            said = list(pieces(files.read(own), without=_LISTS))
            problems += check_statements(listed.statements, said)
    return problems


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
