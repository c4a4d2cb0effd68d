"""Chosen people of a department: who they are now, and what an action would come to for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from lms.access import Actor, Permission, reaches, require
from lms.assignments import queries as assignments
from lms.assignments.queries import Obligation
from lms.assignments.queries import reminders as waiting
from lms.assignments.queries.reminders import Reader
from lms.assignments.rules import URGENCY, due_words
from lms.assignments.rules import reminders as reminding
from lms.db import db
from lms.people.models import Person
from lms.reports.queries import lists
from lms.reports.queries.departments import Filters, narrowed

MOST_SHOWN = 50
"""A preview names so many people in each of its lists, and counts the others."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was chosen on a department's page: some people, or all whom its filters find."""

    person_ids: frozenset[int]
    is_everyone: bool
    filters: Filters


@dataclass(frozen=True, kw_only=True)
class Picked:
    """One chosen person."""

    id: int
    name: str
    department: str


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The chosen people who are here and within reach, by name; how many are not."""

    department_id: int
    department: str
    reach: frozenset[int]
    people: tuple[Picked, ...]
    missing: int

    @property
    def ids(self) -> frozenset[int]:
        """Return who they are."""
        return frozenset(one.id for one in self.people)


def chosen(
    actor: Actor, department_id: int, choice: Choice, permission: Permission, *, today: date
) -> Chosen:
    """Return the chosen people of a department and all below it, as things are now.

    Whoever left, moved away or is out of the actor's reach is as if not there. Raises Missing,
    and NotAllowed when the actor may not do this in the department.
    """
    place = assignments.department(department_id)
    require(actor, permission, department_id=department_id)
    everything = assignments.tree()
    reach = frozenset(
        one
        for one in everything.below(department_id)
        if reaches(actor, permission, department_id=one)
    )
    wanted = choice.person_ids
    if choice.is_everyone:
        wanted = lists.people_of(narrowed(actor, department_id, choice.filters, today=today))
    rows = select(Person.id, Person.name, Person.department_id).where(
        Person.department_id.in_(reach), Person.deactivated_at.is_(None)
    )
    if not choice.is_everyone:
        rows = rows.where(Person.id.in_(wanted))
    people = tuple(
        Picked(id=row.id, name=row.name, department=everything.names[row.department_id])
        for row in db.session.execute(rows.order_by(Person.name, Person.id))
        if row.id in wanted
    )
    return Chosen(
        department_id=department_id,
        department=place.name,
        reach=reach,
        people=people,
        missing=len(wanted) - len(people),
    )


@dataclass(frozen=True, kw_only=True)
class Rested:
    """Somebody who was reminded a short while ago."""

    name: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ReminderPreview:
    """What reminding the chosen people would come to."""

    chosen: Chosen
    will: tuple[Reader, ...]
    finished: tuple[str, ...]
    rested: tuple[Rested, ...]


def reminder_preview(
    actor: Actor,
    department_id: int,
    choice: Choice,
    *,
    base_url: str,
    at: datetime,
    today: date,
) -> ReminderPreview:
    """Count who would get a mail, who has nothing open, and who was reminded in the last day."""
    found = chosen(actor, department_id, choice, Permission.REMIND, today=today)
    readers = waiting.readers(
        department_ids=found.reach, person_ids=found.ids, today=today, base_url=base_url
    )
    recent = waiting.recent(since=at - reminding.REST, today=today)
    last = {one.id: recent.get(one.id, waiting.NEVER).last_at for one in readers}
    return ReminderPreview(
        chosen=found,
        will=tuple(one for one in readers if one.items and last[one.id] is None),
        finished=tuple(one.name for one in readers if not one.items),
        rested=tuple(
            Rested(name=one.name, at=when)
            for one in readers
            if one.items and (when := last[one.id]) is not None
        ),
    )


@dataclass(frozen=True, kw_only=True)
class AssignPreview:
    """What assigning a course or a series to the chosen people would come to."""

    chosen: Chosen
    will: tuple[Picked, ...]
    have: tuple[Picked, ...]


def assign_preview(
    actor: Actor, department_id: int, choice: Choice, *, key: str, is_series: bool, today: date
) -> AssignPreview:
    """Count who would get it, and who has it already by whatever open assignment."""
    found = chosen(actor, department_id, choice, Permission.ASSIGN, today=today)
    have = {
        one.person_id
        for one in assignments.obligations(department_ids=found.reach, today=today)
        if one.asked.key == key and one.asked.is_series == is_series
    }
    return AssignPreview(
        chosen=found,
        will=tuple(one for one in found.people if one.id not in have),
        have=tuple(one for one in found.people if one.id in have),
    )


HEADER = (
    "Name", "E-mail", "Department", "Course or series", "State", "In words", "Due",
    "Done", "Needed", "Completed", "Asked by",
)  # fmt: skip
Cell = str | int | date | datetime | None


def lines(found: Chosen, *, today: date) -> Iterator[tuple[Cell, ...]]:
    """Yield a line for each chosen person and what is asked of them, and one for who has nothing.

    Finished ones are in it: a file is evidence, not only a list of those to chase.
    """
    everything = assignments.tree()
    owed: dict[int, list[Obligation]] = {}
    for one in assignments.obligations(department_ids=found.reach, today=today):
        owed.setdefault(one.person_id, []).append(one)
    addresses = dict(
        db.session.execute(
            select(Person.id, Person.email).where(Person.department_id.in_(found.reach))
        ).all()
    )
    for person in found.people:
        address = addresses.get(person.id, "")
        theirs = owed.get(person.id, [])
        if not theirs:
            yield (person.name, address, person.department, "", "nothing asked", *[None] * 6)
        for one in sorted(theirs, key=lambda each: (URGENCY[each.state], each.asked.due_on)):
            yield (
                person.name,
                address,
                everything.names.get(one.department_id, person.department),
                one.asked.title,
                one.state.value,
                due_words(one.state, due_on=one.asked.due_on, today=today),
                one.asked.due_on,
                one.progress.done,
                one.progress.needed,
                one.progress.completed_at,
                one.asked.asked_by,
            )
