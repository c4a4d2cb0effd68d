"""The library, read from its files once, and again when a file has changed.

Ours are in courses/library; an institution adds its own in the folder `library` of its instance.
A file with problems never keeps the page away: what is sound in it is shown, the rest is named by
`lms courses check` and `lms doctor`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from lms.courses import files
from lms.courses.queries.catalogue import catalogue
from lms.courses.queries.stamps import Stamp, stamp
from lms.courses.rules.check_library import Found, check_library
from lms.courses.rules.library import Asked, Document, Library
from lms.courses.rules.problem import Problem, errors
from lms.errors import Missing

HOME: Final = Path(__file__).resolve().parents[3] / "courses" / "library"
OWN: Final = "library"
"""The folder of an instance with the institution's own sources."""

_kept: dict[Path | None, tuple[Stamp, Found]] = {}
_MOST: Final = 16


def _folders(own: Path | None, home: Path | None = None) -> list[Path]:
    return [home or HOME, *([own] if own is not None and own.is_dir() else [])]


def checked(own: Path | None = None, *, home: Path | None = None) -> Found:
    """Return the library and every problem of its files."""
    return check_library([files.read(one) for one in _folders(own, home) if one.is_dir()])


def _known(own: Path | None) -> Found:
    mark = stamp(_folders(own))
    known = _kept.get(own)
    if known is not None and known[0] == mark:
        return known[1]
    found = checked(own)
    if len(_kept) >= _MOST:
        _kept.clear()
    _kept[own] = (mark, found)
    return found


def library(own: Path | None = None) -> Library:
    """Return the library; `own` is the institution's folder, where there is one."""
    return _known(own).library


def problems(own: Path | None = None) -> tuple[Problem, ...]:
    """Return what is wrong with the files, so that documents are left out."""
    return tuple(errors(_known(own).problems))


@dataclass(frozen=True, kw_only=True)
class CourseName:
    """A published course as the library names it."""

    key: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """A document as the page lists it."""

    document: Document
    courses: tuple[CourseName, ...]
    instead: tuple[Document, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the page shows: the documents found by kind, and what can be asked for."""

    lines: tuple[Line, ...]
    total: int
    courses: tuple[CourseName, ...]

    @property
    def by_kind(self) -> list[tuple[str, list[Line]]]:
        """Return the documents found, under the words of their kinds."""
        shelves: dict[str, list[Line]] = {}
        for line in self.lines:
            shelves.setdefault(line.document.kind_words, []).append(line)
        return list(shelves.items())


def _cited(today: date, also: str = "") -> Mapping[CourseName, frozenset[str]]:
    """Return the ids of the sources that each course on offer cites, in one statement or two.

    `also` names a course that is asked for though it's no longer on offer: some still read it.
    """
    shelf = catalogue()
    there = shelf.offered(today)
    if also in shelf.ids and (newest := shelf.latest(also)) not in there:
        there = (*there, newest)
    return {
        CourseName(key=one.key, title=content.title): frozenset(
            reference.id for reference in content.references
        )
        for one in there
        for content in (shelf.content(one),)
    }


def _line(one: Document, here: Library, cited: Mapping[CourseName, frozenset[str]]) -> Line:
    users = (name for name, ids in cited.items() if not ids.isdisjoint(one.ids))
    return Line(document=one, courses=tuple(users), instead=here.instead(one))


def page(asked: Asked, *, today: date, own: Path | None = None) -> Page:
    """Return the documents that are asked for, each with the courses on offer that use it."""
    here, cited = library(own), _cited(today, also=asked.course)
    by_key = {name.key: ids for name, ids in cited.items()}
    found = here.found(asked, by_key.get(asked.course, frozenset()))
    return Page(
        lines=tuple(_line(one, here, cited) for one in found),
        total=len(here.documents),
        courses=tuple(cited),
    )


def line(entry: str, *, today: date, own: Path | None = None) -> Line:
    """Return one document by any of its ids; raise Missing where there is none."""
    here = library(own)
    found = here.by_id.get(entry)
    if found is None:
        raise Missing(entry)
    return _line(found, here, _cited(today))
