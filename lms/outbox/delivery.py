"""Hand what is queued to the mail server: each mail once, by one worker, over one connection."""

import hashlib
import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final

from sqlalchemy import select

from lms.config import MailServer
from lms.db import db
from lms.outbox import SPENT, STATES, Message, State


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What one round of delivery came to: mails handed over, and tries that went wrong.

    `is_away` says that the mail server itself could not be reached, so nothing else was tried.
    """

    sent: int
    failed: int
    is_away: bool = False


MOST_TRIES: Final = 6
LEASE: Final = timedelta(minutes=10)
"""How long a worker has for one mail; longer than all time limits of one handing over."""
PATIENCE: Final = 20
"""Seconds to wait for the mail server at each step."""
AWAY_PAUSE: Final = timedelta(minutes=2)
"""When a mail is tried again that met no mail server at all."""
LONGEST_AWAY: Final = timedelta(days=5)
"""A mail that met no mail server for so long has failed."""


def claim(*, at: datetime) -> Message | None:
    """Take the mail that has been due for longest, for this worker alone, for ten minutes.

    A worker that dies holding it lets it go again when the lease runs out.
    """
    message = db.session.scalar(
        select(Message)
        .where(STATES[State.QUEUED], Message.next_try_at <= at)
        .order_by(Message.next_try_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if message is not None:
        message.next_try_at = at + LEASE
        db.session.flush()
    return message


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a mail is written from, once its row is let go."""

    id: int
    key: str
    address: str
    subject: str
    body: str
    queued_at: datetime


def _mail(letter: Letter, mail_from: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = mail_from, letter.address, letter.subject
    # The same identifier at every try, so that a receiver may drop a double.
    sender = parseaddr(mail_from)[1].rpartition("@")[2] or "localhost"
    mail["Message-ID"] = f"<{hashlib.sha256(letter.key.encode()).hexdigest()[:32]}@{sender}>"
    mail["Date"] = format_datetime(letter.queued_at)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.body)
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
    """Why a mail was not taken, and whether asking again is of use.

    `is_away`: the fault is the mail server's and says nothing about this mail.
    """

    sentence: str
    is_final: bool = False
    is_away: bool = False


class Line:
    """A connection to the mail server, opened when it's first needed and used for many mails."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.link: smtplib.SMTP | None = None

    def hand_over(self, mail: EmailMessage) -> Problem | None:
        """Hand one mail over; return why it was not taken, if so.

        A server may hang up after some mails or some time: then one more connection is tried.
        """
        is_fresh = self.link is None
        problem = self._try(mail)
        if problem is not None and problem.is_away and not is_fresh:
            problem = self._try(mail)
        return problem

    def _try(self, mail: EmailMessage) -> Problem | None:
        try:
            if self.link is None:
                self.link = connect(self.server)
        except (smtplib.SMTPException, OSError) as error:
            return Problem(sentence=f"{type(error).__name__}: {error}"[:500], is_away=True)
        try:
            self.link.send_message(mail)
        except smtplib.SMTPRecipientsRefused as refused:
            return self._refused(refused)
        except OSError as error:  # everything that smtplib raises is one
            return self._failed(error)
        except ValueError as error:
            # An address that can't be written in a mail at all.
            self.hang_up()
            return Problem(sentence=f"{type(error).__name__}"[:500], is_final=True)
        return None

    def _failed(self, error: OSError) -> Problem:
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
        is_about_sender = isinstance(error, smtplib.SMTPSenderRefused)
        if code is None or code == HANGS_UP or is_about_sender:
            self.hang_up()
        is_gone = isinstance(error, (smtplib.SMTPServerDisconnected, ConnectionError))
        return Problem(
            sentence=f"{type(error).__name__}: {error}"[:500],
            # None of these says anything about this mail.
            is_away=is_gone or is_about_sender or code == HANGS_UP,
        )

    def _refused(self, refused: smtplib.SMTPRecipientsRefused) -> Problem:
        # No recipient at all: the address names nobody.
        code, words = next(iter(refused.recipients.values()), (553, b"no address"))
        if code == HANGS_UP:
            self.hang_up()
        sentence = f"{code} {words.decode('utf-8', 'replace')}"[:500]
        # 5xx: no such mailbox, and there will be none in an hour (RFC 5321, 4.2.1).
        return Problem(sentence=sentence, is_final=code >= 500, is_away=code == HANGS_UP)

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        link, self.link = self.link, None
        if link is not None:
            with suppress(smtplib.SMTPException, OSError):
                link.quit()
            link.close()


HANGS_UP: Final = 421
"""What a mail server says that is about to close, at whatever step (RFC 5321, 3.8)."""


def settle(message_id: int, *, problem: Problem | None, at: datetime) -> None:
    """Write down what came of one try: sent, to be tried later, or failed for good.

    Pauses grow: 2, 4, 8, 16, 32 minutes; a mail that failed six times has failed. A mail server
    that is away costs no try, for five days.
    """
    message = db.session.get(Message, message_id, with_for_update=True)
    if message is None or message.sent_at is not None:
        return
    message.problem = problem.sentence if problem else None
    if problem is not None and problem.is_away and at - message.queued_at < LONGEST_AWAY:
        message.next_try_at = at + AWAY_PAUSE
        return
    message.tries += 1
    if problem is None:
        message.sent_at, message.next_try_at = at, None
    elif problem.is_final or problem.is_away or message.tries >= MOST_TRIES:
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
    is_over: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Send what is due, at most `limit` mails. `keep` opens a transaction, kept if it ends well.

    One connection serves the whole round; a server that is away ends it. `is_over` is asked
    between two mails. What came of one mail and the claim of the next are one short transaction,
    so that two workers never send the same mail, and nobody waits for a mail server with the
    database in hand. A worker killed between handing over and writing it down is the one case in
    which a mail goes twice.
    """
    begun = time.monotonic()
    sent = failed = 0
    is_away = False
    tried: tuple[int, Problem | None] | None = None
    line = Line(server)
    try:
        while True:
            # A slow mail server takes minutes; leases count from when a mail is taken.
            present = at + timedelta(seconds=int(time.monotonic() - begun))
            is_enough = is_away or sent + failed >= limit or is_over()
            with keep():
                if tried is not None:
                    settle(tried[0], problem=tried[1], at=present)
                letter = None if is_enough else _taken(present)
            if letter is None:
                break
            mail = _mail_or_problem(letter, mail_from)
            problem = mail if isinstance(mail, Problem) else line.hand_over(mail)
            tried = (letter.id, problem)
            sent, failed = sent + (problem is None), failed + (problem is not None)
            is_away = problem is not None and problem.is_away
    finally:
        line.hang_up()
    return Delivered(sent=sent, failed=failed, is_away=is_away)


def _taken(at: datetime) -> Letter | None:
    message = claim(at=at)
    if message is None:
        return None
    return Letter(
        id=message.id,
        key=message.key,
        address=message.address,
        subject=message.subject,
        body=message.body,
        queued_at=message.queued_at,
    )


def _mail_or_problem(letter: Letter, mail_from: str) -> EmailMessage | Problem:
    """Write the mail; one that can't be written fails alone and does not stop the others."""
    try:
        return _mail(letter, mail_from)
    except (ValueError, LookupError) as error:
        return Problem(sentence=f"{type(error).__name__}: {error}"[:500], is_final=True)
