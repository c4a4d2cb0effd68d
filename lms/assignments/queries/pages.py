"""Assignments as their pages show them, to those who may see them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from lms.access import Actor, Permission, everywhere, reaches
from lms.assignments.models import Assignment, AssignmentCycle, AssignmentMember
from lms.assignments.queries.asked import Asked, has_member_in, in_words, one_asked, with_cycle
from lms.assignments.queries.places import Tree, tree
from lms.db import db
from lms.errors import Missing
from lms.people.models import Person


def assignment(actor: Actor, assignment_id: int) -> Assignment:
    """Return an assignment the actor may see: Missing when it's outside their departments."""
    found = db.session.get(Assignment, assignment_id)
    if found is None:
        raise Missing("assignment")
    if everywhere(actor, Permission.SEE_ASSIGNMENTS):
        return found
    # An assignment to a department above concerns one's own people, so it may be seen.
    reached = tree().below(found.department_id) & actor.department_ids
    if reached or (found.is_selective and _has_member(found, actor.department_ids)):
        return found
    raise Missing("assignment")


def _has_member(one: Assignment, department_ids: Collection[int]) -> bool:
    found = db.session.scalar(
        select(Assignment.id).where(Assignment.id == one.id, has_member_in(department_ids))
    )
    return found is not None


def is_member(assignment_id: int, person_id: int) -> bool:
    """Say whether a person is chosen for a selective assignment now."""
    found = db.session.scalar(
        select(AssignmentMember.id).where(
            AssignmentMember.assignment_id == assignment_id,
            AssignmentMember.person_id == person_id,
            AssignmentMember.ended_at.is_(None),
        )
    )
    return found is not None


def concerned_person(one: Assignment, person_id: int) -> Person | None:
    """Return the active person if the assignment concerns them, or None."""
    person = db.session.get(Person, person_id)
    if person is None or person.deactivated_at is not None or person.department_id is None:
        return None
    if one.is_selective:
        return person if is_member(one.id, person_id) else None
    return person if one.department_id in tree().above(person.department_id) else None


@dataclass(frozen=True, kw_only=True)
class AssignmentPage:
    """One assignment as its page shows it."""

    asked: Asked
    department: str
    chosen: int | None
    created_at: datetime
    created_by: str | None
    closed_at: datetime | None
    closed_reason: str | None
    may_close: bool
    sends_reminders: bool


def _chosen(row: Assignment) -> int | None:
    """Count the active people a selective assignment concerns; None for a whole department."""
    if not row.is_selective:
        return None
    return db.session.scalar(
        select(func.count())
        .select_from(AssignmentMember)
        .join(Person, Person.id == AssignmentMember.person_id)
        .where(
            AssignmentMember.assignment_id == row.id,
            AssignmentMember.ended_at.is_(None),
            Person.deactivated_at.is_(None),
        )
    )


def _page(row: Assignment, asked: Asked, everything: Tree, actor: Actor) -> AssignmentPage:
    by = db.session.get(Person, row.created_by_id) if row.created_by_id else None
    return AssignmentPage(
        asked=asked,
        department=everything.path(row.department_id),
        chosen=_chosen(row),
        created_at=row.created_at,
        created_by=by.name if by else None,
        closed_at=row.closed_at,
        closed_reason=row.closed_reason,
        may_close=reaches(actor, Permission.ASSIGN, department_id=row.department_id),
        sends_reminders=row.sends_reminders,
    )


def assignment_page(actor: Actor, assignment_id: int) -> AssignmentPage:
    """Return one assignment the actor may see; raises Missing."""
    row = assignment(actor, assignment_id)
    return _page(row, one_asked(row.id), tree(), actor)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A line of the list of assignments."""

    asked: Asked
    department: str
    closed_at: datetime | None


def assigned(actor: Actor) -> list[Listed]:
    """Return the assignments to the departments the actor reaches, open ones first."""
    everything = tree()
    reached = [
        one
        for one in everything.names
        if reaches(actor, Permission.SEE_ASSIGNMENTS, department_id=one)
    ]
    rows = db.session.execute(
        with_cycle()
        .where(Assignment.department_id.in_(reached))
        .order_by(Assignment.closed_at.is_not(None), AssignmentCycle.due_on, Assignment.id)
    ).all()
    return [
        Listed(asked=asked, department=everything.path(row.department_id), closed_at=row.closed_at)
        for (row, _cycle), asked in zip(rows, in_words(rows), strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class ExemptionPage:
    """Whom to free of what."""

    asked: Asked
    person_id: int
    person_name: str


def exemption_page(actor: Actor, assignment_id: int, person_id: int) -> ExemptionPage:
    """Return what the exemption form needs; Missing for people the actor does not reach."""
    row = assignment(actor, assignment_id)
    person = concerned_person(row, person_id)
    if (
        person is None
        or person.department_id is None
        or not reaches(actor, Permission.EXEMPT, department_id=person.department_id)
    ):
        raise Missing("person")
    return ExemptionPage(asked=one_asked(row.id), person_id=person.id, person_name=person.name)
