"""What a department's page shows: derived from assignments and learning, never stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from lms.access import Actor, Permission, reaches
from lms.assignments import queries as assignments
from lms.assignments.queries import Obligation, Tree
from lms.assignments.rules import URGENCY, State, due_words
from lms.db import db
from lms.errors import Missing, NotAllowed
from lms.people.models import Department, Person

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Place:
    """A department in the list of those the actor reaches."""

    id: int
    name: str
    path: str
    depth: int
    people: int
    complete: int
    required: int
    overdue: int


def places(actor: Actor, *, today: date) -> list[Place]:
    """Return the departments the actor reaches, each with its figures, all below included."""
    everything = assignments.tree()
    reached = assignments.departments_of(actor, Permission.SEE_ASSIGNMENTS)
    ids = [one for one, _path in reached]
    owed = assignments.obligations(department_ids=ids, today=today)
    staff = dict(
        db.session.execute(
            select(Person.department_id, func.count())
            .where(Person.deactivated_at.is_(None), Person.department_id.in_(ids))
            .group_by(Person.department_id)
        ).all()
    )
    return [_place(one, path, everything, owed, staff) for one, path in reached]


def _place(
    department_id: int,
    path: str,
    everything: Tree,
    owed: Sequence[Obligation],
    staff: dict[int | None, int],
) -> Place:
    below = everything.below(department_id)
    figures = Counter(one.state for one in owed if one.department_id in below)
    return Place(
        id=department_id,
        name=everything.names[department_id],
        path=path,
        depth=len(everything.above(department_id)) - 1,
        people=sum(staff.get(one, 0) for one in below),
        complete=figures[State.COMPLETE],
        required=sum(figures.values()) - figures[State.EXEMPT],
        overdue=figures[State.OVERDUE],
    )


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the address of a department's page asks for."""

    name: str = ""
    assignment: int | None = None
    state: str = "nudge"
    only: int | None = None
    page: int = 1


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One assignment: how many of those asked are done."""

    assignment_id: int
    title: str
    complete: int
    required: int
    exempt: int
    due_on: date


@dataclass(frozen=True, kw_only=True)
class Line:
    """One person and one assignment."""

    obligation: Obligation
    department: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """A department's page: one figure, one bar per assignment, one list of people."""

    id: int
    name: str
    path: str
    people: int
    complete: int
    required: int
    exempt: int
    overdue: int
    soon: int
    later: int
    bars: tuple[Bar, ...]
    below: tuple[tuple[int, str], ...]
    lines: tuple[Line, ...]
    found: int
    pages: int


def _wanted(one: Obligation, filters: Filters, names: str) -> bool:
    states = {
        "nudge": {State.OVERDUE, State.SOON},
        "all": set(State),
    }.get(filters.state, {filters.state})
    return (
        one.state in states
        and (filters.assignment is None or one.asked.id == filters.assignment)
        and (filters.only is None or one.department_id == filters.only)
        and names in one.person_name.casefold()
    )


def department(actor: Actor, department_id: int, filters: Filters, *, today: date) -> Report:
    """Return a department's page with all below it, filtered; the same queries for any size.

    Raises Missing for a department that is not there, NotAllowed outside the actor's reach.
    """
    found = db.session.get(Department, department_id)
    if found is None:
        raise Missing("department")
    if not reaches(actor, Permission.SEE_ASSIGNMENTS, department_id=department_id):
        raise NotAllowed(Permission.SEE_ASSIGNMENTS)
    everything = assignments.tree()
    below = everything.below(department_id)
    owed = assignments.obligations(department_ids=below, today=today)
    figures = Counter(one.state for one in owed)
    wanted = [one for one in owed if _wanted(one, filters, filters.name.casefold().strip())]
    wanted.sort(
        key=lambda one: (URGENCY[one.state], one.asked.due_on, one.person_name, one.person_id)
    )
    start = (filters.page - 1) * PAGE
    return Report(
        id=department_id,
        name=found.name,
        path=everything.path(department_id),
        people=_headcount(below),
        complete=figures[State.COMPLETE],
        required=len(owed) - figures[State.EXEMPT],
        exempt=figures[State.EXEMPT],
        overdue=figures[State.OVERDUE],
        soon=figures[State.SOON],
        later=figures[State.OPEN],
        bars=_bars(owed),
        below=tuple(sorted(((one, everything.names[one]) for one in below), key=lambda p: p[1])),
        lines=tuple(
            Line(
                obligation=one,
                department=everything.names[one.department_id],
                words=due_words(one.state, due_on=one.asked.due_on, today=today),
            )
            for one in wanted[start : start + PAGE]
        ),
        found=len(wanted),
        pages=max(1, -(-len(wanted) // PAGE)),
    )


def _headcount(department_ids: frozenset[int]) -> int:
    return (
        db.session.scalar(
            select(func.count(Person.id)).where(
                Person.deactivated_at.is_(None), Person.department_id.in_(department_ids)
            )
        )
        or 0
    )


def _bars(owed: Sequence[Obligation]) -> tuple[Bar, ...]:
    figures: dict[int, Counter[State]] = {}
    asked = {one.asked.id: one.asked for one in owed}
    for one in owed:
        figures.setdefault(one.asked.id, Counter())[one.state] += 1
    bars = [
        Bar(
            assignment_id=key,
            title=asked[key].title,
            complete=counts[State.COMPLETE],
            required=sum(counts.values()) - counts[State.EXEMPT],
            exempt=counts[State.EXEMPT],
            due_on=asked[key].due_on,
        )
        for key, counts in figures.items()
    ]
    return tuple(sorted(bars, key=lambda bar: (bar.due_on, bar.title)))
