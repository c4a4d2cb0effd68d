"""Assign a course or series to a department, close an assignment, exempt a person."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from lms import audit
from lms.access import Actor, Permission, require
from lms.assignments import queries, rules
from lms.assignments.models import Assignment, AssignmentCycle, AssignmentMember, Exemption
from lms.assignments.rules import Request
from lms.courses import queries as courses
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people.models import Department


class TooSoon(Refused):
    """The due day gives no fair notice, or lies too far away."""


class AlreadyAssigned(Refused):
    """This department has the same assignment open already."""


class NothingToExempt(Refused):
    """This person is not concerned by the assignment, or exempt already."""


class AlreadyClosed(Refused):
    """The assignment is closed."""


@whole
def assign(
    *, actor: Actor, department_id: int, request: Request, at: datetime, today: date
) -> Assignment:
    """Ask a department and all below it to finish a course or a series by a day.

    Raises NotAllowed outside the actor's departments, Missing for an unknown course, series or
    department, TooSoon and AlreadyAssigned.
    """
    require(actor, Permission.ASSIGN, department_id=department_id)
    course_id = begin(department_id, request, today=today)
    _refuse_a_twin(department_id, course_id, request.series_key)
    made = add(
        request,
        course_id=course_id,
        department_id=department_id,
        is_selective=False,
        actor=actor,
        at=at,
    )
    audit.record(
        actor=actor,
        at=at,
        action="assignment.created",
        thing=f"assignment:{made.id}",
        department=department_id,
        what=request.course_key or request.series_key,
        due_on=request.due_on.isoformat(),
    )
    return made


def begin(department_id: int, request: Request, *, today: date) -> int | None:
    """Check what is asked, one at a time in a department; return the course's id, or None."""
    queries.department(department_id)
    # Two who assign the same at once come one by one: the second finds what the first made.
    db.session.execute(
        select(Department.id).where(Department.id == department_id).with_for_update()
    )
    if sentence := rules.notice_problem(due_on=request.due_on, today=today):
        raise TooSoon(sentence)
    if request.course_key is not None:
        return courses.latest(request.course_key).course_id
    courses.series(request.series_key or "")
    return None


def add(
    request: Request,
    *,
    course_id: int | None,
    department_id: int,
    is_selective: bool,
    actor: Actor,
    at: datetime,
) -> Assignment:
    """Add an assignment with its first cycle."""
    made = Assignment(
        department_id=department_id,
        course_id=course_id,
        series_key=request.series_key,
        is_selective=is_selective,
        reason=request.reason,
        asked_by=request.asked_by,
        basis=request.basis,
        accept_days=request.accept_days,
        sends_reminders=request.sends_reminders,
        created_at=at,
        created_by_id=actor.person_id or None,
    )
    db.session.add(made)
    db.session.flush()
    db.session.add(
        AssignmentCycle(
            assignment_id=made.id,
            number=1,
            due_on=request.due_on,
            counts_from=rules.counts_from(at, accept_days=request.accept_days),
            opened_at=at,
        )
    )
    db.session.flush()
    return made


def _refuse_a_twin(department_id: int, course_id: int | None, series_key: str | None) -> None:
    twin = select(Assignment.id).where(
        Assignment.department_id == department_id,
        Assignment.is_selective.is_(False),
        Assignment.closed_at.is_(None),
        Assignment.course_id == course_id if course_id else Assignment.series_key == series_key,
    )
    other = db.session.scalar(twin.with_for_update())
    if other is not None:
        due = queries.due_day(other)
        raise AlreadyAssigned(
            f"This department has it assigned already, due {due:%B} "
            f"{due.day}, {due.year}. Close that one first to change the day."
        )


@dataclass(frozen=True, kw_only=True)
class AssignedPeople:
    """What came of assigning to chosen people: to whom, and who has the same open already."""

    assignment: Assignment
    added: tuple[int, ...]
    left_out: tuple[int, ...]


@whole
def assign_people(
    *,
    actor: Actor,
    department_id: int,
    person_ids: Collection[int],
    request: Request,
    at: datetime,
    today: date,
) -> AssignedPeople:
    """Ask chosen people to finish a course or a series by a day, wherever they work.

    Who has the same course or series open already is left out and reported. Raises NotAllowed
    outside the actor's departments, Missing for people who are not here, unknown courses, series
    or departments, TooSoon, and AlreadyAssigned when nobody is left.
    """
    require(actor, Permission.ASSIGN, department_id=department_id)
    course_id = begin(department_id, request, today=today)
    wanted = sorted(set(person_ids))
    for place in queries.departments_of_people(wanted):
        require(actor, Permission.ASSIGN, department_id=place)
    # Two who choose the same people at once come one by one, also from different departments.
    db.session.execute(queries.in_order(wanted).with_for_update())
    has = queries.who_has(wanted, course_id=course_id, series_key=request.series_key)
    added = [one for one in wanted if one not in has]
    if not added:
        raise AlreadyAssigned("Everybody chosen has it assigned already. Nothing was changed.")
    made = add(
        request,
        course_id=course_id,
        department_id=department_id,
        is_selective=True,
        actor=actor,
        at=at,
    )
    db.session.execute(
        insert(AssignmentMember),
        [
            {
                "assignment_id": made.id,
                "person_id": one,
                "added_at": at,
                "added_by_id": actor.person_id or None,
            }
            for one in added
        ],
    )
    audit.record(
        actor=actor,
        at=at,
        action="assignment.created",
        thing=f"assignment:{made.id}",
        department=department_id,
        what=request.course_key or request.series_key,
        due_on=request.due_on.isoformat(),
        people=len(added),
    )
    return AssignedPeople(assignment=made, added=tuple(added), left_out=tuple(sorted(has)))


@whole
def close(*, actor: Actor, assignment_id: int, reason: str, at: datetime) -> Assignment:
    """End an assignment with a reason; who finished keeps what they finished.

    Raises Missing, NotAllowed, AlreadyClosed.
    """
    one = queries.assignment(actor, assignment_id)
    require(actor, Permission.ASSIGN, department_id=one.department_id)
    # Whoever comes second waits here, and finds it closed.
    db.session.refresh(one, with_for_update={"of": Assignment})
    if one.closed_at is not None:
        raise AlreadyClosed("This assignment is closed already.")
    one.closed_at, one.closed_by_id, one.closed_reason = at, actor.person_id or None, reason
    audit.record(
        actor=actor, at=at, action="assignment.closed", thing=f"assignment:{one.id}", reason=reason
    )
    return one


@whole
def exempt(
    *, actor: Actor, assignment_id: int, person_id: int, reason: str, at: datetime
) -> Exemption:
    """Free one person of one assignment, with a reason.

    Raises Missing, NotAllowed, and NothingToExempt when the person is not concerned by it or is
    exempt already.
    """
    one = queries.assignment(actor, assignment_id)
    person = queries.concerned_person(one, person_id)
    if person is None or person.department_id is None:
        raise Missing("person")
    require(actor, Permission.EXEMPT, department_id=person.department_id)
    made = Exemption(
        assignment_id=one.id,
        person_id=person_id,
        reason=reason,
        granted_by_id=actor.person_id or None,
        granted_at=at,
    )
    db.session.add(made)
    try:
        db.session.flush()
    except IntegrityError:
        raise NothingToExempt("This person is exempt from it already.") from None
    audit.record(
        actor=actor,
        at=at,
        action="exemption.granted",
        thing=f"assignment:{one.id}",
        person=person_id,
        reason=reason,
    )
    return made
