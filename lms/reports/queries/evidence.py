"""The evidence for one person, as a coordinator may see it: never an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lms.access import Actor, Permission, reaches
from lms.assignments import queries as assignments
from lms.assignments.queries import Asked, Obligation
from lms.assignments.rules import URGENCY, State, due_words
from lms.db import db
from lms.errors import Missing
from lms.learning.queries import progress
from lms.learning.queries.progress import Standing
from lms.people import queries as people
from lms.people.models import Person
from lms.reports.queries import reasons
from lms.reports.queries.reasons import Evidence


@dataclass(frozen=True, kw_only=True)
class Course:
    """One course of a person's obligation, with what counts for it, if anything does."""

    key: str
    title: str
    standing: Standing
    evidence: Evidence | None


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One obligation of the person, and each of its courses."""

    asked: Asked
    state: State
    words: str
    done: int
    exempt_because: str
    courses: tuple[Course, ...]


@dataclass(frozen=True, kw_only=True)
class PersonPage:
    """The evidence for one person: each obligation, and how far each of its courses is."""

    id: int
    name: str
    department: str
    department_id: int
    last_seen: datetime | None
    shows_records: bool
    owed: tuple[Owed, ...]
    others: tuple[Course, ...]
    """Courses they completed that nothing asks for, or before it counted."""


def person(actor: Actor, person_id: int, *, at: datetime, today: date) -> PersonPage:
    """Return what a coordinator sees of one of their people; Missing for everybody else's."""
    found = db.session.get(Person, person_id)
    if (
        found is None
        or found.department_id is None
        or not reaches(actor, Permission.SEE_ASSIGNMENTS, department_id=found.department_id)
    ):
        raise Missing("person")
    mine = assignments.obligations(
        department_ids=[found.department_id], today=today, person_id=person_id
    )
    stands = progress.standings_of(person_id, at=at, today=today)
    done = reasons.evidence_of(person_id)
    exempt = reasons.exemptions_of(person_id)
    owed = [
        _owed(one, stands, done, exempt.get(one.asked.id, ""), today=today)
        for one in sorted(mine, key=lambda each: (URGENCY[each.state], each.asked.due_on))
    ]
    shown = {part.evidence for one in owed for part in one.courses}
    titles = {key: one for one, (key, _title) in assignments.titles().items()}
    others = [
        Course(key=key, title=stand.course.title, standing=stand, evidence=one)
        for key, stand in stands.items()
        for one in done
        if one.course_id == titles.get(key) and one not in shown
    ]
    return PersonPage(
        id=found.id,
        name=found.name,
        department=assignments.tree().path(found.department_id),
        department_id=found.department_id,
        last_seen=people.last_seen(person_id),
        shows_records=reaches(actor, Permission.SEE_RECORDS, department_id=found.department_id),
        owed=tuple(owed),
        others=tuple(others),
    )


def _owed(
    one: Obligation,
    stands: dict[str, Standing],
    done: Sequence[Evidence],
    exempt_because: str,
    *,
    today: date,
) -> Owed:
    counts = {each.course_id: each for each in reasons.counting(one.asked, done)}
    return Owed(
        asked=one.asked,
        state=one.state,
        words=due_words(one.state, due_on=one.asked.due_on, today=today),
        done=one.progress.done,
        exempt_because=exempt_because if one.state is State.EXEMPT else "",
        courses=tuple(
            Course(
                key=key,
                title=stands[key].course.title,
                standing=stands[key],
                evidence=counts.get(course_id),
            )
            for key, course_id in zip(one.asked.course_keys, one.asked.course_ids, strict=True)
            if key in stands
        ),
    )
