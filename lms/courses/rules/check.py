"""Check a course folder: all problems of all files at once."""

from collections.abc import Callable
from datetime import date

from lms.courses.rules.folder import Folder
from lms.courses.rules.problem import Problem

# Says why a name can't be printed on a certificate, or None when it can.
Printable = Callable[[str], str | None]


def check(folder: Folder, *, today: date, printable: Printable | None = None) -> list[Problem]:
    """Return every problem of a course folder, sorted by place."""
    return sorted({*folder.problems, *folder.slips()})
