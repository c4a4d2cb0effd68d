"""Check the files of series."""

from lms.courses.rules.folder import Folder
from lms.courses.rules.problem import Problem


def check_series(folder: Folder, course_keys: frozenset[str]) -> list[Problem]:
    """Return every problem of a folder of series files; `course_keys` are the courses there are."""
    return sorted({*folder.problems, *folder.slips()})
