"""Remind those who are open: when a coordinator asks, and by the worker around the due day."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlalchemy import select

from lms import audit, outbox
from lms.access import SYSTEM, Actor, Permission, reaches, require
from lms.assignments import operations, queries
from lms.assignments.models import Assignment, ReminderRound
from lms.assignments.queries import reminders as wanted
from lms.assignments.queries.reminders import DueRound, Reader
from lms.assignments.rules import reminders as rules
from lms.assignments.rules.reminders import Sender
from lms.db import db, whole
from lms.outbox import Draft
from lms.people import queries as people
from lms.people.models import Person

FEW = 500
"""Up to so many chosen people are locked by name; above, all of the department are."""


@dataclass(frozen=True, kw_only=True)
class Reminded:
    """What came of asking for reminders: how many went into the outbox, and why others did not."""

    queued: int
    finished: int
    rested: int


def sender(*, base_url: str, zone: str) -> Sender:
    """Return on whose behalf reminders go out, as the organisation page says it now."""
    organisation = people.organisation()
    return Sender(
        organisation=organisation.name if organisation else "",
        contact=organisation.contact_email if organisation else "",
        base_url=base_url.rstrip("/"),
        zone=zone,
    )


@whole
def remind(
    *,
    actor: Actor,
    department_id: int,
    person_ids: Collection[int],
    sender: Sender,
    at: datetime,
    today: date,
) -> Reminded:
    """Queue one mail to each of these people for whom anything is open, listing all of it.

    Those who finished get none, nor those reminded in the last 24 hours, whoever asked. People
    outside the department, or who left, are as if not there. Two who ask at once are served one
    after the other. Raises NotAllowed outside the actor's departments, Missing.
    """
    require(actor, Permission.REMIND, department_id=department_id)
    queries.department(department_id)
    below = frozenset(
        one
        for one in queries.tree().below(department_id)
        if reaches(actor, Permission.REMIND, department_id=one)
    )
    _wait_for_others(below, person_ids)
    readers = wanted.readers(
        department_ids=below, person_ids=person_ids, today=today, base_url=sender.base_url
    )
    recent = wanted.recent(since=at - rules.REST, today=today)
    open_ones = [one for one in readers if one.items]
    due = [one for one in open_ones if recent.get(one.id, wanted.NEVER).last_at is None]
    name = db.session.scalar(select(Person.name).where(Person.id == actor.person_id)) or ""
    drafts = [_draft(one, sender, asker=name, key=_key(one.id, recent, today)) for one in due]
    queued = outbox.queue_many(drafts, at=at)
    if queued:
        audit.record(
            actor=actor,
            at=at,
            action="reminder.queued",
            thing=f"department:{department_id}",
            mails=queued,
            chosen=len(readers),
        )
    return Reminded(
        queued=queued,
        finished=len(readers) - len(open_ones),
        rested=len(open_ones) - queued,
    )


def _key(person_id: int, recent: dict[int, wanted.Recent], today: date) -> str:
    failed = recent.get(person_id, wanted.NEVER).failed_today
    return rules.key(person_id, today, failed=failed)


def _wait_for_others(department_ids: Collection[int], person_ids: Collection[int]) -> None:
    """Hold these people's rows against another reminder till this one is kept (PostgreSQL).

    The weaker lock leaves learning alone: what points at a person is still written meanwhile.
    """
    rows = select(Person.id).where(Person.department_id.in_(department_ids)).order_by(Person.id)
    if len(person_ids) <= FEW:
        rows = rows.where(Person.id.in_(person_ids))
    db.session.execute(rows.with_for_update(key_share=True)).all()


def _draft(reader: Reader, sender: Sender, *, asker: str, key: str) -> Draft:
    return Draft(
        key=key,
        person_id=reader.id,
        address=reader.address,
        subject=rules.subject(sender),
        body=rules.body(reader.name, reader.items, sender, asker=asker),
    )


@whole
def remind_automatically(*, sender: Sender, at: datetime, today: date, not_before: datetime) -> int:
    """Do the steps of the automatic reminders that are due today; return how many mails it made.

    A step is counted from the due day and done once for an assignment (cases 52 and 53), by
    whichever worker comes first. Each person gets one mail with everything open, and none when
    any reminder went to them in the last three days. `not_before` is when the mails may leave, in
    the institution's zone.
    """
    zone = not_before.tzinfo
    if not wanted.due_rounds(today, zone=zone):
        return 0
    rounds = _hold(today, zone)
    if not rounds:
        return 0
    readers = _readers(rounds, sender, today)
    recent = wanted.recent(since=at - rules.LONG_REST, today=today, even_failed=True)
    drafts = [
        _draft(one, sender, asker="", key=rules.key(one.id, today))
        for one in readers
        if one.items and one.id not in recent
    ]
    queued = outbox.queue_many(drafts, at=at, not_before=not_before)
    for one in rounds:
        db.session.add(
            ReminderRound(
                assignment_id=one.assignment_id,
                due_on=one.due_on,
                step=one.step,
                done_at=at,
                mails=queued,
            )
        )
    db.session.flush()
    if queued:
        audit.record(
            actor=SYSTEM,
            at=at,
            action="reminder.queued",
            thing=f"assignment:{rounds[0].assignment_id}",
            mails=queued,
            assignments=[one.assignment_id for one in rounds],
        )
    return queued


def _hold(today: date, zone: tzinfo | None) -> list[DueRound]:
    """Hold the assignments whose step is due, and return the steps nobody did meanwhile."""
    ids = sorted({one.assignment_id for one in wanted.due_rounds(today, zone=zone)})
    db.session.execute(
        select(Assignment.id)
        .where(Assignment.id.in_(ids))
        .order_by(Assignment.id)
        .with_for_update(key_share=True)
    ).all()
    return wanted.due_rounds(today, zone=zone)


def _readers(rounds: Sequence[DueRound], sender: Sender, today: date) -> list[Reader]:
    """Return the people for whom an assignment of these rounds is open."""
    departments = frozenset(queries.tree().names)
    asked = {one.assignment_id for one in rounds}
    concerned = {
        person_id
        for person_id, owed in wanted.open_obligations(
            department_ids=departments, person_ids=None, today=today
        ).items()
        if any(one.asked.id in asked for one in owed)
    }
    _wait_for_others(departments, concerned)
    return wanted.readers(
        department_ids=departments, person_ids=concerned, today=today, base_url=sender.base_url
    )


@whole
def withdraw(*, at: datetime, today: date) -> int:
    """Take back the reminders that wait but are not true any more; return how many.

    Of those who finished meanwhile or left, and those that could not go out for three days.
    """
    waiting = wanted.waiting()
    if not waiting:
        return 0
    still = wanted.open_people((who for _id, who, _at in waiting if who), today=today)
    untrue = {
        message_id: OLD if who in still else FINISHED
        for message_id, who, queued_at in waiting
        if who not in still or at - queued_at > rules.STALE
    }
    outbox.withdraw(untrue, at=at)
    return len(untrue)


FINISHED = "Taken back before it went out: nothing in it is open any more."
OLD = "Taken back: it could not go out for three days, so it may not be true any more."


@whole
def close_retired(*, at: datetime) -> int:
    """Close the open assignments of courses that were retired, with that as the reason (case 54).

    Courses don't know of assignments, so this asks; whoever finished keeps what they finished.
    """
    gone = wanted.retired_assignments()
    for assignment_id, why in gone:
        reason = f"The course was retired. {why}".strip()
        operations.close(actor=SYSTEM, assignment_id=assignment_id, reason=reason, at=at)
    return len(gone)
