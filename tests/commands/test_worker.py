"""The worker: does what is due, once, whatever else fails; ends when told."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select, update

from lms import clock, outbox
from lms.access import SYSTEM
from lms.assignments import operations as assignments
from lms.assignments.models import ReminderRound
from lms.assignments.queries.reminders import due_rounds
from lms.assignments.rules import Request
from lms.commands import worker
from lms.config import MailServer
from lms.courses.operations import retire
from lms.db import db
from lms.learning.models import Attempt, Outcome
from lms.learning.operations import quiz
from lms.outbox import Message
from tests.commands.conftest import set_setting
from tests.courses.tiny import KEY, publish_tiny
from tests.learning import ground, steps

HOME = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Inbox:
    """Takes every mail, or refuses those to addresses that begin with "no-"."""

    def __init__(self) -> None:
        self.got: list[str] = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if address.startswith("no-"):
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.got += envelope.rcpt_tos
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[tuple[Inbox, MailServer]]:
    inbox, port = Inbox(), free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield inbox, MailServer(
            host="127.0.0.1", port=port, user="", password="", encrypted=False
        )
    finally:
        controller.stop()


def queue(count: int, *, name: str = "a") -> None:
    for number in range(count):
        outbox.queue(
            key=f"{name}-{number}", person_id=None, address=f"{name}{number}@example.org",
            subject="Hello", body="Text", at=clock.now(),
        )
    db.session.commit()


def overdue_attempt(cast) -> int:
    """An attempt of Lena's whose time ran out an hour ago."""
    begun = clock.now() - timedelta(hours=2)
    course = ground.publish(at=begun, time_limit_minutes=60)
    ground.enrol(cast.lena, course, at=begun)
    attempt = quiz.start(
        actor=cast.actor("lena"), key="ground", at=begun, today=begun.date(), rng=random.Random(1)
    )
    db.session.commit()
    return attempt.id


def once(app):
    return app.test_cli_runner().invoke(worker.worker, ["--once"])


def test_a_round_ends_overdue_attempts_and_sends_mail(app, cast):
    attempt_id = overdue_attempt(cast)
    queue(7)
    with mail_server() as (inbox, server):
        set_setting(app, mail=server)
        got = once(app)
    assert got.exit_code == 0, got.output
    assert "Ended 1 quiz attempts" in got.output
    assert "Sent 7 mails." in got.output
    assert sorted(inbox.got) == [f"a{n}@example.org" for n in range(7)]
    ended = db.session.get(Attempt, attempt_id, populate_existing=True)
    assert ended.outcome is Outcome.EXPIRED
    assert ended.ended_at == ended.deadline_at


def test_a_round_with_nothing_due_says_nothing(app):
    got = once(app)
    assert (got.exit_code, got.output) == (0, "")


def test_without_a_mail_server_mail_stays_in_the_outbox(app):
    queue(2)
    assert once(app).exit_code == 0
    assert outbox.counts()[outbox.State.QUEUED] == 2


def test_a_mail_that_can_never_be_sent_holds_nobody_up(app):
    for number, address in enumerate(("x@y\r\nBcc: z@y", "no-one@example.org", "@", "")):
        outbox.queue(
            key=f"bad-{number}", person_id=None, address=address, subject="A", body="B",
            at=clock.now() - timedelta(minutes=1),
        )
    queue(12)
    with mail_server() as (inbox, server):
        set_setting(app, mail=server)
        assert once(app).exit_code == 0
        assert once(app).exit_code == 0
    assert sorted(one for one in inbox.got if one.startswith("a")) == sorted(
        f"a{n}@example.org" for n in range(12)
    )
    assert outbox.counts()[outbox.State.SENT] == len(inbox.got)


def test_a_mail_server_that_is_away_is_no_failure_and_mail_waits(app):
    queue(3)
    gone = MailServer(host="127.0.0.1", port=free_port(), user="", password="", encrypted=False)
    set_setting(app, mail=gone)
    got = once(app)
    assert got.exit_code == 0
    assert "did not go through" in got.output
    assert outbox.counts()[outbox.State.QUEUED] == 3


def test_one_job_that_fails_does_not_keep_the_other_from_being_done(app, monkeypatch, caplog):
    def broken(**_named):
        db.session.execute(select(func.no_such_function()))

    queue(1)
    monkeypatch.setattr(worker.quiz, "close_overdue", broken)
    with mail_server() as (inbox, server):
        set_setting(app, mail=server)
        got = once(app)
    assert inbox.got == ["a0@example.org"]
    assert got.exit_code == 1
    assert "Not everything could be done" in got.output
    assert "closing quizzes failed: OperationalError at " in caplog.text.replace(
        "ProgrammingError", "OperationalError"
    )
    assert "no_such_function" not in caplog.text


def assigned(app, cast, *, due_in: int = 14) -> None:
    """Assign the tiny course to Emergency Medicine, so many days before it's due."""
    at = clock.now()
    today = clock.day_of(at, app.extensions["settings"].zone)
    publish_tiny(at=at)
    request = Request(
        course_key=KEY, due_on=today + timedelta(days=due_in), reason="Plan.", asked_by="EM"
    )
    assignments.assign(
        actor=cast.actor("cora"), department_id=cast.emergency, request=request, at=at, today=today
    )
    db.session.commit()


