"""The outbox: written with its cause, delivered once, tried again with growing pauses."""

import socket
import threading
from datetime import timedelta
from email import message_from_bytes, policy
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import event, select

from lms import outbox
from lms.config import MailServer
from lms.db import db
from lms.errors import Missing, Refused
from lms.outbox import Message, State, delivery
from lms.web.door import kept
from tests.conftest import NOON

FROM = "Rounds <rounds@example.org>"


@pytest.fixture(autouse=True)
def _no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that does other things beside must not make the seconds of a round count."""
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: 0.0))


class Sink:
    """A mail server that keeps what it's given, and refuses what it's told to."""

    def __init__(self) -> None:
        self.mails: list = []
        self.refuse: dict[str, str] = {}
        self.answer = "250 OK"
        self.gate = threading.Event()
        self.gate.set()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def sink():
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.server = MailServer(
        host="127.0.0.1", port=controller.port, user="", password="", encrypted=False
    )
    yield handler
    controller.stop()


def queue(key="one", *, address="lena@example.org", at=NOON, **more) -> int:
    with kept():
        given = {"subject": "Hello", "body": "Read this.\n", "person_id": None}
        outbox.queue(key=key, address=address, at=at, **(given | more))
        return db.session.scalars(select(Message.id).where(Message.key == key)).one()


def deliver(sink, at=NOON, **more) -> delivery.Delivered:
    return delivery.deliver(sink.server, FROM, at=at, keep=kept, **more)


def row(message_id: int) -> Message:
    db.session.rollback()
    return db.session.get_one(Message, message_id, populate_existing=True)


def test_a_mail_is_handed_over_once_with_its_headers(app, sink):
    one = queue(subject="Grüße an Nguyễn", body="Xin chào, Lena.\n.\nEnd\n")
    assert deliver(sink) == delivery.Delivered(sent=1, failed=0)
    assert deliver(sink) == delivery.Delivered(sent=0, failed=0)
    (mail,) = sink.mails
    assert (mail["To"], mail["From"]) == ("lena@example.org", FROM)
    assert mail["Subject"] == "Grüße an Nguyễn"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail.get_content().replace("\r\n", "\n") == "Xin chào, Lena.\n.\nEnd\n"
    assert row(one).sent_at == NOON


def test_a_key_is_queued_once(app):
    queue()
    with kept():
        again = outbox.queue(
            key="one", person_id=None, address="x@example.org", subject="", body="", at=NOON
        )
    assert again is False
    assert outbox.listing(page=1).total == 1


def test_what_is_not_kept_is_not_mailed(app, sink):
    def cause() -> None:
        with kept():
            outbox.queue(
                key="one", person_id=None, address="x@example.org", subject="s", body="b", at=NOON
            )
            raise ValueError("the cause failed")

    with pytest.raises(ValueError, match="cause"):
        cause()
    assert deliver(sink).sent == 0


def test_a_secret_is_dropped_once_it_is_sent(app, sink):
    one = queue(body="https://x/reset-password/SECRET", is_secret=True)
    deliver(sink)
    assert "SECRET" in sink.mails[0].get_content()
    assert "SECRET" not in row(one).body
    with kept(), pytest.raises(Refused, match="not kept"):
        outbox.resend(message_id=one, at=NOON)


def test_the_pauses_grow_and_the_sixth_try_is_the_last(app, sink):
    sink.answer = "451 try later"
    one = queue(body="SECRET", is_secret=True)
    at, pauses = NOON, []
    for number in range(1, 6):
        assert deliver(sink, at) == delivery.Delivered(sent=0, failed=1)
        assert row(one).tries == number
        pauses.append(row(one).next_try_at - at)
        assert deliver(sink, row(one).next_try_at - timedelta(seconds=1)).failed == 0
        at = row(one).next_try_at
    assert pauses == [timedelta(minutes=2**n) for n in range(1, 6)]
    assert deliver(sink, at).failed == 1
    assert row(one).failed_at == at
    assert "451" in row(one).problem
    assert row(one).body == outbox.SPENT
    assert deliver(sink, at + timedelta(days=9)) == delivery.Delivered(sent=0, failed=0)


def test_a_mailbox_that_is_not_there_fails_at_once_and_the_others_are_sent(app, sink):
    sink.refuse["gone@example.org"] = "550 no such mailbox"
    gone, there = queue("gone", address="gone@example.org"), queue("there")
    assert deliver(sink) == delivery.Delivered(sent=1, failed=1)
    assert row(gone).failed_at == NOON
    assert "550 no such mailbox" in row(gone).problem
    assert row(there).sent_at == NOON


def test_a_mailbox_that_is_full_is_tried_again(app, sink):
    sink.refuse["lena@example.org"] = "452 full"
    one = queue()
    deliver(sink)
    assert row(one).failed_at is None
    sink.refuse.clear()
    assert deliver(sink, NOON + timedelta(minutes=2)).sent == 1
    assert row(one).problem is None


@pytest.mark.parametrize(
    "bad",
    [{"subject": "one\r\nBcc: all@example.org"}, {"address": "a@example.org\nBcc: b@example.org"}],
)  # fmt: skip
def test_a_mail_that_can_not_be_written_fails_alone(app, sink, bad):
    wrong = queue("wrong", **bad)
    queue("right")
    assert deliver(sink) == delivery.Delivered(sent=1, failed=1)
    assert row(wrong).failed_at == NOON
    assert len(sink.mails) == 1


def test_a_mail_server_that_is_not_there_loses_nothing(app, sink):
    one = queue()
    nowhere = MailServer(host="127.0.0.1", port=free_port(), user="", password="", encrypted=False)
    came = delivery.deliver(nowhere, FROM, at=NOON, keep=kept)
    assert came == delivery.Delivered(sent=0, failed=1, is_away=True)
    assert "Refused" in row(one).problem
    assert deliver(sink, NOON + timedelta(minutes=2)).sent == 1


def test_one_connection_serves_a_round_and_one_refusal_does_not_end_it(app, sink, monkeypatch):
    opened = []
    real = delivery.connect
    monkeypatch.setattr(delivery, "connect", lambda server: opened.append(1) or real(server))
    sink.refuse["gone@example.org"] = "550 no such mailbox"
    for number in range(20):
        queue(f"mail{number}", at=NOON - timedelta(minutes=number))
    queue("gone", address="gone@example.org", at=NOON - timedelta(minutes=5, seconds=30))
    queue("bad", address="a@example.org\nBcc: b@example.org", at=NOON - timedelta(minutes=6, seconds=30))
    assert deliver(sink) == delivery.Delivered(sent=20, failed=2)
    assert len(sink.mails) == 20
    assert len(opened) == 1


def test_a_server_that_hangs_up_now_and_then_is_called_again(app, sink, monkeypatch):
    real = delivery.Line._try

    def hang_up_behind_its_back(line, mail):
        if line.link is not None and len(sink.mails) % 3 == 0:
            line.link.sock.shutdown(socket.SHUT_RDWR)
        return real(line, mail)

    monkeypatch.setattr(delivery.Line, "_try", hang_up_behind_its_back)
    for number in range(8):
        queue(f"mail{number}", address=f"p{number}@example.org")
    assert deliver(sink) == delivery.Delivered(sent=8, failed=0)
    assert len({mail["To"] for mail in sink.mails}) == len(sink.mails) == 8


def test_a_server_that_is_away_ends_the_round_and_costs_no_mail_a_try(app, sink):
    ids = [queue(f"mail{number}") for number in range(3)]
    nowhere = MailServer(host="127.0.0.1", port=free_port(), user="", password="", encrypted=False)
    for hours in range(0, 119, 7):
        at = NOON + timedelta(hours=hours)
        came = delivery.deliver(nowhere, FROM, at=at, keep=kept)
        assert came == delivery.Delivered(sent=0, failed=1, is_away=True)
    assert {row(one).tries for one in ids} == {0}
    later = NOON + delivery.LONGEST_AWAY
    for _mail in ids:
        delivery.deliver(nowhere, FROM, at=later, keep=kept)
    assert {row(one).failed_at for one in ids} == {later}


def test_a_sender_that_the_server_refuses_fails_no_mail(app, sink, monkeypatch):
    one = queue()

    async def refuse(self, server, session, envelope, address, options):
        return "550 you may not send"

    monkeypatch.setattr(Sink, "handle_MAIL", refuse, raising=False)
    assert deliver(sink).is_away
    assert "may not send" in row(one).problem
    assert row(one).failed_at is None


def test_many_are_queued_in_one_statement_and_a_key_once(app):
    statements = []

    def seen(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    drafts = [
        outbox.Draft(key=f"k{n}", person_id=None, address="a@example.org", subject="S" * 300, body="B")
        for n in range(3000)
    ]  # fmt: skip
    event.listen(db.engine, "before_cursor_execute", seen)
    try:
        with kept():
            assert outbox.queue_many(drafts, at=NOON) == 3000
        with kept():
            assert outbox.queue_many(drafts[:5], at=NOON, not_before=NOON) == 0
    finally:
        event.remove(db.engine, "before_cursor_execute", seen)
    assert len([one for one in statements if one.startswith("INSERT")]) == 2
    assert outbox.counts()[State.QUEUED] == 3000


def test_nothing_leaves_before_its_time_and_what_is_taken_back_never(app, sink):
    later = NOON + timedelta(hours=5)
    draft = outbox.Draft(key="k", person_id=None, address="a@example.org", subject="S", body="B")
    with kept():
        outbox.queue_many([draft], at=NOON, not_before=later)
    gone = queue("gone")
    with kept():
        outbox.withdraw({gone: "Finished."}, at=NOON)
    assert deliver(sink, later - timedelta(seconds=1)).sent == 0
    assert deliver(sink, later).sent == 1
    assert outbox.counts()[State.WITHDRAWN] == 1


def test_two_workers_at_once_send_each_mail_once(app, sink):
    for number in range(30):
        queue(f"mail{number}", address=f"p{number}@example.org")
    came: list[delivery.Delivered] = []
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with app.app_context():
                came.append(deliver(sink))
        except BaseException as error:  # noqa: BLE001 - told to the test
            problems.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []
    assert sum(one.sent for one in came) == 30
    assert sorted(mail["To"] for mail in sink.mails) == sorted(
        f"p{number}@example.org" for number in range(30)
    )


def test_a_mail_that_a_dead_worker_held_is_let_go_after_its_lease(app, sink):
    queue()
    with kept():
        assert delivery.claim(at=NOON) is not None
    assert deliver(sink, NOON + timedelta(minutes=9)).sent == 0
    assert deliver(sink, NOON + delivery.LEASE).sent == 1


def test_no_more_than_asked_for_is_sent_in_a_round_the_longest_due_first(app, sink):
    for number in range(3):
        queue(f"mail{number}", subject=str(number), at=NOON - timedelta(minutes=number))
    assert deliver(sink, limit=2).sent == 2
    assert [mail["Subject"] for mail in sink.mails] == ["2", "1"]


def test_case_56_a_mail_that_failed_is_sent_again(app, sink):
    sink.refuse["lena@example.org"] = "550 no such mailbox"
    one = queue()
    deliver(sink)
    assert {one: count for one, count in outbox.counts().items() if count} == {State.FAILED: 1}
    sink.refuse.clear()
    with kept():
        outbox.resend(message_id=one, at=NOON)
    with kept(), pytest.raises(Refused, match="queued already"):
        outbox.resend(message_id=one, at=NOON)
    assert deliver(sink).sent == 1


def test_case_56_a_mail_that_was_sent_goes_again_as_a_copy_and_stays_written_down(app, sink):
    one = queue()
    deliver(sink)
    with kept():
        outbox.resend(message_id=one, at=NOON + timedelta(hours=1))
    assert row(one).sent_at == NOON
    assert deliver(sink, NOON + timedelta(hours=1)).sent == 1
    assert len(sink.mails) == 2
    with kept(), pytest.raises(Missing):
        outbox.resend(message_id=999, at=NOON)


def test_the_list_has_pages_and_states(app):
    for number in range(53):
        queue(f"mail{number}")
    first, last = outbox.listing(page=1), outbox.listing(page=99)
    assert (len(first.messages), first.pages, first.total) == (50, 2, 53)
    assert (len(last.messages), last.page) == (3, 2)
    assert outbox.listing(page=1, state=State.SENT).messages == ()


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
def test_signing_in_at_the_mail_server(app):
    seen = []

    class Door:
        def __call__(self, server, session, envelope, mechanism, data):
            seen.append((data.login, data.password))
            return AuthResult(success=data.password == b"right", handled=False)

    handler = Sink()
    controller = Controller(
        handler, hostname="127.0.0.1", port=free_port(), authenticator=Door(),
        auth_required=True, auth_require_tls=False,
    )  # fmt: skip
    controller.start()
    try:
        one = queue()
        for password, at in (("wrong", NOON), ("right", NOON + timedelta(minutes=2))):
            server = MailServer(
                host="127.0.0.1", port=controller.port, user="rounds", password=password,
                encrypted=False,
            )  # fmt: skip
            delivery.deliver(server, FROM, at=at, keep=kept)
            assert password not in (row(one).problem or "")
        assert row(one).sent_at is not None
        assert seen[-1] == (b"rounds", b"right")
    finally:
        controller.stop()
