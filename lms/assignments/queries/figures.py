"""Figures and pages of a list over thousands of people, counted by the database.

Everything here says in SQL what `rules.fulfilment` and `rules.state_of` say of one person; a test
compares the two on invented worlds. For whoever is neither complete nor exempt the due day alone
decides, so people are only ever counted as complete, exempt or neither.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from lms.assignments.models import Assignment, AssignmentCycle, AssignmentMember, Exemption
from lms.assignments.queries.asked import Asked
from lms.assignments.queries.places import Tree
from lms.courses.models import Course
from lms.db import db
from lms.learning.models import Completion, Enrolment
from lms.people.models import Person


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose figures: the active people of these departments, by part of their name."""

    department_ids: frozenset[int]
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many people an assignment concerns, and how many of them are complete or exempt."""

    concerned: int = 0
    complete: int = 0
    exempt: int = 0

    @property
    def left(self) -> int:
        """Return how many are neither complete nor exempt."""
        return self.concerned - self.complete - self.exempt


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was counted: people by department, tallies by assignment and department."""

    people: dict[int, int]
    cells: dict[tuple[int, int], Tally]

    def of(self, assignment_id: int, department_ids: Collection[int]) -> Tally:
        """Return the tally of one assignment in these departments."""
        found = [
            cell
            for one in department_ids
            if (cell := self.cells.get((assignment_id, one))) is not None
        ]
        return Tally(
            concerned=sum(one.concerned for one in found),
            complete=sum(one.complete for one in found),
            exempt=sum(one.exempt for one in found),
        )


def _patterns(text: str) -> list[str]:
    """Return what a name must be like to hold this text, whatever the case of its letters.

    SQLite folds A to Z only, so that other letters are tried as they are usually written.
    """
    written = {text}
    if not text.isascii():
        written |= {text.lower(), text.upper(), text.title(), text.capitalize()}
    escaped = (one.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for one in written)
    return [f"%{one}%" for one in sorted(escaped)]


def text_of(scope: Scope) -> str:
    """Return the part of a name that is asked for, or nothing."""
    return scope.name.replace("\x00", "").strip()


def given(scope: Scope) -> dict[str, Any]:
    """Return the parameters that `active` asks for."""
    text = text_of(scope)
    names = {f"name_{place}": one for place, one in enumerate(_patterns(text) if text else ())}
    return {"places": sorted(scope.department_ids), **names}


def names_of(scope: Scope) -> int:
    """Return how many ways of writing a name are tried; none where no name is asked for."""
    text = text_of(scope)
    return len(_patterns(text)) if text else 0


def _among(name: str) -> Any:
    """Return a parameter that takes many numbers, to be given later."""
    return bindparam(name, type_=Integer, expanding=True)


def active(*, named: int, leads: bool = True) -> list[ColumnElement[bool]]:
    """Say in SQL that a person is here, works in one of the places, and is named so.

    Where it does not lead, people are reached from something shorter: then the index of the
    departments must not tempt SQLite, which keeps no statistics, to begin with everybody.
    """
    place = Person.department_id if leads else func.coalesce(Person.department_id, 0)
    conditions: list[ColumnElement[bool]] = [
        Person.deactivated_at.is_(None),
        place.in_(_among("places")),
    ]
    if named:
        likes = (
            Person.name.ilike(bindparam(f"name_{place}", type_=String), escape="\\")
            for place in range(named)
        )
        conditions.append(or_(*likes))
    return conditions


def _duty(series: int) -> CTE:
    """Build a table of what counts: a row for each course of each assignment.

    The courses of a series are given, a number of series at a time: its versions hold them.
    """
    told = (
        Assignment.is_selective,
        AssignmentCycle.id.label("cycle_id"),
        AssignmentCycle.counts_from,
    )
    wanted = AssignmentCycle.id.in_(_among("cycles"))
    found = [
        select(
            Assignment.id.label("assignment_id"), *told, Assignment.course_id.label("course_id"),
            literal(1).label("needed"), literal(1).label("is_single"),
        )
        .join(AssignmentCycle, AssignmentCycle.assignment_id == Assignment.id)
        .where(wanted, Assignment.course_id.is_not(None))
    ]  # fmt: skip
    for number in range(series):
        part = aliased(Course)
        found.append(
            select(
                Assignment.id, *told, part.id, bindparam(f"needed_{number}", type_=Integer),
                literal(0),
            )
            .join(AssignmentCycle, AssignmentCycle.assignment_id == Assignment.id)
            .join(part, part.id.in_(_among(f"parts_{number}")))
            .where(wanted, Assignment.series_key == bindparam(f"series_{number}", type_=String))
        )  # fmt: skip
    return union_all(*found).cte("duty")


def chosen(assignment_id: Any) -> ColumnElement[bool]:
    """Say in SQL that the person is a member of this assignment."""
    return exists().where(
        AssignmentMember.assignment_id == assignment_id,
        AssignmentMember.person_id == Person.id,
        AssignmentMember.ended_at.is_(None),
    )


