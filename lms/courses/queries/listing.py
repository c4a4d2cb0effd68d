"""The catalogue in numbers, and what answers each row of the sources, out of the folders."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path

from lms.courses import files
from lms.courses.queries import directory as services
from lms.courses.queries import library as documents
from lms.courses.rules.check_directory import check_directory
from lms.courses.rules.check_library import check_library
from lms.courses.rules.folder import COURSE_FILE, Folder
from lms.courses.rules.listing import Names, as_markdown, listed
from lms.courses.rules.problem import Problem
from lms.courses.rules.shape import text
from lms.courses.rules.sources import SOURCES_FILE, check_sources, rows


def _names(courses: Sequence[Folder], home: Path) -> Names:
    """Return what is ours: an institution's own entries answer no row."""
    directory = check_directory([files.read(home / services.OWN)], today=date.min).directory
    library = check_library([files.read(home / documents.OWN)]).library
    tables = [one.table(COURSE_FILE) for one in courses]
    return Names(
        courses={text(raw, "key"): text(raw, "title") for raw in tables},
        directory=directory,
        library=library,
    )


def of_sources(courses: Sequence[Folder], *, home: Path) -> list[Problem]:
    """Return each row of the sources that nothing answers, where the list is there."""
    if not (home / SOURCES_FILE).is_file():
        return []
    names = _names(courses, home)
    known = {
        "course": frozenset(names.courses),
        "directory": frozenset(names.directory.by_id),
        "library": frozenset(names.library.by_id),
    }
    folder = files.single(home, SOURCES_FILE, name=home.name)
    return list(check_sources(folder, known))


def page(courses: Sequence[Folder], computed: Mapping[str, Fraction], *, home: Path) -> str:
    """Return the catalogue as Markdown; `computed` are the minutes of each folder by its name."""
    folder = files.single(home, SOURCES_FILE, name=home.name)
    return as_markdown(
        [listed(one, computed=computed[one.name]) for one in courses],
        rows(folder),
        _names(courses, home),
    )
