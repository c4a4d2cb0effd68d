"""The evidence for one person, as a coordinator may see it: never an answer."""

from dataclasses import dataclass
from datetime import date, datetime

from lms.access import Actor, Permission, reaches
from lms.assignments import queries as assignments
from lms.assignments.rules import URGENCY, due_words
from lms.db import db
from lms.errors import Missing
from lms.learning.queries import progress
from lms.learning.queries.progress import Standing
from lms.people.models import Person
from lms.reports.queries.departments import Line


@dataclass(frozen=True, kw_only=True)
class Course:
    """One course of a person's obligation, as the coordinator may see it: never an answer."""

    key: str
    title: str
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class PersonPage:
    """The evidence for one person: each obligation, and how far each of its courses is."""

    id: int
    name: str
    department: str
    department_id: int
    lines: tuple[tuple[Line, tuple[Course, ...]], ...]


def person(actor: Actor, person_id: int, *, at: datetime, today: date) -> PersonPage:
    """Return what a coordinator sees of one of their people; Missing for everybody else's."""
    found = db.session.get(Person, person_id)
    if (
        found is None
        or found.department_id is None
        or not reaches(actor, Permission.SEE_ASSIGNMENTS, department_id=found.department_id)
    ):
        raise Missing("person")
    where = assignments.tree().path(found.department_id)
    owed = assignments.obligations(
        department_ids=[found.department_id], today=today, person_id=person_id
    )
    stands = progress.standings_of(person_id, at=at, today=today)
    titles = dict(assignments.titles().values())
    lines = []
    for one in sorted(owed, key=lambda each: (URGENCY[each.state], each.asked.due_on)):
        line = Line(
            obligation=one,
            department=where,
            words=due_words(one.state, due_on=one.asked.due_on, today=today),
        )
        parts = tuple(
            Course(key=key, title=titles.get(key, key), standing=stands[key])
            for key in one.asked.course_keys
            if key in stands
        )
        lines.append((line, parts))
    return PersonPage(
        id=found.id,
        name=found.name,
        department=where,
        department_id=found.department_id,
        lines=tuple(lines),
    )
