"""The directory of services, read from its files once, and again when a file has changed.

Ours are in courses/directory; an institution adds its own in the folder `directory` of its
instance. A file with problems never keeps a page away: what is sound in it is shown, the rest is
named by `lms courses check`, `lms doctor` and the page of what is due.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from lms.courses import files
from lms.courses.queries.stamps import Stamp, stamp
from lms.courses.rules.check_directory import Found, check_directory
from lms.courses.rules.directory import Directory, Entry
from lms.courses.rules.problem import Problem, errors

HOME: Final = Path(__file__).resolve().parents[3] / "courses" / "directory"
OWN: Final = "directory"
"""The folder of an instance with the institution's own services."""

_kept: dict[tuple[Path, Path | None], tuple[Stamp, Found]] = {}
_MOST: Final = 16


def _folders(own: Path | None) -> list[Path]:
    return [HOME, *([own] if own is not None and own.is_dir() else [])]


def checked(own: Path | None = None, *, today: date, home: Path | None = None) -> Found:
    """Return the directory and every problem of its files, warnings of what is overdue included."""
    folders = [home or HOME, *_folders(own)[1:]]
    return check_directory([files.read(one) for one in folders if one.is_dir()], today=today)


def _known(own: Path | None) -> Found:
    seen = stamp(_folders(own))
    known = _kept.get((HOME, own))
    if known is not None and known[0] == seen:
        return known[1]
    # Which days have passed is asked of each entry when it's shown, and is no part of this.
    found = checked(own, today=date.min)
    if len(_kept) >= _MOST:
        _kept.clear()
    _kept[HOME, own] = (seen, found)
    return found


def directory(own: Path | None = None) -> Directory:
    """Return the directory; `own` is the institution's folder, where there is one."""
    return _known(own).directory


def problems(own: Path | None = None) -> tuple[Problem, ...]:
    """Return what is wrong with the files, so that entries are left out."""
    return tuple(errors(_known(own).problems))


@dataclass(frozen=True, kw_only=True)
class Due:
    """An entry that must be checked again, as planners see it."""

    entry: Entry
    is_overdue: bool

    @property
    def name(self) -> str:
        """Return what it's called."""
        return self.entry.name

    @property
    def review_by(self) -> date:
        """Return the last day of its check."""
        return self.entry.review_by


def due(on: date, *, own: Path | None = None) -> tuple[Due, ...]:
    """Return what must be checked by this day, or within the month after it; oldest first."""
    return tuple(Due(entry=one, is_overdue=one.is_overdue(on)) for one in directory(own).due(on))


def unconfirmed(own: Path | None = None) -> tuple[Entry, ...]:
    """Return the entries that nobody could confirm yet, by name."""
    entries = (one for one in directory(own).entries if one.is_unconfirmed)
    return tuple(sorted(entries, key=lambda one: one.name.casefold()))


@dataclass(frozen=True, kw_only=True)
class HelpLines:
    """The lines at the foot of a page."""

    first: tuple[Entry, ...]
    fitting: tuple[Entry, ...]


def help_lines(topics: Iterable[str] = (), *, own: Path | None = None) -> HelpLines:
    """Return the lines that stand on every page, and those that fit these topics."""
    here = directory(own)
    return HelpLines(first=here.first, fitting=here.fitting(topics))
