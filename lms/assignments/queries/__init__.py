"""Who is concerned by which assignment, and how far they are: derived, never stored."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from lms.access import Actor, Permission, everywhere, reaches
from lms.assignments.models import Assignment, Exemption
from lms.assignments.rules import Duty, Fulfilment, State, counts_from, fulfilment, state_of
from lms.courses import queries as courses
from lms.courses.models import Course
from lms.db import db
from lms.errors import Missing
from lms.learning.models import Completion, Enrolment
from lms.people import queries as people
from lms.people.models import Department, Person
from lms.people.rules import below, path_of


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The departments of the institution, read once for a request."""

    names: Mapping[int, str]
    parents: Mapping[int, int | None]

    def above(self, department_id: int) -> tuple[int, ...]:
        """Return a department and all above it, nearest first."""
        chain: list[int] = []
        here: int | None = department_id
        while here is not None and here not in chain:
            chain.append(here)
            here = self.parents.get(here)
        return tuple(chain)

    def below(self, department_id: int) -> frozenset[int]:
        """Return a department and all below it."""
        return below(self.parents, [department_id])

    def path(self, department_id: int) -> str:
        """Write a department with those above it: "Acute Care › Emergency Medicine"."""
        return " › ".join(path_of(self.names, self.parents, department_id))


def tree() -> Tree:
    """Read the department tree in one statement."""
    rows = db.session.execute(
        select(Department.id, Department.name, Department.parent_id).order_by(Department.name)
    ).all()
    return Tree(
        names={row.id: row.name for row in rows}, parents={row.id: row.parent_id for row in rows}
    )


def department(department_id: int) -> Department:
    """Return a department that is not retired; raises Missing."""
    found = people.department(department_id)
    if found.retired_at is not None:
        raise Missing("department")
    return found


def departments_of(actor: Actor, permission: Permission) -> list[tuple[int, str]]:
    """Return (id, path) of each department where the actor holds this permission, by path."""
    everything = tree()
    retired = set(
        db.session.scalars(select(Department.id).where(Department.retired_at.is_not(None)))
    )
    own = [
        (one, everything.path(one))
        for one in everything.names
        if one not in retired and reaches(actor, permission, department_id=one)
    ]
    return sorted(own, key=lambda pair: pair[1])


def assignment(actor: Actor, assignment_id: int) -> Assignment:
    """Return an assignment the actor may see: Missing when it's outside their departments."""
    found = db.session.get(Assignment, assignment_id)
    if found is None:
        raise Missing("assignment")
    if everywhere(actor, Permission.SEE_ASSIGNMENTS):
        return found
    # An assignment to a department above concerns one's own people, so it may be seen.
    reached = tree().below(found.department_id) & actor.department_ids
    if not reached:
        raise Missing("assignment")
    return found


