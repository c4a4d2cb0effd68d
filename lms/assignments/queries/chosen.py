"""Questions about people to whom something is to be assigned one by one."""

from collections.abc import Collection

from sqlalchemy import Select, and_, or_, select

from lms.assignments.models import Assignment, AssignmentMember
from lms.assignments.queries.asked import among
from lms.assignments.queries.places import tree
from lms.db import db
from lms.errors import Missing
from lms.people.models import Person


def in_order(person_ids: Collection[int]) -> Select[int]:
    """Select these people in the order of their numbers, so that locks never cross."""
    return select(Person.id).where(Person.id.in_(among(person_ids))).order_by(Person.id)


def departments_of_people(person_ids: Collection[int]) -> list[int]:
    """Return where these people work; raise Missing unless all are here and work somewhere."""
    rows = db.session.execute(
        select(Person.id, Person.department_id).where(
            Person.id.in_(among(person_ids)),
            Person.deactivated_at.is_(None),
            Person.department_id.is_not(None),
        )
    ).all()
    if not person_ids or len(rows) != len(set(person_ids)):
        raise Missing("person")
    return sorted({row.department_id for row in rows if row.department_id is not None})


def who_has(
    person_ids: Collection[int], *, course_id: int | None, series_key: str | None
) -> frozenset[int]:
    """Return who of these is concerned by an open assignment of this course or this series."""
    same = (
        Assignment.course_id == course_id
        if course_id is not None
        else Assignment.series_key == series_key
    )
    open_ones = db.session.execute(
        select(Assignment.id, Assignment.department_id, Assignment.is_selective).where(
            Assignment.closed_at.is_(None), same
        )
    ).all()
    everything = tree()
    places = [everything.below(one.department_id) for one in open_ones if not one.is_selective]
    selective = [one.id for one in open_ones if one.is_selective]
    member = (
        select(AssignmentMember.id)
        .where(
            AssignmentMember.person_id == Person.id,
            AssignmentMember.assignment_id.in_(among(selective)),
            AssignmentMember.ended_at.is_(None),
        )
        .exists()
    )
    rows = db.session.scalars(
        select(Person.id).where(
            and_(
                Person.id.in_(among(person_ids)),
                or_(Person.department_id.in_(among(frozenset().union(*places))), member),
            )
        )
    )
    return frozenset(rows)
