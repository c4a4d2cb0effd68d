"""What a department's page shows: counted by the database, never stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lms.access import Actor, Permission, reaches
from lms.assignments import queries as assignments
from lms.assignments.queries import Asked, Tree, listed
from lms.assignments.queries import figures as counted
from lms.assignments.queries.figures import Figures, Scope
from lms.assignments.queries.listed import Found, Kind
from lms.assignments.rules import State, due_words
from lms.db import db
from lms.errors import Missing, NotAllowed
from lms.people.models import Department
from lms.reports.queries import lists, reasons
from lms.reports.queries.lists import UNFINISHED, Narrowed, Section
from lms.reports.queries.lists import Filters as Filters
from lms.reports.queries.reasons import Reason

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
    # What lies below a department one reaches is in its figures, also when it was retired.
    ids = frozenset().union(*(everything.below(one) for one, _path in reached))
    asked = lists.asked_of(ids, everything, closed=False)
    figures = counted.figures(asked, Scope(department_ids=ids), everything)
    own = {one: _place_figures(one, asked, figures, today) for one in ids}
    found = []
    for department_id, path in reached:
        sums = [own[one] for one in everything.below(department_id)]
        people, complete, required, overdue = (sum(one) for one in zip(*sums, strict=True))
        found.append(
            Place(
                id=department_id,
                name=everything.names[department_id],
                path=path,
                depth=len(everything.above(department_id)) - 1,
                people=people,
                complete=complete,
                required=required,
                overdue=overdue,
            )
        )
    return found


def _place_figures(
    department_id: int, asked: Sequence[Asked], figures: Figures, today: date
) -> tuple[int, int, int, int]:
    complete = required = overdue = 0
    for one in asked:
        tally = figures.of(one.id, [department_id])
        complete += tally.complete
        required += tally.concerned - tally.exempt
        overdue += tally.left if today > one.due_on else 0
    return figures.people.get(department_id, 0), complete, required, overdue


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One assignment: how many of those asked are done, and where the others stand."""

    asked: Asked
    complete: int
    required: int
    exempt: int
    overdue: int
    left: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """One person and one assignment, with what the line rests on."""

    person_id: int
    person_name: str
    has_signed_in: bool
    department: str
    asked: Asked
    state: str
    words: str
    reason: Reason
    shows_records: bool


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
    page: int
    pages: int


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A department with all below it, and everything counted there."""

    found: Department
    places: frozenset[int]
    everything: Tree
    asked: list[Asked]


def whole(actor: Actor, department_id: int, filters: Filters) -> Whole:
    """Return a department the actor reaches, all below it, and what is asked there.

    Raises Missing for a department that is not there, NotAllowed outside the actor's reach.
    """
    found = db.session.get(Department, department_id)
    if found is None:
        raise Missing("department")
    if not reaches(actor, Permission.SEE_ASSIGNMENTS, department_id=department_id):
        raise NotAllowed(Permission.SEE_ASSIGNMENTS)
    everything = assignments.tree()
    below = everything.below(department_id)
    closed = filters.shows_closed or filters.assignment is not None
    asked = lists.asked_of(below, everything, closed=closed)
    return Whole(found=found, places=below, everything=everything, asked=asked)


def narrowed(actor: Actor, department_id: int, filters: Filters, *, today: date) -> Narrowed:
    """Return a department's list as its filters leave it, to hand out or to act on.

    Raises Missing for a department that is not there, NotAllowed outside the actor's reach.
    """
    here = whole(actor, department_id, filters)
    return lists.narrowed(here.asked, here.places, here.everything, filters, today=today)


def department(actor: Actor, department_id: int, filters: Filters, *, today: date) -> Report:
    """Return a department's page with all below it, filtered; the same queries for any size.

    Raises Missing for a department that is not there, NotAllowed outside the actor's reach.
    """
    here = whole(actor, department_id, filters)
    figures = counted.figures(here.asked, Scope(department_ids=here.places), here.everything)
    parts = lists.sections(here.asked, figures, here.places, today=today)
    open_parts = [one for one in parts if one.asked.closed_at is None]
    found = lists.narrowed(
        here.asked, here.places, here.everything, filters, today=today, known=figures
    )
    pages = max(1, -(-found.size // PAGE))
    page = min(filters.page, pages)
    cut = lists.stretches(found.sections, start=(page - 1) * PAGE, size=PAGE)
    shown = listed.people(cut, found.scope, here.everything)
    exempt = _sum(open_parts, State.EXEMPT)
    concerned = sum(one.size for one in open_parts)
    return Report(
        id=department_id,
        name=here.found.name,
        path=here.everything.path(department_id),
        people=sum(figures.people.values()),
        complete=_sum(open_parts, State.COMPLETE),
        required=concerned if filters.counts_exempt else concerned - exempt,
        exempt=exempt,
        overdue=_sum(open_parts, State.OVERDUE),
        soon=_sum(open_parts, State.SOON),
        later=_sum(open_parts, State.OPEN),
        bars=_bars(here.asked, parts, filters),
        below=tuple(
            sorted(
                ((one, here.everything.names[one]) for one in here.places), key=lambda pair: pair[1]
            )
        ),
        lines=_lines(actor, shown, here.everything, today=today),
        found=found.size,
        page=page,
        pages=pages,
    )


def _sum(parts: Sequence[Section], state: State) -> int:
    return sum(one.size for one in parts if one.state == state.value)


def _bars(asked: Sequence[Asked], parts: Sequence[Section], filters: Filters) -> tuple[Bar, ...]:
    bars = []
    for one in asked:
        own = [part for part in parts if part.asked.id == one.id]
        is_wanted = one.closed_at is None or filters.shows_closed or one.id == filters.assignment
        if not own or not is_wanted:
            continue
        by_kind = {part.kind: part.size for part in own}
        exempt = by_kind.get(Kind.EXEMPT, 0)
        concerned = sum(by_kind.values())
        bars.append(
            Bar(
                asked=one,
                complete=by_kind.get(Kind.COMPLETE, 0),
                required=concerned if filters.counts_exempt else concerned - exempt,
                exempt=exempt,
                overdue=_sum(own, State.OVERDUE),
                left=by_kind.get(Kind.LEFT, 0),
            )
        )
    return tuple(
        sorted(bars, key=lambda bar: (bool(bar.asked.closed_at), bar.asked.due_on, bar.asked.title))
    )


def words_of(state: str, *, due_on: date, today: date) -> str:
    """Say in words where somebody stands."""
    if state == UNFINISHED:
        return "Not finished when it was closed"
    return due_words(State(state), due_on=due_on, today=today)


def _lines(
    actor: Actor, found: Sequence[Found], everything: Tree, *, today: date
) -> tuple[Line, ...]:
    lines = []
    for one, reason in zip(found, reasons.reasons(found), strict=True):
        state = lists.state_of_kind(one.asked, one.kind, today=today)
        lines.append(
            Line(
                person_id=one.person_id,
                person_name=one.person_name,
                has_signed_in=one.has_signed_in,
                department=everything.names[one.department_id],
                asked=one.asked,
                state=state,
                words=words_of(state, due_on=one.asked.due_on, today=today),
                reason=reason,
                shows_records=reaches(
                    actor, Permission.SEE_RECORDS, department_id=one.department_id
                ),
            )
        )
    return tuple(lines)
