"""Figures and pages of a list over thousands of people, counted by the database.

Everything here says in SQL what `rules.fulfilment` and `rules.state_of` say of one person; a test
compares the two on invented worlds. For whoever is neither complete nor exempt the due day alone
decides, so people are only ever counted as complete, exempt or neither.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
    values,
)
from sqlalchemy.orm import aliased

from lms.assignments.models import AssignmentMember, Exemption
from lms.assignments.queries.asked import Asked
from lms.assignments.queries.places import Tree
from lms.db import UTCDateTime, db
from lms.learning.models import Completion, Enrolment
from lms.people.models import Person, SignIn


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

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            concerned=self.concerned + other.concerned,
            complete=self.complete + other.complete,
            exempt=self.exempt + other.exempt,
        )


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was counted: people by department, tallies by assignment and department."""

    people: dict[int, int]
    cells: dict[tuple[int, int], Tally]

    def of(self, assignment_id: int, department_ids: Collection[int]) -> Tally:
        """Return the tally of one assignment in these departments."""
        found = Tally()
        for one in department_ids:
            found += self.cells.get((assignment_id, one), Tally())
        return found


def _contains(text: str) -> ColumnElement[bool]:
    """Say in SQL that a name holds this text, whatever the case of its letters.

    SQLite folds A to Z only, so that other letters are tried as they are usually written.
    """
    written = {text, text.lower(), text.upper(), text.title(), text.capitalize()}
    escaped = {one.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for one in written}
    return or_(*(Person.name.ilike(f"%{one}%", escape="\\") for one in sorted(escaped)))


def _active(scope: Scope) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        Person.deactivated_at.is_(None),
        Person.department_id.in_(scope.department_ids),
    ]
    if text := scope.name.replace("\x00", "").strip():
        conditions.append(_contains(text))
    return conditions


def _duty(asked: Sequence[Asked], *, name: str) -> CTE:
    """Build a table of what counts: a row for each course of each assignment."""
    rows = [
        (one.id, course_id, one.needed, one.counts_from, one.is_selective)
        for one in asked
        for course_id in one.course_ids
    ]
    return (
        values(
            column("assignment_id", Integer),
            column("course_id", Integer),
            column("needed", Integer),
            column("counts_from", UTCDateTime),
            column("is_selective", Boolean),
            name=name,
        )
        .data(rows)
        .cte(name)
    )


def _chosen(assignment_id: Any) -> ColumnElement[bool]:
    """Say in SQL that the person is a member of this assignment."""
    return exists().where(
        AssignmentMember.assignment_id == assignment_id,
        AssignmentMember.person_id == Person.id,
        AssignmentMember.ended_at.is_(None),
    )


def _met_once(duty: CTE, scope: Scope, *, chosen: bool, columns: Sequence[Any]) -> Select[Any]:
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
    found = (
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
        # Somebody who took a course twice did one course.
        .where(*_active(scope), or_(Enrolment.cycle == 1, ~again))
    )
    if chosen:
        member = _chosen(duty.c.assignment_id).correlate(Person, duty)
        found = found.where(or_(duty.c.is_selective.is_(False), member))
    return found


def _line(kind: str, assignment: Any, place: Any, number: Any) -> tuple[Any, ...]:
    return (
        literal(kind, String).label("kind"),
        cast(assignment, Integer).label("assignment_id"),
        place.label("department_id"),
        number.label("number"),
    )


