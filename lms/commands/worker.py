"""`lms worker`: ends quizzes whose time ran out and sends mail, beside the server or from cron."""

import logging
import signal
from collections.abc import Callable
from threading import Event
from types import FrameType
from typing import Final

import click
from flask import current_app
from flask.cli import with_appcontext

from lms import clock, outbox
from lms.commands import database
from lms.config import Settings
from lms.db import db
from lms.learning.operations import quiz
from lms.web.door import kept

SECONDS_BETWEEN: Final = 20
# Few at a time, so that a mail server that hangs does not keep the worker from ending.
MAILS_AT_A_TIME: Final = 5

logger = logging.getLogger(__name__)


def close_overdue() -> str | None:
    """End the attempts whose time ran out; say how many, if any."""
    with kept():
        closed = quiz.close_overdue(at=clock.now())
    return f"Ended {closed} quiz attempts whose time had run out." if closed else None


def send_mail(settings: Settings, stop: Event) -> str | None:
    """Deliver what is due, until there is nothing, nothing goes through or `stop` is set.

    Without a mail server the mails wait on the outbox page.
    """
    sent = failed = 0
    while settings.mail and not stop.is_set():
        came = outbox.deliver(
            settings.mail,
            settings.mail_from,
            at=clock.now(),
            limit=MAILS_AT_A_TIME,
            keep=kept,
        )
        sent, failed = sent + came.sent, failed + came.failed
        if not came.sent or came.sent + came.failed < MAILS_AT_A_TIME:
            break
    if not sent and not failed:
        return None
    return f"Sent {sent} mails." + (f" {failed} did not go through." if failed else "")


def go_round(settings: Settings, stop: Event) -> bool:
    """Do once whatever is due, each job in transactions of its own; say whether all went well."""
    jobs: dict[str, Callable[[], str | None]] = {
        "closing quizzes": close_overdue,
        "sending mail": lambda: send_mail(settings, stop),
    }
    is_well = True
    for name, job in jobs.items():
        try:
            done = job()
        except Exception:
            # One job that fails must not keep the other from being done, now or in the next round.
            logger.exception("%s failed", name)
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
    """Send mail and end quizzes whose time ran out, every 20 seconds until told to stop.

    Safe to run twice: each mail is taken by one worker, each attempt ends once.
    """
    settings: Settings = current_app.extensions["settings"]
    present, newest = database.revisions()
    if present != newest:
        raise click.ClickException("The database is not up to date. Run: lms db upgrade")
    stop, let_go = _stopping()
    try:
        is_well = go_round(settings, stop)
        while not once and not stop.wait(SECONDS_BETWEEN):
            go_round(settings, stop)
    finally:
        let_go()
    if once and not is_well:
        raise click.ClickException("Not everything could be done; the log above says why.")
