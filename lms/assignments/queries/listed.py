"""Pages of a list over thousands of people: who is complete, exempt or neither, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Integer, exists, func, literal, or_, select, union_all

from lms.assignments.models import Exemption
from lms.assignments.queries.asked import Asked, among
from lms.assignments.queries.figures import Scope, active, chosen, given, names_of
from lms.assignments.queries.places import Tree
from lms.db import db
from lms.learning.models import Completion, Enrolment
from lms.people.models import Person, SignIn


def _is_exempt(one: Asked) -> ColumnElement[bool]:
    """Say in SQL that the person is exempt from the open cycle of an assignment."""
    return exists().where(
        Exemption.assignment_id == one.id,
        Exemption.person_id == Person.id,
        Exemption.ended_at.is_(None),
        or_(Exemption.cycle_id.is_(None), Exemption.cycle_id == one.cycle_id),
    )


def _is_met(one: Asked) -> ColumnElement[bool]:
    """Say in SQL that the person did enough of an assignment."""
    if not one.needed:
        return literal(value=True)
    done = (
        select(Enrolment.id)
        .join(Completion, Completion.enrolment_id == Enrolment.id)
        .where(
            Enrolment.person_id == Person.id,
            Enrolment.course_id.in_(one.course_ids),
            Completion.completed_at >= one.counts_from,
        )
        .correlate(Person)
    )
    if one.needed == 1:
        return done.exists()
    number = done.with_only_columns(func.count(Enrolment.course_id.distinct()))
    return number.scalar_subquery() >= one.needed


MANY = 1_000
"""From so many people on, a page by name is found sooner in the order of all names."""


def _concerns(
    one: Asked, scope: Scope, everything: Tree, *, leads: bool
) -> list[ColumnElement[bool]]:
    """Say in SQL that an assignment concerns the person, who is in the scope."""
    here, place, *named = active(named=names_of(scope), leads=leads)
    if one.is_selective:
        return [here, place, *named, chosen(one.id)]
    places = among(scope.department_ids & everything.below(one.department_id))
    where = Person.department_id if leads else func.coalesce(Person.department_id, 0)
    return [here, where.in_(places), *named]


class Kind(StrEnum):
    """What can be said of a person and an assignment without looking at the calendar."""

    LEFT = "left"
    COMPLETE = "complete"
    EXEMPT = "exempt"


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of a list: some of the people of one kind for one assignment, by name."""

    asked: Asked
    kind: Kind
    start: int
    size: int
    of: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """One person in a list, for one assignment."""

    asked: Asked
    kind: Kind
    person_id: int
    person_name: str
    department_id: int
    has_signed_in: bool


def of_kind(
    one: Asked, kind: Kind, scope: Scope, everything: Tree, *, leads: bool = True
) -> list[ColumnElement[bool]]:
    """Return the conditions on a person who is of this kind for an assignment."""
    conditions = _concerns(one, scope, everything, leads=leads)
    if kind is Kind.COMPLETE:
        return [*conditions, _is_met(one)]
    exempt = _is_exempt(one)
    return [*conditions, ~_is_met(one), exempt if kind is Kind.EXEMPT else ~exempt]


def people(stretches: Sequence[Stretch], scope: Scope, everything: Tree) -> list[Found]:
    """Return the people of these stretches of a list, in one statement."""
    if not stretches:
        return []
    parts = [
        select(
            select(
                literal(place, Integer).label("place"),
                Person.id.label("person_id"),
                Person.name.label("name"),
                Person.department_id.label("department_id"),
            )
            .where(*of_kind(one.asked, one.kind, scope, everything, leads=one.of < MANY))
            .order_by(Person.name, Person.id)
            .limit(one.size)
            .offset(one.start)
            .subquery()
        )
        for place, one in enumerate(stretches)
    ]
    page = union_all(*parts).subquery("page")
    signed_in = exists().where(SignIn.person_id == page.c.person_id)
    rows = db.session.execute(
        select(page, signed_in.label("has_signed_in")).order_by(
            page.c.place, page.c.name, page.c.person_id
        ),
        given(scope),
    )
    return [
        Found(
            asked=stretches[row.place].asked,
            kind=stretches[row.place].kind,
            person_id=row.person_id,
            person_name=row.name,
            department_id=row.department_id,
            has_signed_in=row.has_signed_in,
        )
        for row in rows
    ]


def who(stretches: Sequence[Stretch], scope: Scope, everything: Tree) -> frozenset[int]:
    """Return everybody who is in one of these stretches, whatever their sizes."""
    if not stretches:
        return frozenset()
    parts = [
        select(Person.id).where(*of_kind(one.asked, one.kind, scope, everything))
        for one in stretches
    ]
    return frozenset(db.session.scalars(union_all(*parts), given(scope)))
