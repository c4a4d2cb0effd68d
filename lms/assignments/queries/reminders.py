"""Who is to be reminded of what: everything that is open for somebody and can be taken today."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import select

from lms.assignments import queries
from lms.assignments.models import Assignment, AssignmentCycle, ReminderRound
from lms.assignments.queries import Obligation
from lms.assignments.queries.asked import is_newest
from lms.assignments.rules import reminders as rules
from lms.courses import queries as courses
from lms.courses.models import Course
from lms.db import db
from lms.outbox import Message
from lms.people.models import Person


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who may get a reminder, and everything that is open for them."""

    id: int
    name: str
    address: str
    department_id: int
    items: tuple[rules.Item, ...]


def readers(
    *,
    department_ids: Collection[int],
    person_ids: Collection[int] | None = None,
    today: date,
    base_url: str,
) -> list[Reader]:
    """Return the active people of these departments, or the chosen of them, by name.

    With each comes what is open: not finished, not exempt, not closed, and on offer today. A
    course that was retired or has expired can't be taken, so it's not asked for (case 54). The
    number of statements does not grow with the number of people.
    """
    only = next(iter(person_ids)) if person_ids is not None and len(person_ids) == 1 else None
    staff = select(Person.id, Person.name, Person.email, Person.department_id).where(
        Person.department_id.in_(department_ids), Person.deactivated_at.is_(None)
    )
    if only is not None:
        staff = staff.where(Person.id == only)
    wanted = None if person_ids is None else frozenset(person_ids)
    owed = open_obligations(
        department_ids=department_ids, person_ids=wanted, only=only, today=today
    )
    write = _Writer(today=today, base_url=base_url)
    return [
        Reader(
            id=row.id,
            name=row.name,
            address=row.email,
            department_id=row.department_id,
            items=tuple(write.item(one) for one in owed.get(row.id, ())),
        )
        for row in db.session.execute(staff.order_by(Person.name, Person.id))
        if wanted is None or row.id in wanted
    ]


def open_obligations(
    *,
    department_ids: Collection[int],
    person_ids: Collection[int] | None,
    only: int | None = None,
    today: date,
) -> dict[int, list[Obligation]]:
    """Return what is open and can be taken today, by person, the earliest due first."""
    offered = {course.key for course in courses.offered(today)}
    found: dict[int, list[Obligation]] = defaultdict(list)
    for one in queries.obligations(department_ids=department_ids, today=today, person_id=only):
        if (
            one.state in rules.OPEN_STATES
            and (person_ids is None or one.person_id in person_ids)
            and offered.intersection(one.asked.course_keys)
        ):
            found[one.person_id].append(one)
    for items in found.values():
        items.sort(key=lambda one: (one.asked.due_on, one.asked.title))
    return found


class _Writer:
    """Puts obligations into the words of a reminder, once for all who are equally far."""

    def __init__(self, *, today: date, base_url: str) -> None:
        self.today, self.base_url = today, base_url
        self.minutes: Mapping[str, int] = {
            course.key: course.minutes for course in courses.offered(today)
        }
        self.known: dict[tuple[int, int], rules.Item] = {}

    def item(self, one: Obligation) -> rules.Item:
        """Return one obligation in words."""
        key = (one.asked.id, one.progress.done)
        if key not in self.known:
            self.known[key] = self._written(one)
        return self.known[key]

    def _written(self, one: Obligation) -> rules.Item:
        asked = one.asked
        kind = "series" if asked.is_series else "courses"
        minutes = [self.minutes[key] for key in asked.course_keys if key in self.minutes]
        return rules.Item(
            title=asked.title,
            url=f"{self.base_url}/{kind}/{asked.key}",
            due_on=asked.due_on,
            is_overdue=self.today > asked.due_on,
            work=rules.work_words(minutes, done=one.progress.done, needed=one.progress.needed),
            reason=asked.reason,
            asked_by=asked.asked_by,
            basis=asked.basis,
        )


@dataclass(frozen=True, kw_only=True)
class Recent:
    """What reminders a person was sent lately: when the last, and how many failed today."""

    last_at: datetime | None
    failed_today: int


NEVER = Recent(last_at=None, failed_today=0)