def concerned_person(one: Assignment, person_id: int) -> Person | None:
    """Return the active person if the assignment concerns them, or None."""
    person = db.session.get(Person, person_id)
    if person is None or person.deactivated_at is not None or person.department_id is None:
        return None
    return person if one.department_id in tree().above(person.department_id) else None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One assignment, with what it asks in words."""

    id: int
    department_id: int
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


@dataclass(frozen=True, kw_only=True)
class Obligation:
    """One person and one assignment that concerns them."""

    person_id: int
    person_name: str
    department_id: int
    asked: Asked
    progress: Fulfilment
    state: State


def titles() -> dict[int, tuple[str, str]]:
    """Return (key, title of the newest version) of every course, by its id."""
    keys = db.session.execute(select(Course.id, Course.key)).all()
    newest = courses.newest_versions(key for _id, key in keys)
    return {one: (key, courses.content_of(newest[key]).title) for one, key in keys if key in newest}


def _asked(rows: Sequence[Assignment]) -> list[Asked]:
    """Put assignments into words; the parts of a series are those that can be taken now."""
    known = titles()
    ids = {key: one for one, (key, _title) in known.items()}
    series = {one.key: one for one in courses.all_series()}
    asked = []
    for row in rows:
        if row.course_id is not None:
            key, title = known[row.course_id]
            needed = 1
            parts: tuple[int, ...] = (row.course_id,)
        else:
            key = row.series_key or ""
            one = series[key]
            title = one.title
            parts = tuple(ids[part] for part in one.courses if part in ids)
            needed = min(one.required, len(parts)) or len(parts)
        asked.append(
            Asked(
                id=row.id,
                department_id=row.department_id,
                title=title,
                key=key,
                is_series=row.course_id is None,
                course_ids=parts,
                course_keys=tuple(known[part][0] for part in parts),
                needed=needed,
                due_on=row.due_on,
                counts_from=counts_from(row.created_at, accept_days=row.accept_days),
                reason=row.reason,
                asked_by=row.asked_by,
                basis=row.basis,
            )
        )
    return asked


def open_assignments(department_ids: Collection[int]) -> list[Asked]:
    """Return the open assignments given to any of these departments, the earliest due first."""
    rows = db.session.scalars(
        select(Assignment)
        .where(Assignment.closed_at.is_(None), Assignment.department_id.in_(department_ids))
        .order_by(Assignment.due_on, Assignment.id)
    ).all()
    return _asked(rows)


def _completions(asked: Sequence[Asked]) -> dict[int, list[tuple[int, datetime]]]:
    wanted = {part for one in asked for part in one.course_ids}
    found: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    rows = db.session.execute(
        select(Enrolment.person_id, Enrolment.course_id, Completion.completed_at)
        .join(Completion, Completion.enrolment_id == Enrolment.id)
        .where(Enrolment.course_id.in_(wanted))
    )
    for person_id, course_id, at in rows:
        found[person_id].append((course_id, at))
    return found


def obligations(
    *, department_ids: Collection[int], today: date, person_id: int | None = None
) -> list[Obligation]:
    """Return every obligation of the active people in these departments, or of one of them.

    Those who never signed in are in it as well (case 66). A constant number of statements,
    whatever the number of people. `today` is the institution's calendar day.
    """
    everything = tree()
    reach = {one: set(everything.above(one)) for one in department_ids}
    asked = open_assignments(set().union(*reach.values()) if reach else set())
    if not asked:
        return []
    staff = select(Person.id, Person.name, Person.department_id).where(
        Person.department_id.in_(department_ids), Person.deactivated_at.is_(None)
    )
    if person_id is not None:
        staff = staff.where(Person.id == person_id)
    done = _completions(asked)
    exempt = set(
        db.session.execute(
            select(Exemption.assignment_id, Exemption.person_id).where(
                Exemption.ended_at.is_(None), Exemption.assignment_id.in_([a.id for a in asked])
            )
        )
    )
    found = []
    for who, name, where in db.session.execute(staff):
        for one in asked:
            if where is None or one.department_id not in reach[where]:
                continue
            duty = Duty(
                course_ids=frozenset(one.course_ids),
                needed=one.needed,
                due_on=one.due_on,
                counts_from=one.counts_from,
            )
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


def own_obligations(actor: Actor, *, today: date) -> list[Obligation]:
    """Return what this person is asked to finish, most urgent first."""
    where = db.session.scalar(select(Person.department_id).where(Person.id == actor.person_id))
    if where is None:
        return []
    mine = obligations(department_ids=[where], today=today, person_id=actor.person_id)
    return sorted(mine, key=lambda one: (list(State).index(one.state), one.asked.due_on))


@dataclass(frozen=True, kw_only=True)
class AssignmentPage:
    """One assignment as its page shows it."""

    asked: Asked
    department: str
    created_at: datetime
    created_by: str | None
    closed_at: datetime | None
    closed_reason: str | None
    may_close: bool


def _page(row: Assignment, asked: Asked, everything: Tree, actor: Actor) -> AssignmentPage:
    by = db.session.get(Person, row.created_by_id) if row.created_by_id else None
    return AssignmentPage(
        asked=asked,
        department=everything.path(row.department_id),
        created_at=row.created_at,
        created_by=by.name if by else None,
        closed_at=row.closed_at,
        closed_reason=row.closed_reason,
        may_close=reaches(actor, Permission.ASSIGN, department_id=row.department_id),
    )


def assignment_page(actor: Actor, assignment_id: int) -> AssignmentPage:
    """Return one assignment the actor may see; raises Missing."""
    row = assignment(actor, assignment_id)
    return _page(row, _asked([row])[0], tree(), actor)


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
    rows = db.session.scalars(
        select(Assignment)
        .where(Assignment.department_id.in_(reached))
        .order_by(Assignment.closed_at.is_not(None), Assignment.due_on, Assignment.id)
    ).all()
    return [
        Listed(asked=asked, department=everything.path(row.department_id), closed_at=row.closed_at)
        for row, asked in zip(rows, _asked(rows), strict=True)
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
    return ExemptionPage(asked=_asked([row])[0], person_id=person.id, person_name=person.name)
