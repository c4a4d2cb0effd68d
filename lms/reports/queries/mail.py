"""What was mailed to one person, as their coordinator may see it: was it sent? (case 56)."""

from dataclasses import dataclass
from datetime import datetime

from lms import outbox
from lms.access import Actor, Permission, reaches
from lms.assignments import queries as assignments
from lms.assignments.rules import reminders as reminding
from lms.db import db
from lms.errors import Missing
from lms.people.models import Person


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail: its subject, what became of it and when; its text only for a reminder."""

    subject: str
    address: str
    state: outbox.State
    queued_at: datetime
    sent_at: datetime | None
    problem: str
    text: str


@dataclass(frozen=True, kw_only=True)
class MailPage:
    """The mails to one person, newest first."""

    id: int
    name: str
    department_id: int
    department: str
    mails: tuple[Mail, ...]


def mail_of(actor: Actor, person_id: int) -> MailPage:
    """Return the mails to one of the actor's people; Missing for everybody else's."""
    found = db.session.get(Person, person_id)
    if (
        found is None
        or found.department_id is None
        or not reaches(actor, Permission.REMIND, department_id=found.department_id)
    ):
        raise Missing("person")
    return MailPage(
        id=found.id,
        name=found.name,
        department_id=found.department_id,
        department=assignments.tree().path(found.department_id),
        mails=tuple(
            Mail(
                subject=one.subject,
                address=one.address,
                state=outbox.state_of(one),
                queued_at=one.queued_at,
                sent_at=one.sent_at,
                problem=one.problem or "",
                # Other mails are between the person and this site: links, codes, corrections.
                text=one.body if one.key.startswith(reminding.KEY_PREFIX) else "",
            )
            for one in outbox.of_person(found.id)
        ),
    )
