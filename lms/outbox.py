"""Messages written in the same transaction as their cause, delivered after it."""

import hashlib
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String, Text, and_, func, select
from sqlalchemy.orm import Mapped, mapped_column

from lms.config import MailServer
from lms.db import Model, db
from lms.errors import Missing, Refused


class Message(Model):
    """One mail: queued, then sent or failed. The key makes sure that it's written once."""

    __tablename__ = "messages"
    __table_args__ = {"info": {"personal": "address and text of a mail; body dropped once sent"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
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


class State(StrEnum):
    """What became of a mail so far."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


_STATES: Final[Mapping[State, ColumnElement[bool]]] = {
    State.QUEUED: and_(Message.sent_at.is_(None), Message.failed_at.is_(None)),
    State.SENT: Message.sent_at.is_not(None),
    State.FAILED: Message.failed_at.is_not(None),
}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of the outbox, newest first."""

    messages: tuple[Message, ...]
    total: int
    page: int
    pages: int


PAGE = 50


def listing(*, page: int, state: State | None = None) -> Listing:
    """Return a page of the outbox, newest first, narrowed to one state if asked."""
    wanted = [] if state is None else [_STATES[state]]
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


def counts() -> dict[State, int]:
    """Return how many mails are in each state."""
    row = db.session.execute(
        select(*(func.count().filter(condition) for condition in _STATES.values())).select_from(
            Message
        )
    ).one()
    return dict(zip(_STATES, row, strict=True))


SPENT: Final = "(This mail carried a secret link, which is not kept.)"


def resend(*, message_id: int, at: datetime) -> None:
    """Queue a mail once more: one that failed as it is, one that was sent as a copy.

    Raises Missing; Refused when the mail waits to be sent anyway, or carried a link that is not
    kept.
    """
    message = db.session.get(Message, message_id)
    if message is None:
        raise Missing("message")
    if message.sent_at is None and message.failed_at is None:
        raise Refused("This mail is queued already.")
    if message.is_secret:
        raise Refused("The link in this mail is not kept. Have a new one made instead.")
    if message.failed_at is not None:
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


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What one round of delivery came to: mails handed over, and tries that went wrong."""

    sent: int
    failed: int


MOST_TRIES: Final = 6
LEASE: Final = timedelta(minutes=10)
"""How long a worker has for one mail; longer than all time limits of one handing over."""
PATIENCE: Final = 20
"""Seconds to wait for the mail server at each step."""


def claim(*, at: datetime) -> Message | None:
    """Take the mail that has been due for longest, for this worker alone, for ten minutes.

    A worker that dies holding it lets it go again when the lease runs out.
    """
    message = db.session.scalar(
        select(Message)
        .where(_STATES[State.QUEUED], Message.next_try_at <= at)
        .order_by(Message.next_try_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if message is not None:
        message.next_try_at = at + LEASE
        db.session.flush()
    return message


def _mail(message: Message, mail_from: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = mail_from, message.address, message.subject
    # The same identifier at every try, so that a receiver may drop a double.
    sender = parseaddr(mail_from)[1].rpartition("@")[2] or "localhost"
    mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{sender}>"
    mail["Date"] = format_datetime(message.queued_at)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    return mail


def connect(server: MailServer) -> smtplib.SMTP:
    """Open a connection to the mail server, encrypted where it offers that; raises OSError."""
    safe = ssl.create_default_context()
    if server.encrypted:
        link: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=PATIENCE, context=safe
        )
    else:
        link = smtplib.SMTP(server.host, server.port, timeout=PATIENCE)
    try:
        link.ehlo()
        if not server.encrypted and link.has_extn("starttls"):
            link.starttls(context=safe)
        if server.user:
            link.login(server.user, server.password)
    except BaseException:
        link.close()
        raise
    return link


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a mail was not taken, and whether asking again is of use."""

    sentence: str
    is_final: bool


def _hand_over(server: MailServer, mail: EmailMessage) -> Problem | None:
    try:
        with connect(server) as link:
            link.send_message(mail)
    except smtplib.SMTPRecipientsRefused as refused:
        # No recipient at all: the address names nobody.
        code, words = next(iter(refused.recipients.values()), (553, b"no address"))
        sentence = f"{code} {words.decode('utf-8', 'replace')}"[:500]
        # 5xx: no such mailbox, and there will be none in an hour (RFC 5321, 4.2.1).
        return Problem(sentence=sentence, is_final=code >= 500)
    except (smtplib.SMTPException, OSError) as error:
        return Problem(sentence=f"{type(error).__name__}: {error}"[:500], is_final=False)
    except ValueError as error:
        # An address that can't be written in a mail at all.
        return Problem(sentence=f"{type(error).__name__}"[:500], is_final=True)
    return None


def settle(message_id: int, *, problem: Problem | None, at: datetime) -> None:
    """Write down what came of one try: sent, to be tried later, or failed for good.

    Pauses grow: 2, 4, 8, 16, 32 minutes; a mail that failed six times has failed.
    """
    message = db.session.get(Message, message_id, with_for_update=True)
    if message is None or message.sent_at is not None:
        return
    message.tries += 1
    message.problem = problem.sentence if problem else None
    if problem is None:
        message.sent_at, message.next_try_at = at, None
    elif problem.is_final or message.tries >= MOST_TRIES:
        message.failed_at, message.next_try_at = at, None
    else:
        message.next_try_at = at + timedelta(minutes=2**message.tries)
    if message.is_secret and message.next_try_at is None:
        message.body = SPENT


def deliver(
    server: MailServer,
    mail_from: str,
    *,
    at: datetime,
    limit: int = 100,
    keep: Callable[[], AbstractContextManager[None]],
) -> Delivered:
    """Send what is due, at most `limit` mails. `keep` opens a transaction, kept if it ends well.

    Claiming one mail, and its outcome, are transactions of their own, so that two workers never
    send the same one, and nobody waits for a mail server with the database in hand. A worker
    killed between handing over and writing it down is the one case in which a mail goes twice.
    """
    begun = time.monotonic()
    sent = failed = 0
    for _ in range(limit):
        # A slow mail server takes minutes; leases count from when a mail is taken.
        present = at + timedelta(seconds=int(time.monotonic() - begun))
        with keep():
            message = claim(at=present)
            if message is None:
                break
            message_id, mail = message.id, _mail_or_problem(message, mail_from)
        problem = mail if isinstance(mail, Problem) else _hand_over(server, mail)
        with keep():
            settle(message_id, problem=problem, at=present)
        sent, failed = sent + (problem is None), failed + (problem is not None)
    return Delivered(sent=sent, failed=failed)


def _mail_or_problem(message: Message, mail_from: str) -> EmailMessage | Problem:
    """Write the mail; one that can't be written fails alone and does not stop the others."""
    try:
        return _mail(message, mail_from)
    except (ValueError, LookupError) as error:
        return Problem(sentence=f"{type(error).__name__}: {error}"[:500], is_final=True)