def _counts(asked: Sequence[Asked], scope: Scope) -> Iterator[Select[Any]]:
    """Yield the parts of the one statement that counts everything."""
    yield (
        select(*_line("people", literal(0), Person.department_id, func.count()))
        .where(*_active(scope))
        .group_by(Person.department_id)
    )
    chosen = any(one.is_selective for one in asked)
    if chosen:
        yield _counted_members(asked, scope)
    if singles := [one for one in asked if one.needed == 1 == len(one.course_ids)]:
        duty = _duty(singles, name="single")
        done = _line("complete", duty.c.assignment_id, Person.department_id, func.count())
        yield _met_once(duty, scope, chosen=chosen, columns=done).group_by(
            duty.c.assignment_id, Person.department_id
        )
    if many := [one for one in asked if one.course_ids and one not in singles]:
        duty = _duty(many, name="part")
        met = (
            _met_once(
                duty,
                scope,
                chosen=chosen,
                columns=(
                    duty.c.assignment_id.label("assignment_id"),
                    Person.department_id.label("department_id"),
                ),
            )
            .group_by(duty.c.assignment_id, Person.id, Person.department_id)
            .having(func.count() >= func.max(duty.c.needed))
            .subquery("met")
        )
        yield select(
            *_line("complete", met.c.assignment_id, met.c.department_id, func.count())
        ).group_by(met.c.assignment_id, met.c.department_id)
    yield _counted_exempt(asked, scope)


def _counted_members(asked: Sequence[Asked], scope: Scope) -> Select[Any]:
    member = AssignmentMember
    return (
        select(*_line("members", member.assignment_id, Person.department_id, func.count()))
        .join(Person, Person.id == member.person_id)
        .where(
            member.ended_at.is_(None),
            member.assignment_id.in_([one.id for one in asked if one.is_selective]),
            *_active(scope),
        )
        .group_by(member.assignment_id, Person.department_id)
    )


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


def _concerns(one: Asked, scope: Scope, everything: Tree) -> list[ColumnElement[bool]]:
    """Say in SQL that an assignment concerns the person, who is in the scope."""
    if one.is_selective:
        return [*_active(scope), _chosen(one.id)]
    places = scope.department_ids & everything.below(one.department_id)
    return _active(Scope(department_ids=places, name=scope.name))


def _counted_exempt(asked: Sequence[Asked], scope: Scope) -> Select[Any]:
    """Select how many are exempt and not complete: exemptions are few, so each is looked at."""
    open_ones = [
        and_(
            Exemption.assignment_id == one.id,
            or_(Exemption.cycle_id.is_(None), Exemption.cycle_id == one.cycle_id),
            ~_is_met(one),
            _chosen(one.id) if one.is_selective else literal(value=True),
        )
        for one in asked
    ]
    return (
        select(
            *_line(
                "exempt",
                Exemption.assignment_id,
                Person.department_id,
                func.count(Person.id.distinct()),
            )
        )
        .join(Person, Person.id == Exemption.person_id)
        .where(Exemption.ended_at.is_(None), *_active(scope), or_(false(), *open_ones))
        .group_by(Exemption.assignment_id, Person.department_id)
    )


def figures(asked: Sequence[Asked], scope: Scope, everything: Tree) -> Figures:
    """Count, in one statement, who is concerned, complete and exempt, by department."""
    found: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    for row in db.session.execute(union_all(*_counts(asked, scope))):
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


@dataclass(frozen=True, kw_only=True)
class Found:
    """One person in a list, for one assignment."""

    asked: Asked
    kind: Kind
    person_id: int
    person_name: str
    department_id: int
    has_signed_in: bool


def of_kind(one: Asked, kind: Kind, scope: Scope, everything: Tree) -> list[ColumnElement[bool]]:
    """Return the conditions on a person who is of this kind for an assignment."""
    conditions = _concerns(one, scope, everything)
    if kind is Kind.COMPLETE:
        return [*conditions, _is_met(one)]
    exempt = _is_exempt(one)
    return [*conditions, ~_is_met(one), exempt if kind is Kind.EXEMPT else ~exempt]


def listed(stretches: Sequence[Stretch], scope: Scope, everything: Tree) -> list[Found]:
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
            .where(*of_kind(one.asked, one.kind, scope, everything))
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
        )
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
    return frozenset(db.session.scalars(union_all(*parts)))
