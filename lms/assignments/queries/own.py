"""What one person is asked to finish, in one statement: the home page asks at every visit."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from lms.access import Actor
from lms.assignments.models import Assignment, AssignmentCycle, AssignmentMember, Exemption
from lms.assignments.queries.asked import in_words
from lms.assignments.queries.obligations import Obligation
from lms.assignments.rules import State, fulfilment, state_of
from lms.courses.queries.catalogue import Catalogue
from lms.db import connection, db
from lms.learning.models import Completion, Enrolment
from lms.people.models import Department, Person

_ASSIGNMENT = Assignment.__table__.c
_CYCLE = AssignmentCycle.__table__.c
_MEMBER = AssignmentMember.__table__.c
_EXEMPTION = Exemption.__table__.c
_PERSON = Person.__table__.c
_PLACE = Department.__table__.c


class _Cycle(NamedTuple):
    """The newest cycle of an assignment, as the one statement returns it beside the rest."""

    id: int
    number: int
    due_on: date
    counts_from: datetime


def _is_exempt(who: ColumnElement[int]) -> ColumnElement[bool]:
    return (
        select(_EXEMPTION.id)
        .where(
            _EXEMPTION.assignment_id == _ASSIGNMENT.id,
            _EXEMPTION.person_id == who,
            _EXEMPTION.ended_at.is_(None),
            or_(_EXEMPTION.cycle_id.is_(None), _EXEMPTION.cycle_id == _CYCLE.id),
        )
        .correlate(Assignment.__table__, AssignmentCycle.__table__)
        .exists()
    )


def _is_chosen(who: ColumnElement[int]) -> ColumnElement[bool]:
    return (
        select(_MEMBER.id)
        .where(
            _MEMBER.assignment_id == _ASSIGNMENT.id,
            _MEMBER.person_id == who,
            _MEMBER.ended_at.is_(None),
        )
        .correlate(Assignment.__table__)
        .exists()
    )


def _statement() -> Select[Any]:
    """Build the one statement: the open assignments to where this person works, to all above it,
    and to the person, each with its newest cycle."""
    who = bindparam("who", type_=Integer)
    place = (
        select(_PERSON.department_id.label("id"))
        .where(_PERSON.id == who, _PERSON.deactivated_at.is_(None))
        .cte("place", recursive=True)
    )
    place = place.union(
        select(_PLACE.parent_id).join_from(
            Department.__table__, place, _PLACE.id == place.c.id
        ).where(_PLACE.parent_id.is_not(None))
    )  # fmt: skip
    newest = (
        select(func.max(_CYCLE.number))
        .where(_CYCLE.assignment_id == _ASSIGNMENT.id)
        .correlate(Assignment.__table__)
        .scalar_subquery()
    )
    return (
        select(
            *(_ASSIGNMENT[name] for name in (
                "id", "department_id", "course_id", "series_key", "is_selective", "reason",
                "asked_by", "basis", "closed_at",
            )),
            _CYCLE.id.label("cycle_id"), _CYCLE.number, _CYCLE.due_on, _CYCLE.counts_from,
            _is_exempt(who).label("is_exempt"),
            select(_PERSON.name).where(_PERSON.id == who).scalar_subquery().label("name"),
            select(_PERSON.department_id).where(_PERSON.id == who).scalar_subquery()
            .label("works_in"),
        )
        .join_from(
            Assignment.__table__,
            AssignmentCycle.__table__,
            and_(_CYCLE.assignment_id == _ASSIGNMENT.id, _CYCLE.number == newest),
        )
        .where(
            _ASSIGNMENT.closed_at.is_(None),
            or_(
                and_(
                    _ASSIGNMENT.is_selective.is_(False),
                    _ASSIGNMENT.department_id.in_(select(place.c.id)),
                ),
                and_(
                    _ASSIGNMENT.is_selective.is_(True),
                    _is_chosen(who),
                    select(_PERSON.id)
                    .where(_PERSON.id == who, _PERSON.deactivated_at.is_(None))
                    .exists(),
                ),
            ),
        )
        .order_by(_CYCLE.due_on, _ASSIGNMENT.id)
    )  # fmt: skip


_OWN = _statement()


def _own_completions(person_id: int) -> Sequence[tuple[int, datetime]]:
    rows = db.session.execute(
        select(Enrolment.course_id, Completion.completed_at)
        .join(Completion, Completion.enrolment_id == Enrolment.id)
        .where(Enrolment.person_id == person_id)
    )
    return [(row.course_id, row.completed_at) for row in rows]


def own_obligations(
    actor: Actor,
    *,
    today: date,
    completions: Sequence[tuple[int, datetime]] | None = None,
    shelf: Catalogue | None = None,
) -> list[Obligation]:
    """Return what this person is asked to finish, most urgent first.

    `completions` are (course id, instant) of this person in every cycle, and `shelf` the
    catalogue, for those who have read them already. `today` is the institution's day.
    """
    db.session.flush()
    rows = connection().execute(_OWN, {"who": actor.person_id}).all()
    if not rows:
        return []
    done = _own_completions(actor.person_id) if completions is None else completions
    pairs = [(row, _Cycle(row.cycle_id, row.number, row.due_on, row.counts_from)) for row in rows]
    found = []
    for row, asked in zip(rows, in_words(pairs, shelf), strict=True):
        progress = fulfilment(asked.duty(), done)
        state = state_of(
            is_met=progress.is_met, is_exempt=row.is_exempt, due_on=asked.due_on, today=today
        )
        found.append(
            Obligation(
                person_id=actor.person_id,
                person_name=row.name,
                department_id=row.works_in or 0,
                asked=asked,
                progress=progress,
                state=state,
            )
        )
    return sorted(found, key=lambda one: (list(State).index(one.state), one.asked.due_on))
