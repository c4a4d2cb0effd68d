"""An attempt as the pages of its quiz need it: a few columns, and what was drawn parsed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from json import loads
from typing import Any, Final

from sqlalchemy import Integer, Text, bindparam, cast, select

from lms.courses import queries as courses
from lms.courses.models import Course as CourseRow
from lms.courses.models import CourseVersion
from lms.courses.rules.course import Course
from lms.db import connection, db
from lms.errors import Missing
from lms.learning.models import Answer, Attempt, Enrolment, Outcome
from lms.learning.rules import drawing
from lms.learning.rules.drawing import Drawn

_PARSED_MOST: Final = 32

# Statements are built once: to build one takes longer than to ask it.
_A = Attempt.__table__.c
_E = Enrolment.__table__.c
_V = CourseVersion.__table__.c
_C = CourseRow.__table__.c
_N = Answer.__table__.c
_SITTING = (
    select(
        _A.id, _A.enrolment_id, _A.number, _A.deadline_at, _A.minutes_allowed, _A.ended_at,
        _A.outcome, _A.points, cast(_A.drawn, Text).label("drawn"),
        _E.course_version_id, _V.digest, _C.retired_at,
    )
    .select_from(Attempt.__table__)
    .join(Enrolment.__table__, _E.id == _A.enrolment_id)
    .join(CourseVersion.__table__, _V.id == _E.course_version_id)
    .join(CourseRow.__table__, _C.id == _E.course_id)
    .where(
        _A.id == bindparam("attempt_id", type_=Integer),
        _E.person_id == bindparam("person_id", type_=Integer),
    )
)  # fmt: skip
_LOCKED = _SITTING.with_for_update(of=Attempt.__table__)
# Whoever starts, ends or completes takes the enrolment first and the attempt second; taken the
# other way round two of them could wait for each other.
_HOLD = (
    select(_E.id)
    .where(
        _E.id
        == select(_A.enrolment_id)
        .where(_A.id == bindparam("attempt_id", type_=Integer))
        .scalar_subquery()
    )
    .with_for_update()
)
_GIVEN = select(_N.id, _N.item_id, _N.response, _N.saved_at).where(
    _N.attempt_id == bindparam("attempt_id", type_=Integer)
)
_TRIES = (
    select(_A.id, _A.deadline_at, _A.ended_at, _A.outcome)
    .where(_A.enrolment_id == bindparam("enrolment_id", type_=Integer))
    .order_by(_A.number)
)


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """One attempt of somebody. `drawn` holds the key: never for a browser."""

    id: int
    enrolment_id: int
    number: int
    deadline_at: datetime | None
    minutes_allowed: int | None
    ended_at: datetime | None
    outcome: Outcome | None
    points: str | None
    drawn: tuple[Drawn, ...]
    course: Course
    is_retired: bool


@dataclass(frozen=True, kw_only=True)
class Given:
    """An answer as it was saved."""

    id: int
    response: list[Any]
    saved_at: datetime


@dataclass(frozen=True, kw_only=True)
class Try:
    """An attempt without what was drawn for it."""

    id: int
    deadline_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None


@lru_cache(maxsize=_PARSED_MOST)
def _thawed(drawn: str) -> tuple[Drawn, ...]:
    """Parse what was drawn. Kept by the whole of its text, so that it can't be another's."""
    return drawing.thaw(loads(drawn))


def sitting(person_id: int, attempt_id: int, *, lock: bool = False) -> Sitting:
    """Return this person's attempt; with `lock` nobody else changes it before we are done.

    Raises Missing, also for the attempt of somebody else.
    """
    # Statements on tables do not make the session write first what it holds.
    db.session.flush()
    if lock:
        hold_enrolment_of(attempt_id)
    wanted = {"attempt_id": attempt_id, "person_id": person_id}
    here = connection()
    row = here.execute(_LOCKED if lock else _SITTING, wanted).first()
    if row is None:
        raise Missing(f"attempt {attempt_id}")
    return Sitting(
        id=row.id,
        enrolment_id=row.enrolment_id,
        number=row.number,
        deadline_at=row.deadline_at,
        minutes_allowed=row.minutes_allowed,
        ended_at=row.ended_at,
        outcome=row.outcome,
        points=row.points,
        drawn=_thawed(row.drawn),
        course=courses.content_kept(row.course_version_id, row.digest),
        is_retired=row.retired_at is not None,
    )


def hold_enrolment_of(attempt_id: int) -> None:
    """Hold the enrolment that an attempt belongs to until the transaction ends.

    On SQLite those who will write have taken their turn when the transaction began.
    """
    here = connection()
    if here.dialect.name != "sqlite":
        here.execute(_HOLD, {"attempt_id": attempt_id})


def given(attempt_id: int) -> Mapping[str, Given]:
    """Return what was answered, by item id, as it stands in the database now."""
    db.session.flush()
    rows = connection().execute(_GIVEN, {"attempt_id": attempt_id})
    return {
        item_id: Given(id=id_, response=response, saved_at=saved_at)
        for id_, item_id, response, saved_at in rows
    }


def tries_of(enrolment_id: int) -> list[Try]:
    """Return the attempts of one cycle in order, as they stand in the database now."""
    db.session.flush()
    rows = connection().execute(_TRIES, {"enrolment_id": enrolment_id})
    return [
        Try(id=id_, deadline_at=deadline_at, ended_at=ended_at, outcome=outcome)
        for id_, deadline_at, ended_at, outcome in rows
    ]
