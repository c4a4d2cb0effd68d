"""What is published, kept in memory while nothing is published: asked for on every page.

Versions never change, and publishing is rare. One small statement tells whether what is kept
still holds: how many versions, series and retirements there are, the last of each, who issues.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select

from lms.courses.models import Course as CourseRow
from lms.courses.models import CourseVersion, SeriesVersion
from lms.courses.rules.course import Course, parse
from lms.courses.rules.page import LessonPage
from lms.courses.rules.page import lesson_page as page_of
from lms.courses.rules.series import Series, parse_series
from lms.db import connection, db, is_writing
from lms.errors import Missing
from lms.people.models import Organisation
from lms.people.queries import presence

_PAGES_MOST = 1024
_DAYS_MOST = 8

Mark = tuple[Any, ...]
"""What changes whenever something is published, retired or taken up again."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One version of a course, without its bulk."""

    id: int
    course_id: int
    key: str
    number: int
    digest: str
    is_material: bool
    is_retired: bool


@dataclass(frozen=True)
class Issuer:
    """Who gives the credit and whom to ask, as the pages of a course say it."""

    name: str
    line: str
    contact_email: str


@dataclass(kw_only=True)
class Catalogue:
    """Every version of every course, and every series as last published."""

    mark: Mark
    editions: Mapping[int, Edition]
    newest: Mapping[int, Edition]
    """The newest version of each course, by the course's id."""
    issuer: Issuer | None
    all_series: tuple[Series, ...]
    _contents: dict[str, Course] = field(default_factory=dict, repr=False)
    _pages: dict[tuple[str, str], LessonPage] = field(default_factory=dict, repr=False)
    _windows: dict[date, tuple[Edition, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Return the id of each course by its key."""
        return {one.key: one.course_id for one in self.newest.values()}

    @cached_property
    def material(self) -> dict[int, frozenset[int]]:
        """Return, by course id, the numbers of the versions that changed what matters."""
        found: dict[int, set[int]] = defaultdict(set)
        for one in self.editions.values():
            if one.is_material:
                found[one.course_id].add(one.number)
        return {course_id: frozenset(numbers) for course_id, numbers in found.items()}

    def latest(self, key: str) -> Edition:
        """Return the newest version of a course, retired or not; raise Missing for none."""
        if key not in self.ids:
            raise Missing(key)
        return self.newest[self.ids[key]]

    def content(self, edition: Edition) -> Course:
        """Return what a version says, parsed once."""
        known = self._contents.get(edition.digest)
        if known is None:
            self._read([edition])
            known = self._contents[edition.digest]
        return known

    def take_over(self, former: "Catalogue") -> None:
        """Take over what was parsed of the versions that are still there: they never change.

        What the server parsed before it made its workers stays in the memory that they share.
        """
        still = {one.digest for one in self.editions.values()}
        parsed = list(former._contents.items())
        self._contents.update({digest: said for digest, said in parsed if digest in still})

    def _read(self, editions: list[Edition]) -> None:
        wanted = [one.id for one in editions if one.digest not in self._contents]
        rows = select(CourseVersion.digest, CourseVersion.content).where(
            CourseVersion.id.in_(wanted)
        )
        for digest, content in db.session.execute(rows) if wanted else ():
            self._contents[digest] = parse(content)

    def offered(self, today: date) -> tuple[Edition, ...]:
        """Return the newest version of each course on offer on this day, by title.

        On offer is what is not retired, was released and has not expired.
        """
        known = self._windows.get(today)
        if known is None:
            there = [one for one in self.newest.values() if not one.is_retired]
            self._read(there)
            said = {one.id: self.content(one) for one in there}
            open_now = [
                one for one in there if said[one.id].released_on <= today <= said[one.id].expires_on
            ]
            open_now.sort(key=lambda one: (said[one.id].title.casefold(), one.id))
            if len(self._windows) >= _DAYS_MOST:
                self._windows.clear()
            known = self._windows[today] = tuple(open_now)
        return known

    def lesson_page(self, edition: Edition, lesson_id: str) -> LessonPage:
        """Return a lesson of a version as it is shown; raise Missing for an unknown lesson."""
        place = (edition.digest, lesson_id)
        known = self._pages.get(place)
        if known is None:
            lesson = self.content(edition).lesson(lesson_id)
            if lesson is None:
                raise Missing(lesson_id)
            rendered = db.session.scalar(
                select(CourseVersion.rendered).where(CourseVersion.id == edition.id)
            )
            if len(self._pages) >= _PAGES_MOST:
                self._pages.clear()
            known = page_of(lesson, (rendered or {})["lessons"][lesson_id])
            self._pages[place] = known
        return known

    def series_with(self, key: str) -> tuple[Series, ...]:
        """Return the series that a course belongs to."""
        return tuple(one for one in self.all_series if key in one.courses)


_VERSION = CourseVersion.__table__.c
_SERIES = SeriesVersion.__table__.c
_COURSE = CourseRow.__table__.c
_ISSUER = select(Organisation.__table__)
MARK = select(
    select(func.max(_VERSION.id)).scalar_subquery().label("version"),
    select(func.count(_VERSION.id)).scalar_subquery().label("versions"),
    select(func.count(_COURSE.id)).scalar_subquery().label("courses"),
    select(func.count(_COURSE.retired_at)).scalar_subquery().label("retired"),
    select(func.max(_COURSE.retired_at)).scalar_subquery().label("retired_at"),
    select(func.max(_SERIES.id)).scalar_subquery().label("series"),
    select(func.count(_SERIES.id)).scalar_subquery().label("all_series"),
    _ISSUER.with_only_columns(Organisation.__table__.c.name).scalar_subquery().label("issuer"),
    _ISSUER.with_only_columns(Organisation.__table__.c.line).scalar_subquery().label("line"),
    _ISSUER.with_only_columns(Organisation.__table__.c.contact_email)
    .scalar_subquery()
    .label("contact"),
)

# Whoever is signed in is asked for anyway: what is published is told along with it.
presence.carry(tuple(MARK.selected_columns))

# One for each database: a process may know several, as the tests do.
_kept: WeakKeyDictionary[Engine, Catalogue] = WeakKeyDictionary()


def catalogue() -> Catalogue:
    """Return what is published as the present transaction sees it, in one small statement at most.

    What is kept is used only while it is what the database holds, so that another process may
    publish at any time. A transaction that writes keeps nothing: it may yet be rolled back.
    """
    bind = db.session.get_bind()
    engine = bind if isinstance(bind, Engine) else bind.engine
    mark = presence.carried()
    if not mark:
        mark = tuple(connection().execute(MARK).one())
    known = _kept.get(engine)
    if known is not None and known.mark == mark:
        return known
    made = _read(mark, known)
    if not is_writing():
        _kept[engine] = made
    return made


def _read(mark: Mark, former: Catalogue | None) -> Catalogue:
    rows = db.session.execute(
        select(
            CourseVersion.id, CourseVersion.course_id, CourseRow.key, CourseVersion.number,
            CourseVersion.digest, CourseVersion.change, CourseRow.retired_at,
        )
        .join(CourseRow)
        .order_by(CourseVersion.number)
    )  # fmt: skip
    editions = {
        row.id: Edition(
            id=row.id,
            course_id=row.course_id,
            key=row.key,
            number=row.number,
            digest=row.digest,
            is_material=row.change == "material",
            is_retired=row.retired_at is not None,
        )
        for row in rows
    }
    series = {
        row.key: parse_series(row.content)
        for row in db.session.execute(
            select(SeriesVersion.key, SeriesVersion.content).order_by(SeriesVersion.number)
        )
    }
    made = Catalogue(
        mark=mark,
        editions=editions,
        newest={one.course_id: one for one in editions.values()},
        issuer=Issuer(*mark[-3:]) if mark[-3] is not None else None,
        all_series=tuple(sorted(series.values(), key=lambda one: one.title.casefold())),
    )
    if former is not None:
        made.take_over(former)
    made._read(list(made.newest.values()))
    return made