def test_an_assignment_made_in_the_evening_counts_from_that_day(app, cast, monkeypatch):
    evening = datetime(2026, 11, 22, 4, tzinfo=UTC)  # eight o'clock of the day before, in California
    monkeypatch.setattr(clock, "now", lambda: evening)
    assigned(app, cast)
    zone = app.extensions["settings"].zone
    assert [one.step for one in due_rounds(date(2026, 11, 21), zone=zone)] == [-14]


def test_case_52_three_workers_at_once_remind_each_person_once(app, cast, monkeypatch):
    assigned(app, cast)
    monkeypatch.setattr(worker, "MORNING", time_of_day(0))
    with mail_server() as (inbox, server):
        set_setting(app, mail=server)
        settings, stop = app.extensions["settings"], threading.Event()
        gate = threading.Barrier(3)

        def go() -> None:
            with app.app_context():
                gate.wait()
                for _round in range(3):
                    assert worker.go_round(settings, stop)

        threads = [threading.Thread(target=go) for _ in range(3)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert sorted(inbox.got) == ["cora@example.org", "lena@example.org", "noor@example.org"]
    assert db.session.scalar(select(func.count()).select_from(ReminderRound)) == 1


def test_reminders_of_the_night_leave_in_the_morning(app, cast, monkeypatch):
    assigned(app, cast)
    monkeypatch.setattr(worker, "MORNING", time_of_day(23, 59, 59))
    with mail_server() as (inbox, server):
        set_setting(app, mail=server)
        got = once(app)
    assert "Queued 3 reminders." in got.output
    assert inbox.got == []


def test_case_52_who_finishes_while_the_mail_waits_gets_none(app, cast):
    assigned(app, cast)
    assert "Queued 3 reminders." in once(app).output
    steps.finish(cast.actor("lena"), at=clock.now())
    db.session.execute(update(Message).values(next_try_at=clock.now()))
    db.session.commit()
    with mail_server() as (inbox, server):
        set_setting(app, mail=server)
        got = once(app)
    assert "Took back 1 reminders" in got.output
    assert sorted(inbox.got) == ["cora@example.org", "noor@example.org"]


def test_case_54_assignments_of_a_retired_course_are_closed(app, cast):
    assigned(app, cast)
    retire(actor=SYSTEM, key=KEY, reason="Out of date.", at=clock.now())
    db.session.commit()
    got = once(app)
    assert got.output == "Closed 1 assignments of courses that were retired.\n"
    assert outbox.counts()[outbox.State.QUEUED] == 0


def test_a_mail_server_that_is_away_is_asked_less_and_less_and_costs_no_try(app, monkeypatch):
    queue(3)
    now = [1000.0]
    monkeypatch.setattr(worker, "monotonic", lambda: now[0])
    gone = MailServer(host="127.0.0.1", port=free_port(), user="", password="", encrypted=False)
    set_setting(app, mail=gone)
    settings, stop, pace = app.extensions["settings"], threading.Event(), worker.MailPace()
    pauses = []
    for _round in range(8):
        worker.send_mail(settings, stop, pace)
        pauses.append(pace.not_before - now[0])
        assert worker.send_mail(settings, stop, pace) is None, "it rests"
        now[0] = pace.not_before
        db.session.execute(update(Message).values(next_try_at=clock.now()))
        db.session.commit()
    assert pauses == [20, 40, 80, 160, 320, 600, 600, 600]
    assert set(db.session.scalars(select(Message.tries))) == {0}
    with mail_server() as (inbox, server):
        set_setting(app, mail=server)
        assert worker.send_mail(app.extensions["settings"], stop, pace) == "Sent 3 mails."
    assert pace.not_before == 0


def test_two_workers_at_once_send_each_mail_once(app):
    queue(30)
    with mail_server() as (inbox, server):
        set_setting(app, mail=server)
        settings, stop = app.extensions["settings"], threading.Event()

        def go() -> None:
            with app.app_context():
                assert worker.go_round(settings, stop)

        threads = [threading.Thread(target=go) for _ in range(3)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert sorted(inbox.got) == sorted(f"a{n}@example.org" for n in range(30))


def test_a_database_that_is_behind_is_refused_with_what_to_do(instance_of):
    with instance_of("sqlite", "new", tables=False) as app:
        got = once(app)
    assert got.exit_code == 1
    assert got.output == "Error: The database is not up to date. Run: lms db upgrade\n"


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_goes_on_until_told_and_then_ends_cleanly(instance_of, told):
    with mail_server() as (inbox, server), instance_of("sqlite", "long") as app:
        queue(2)
        settings = app.extensions["settings"]
        environ = {
            **os.environ, "LMS_INSTANCE": str(settings.instance),
            "LMS_DATABASE_URL": settings.database_url, "LMS_SECRET_KEY": settings.secret_key,
            "LMS_MAIL_URL": f"smtp://127.0.0.1:{server.port}", "PYTHONUNBUFFERED": "1",
        }
        lms = Path(sys.executable).with_name("lms")
        process = subprocess.Popen(
            [lms, "worker"], env=environ, cwd=HOME, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            patience = time.monotonic() + 30
            while len(inbox.got) < 2 and time.monotonic() < patience:
                time.sleep(0.05)
            time.sleep(0.3)
            assert process.poll() is None
            process.send_signal(told)
            out, err = process.communicate(timeout=15)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert out == "Sent 2 mails.\n"
    assert "Traceback" not in err
