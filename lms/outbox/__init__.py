"""Messages written in the same transaction as their cause; delivery.py sends them after it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, Text, and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, connection, db
from lms.errors import Missing, Refused

SUBJECT_MOST: Final = 200


class Message(Model):
    """One mail: queued, then sent or failed. The key makes sure that it's written once."""

    __tablename__ = "messages"
    __table_args__ = {"info": {"personal": "address and text of a mail; body dropped once sent"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(SUBJECT_MOST))
    body: Mapped[str] = mapped_column(Text)
    is_secret: Mapped[bool]
    queued_at: Mapped[datetime] = mapped_column(index=True)
    next_try_at: Mapped[datetime | None] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Text)


def queue(
    *,
    key: str,
    person_id: int | None,
    address: str,
    subject: str,
    body: str,
    at: datetime,
    is_secret: bool = False,
) -> bool:
    """Put a mail into the outbox; say False, and do nothing, when this key was queued before.

    `is_secret` marks a body that carries a token: it's never shown on a page when mail is set up,
    and dropped once sent.
    """
    if db.session.scalar(select(Message.id).where(Message.key == key)) is not None:
        return False
    db.session.add(
        Message(
            key=key,
            person_id=person_id,
            address=address,
            subject=subject,
            body=body,
            is_secret=is_secret,
            queued_at=at,
            next_try_at=at,
            tries=0,
        )
    )
    db.session.flush()
    return True


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A mail to be queued with many others; it carries no secret."""

    key: str
    person_id: int
    address: str
    subject: str
    body: str


def queue_many(drafts: Sequence[Draft], *, at: datetime, not_before: datetime | None = None) -> int:
    """Put many mails into the outbox in one statement; return how many are new.

    A key that was queued before is left as it is. Nothing leaves earlier than `not_before`.
    """
    if not drafts:
        return 0
    makes = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [
        {
            "key": one.key,
            "person_id": one.person_id,
            "address": one.address,
            "subject": one.subject[:SUBJECT_MOST],
            "body": one.body,
            "is_secret": False,
            "queued_at": at,
            "next_try_at": max(at, not_before or at),
            "tries": 0,
        }
        for one in drafts
    ]
    table = Message.__table__
    result = connection().execute(
        makes.insert(table).on_conflict_do_nothing(index_elements=["key"]),
        rows,
        # Else the driver's count of rows is gone when it's asked for.
        execution_options={"preserve_rowcount": True},
    )
    return int(result.rowcount)


def withdraw(untrue: Mapping[int, str], *, at: datetime) -> None:
    """Take mails back before they go out: each id with the sentence that says why."""
    if untrue:
        db.session.execute(
            update(Message),
            [
                {"id": one, "withdrawn_at": at, "next_try_at": None, "problem": why}
                for one, why in untrue.items()
            ],
        )


class State(StrEnum):
    """What became of a mail so far."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


STATES: Final[Mapping[State, ColumnElement[bool]]] = {
    State.QUEUED: and_(
        Message.sent_at.is_(None), Message.failed_at.is_(None), Message.withdrawn_at.is_(None)
    ),
    State.SENT: Message.sent_at.is_not(None),
    State.FAILED: and_(Message.failed_at.is_not(None), Message.withdrawn_at.is_(None)),
    State.WITHDRAWN: and_(Message.withdrawn_at.is_not(None), Message.sent_at.is_(None)),
}


def state_of(message: Message) -> State:
    """Return what became of a mail so far."""
    if message.sent_at is not None:
        return State.SENT
    if message.withdrawn_at is not None:
        return State.WITHDRAWN
    return State.QUEUED if message.failed_at is None else State.FAILED


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of the outbox, newest first."""

    messages: tuple[Message, ...]
    total: int
    page: int
    pages: int


PAGE = 50
MOST_OF_A_PERSON: Final = 100


def listing(
    *, page: int, state: State | None = None, also: Sequence[ColumnElement[bool]] = ()
) -> Listing:
    """Return a page of the outbox, newest first, narrowed to one state and more if asked."""
    wanted = [*([] if state is None else [STATES[state]]), *also]
    total = db.session.scalar(select(func.count()).select_from(Message).where(*wanted)) or 0
    last = max(1, -(-total // PAGE))
    page = min(max(page, 1), last)
    rows = db.session.scalars(
        select(Message)
        .where(*wanted)
        .order_by(Message.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return Listing(messages=tuple(rows), total=total, page=page, pages=last)


def of_person(person_id: int) -> tuple[Message, ...]:
    """Return the latest mails to one person, newest first."""
    return tuple(
        db.session.scalars(
            select(Message)
            .where(Message.person_id == person_id)
            .order_by(Message.id.desc())
            .limit(MOST_OF_A_PERSON)
        )
    )


def counts() -> dict[State, int]:
    """Return how many mails are in each state."""
    row = db.session.execute(
        select(*(func.count().filter(condition) for condition in STATES.values())).select_from(
            Message
        )
    ).one()
    return dict(zip(STATES, row, strict=True))


SPENT: Final = "(This mail carried a secret link, which is not kept.)"


def resend(*, message_id: int, at: datetime) -> None:
    """Queue a mail once more: one that failed as it is, one that was sent as a copy.

    Raises Missing; Refused when the mail waits to be sent anyway, or carried a link that is not
    kept.
    """
    message = db.session.get(Message, message_id)
    if message is None:
        raise Missing("message")
    if state_of(message) is State.QUEUED:
        raise Refused("This mail is queued already.")
    if state_of(message) is State.WITHDRAWN:
        raise Refused("This mail was taken back, since it was not true any more.")
    if message.is_secret:
        raise Refused("The link in this mail is not kept. Have a new one made instead.")
    if message.sent_at is None:
        message.failed_at, message.problem, message.tries = None, None, 0
        message.next_try_at = at
        return
    # What was sent stays written down as sent.
    queue(
        key=f"{hashlib.sha256(message.key.encode()).hexdigest()}:again:{at.isoformat()}",
        person_id=message.person_id,
        address=message.address,
        subject=message.subject,
        body=message.body,
        at=at,
    )