def recent(*, since: datetime, today: date, even_failed: bool = False) -> dict[int, Recent]:
    """Return who had a reminder queued after this instant, in one statement.

    One that failed for good does not count, so that it can be sent to a better address the
    same day; unless asked, as by the worker, which does not try its luck.
    """
    rows = db.session.execute(
        select(
            Message.person_id,
            Message.queued_at,
            Message.key,
            Message.failed_at,
            Message.withdrawn_at,
        ).where(
            Message.key.like(f"{rules.KEY_PREFIX}%"),
            Message.queued_at > since,
        )
    )
    last: dict[int, datetime] = {}
    failed: dict[int, int] = defaultdict(int)
    for person_id, queued_at, key, failed_at, withdrawn_at in rows:
        if person_id is None:
            continue
        is_lost = (failed_at or withdrawn_at) is not None
        if is_lost and key.startswith(rules.key(person_id, today)):
            failed[person_id] += 1
        if not is_lost or even_failed:
            last[person_id] = max(queued_at, last.get(person_id, queued_at))
    return {
        one: Recent(last_at=last.get(one), failed_today=failed[one])
        for one in last.keys() | failed.keys()
    }


@dataclass(frozen=True, kw_only=True)
class DueRound:
    """A step of an assignment's automatic reminders that is to be done today."""

    assignment_id: int
    due_on: date
    step: int


def due_rounds(today: date, *, zone: tzinfo | None) -> list[DueRound]:
    """Return the steps that are due today and not done yet: two statements, whatever the size.

    `today` is the institution's day, and so is the day on which an assignment was made, by `zone`.
    """
    late = timedelta(days=rules.STEPS[-1] + rules.LATE_DAYS)
    rows = db.session.execute(
        select(Assignment.id, AssignmentCycle.due_on, AssignmentCycle.opened_at)
        .join(AssignmentCycle, is_newest())
        .where(
            Assignment.closed_at.is_(None),
            Assignment.sends_reminders,
            AssignmentCycle.due_on.between(today - late, today - timedelta(days=rules.STEPS[0])),
        )
    )
    steps = [
        DueRound(assignment_id=row.id, due_on=row.due_on, step=step)
        for row in rows
        if (
            step := rules.step_of(
                due_on=row.due_on, opened_on=row.opened_at.astimezone(zone).date(), today=today
            )
        )
        is not None
    ]
    return _not_done(steps)


def _not_done(steps: list[DueRound]) -> list[DueRound]:
    if not steps:
        return []
    done = {
        (row.assignment_id, row.due_on, row.step)
        for row in db.session.execute(
            select(ReminderRound.assignment_id, ReminderRound.due_on, ReminderRound.step).where(
                ReminderRound.assignment_id.in_({one.assignment_id for one in steps})
            )
        )
    }
    return [one for one in steps if (one.assignment_id, one.due_on, one.step) not in done]


def waiting() -> list[tuple[int, int | None, datetime]]:
    """Return (id, person id, when queued) of the reminders that have not gone out yet."""
    rows = db.session.execute(
        select(Message.id, Message.person_id, Message.queued_at).where(
            Message.key.like(f"{rules.KEY_PREFIX}%"),
            Message.sent_at.is_(None),
            Message.failed_at.is_(None),
            Message.withdrawn_at.is_(None),
        )
    )
    return [(row.id, row.person_id, row.queued_at) for row in rows]


def open_people(person_ids: Iterable[int], *, today: date) -> frozenset[int]:
    """Return those of these people who are here and for whom anything is still open."""
    asked = frozenset(person_ids)
    departments = frozenset(
        one
        for one in db.session.scalars(
            select(Person.department_id).where(Person.deactivated_at.is_(None)).distinct()
        )
        if one is not None
    )
    owed = open_obligations(department_ids=departments, person_ids=asked, today=today)
    return frozenset(owed)


def retired_assignments() -> list[tuple[int, str]]:
    """Return (id, why the course was retired) of open assignments that nobody can fulfil."""
    rows = db.session.execute(
        select(Assignment.id, Course.retired_reason)
        .join(Course, Course.id == Assignment.course_id)
        .where(Assignment.closed_at.is_(None), Course.retired_at.is_not(None))
        .order_by(Assignment.id)
    )
    return [(row.id, row.retired_reason or "") for row in rows]
