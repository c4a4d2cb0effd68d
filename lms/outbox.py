"""Messages written in the same transaction as their cause, delivered after it."""

import hashlib
import smtplib
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import ForeignKey, String, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from lms.config import MailServer
from lms.db import Model, db
from lms.errors import Missing


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
class Listing:
    """One page of the outbox, newest first."""

    messages: tuple[Message, ...]
    page: int
    pages: int


PAGE = 50


def listing(*, page: int) -> Listing:
    """Return a page of the outbox, newest first."""
    total = db.session.scalar(select(func.count()).select_from(Message)) or 0
    rows = db.session.scalars(
        select(Message).order_by(Message.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    ).all()
    return Listing(messages=tuple(rows), page=page, pages=max(1, -(-total // PAGE)))


def resend(*, message_id: int, at: datetime) -> None:
    """Queue a mail that failed once more; raises Missing. One that was sent is left alone."""
    message = db.session.get(Message, message_id)
    if message is None:
        raise Missing("message")
    if message.sent_at is None:
        message.failed_at, message.problem, message.tries = None, None, 0
        message.next_try_at = at


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What one round of delivery came to."""

    sent: int
    failed: int


MOST_TRIES = 6
LEASE = timedelta(minutes=5)
SPENT = "(This mail carried a secret link, which is not kept once it is sent.)"


def claim(*, at: datetime, limit: int) -> list[int]:
    """Take mails that are due, for this worker alone, for five minutes; return their ids.

    A worker that dies holding them lets them go again when the lease runs out.
    """
    rows = db.session.scalars(
        select(Message)
        .where(
            Message.sent_at.is_(None),
            Message.failed_at.is_(None),
            Message.next_try_at <= at,
        )
        .order_by(Message.next_try_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for message in rows:
        message.next_try_at = at + LEASE
    db.session.flush()
    return [message.id for message in rows]


def _mail(message: Message, mail_from: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = mail_from, message.address, message.subject
    # The same identifier at every try, so that a receiver may drop a double.
    mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@rounds>"
    mail["Date"] = format_datetime(message.queued_at)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    return mail


def connect(server: MailServer) -> smtplib.SMTP:
    """Open a connection to the mail server, encrypted where it offers that; raises OSError."""
    if server.encrypted:
        context = ssl.create_default_context()
        link: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=20, context=context)
    else:
        link = smtplib.SMTP(server.host, server.port, timeout=20)
        link.ehlo()
        if link.has_extn("starttls"):
            link.starttls(context=ssl.create_default_context())
    if server.user:
        link.login(server.user, server.password)
    return link


def settle(message_id: int, *, problem: str | None, at: datetime) -> None:
    """Write down what came of one try: sent, to be tried later, or failed for good."""
    message = db.session.get(Message, message_id)
    if message is None or message.sent_at is not None:
        return
    message.tries += 1
    message.problem = problem
    if problem is None:
        message.sent_at, message.next_try_at = at, None
        if message.is_secret:
            message.body = SPENT
    elif message.tries >= MOST_TRIES:
        message.failed_at, message.next_try_at = at, None
    else:
        message.next_try_at = at + timedelta(minutes=2**message.tries)


def deliver(
    server: MailServer,
    mail_from: str,
    *,
    at: datetime,
    limit: int = 100,
    keep: Callable[[], AbstractContextManager[None]],
) -> Delivered:
    """Send what is due. `keep` opens a transaction that is kept when it ends well.

    Claiming, and the outcome of each mail, are transactions of their own: a worker killed in
    between sends at most the one mail again that it had handed over and not yet written down.
    """
    with keep():
        ids = claim(at=at, limit=limit)
    sent = failed = 0
    for message_id in ids:
        with keep():
            message = db.session.get_one(Message, message_id)
            mail = _mail(message, mail_from)
        problem = _send(server, mail)
        with keep():
            settle(message_id, problem=problem, at=at)
        sent, failed = sent + (problem is None), failed + (problem is not None)
    return Delivered(sent=sent, failed=failed)


def _send(server: MailServer, mail: EmailMessage) -> str | None:
    try:
        with connect(server) as link:
            link.send_message(mail)
    except (smtplib.SMTPException, OSError) as error:
        # The server's words may repeat the address, never the body.
        return f"{type(error).__name__}: {error}"[:500]
    return None