def _met_once(duty: CTE, columns: Sequence[Any], *, named: int) -> Select[Any]:
    """Select (assignment, person) for each course of it done since it counts, each once."""
    earlier, before = aliased(Enrolment), aliased(Completion)
    again = (
        select(earlier.id)
        .join(before, before.enrolment_id == earlier.id)
        .where(
            earlier.person_id == Enrolment.person_id,
            earlier.course_id == Enrolment.course_id,
            earlier.cycle < Enrolment.cycle,
            before.completed_at >= duty.c.counts_from,
        )
        .correlate(Enrolment, duty)
        .exists()
    )
    member = chosen(duty.c.assignment_id).correlate(Person, duty)
    return (
        select(*columns)
        .select_from(duty)
        .join(Enrolment, Enrolment.course_id == duty.c.course_id)
        .join(
            Completion,
            and_(
                Completion.enrolment_id == Enrolment.id,
                Completion.completed_at >= duty.c.counts_from,
            ),
        )
        .join(Person, Person.id == Enrolment.person_id)
        .where(
            *active(named=named, leads=False),
            # Somebody who took a course twice did one course.
            or_(Enrolment.cycle == 1, ~again),
            or_(duty.c.is_selective.is_(False), member),
        )
    )


def _line(kind: str, assignment: Any, number: Any, place: Any = Person.department_id) -> Any:
    return (
        literal(kind, String).label("kind"),
        cast(assignment, Integer).label("assignment_id"),
        place.label("department_id"),
        number.label("number"),
    )


@cache
def _statement(series: int, *, named: int) -> CompoundSelect[Any]:
    """Build the one statement that counts everything."""
    duty = _duty(series)
    people = (
        select(*_line("people", literal(0), func.count()))
        .where(*active(named=named))
        .group_by(Person.department_id)
    )
    member = AssignmentMember
    members = (
        select(*_line("members", member.assignment_id, func.count()))
        .join(Person, Person.id == member.person_id)
        .where(
            member.ended_at.is_(None),
            member.assignment_id.in_(
                select(AssignmentCycle.assignment_id).where(
                    AssignmentCycle.id.in_(_among("cycles"))
                )
            ),
            *active(named=named, leads=False),
        )
        .group_by(member.assignment_id, Person.department_id)
    )
    single = (
        _met_once(duty, _line("complete", duty.c.assignment_id, func.count()), named=named)
        .where(duty.c.is_single == 1)
        .group_by(duty.c.assignment_id, Person.department_id)
    )
    met = (
        _met_once(
            duty,
            (
                duty.c.assignment_id.label("assignment_id"),
                Person.department_id.label("department_id"),
            ),
            named=named,
        )
        .where(duty.c.is_single == 0)
        .group_by(duty.c.assignment_id, Person.id, Person.department_id)
        .having(func.count() >= func.max(duty.c.needed))
        .subquery("met")
    )
    parts = select(
        *_line("complete", met.c.assignment_id, func.count(), met.c.department_id)
    ).group_by(met.c.assignment_id, met.c.department_id)
    many = [parts] if series else []
    return union_all(people, members, single, *many, _exempt(duty, named=named))


def _exempt(duty: CTE, *, named: int) -> Select[Any]:
    """Select how many are exempt and not complete: exemptions are few, so each is looked at."""
    one = (
        select(duty.c.assignment_id, duty.c.cycle_id, duty.c.needed, duty.c.is_selective)
        .distinct()
        .subquery("one")
    )
    done = (
        select(func.count(Enrolment.course_id.distinct()))
        .select_from(duty)
        .join(Enrolment, Enrolment.course_id == duty.c.course_id)
        .join(Completion, Completion.enrolment_id == Enrolment.id)
        .where(
            duty.c.assignment_id == one.c.assignment_id,
            Enrolment.person_id == Exemption.person_id,
            Completion.completed_at >= duty.c.counts_from,
        )
        .correlate(one, Exemption)
        .scalar_subquery()
    )
    member = chosen(one.c.assignment_id).correlate(Person, one)
    return (
        select(*_line("exempt", one.c.assignment_id, func.count(Person.id.distinct())))
        .select_from(one)
        .join(Exemption, Exemption.assignment_id == one.c.assignment_id)
        .join(Person, Person.id == Exemption.person_id)
        .where(
            Exemption.ended_at.is_(None),
            or_(Exemption.cycle_id.is_(None), Exemption.cycle_id == one.c.cycle_id),
            *active(named=named, leads=False),
            or_(one.c.is_selective.is_(False), member),
            done < one.c.needed,
        )
        .group_by(one.c.assignment_id, Person.department_id)
    )


def figures(asked: Sequence[Asked], scope: Scope, everything: Tree) -> Figures:
    """Count, in one statement, who is concerned, complete and exempt, by department."""
    found: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    series = {one.key: one for one in asked if one.is_series}
    told: dict[str, Any] = {"cycles": [one.cycle_id for one in asked], **given(scope)}
    for number, one in enumerate(series.values()):
        told[f"series_{number}"], told[f"needed_{number}"] = one.key, one.needed
        told[f"parts_{number}"] = list(one.course_ids)
    counts = _statement(len(series), named=names_of(scope))
    for row in db.session.execute(counts, told):
        found[row.kind][row.assignment_id, row.department_id] = row.number
    people = {place: number for (_, place), number in found["people"].items()}
    cells = {}
    for one in asked:
        places = scope.department_ids
        if not one.is_selective:
            places &= everything.below(one.department_id)
        for place in places:
            key = (one.id, place)
            concerned = found["members"].get(key, 0) if one.is_selective else people.get(place, 0)
            if concerned:
                cells[key] = Tally(
                    concerned=concerned,
                    complete=found["complete"].get(key, 0) if one.needed else concerned,
                    exempt=found["exempt"].get(key, 0),
                )
    return Figures(people=people, cells=cells)
