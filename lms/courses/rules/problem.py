"""A problem of a course: which numbered rule, how bad, where, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a course can be published with it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One thing to mend: `rule` is its number in courses/README.md, `place` where it stands."""

    place: str
    rule: str
    text: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Write it on one line, as the command line prints it."""
        return f"{self.place}: {self.severity} {self.rule}: {self.text}"


def place(*parts: str) -> str:
    """Join the parts of a place: file › thing › key."""
    return " › ".join([part for part in parts if part])


def error(rule: str, where: str, text: str) -> Problem:
    """Return a problem that forbids publishing."""
    return Problem(place=where, rule=rule, text=text)


def warning(rule: str, where: str, text: str) -> Problem:
    """Return a problem that an author should look at, and that `--strict` makes an error."""
    return Problem(place=where, rule=rule, text=text, severity=Severity.WARNING)


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that forbid publishing."""
    return [one for one in problems if one.severity is Severity.ERROR]
