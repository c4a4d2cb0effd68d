"""`lms worker`: ends overdue quizzes, reminds and sends mail, beside the server or from cron."""

import logging
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from threading import Event
from time import monotonic
from types import FrameType
from typing import Final

import click
from flask import current_app
from flask.cli import with_appcontext

from lms import clock
from lms.assignments.operations import reminders
from lms.assignments.queries import reminders as waiting
from lms.commands import database
from lms.config import Settings
from lms.db import db
from lms.learning.operations import quiz
from lms.outbox import delivery
from lms.people.operations import roster
from lms.people.queries.roster import waiting_since
from lms.web import pages
from lms.web.door import kept
from lms.web.faults import way_of

SECONDS_BETWEEN: Final = 20
LONGEST_BETWEEN: Final = 10 * 60
"""How long mail rests at most while the mail server is away; the other jobs go on."""
MAILS_AT_A_TIME: Final = 100
MORNING: Final = time(7)
"""Reminders that nobody asked for by hand leave at this time of the institution's day or later."""

logger = logging.getLogger(__name__)


@dataclass
class MailPace:
    """When to knock at a mail server again that was away: after 20 seconds, 40, then longer."""

    failures: int = 0
    not_before: float = 0.0

    def is_resting(self) -> bool:
        """Say whether it's too early to try again."""
        return monotonic() < self.not_before

    def note(self, *, is_away: bool) -> None:
        """Remember how the last round went."""
        self.failures = self.failures + 1 if is_away else 0
        pause = min(SECONDS_BETWEEN * 2 ** min(self.failures - 1, 10), LONGEST_BETWEEN)
        self.not_before = monotonic() + pause if is_away else 0.0


def _look(question: Callable[[], Sequence[object]]) -> bool:
    """Ask whether there is anything to do, and let go: who reads on can't begin to write."""
    try:
        return bool(question())
    finally:
        db.session.rollback()


def close_overdue() -> str | None:
    """End the attempts whose time ran out; say how many, if any."""
    with kept():
        closed = quiz.close_overdue(at=clock.now())
    return f"Ended {closed} quiz attempts whose time had run out." if closed else None


def close_retired() -> str | None:
    """Close the assignments of retired courses; say how many, if any."""
    if not _look(waiting.retired_assignments):
        return None
    with kept():
        closed = reminders.close_retired(at=clock.now())
    return f"Closed {closed} assignments of courses that were retired." if closed else None


def remind(settings: Settings) -> str | None:
    """Queue the reminders whose day has come; say how many mails, if any."""
    at = clock.now()
    today = clock.day_of(at, settings.zone)
    # Most rounds find nothing, and then nobody waits for this one to end.
    if not _look(lambda: waiting.due_rounds(today, zone=settings.zone)):
        return None
    morning = datetime.combine(today, MORNING, tzinfo=settings.zone)
    with kept():
        queued = reminders.remind_automatically(
            sender=reminders.sender(
                base_url=settings.base_url, zone=pages.zone_words(settings.zone.key)
            ),
            at=at,
            today=today,
            not_before=morning,
        )
    return f"Queued {queued} reminders." if queued else None


def withdraw(settings: Settings) -> str | None:
    """Take back waiting reminders of those who finished meanwhile; say how many, if any."""
    at = clock.now()
    if not settings.mail or not _look(waiting.waiting):
        return None
    with kept():
        taken = reminders.withdraw(at=at, today=clock.day_of(at, settings.zone))
    return f"Took back {taken} reminders that were not true any more." if taken else None


def drop_rosters() -> str | None:
    """Drop the rows of rosters that nobody imported within a day; say how many, if any."""
    at = clock.now()
    if not _look(lambda: waiting_since(at - roster.WAITS)):
        return None
    with kept():
        dropped = roster.drop_old(at=at)
    return f"Dropped {dropped} rosters that nobody imported within a day." if dropped else None


def send_mail(settings: Settings, stop: Event, pace: MailPace) -> str | None:
    """Deliver what is due, until there is nothing, nothing goes through or `stop` is set.

    Without a mail server the mails wait on the outbox page.
    """
    sent = failed = 0
    while settings.mail and not stop.is_set() and not pace.is_resting():
        came = delivery.deliver(
            settings.mail,
            settings.mail_from,
            at=clock.now(),
            limit=MAILS_AT_A_TIME,
            keep=kept,
            is_over=stop.is_set,
        )
        pace.note(is_away=came.is_away)
        sent, failed = sent + came.sent, failed + came.failed
        if not came.sent or came.sent + came.failed < MAILS_AT_A_TIME:
            break
    if not sent and not failed:
        return None
    return f"Sent {sent} mails." + (f" {failed} did not go through." if failed else "")


def go_round(settings: Settings, stop: Event, pace: MailPace | None = None) -> bool:
    """Do once whatever is due, each job in transactions of its own; say whether all went well."""
    rhythm = pace or MailPace()
    jobs: dict[str, Callable[[], str | None]] = {
        "closing quizzes": close_overdue,
        "closing assignments of retired courses": close_retired,
        "reminding": lambda: remind(settings),
        "taking back reminders": lambda: withdraw(settings),
        "dropping rosters": drop_rosters,
        "sending mail": lambda: send_mail(settings, stop, rhythm),
    }
    is_well = True
    for name, job in jobs.items():
        try:
            done = job()
        except Exception as error:  # noqa: BLE001 - whatever it was, the others are done
            # One job that fails must not keep the other from being done, now or in the next round.
            logger.error("%s failed: %s", name, way_of(error))
            is_well = False
            continue
        finally:
            db.session.remove()
        if done:
            click.echo(done)
    return is_well


def _stopping() -> tuple[Event, Callable[[], None]]:
    """Return an event that SIGTERM and SIGINT set, and a function that lets go of both."""
    stop = Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {one: signal.signal(one, told) for one in (signal.SIGTERM, signal.SIGINT)}

    def let_go() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return stop, let_go


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due and end, as from cron.")
@with_appcontext
def worker(once: bool) -> None:
    """Remind, send mail and end quizzes whose time ran out, every 20 seconds until told to stop.

    Safe to run twice: each mail is taken by one worker, each attempt ends and each step of the
    reminders is done once.
    """
    settings: Settings = current_app.extensions["settings"]
    database.refuse_unless_current()
    stop, let_go = _stopping()
    pace = MailPace()
    try:
        is_well = go_round(settings, stop, pace)
        while not once and not stop.wait(SECONDS_BETWEEN):
            go_round(settings, stop, pace)
    finally:
        let_go()
    if once and not is_well:
        raise click.ClickException("Not everything could be done; the log above says why.")
