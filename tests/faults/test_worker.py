"""`lms worker` killed in the midst of mails: none is lost, and at most the one in hand goes twice."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select, update

from lms import outbox
from lms.db import db
from lms.outbox import Message
from tests.faults.conftest import chance, share
from tests.faults.ground import Installation, free_port

pytestmark = pytest.mark.faults
EACH = 8  # mails for every kill


class Postbox:
    """A mail server's end: counts what arrived, by the identifier that every mail has."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self.more = threading.Condition()

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        head = envelope.content.decode("ascii", "replace").partition("\r\n\r\n")[0]
        name = next(line for line in head.splitlines() if line.lower().startswith("message-id:"))
        with self.more:
            self.arrived[name] += 1
            self.more.notify_all()
        return "250 OK"

    def wait_for(self, number: int) -> None:
        """Wait until so many came."""
        with self.more:
            assert self.more.wait_for(lambda: self.arrived.total() >= number, timeout=60)


@pytest.fixture
def postbox():
    made = Postbox()
    controller = Controller(made, hostname="127.0.0.1", port=free_port())
    controller.start()
    made.port = controller.port
    yield made
    controller.stop()


def queue(place: Installation, number: int) -> None:
    now = datetime.now(UTC)
    with place.looking():
        for one in range(number):
            outbox.queue(
                key=f"fault:{one}", person_id=None, address=f"nurse{one}@example.org",
                subject="A course is open", body=f"Mail {one}.", at=now,
            )
        db.session.commit()


def ten_minutes_later(place: Installation) -> int:
    """End the leases of who is dead; return how many mails were in their hands."""
    now = datetime.now(UTC)
    with place.looking():
        held = db.session.execute(
            update(Message)
            .where(Message.sent_at.is_(None), Message.next_try_at > now)
            .values(next_try_at=now - timedelta(seconds=2))  # the worker counts whole seconds
        ).rowcount
        db.session.commit()
    return held


def test_a_worker_killed_in_the_midst_of_mails_loses_none(install, postbox, record_property):
    place, kills = install(), share(1, 20)
    place.environ["LMS_MAIL_URL"] = f"smtp://127.0.0.1:{postbox.port}"
    rng, held = chance("worker"), []
    queue(place, EACH * kills)
    for _ in range(kills):
        worker = place.nursery.bear("worker", environ=place.environ, log=place.log)
        postbox.wait_for(postbox.arrived.total() + rng.randint(1, EACH // 2))
        time.sleep(rng.uniform(0, 0.02))
        worker.end(9)
        held.append(ten_minutes_later(place))
    done = place.run("worker", "--once")
    assert done.returncode == 0, done.stderr
    with place.looking():
        waiting = db.session.scalar(
            select(func.count()).select_from(Message).where(Message.sent_at.is_(None))
        )
    assert waiting == 0, "a mail was lost, or waits for ever"
    assert len(postbox.arrived) == EACH * kills, "a mail never arrived"
    doubled = postbox.arrived.total() - len(postbox.arrived)
    # One worker has one mail in hand: only that one may go twice.
    assert max(held) <= 1
    assert doubled <= sum(held) <= kills
    record_property(
        "rounds of mails", f"{kills} kills, {EACH * kills} mails, 0 lost, {doubled} sent twice"
    )
