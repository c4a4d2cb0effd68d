"""Open assignments in words: what each asks, by when, counted from when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, or_, select

from lms.assignments.models import Assignment, AssignmentCycle, AssignmentMember
from lms.assignments.rules import Duty
from lms.courses.queries.catalogue import Catalogue, catalogue
from lms.db import db
from lms.people.models import Person


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One assignment in its newest cycle, with what it asks in words."""

    id: int
    department_id: int
    is_selective: bool
    cycle_id: int
    cycle: int
    title: str
    key: str
    is_series: bool
    course_ids: tuple[int, ...]
    course_keys: tuple[str, ...]
    needed: int
    due_on: date
    counts_from: datetime
    reason: str
    asked_by: str
    basis: str
    closed_at: datetime | None

    def duty(self) -> Duty:
        """Return what a person must have done to fulfil it."""
        return Duty(
            course_ids=frozenset(self.course_ids),
            needed=self.needed,
            due_on=self.due_on,
            counts_from=self.counts_from,
        )


def titles() -> dict[int, tuple[str, str]]:
    """Return (key, title of the newest version) of every course, by its id."""
    shelf = catalogue()
    return {
        one: (edition.key, shelf.content(edition).title) for one, edition in shelf.newest.items()
    }


def is_newest() -> ColumnElement[bool]:
    """Say in SQL that a cycle is the newest of its assignment, which is the open one."""
    newest = (
        select(func.max(AssignmentCycle.number))
        .where(AssignmentCycle.assignment_id == Assignment.id)
        .correlate(Assignment)
        .scalar_subquery()
    )
    return and_(AssignmentCycle.assignment_id == Assignment.id, AssignmentCycle.number == newest)


Rows = Select[Assignment, AssignmentCycle]


def with_cycle() -> Rows:
    """Select assignments, each with its newest cycle."""
    return select(Assignment, AssignmentCycle).join(AssignmentCycle, is_newest())


def in_words(rows: Sequence[Any], shelf: Catalogue | None = None) -> list[Asked]:
    """Put pairs of assignment and newest cycle into words.

    The parts of a series are those that can be taken now. `shelf` is for those who have asked
    for the catalogue already.
    """
    if not rows:
        return []
    shelf = shelf or catalogue()
    series = {one.key: one for one in shelf.all_series}
    asked = []
    for row, cycle in rows:
        if row.course_id is not None:
            edition = shelf.newest[row.course_id]
            key, title = edition.key, shelf.content(edition).title
            needed = 1
            parts: tuple[int, ...] = (row.course_id,)
        else:
            key = row.series_key or ""
            one = series[key]
            title = one.title
            parts = tuple(shelf.ids[part] for part in one.courses if part in shelf.ids)
            needed = min(one.required, len(parts)) or len(parts)
        asked.append(
            Asked(
                id=row.id,
                department_id=row.department_id,
                is_selective=row.is_selective,
                cycle_id=cycle.id,
                cycle=cycle.number,
                title=title,
                key=key,
                is_series=row.course_id is None,
                course_ids=parts,
                course_keys=tuple(shelf.newest[part].key for part in parts),
                needed=needed,
                due_on=cycle.due_on,
                counts_from=cycle.counts_from,
                reason=row.reason,
                asked_by=row.asked_by,
                basis=row.basis,
                closed_at=row.closed_at,
            )
        )
    return asked


def one_asked(assignment_id: int) -> Asked:
    """Return one assignment in words, closed or not; it must exist."""
    return in_words(db.session.execute(with_cycle().where(Assignment.id == assignment_id)).all())[0]


def among(ids: Collection[int]) -> Any:
    """Return many numbers as one parameter, which is quicker to write down than each alone."""
    return bindparam("ids", sorted(ids), type_=Integer, expanding=True, unique=True)


def has_member_in(department_ids: Collection[int]) -> ColumnElement[bool]:
    """Say in SQL that an active person of these departments was chosen for an assignment."""
    return (
        select(AssignmentMember.id)
        .join(Person, Person.id == AssignmentMember.person_id)
        .where(
            AssignmentMember.assignment_id == Assignment.id,
            AssignmentMember.ended_at.is_(None),
            Person.deactivated_at.is_(None),
            Person.department_id.in_(among(department_ids)),
        )
        .correlate(Assignment)
        .exists()
    )


def open_assignments(
    department_ids: Collection[int], *, chosen_in: Collection[int] = (), with_closed: bool = False
) -> list[Asked]:
    """Return the open assignments given to any of these departments, the earliest due first.

    With them those to chosen people of the departments in `chosen_in`, whoever chose them; and
    `with_closed` those that were closed.
    """
    given = and_(
        Assignment.is_selective.is_(False), Assignment.department_id.in_(among(department_ids))
    )
    chosen = and_(Assignment.is_selective.is_(True), has_member_in(chosen_in))
    wanted = with_cycle().where(or_(given, chosen))
    if not with_closed:
        wanted = wanted.where(Assignment.closed_at.is_(None))
    rows = db.session.execute(wanted.order_by(AssignmentCycle.due_on, Assignment.id)).all()
    return in_words(rows)


def due_day(assignment_id: int) -> date:
    """Return the due day of an assignment's newest cycle; the assignment must exist."""
    return db.session.scalars(
        select(AssignmentCycle.due_on)
        .where(AssignmentCycle.assignment_id == assignment_id)
        .order_by(AssignmentCycle.number.desc())
        .limit(1)
    ).one()
