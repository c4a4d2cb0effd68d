"""Who is concerned by which assignment, and how far they are: derived, never stored."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from lms.assignments.models import AssignmentMember, Exemption
from lms.assignments.queries.asked import Asked, open_assignments
from lms.assignments.queries.places import tree
from lms.assignments.rules import Fulfilment, State, fulfilment, state_of
from lms.db import db
from lms.learning.models import Completion, Enrolment
from lms.people.models import Person


@dataclass(frozen=True, kw_only=True)
class Obligation:
    """One person and one assignment that concerns them."""

    person_id: int
    person_name: str
    department_id: int
    asked: Asked
    progress: Fulfilment
    state: State


def _completions(
    asked: Sequence[Asked], person_ids: Collection[int]
) -> dict[int, list[tuple[int, datetime]]]:
    wanted = {part for one in asked for part in one.course_ids}
    found: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    statement = (
        select(Enrolment.person_id, Enrolment.course_id, Completion.completed_at)
        .join(Completion, Completion.enrolment_id == Enrolment.id)
        .where(Enrolment.course_id.in_(wanted))
    )
    if len(person_ids) == 1:
        statement = statement.where(Enrolment.person_id.in_(person_ids))
    for person_id, course_id, at in db.session.execute(statement):
        found[person_id].append((course_id, at))
    return found


def _members(asked: Sequence[Asked]) -> set[tuple[int, int]]:
    """Return (assignment, person) of everybody chosen for one of these."""
    selective = [one.id for one in asked if one.is_selective]
    if not selective:
        return set()
    rows = db.session.execute(
        select(AssignmentMember.assignment_id, AssignmentMember.person_id).where(
            AssignmentMember.assignment_id.in_(selective), AssignmentMember.ended_at.is_(None)
        )
    )
    return {(row.assignment_id, row.person_id) for row in rows}


def _exempt(asked: Sequence[Asked]) -> set[tuple[int, int]]:
    """Return (assignment, person) of those exempt from it, or from its open cycle."""
    rows = db.session.execute(
        select(Exemption.assignment_id, Exemption.person_id).where(
            Exemption.ended_at.is_(None),
            Exemption.assignment_id.in_([one.id for one in asked]),
            or_(
                Exemption.cycle_id.is_(None),
                Exemption.cycle_id.in_([one.cycle_id for one in asked]),
            ),
        )
    )
    return {(row.assignment_id, row.person_id) for row in rows}


def obligations(
    *, department_ids: Collection[int], today: date, person_id: int | None = None
) -> list[Obligation]:
    """Return every obligation of the active people in these departments, or of one of them.

    Those who never signed in are in it as well (case 66). A constant number of statements,
    whatever the number of people. `today` is the institution's calendar day.
    """
    everything = tree()
    reach = {one: set(everything.above(one)) for one in department_ids}
    asked = open_assignments(set().union(*reach.values()), chosen_in=department_ids)
    if not asked:
        return []
    staff = select(Person.id, Person.name, Person.department_id).where(
        Person.department_id.in_(department_ids), Person.deactivated_at.is_(None)
    )
    if person_id is not None:
        staff = staff.where(Person.id == person_id)
    people = db.session.execute(staff).all()
    done = _completions(asked, [one.id for one in people])
    exempt, members = _exempt(asked), _members(asked)
    duties = [(one, one.duty()) for one in asked]
    found = []
    for who, name, place in people:
        where = place or 0
        for one, duty in duties:
            concerned = (
                (one.id, who) in members if one.is_selective else one.department_id in reach[where]
            )
            if not concerned:
                continue
            progress = fulfilment(duty, done.get(who, ()))
            state = state_of(
                is_met=progress.is_met,
                is_exempt=(one.id, who) in exempt,
                due_on=one.due_on,
                today=today,
            )
            found.append(
                Obligation(
                    person_id=who,
                    person_name=name,
                    department_id=where,
                    asked=one,
                    progress=progress,
                    state=state,
                )
            )
    return found
