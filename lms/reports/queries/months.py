"""How many completions a department had in each of the last months."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select

from lms.access import Actor
from lms.assignments.queries import figures as counted
from lms.assignments.queries.figures import Scope
from lms.db import db
from lms.learning.models import Completion, Enrolment
from lms.people.models import Person
from lms.reports.queries import departments
from lms.reports.queries.lists import Filters

MONTHS: Final = 13
"""This month and the twelve before it."""


@dataclass(frozen=True, kw_only=True)
class Month:
    """One month and how many completions it had."""

    first_on: date
    number: int


@dataclass(frozen=True, kw_only=True)
class Months:
    """The last months of a department, the oldest first."""

    id: int
    name: str
    months: tuple[Month, ...]


def _firsts(today: date) -> list[date]:
    last = today.year * 12 + today.month - 1
    return [date(one // 12, one % 12 + 1, 1) for one in range(last - MONTHS + 1, last + 1)]


def months(actor: Actor, department_id: int, *, today: date, zone: ZoneInfo) -> Months:
    """Count the completions of the active people in a department and below it, month by month.

    Months begin at midnight in the institution's zone. Raises Missing and NotAllowed.
    """
    here = departments.whole(actor, department_id, Filters())
    scope = Scope(department_ids=here.places)
    firsts = _firsts(today)
    begins = [datetime.combine(one, time(), tzinfo=zone).astimezone(UTC) for one in firsts]
    # The last month that had begun when it was completed.
    which = case(
        *(
            (Completion.completed_at >= at, place)
            for place, at in reversed(list(enumerate(begins)))
        ),
        else_=-1,
    )
    rows = db.session.execute(
        select(which.label("place"), func.count().label("number"))
        .select_from(Completion)
        .join(Enrolment, Enrolment.id == Completion.enrolment_id)
        .join(Person, Person.id == Enrolment.person_id)
        .where(
            Completion.completed_at >= begins[0],
            *counted.active(named=0, leads=False),
        )
        .group_by(which),
        counted.given(scope),
    )
    found = {row.place: row.number for row in rows}
    return Months(
        id=department_id,
        name=here.found.name,
        months=tuple(
            Month(first_on=one, number=found.get(place, 0)) for place, one in enumerate(firsts)
        ),
    )
