"""Reminding: one mail a day to those who are open, with everything open in it; never to others."""

import re
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from lms.access import SYSTEM
from lms.assignments import operations
from lms.assignments.models import Assignment, ReminderRound
from lms.assignments.operations import reminders
from lms.assignments.operations.reminders import Reminded
from lms.assignments.rules import Request
from lms.audit import AuditEntry
from lms.courses.operations import retire
from lms.db import db
from lms.errors import Missing, NotAllowed
from lms.outbox import Message
from lms.people.models import Department, Person, Profession
from lms.web.door import kept
from tests.cast import person
from tests.conftest import NOON
from tests.courses.tiny import KEY, publish_tiny
from tests.learning import steps

TODAY = date(2026, 11, 2)
DUE = TODAY + timedelta(days=30)


@pytest.fixture
def tiny(app):
    return publish_tiny(at=NOON)


def assign(cast, *, department=None, due=DUE, who="cora", key=KEY, **more) -> int:
    request = {"course_key": key, "due_on": due, "reason": "Our plan.", "asked_by": "Emergency"}
    made = operations.assign(
        actor=cast.actor(who), department_id=department or cast.emergency,
        request=Request(**(request | more)), at=NOON, today=TODAY,
    )  # fmt: skip
    db.session.commit()
    return made.id


def sender():
    return reminders.sender(base_url="https://rounds.example.org/", zone="Pacific")


def remind(cast, *who, by="cora", department=None, at=NOON, today=None) -> Reminded:
    with kept():
        return reminders.remind(
            actor=cast.actor(by), department_id=department or cast.emergency,
            person_ids=[getattr(cast, one) if isinstance(one, str) else one for one in who],
            sender=sender(), at=at, today=today or at.date(),
        )  # fmt: skip


def mails() -> list[Message]:
    db.session.rollback()
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def noon(days: int = 0) -> datetime:
    """Return noon of the day that lies so many days from the due day."""
    return NOON + (DUE - TODAY) + timedelta(days=days)


def work(at: datetime) -> int:
    """Let the worker do what is due then."""
    with kept():
        return reminders.remind_automatically(
            sender=sender(), at=at, today=at.date(), not_before=at
        )


# ---------- by hand ----------


def test_one_mail_lists_everything_that_is_open(cast, tiny):
    publish_tiny(at=NOON, key="second", title="Second course")
    assign(cast, basis="Policy 7")
    assign(cast, department=cast.pediatric, key="second", due=DUE + timedelta(days=1))
    assert remind(cast, "lena") == Reminded(queued=1, finished=0, rested=0)
    (mail,) = mails()
    assert (mail.person_id, mail.address) == (cast.lena, "lena@example.org")
    assert mail.subject == "Training due at Demonstration Hospital"
    flat = " ".join(mail.body.split())
    for part in (
        "Hello Lena Nguyễn, MD,", "1. Washing hands, briefly", "2. Second course",
        "Wednesday, December 2, 2026, until the end of the day, Pacific time",
        "https://rounds.example.org/courses/tiny", "https://rounds.example.org/courses/second",
        "About 15 minutes", "It rests on Policy 7.", "education@example.org", "Cora Lindqvist",
    ):  # fmt: skip
        assert part in flat, part


def test_case_52_never_to_the_finished_nor_the_exempt_nor_those_who_left(cast, tiny):
    one = assign(cast)
    steps.finish(cast.actor("lena"), at=NOON)
    operations.exempt(
        actor=cast.actor("cora"), assignment_id=one, person_id=cast.noor, reason="On leave.", at=NOON
    )
    db.session.get(Person, cast.cora).deactivated_at = NOON
    db.session.commit()
    assert remind(cast, "lena", "noor", "cora", by="ada") == Reminded(queued=0, finished=2, rested=0)
    assert mails() == []


def test_case_52_never_twice_within_24_hours_whoever_asks(cast, tiny):
    assign(cast)
    assert remind(cast, "lena").queued == 1
    again = NOON + timedelta(hours=24) - timedelta(seconds=1)
    # The next calendar day already: the day alone would let it through.
    assert again.date() > NOON.date()
    assert remind(cast, "lena", "noor", by="ada", at=again) == Reminded(queued=1, finished=0, rested=1)
    assert remind(cast, "lena", at=NOON + timedelta(hours=24, seconds=1)).queued == 1
    assert [mail.person_id for mail in mails()] == [cast.lena, cast.noor, cast.lena]


def test_one_that_failed_may_be_sent_again_the_same_day(cast, tiny):
    assign(cast)
    remind(cast, "lena")
    (mail,) = mails()
    mail.failed_at = NOON
    db.session.get(Person, cast.lena).email = "right@example.org"
    db.session.commit()
    assert remind(cast, "lena", at=NOON + timedelta(hours=1)).queued == 1
    assert remind(cast, "lena", at=NOON + timedelta(hours=2)).rested == 1
    assert [mail.address for mail in mails()] == ["lena@example.org", "right@example.org"]


def test_people_out_of_reach_are_as_if_not_there(cast, tiny):
    assign(cast)
    assign(cast, department=cast.womens, who="otto")
    assert remind(cast, "lena", "otto", "petra", 999_999) == Reminded(queued=1, finished=0, rested=0)
    assert [mail.person_id for mail in mails()] == [cast.lena]
    with pytest.raises(NotAllowed):
        remind(cast, "lena", by="otto")
    with pytest.raises(NotAllowed):
        remind(cast, "lena", by="lena")
    with pytest.raises(Missing):
        remind(cast, "lena", by="ada", department=4_711)
    assert remind(cast, "otto", by="otto", department=cast.womens).queued == 1
    assert remind(cast, "lena", by="otto", department=cast.womens).queued == 0


def test_it_is_written_down_once_with_how_many(cast, tiny):
    assign(cast)
    remind(cast, "lena", "noor")
    remind(cast, "lena", "noor")
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "reminder.queued"))
    assert entry.actor_id == cast.cora
    assert (entry.thing, entry.detail["mails"]) == (f"department:{cast.emergency}", 2)


def _many(cast, count: int) -> list[int]:
    place = db.session.get(Department, cast.emergency)
    made = [
        person(f"P {n}", f"p{count}-{n}@example.org", department=place, profession=Profession.NURSE, at=NOON).id
        for n in range(count)
    ]  # fmt: skip
    db.session.commit()
    return made


def _statements(cast, ids) -> int:
    seen: list[str] = []

    def count(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        assert remind(cast, *ids).queued == len(ids)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    return len(seen)


def test_the_number_of_statements_does_not_grow_with_the_people(cast, tiny):
    assign(cast)
    few = _statements(cast, _many(cast, 2))
    assert _statements(cast, _many(cast, 700)) == few
    assert db.session.scalar(select(func.count()).select_from(Message)) == 702


# ---------- by the worker ----------


def test_case_53_each_step_is_done_on_its_day_however_late_the_one_before(cast, tiny):
    assign(cast)
    sent = [days for days in range(-29, 70) if work(noon(days)) == 3]
    assert sent == [-14, -3, 1, 15, 29, 43, 57]


def test_case_53_a_worker_that_stood_still_makes_up_for_a_step_and_moves_no_other(cast, tiny):
    assign(cast)
    assert [work(noon(days)) for days in (-12, -11, -4, -3)] == [3, 0, 0, 3]
    assert work(noon(6)) == 0, "too late to make up for the day after"
    assert work(noon(15)) == 3


def test_case_52_a_step_is_done_once_and_none_after_completion(cast, tiny):
    assign(cast)
    assert [work(noon(-14)) for _round in range(3)] == [3, 0, 0]
    steps.finish(cast.actor("lena"), at=noon(-10))
    db.session.commit()
    assert work(noon(-3)) == 2
    assert cast.lena not in {mail.person_id for mail in mails()[3:]}
    assert db.session.scalar(select(func.count()).select_from(ReminderRound)) == 2


def test_case_52_two_assignments_due_at_once_make_one_mail(cast, tiny):
    publish_tiny(at=NOON, key="second", title="Second course")
    assign(cast)
    assign(cast, key="second")
    assert work(noon(-14)) == 3
    assert all("Second course" in mail.body for mail in mails())
    assert len(mails()) == 3


def test_who_was_reminded_by_hand_is_left_alone_for_three_days(cast, tiny):
    assign(cast)
    remind(cast, "lena", at=noon(-15))
    assert work(noon(-14)) == 2
    # One that bounced is not tried again by itself either.
    for mail in mails():
        mail.failed_at = noon(-14)
    db.session.commit()
    assert work(noon(-13)) == 0


def test_an_assignment_may_be_without_reminders(cast, tiny, as_):
    cora = as_(cast.cora)
    page = cora.get("/assignments/new").get_data(as_text=True)
    assert re.search(r'<input checked id="sends_reminders"[^>]*type="checkbox"', page)
    one = assign(cast, sends_reminders=False)
    assert "Only when you send them" in cora.get(f"/assignments/{one}").get_data(as_text=True)
    assert [work(noon(days)) for days in (-14, -3, 1)] == [0, 0, 0]


def test_case_54_closed_and_retired_do_not_nag(cast, tiny):
    one = assign(cast)
    operations.close(actor=cast.actor("cora"), assignment_id=one, reason="Done with it.", at=NOON)
    db.session.commit()
    assert work(noon(-14)) == 0
    assign(cast, due=DUE)
    retire(actor=SYSTEM, key=KEY, reason="Out of date.", at=noon(-5))
    db.session.commit()
    assert work(noon(-3)) == 0
    assert remind(cast, "lena", at=noon(-3)).finished == 1
    assert mails() == []


def test_case_54_retiring_a_course_closes_its_assignments_with_a_reason(cast, tiny):
    publish_tiny(at=NOON, key="second")
    one, other = assign(cast), assign(cast, key="second")
    retire(actor=SYSTEM, key=KEY, reason="Out of date.", at=NOON)
    with kept():
        assert reminders.close_retired(at=NOON) == 1
    with kept():
        assert reminders.close_retired(at=NOON) == 0
    closed = db.session.get(Assignment, one)
    assert (closed.closed_at, closed.closed_reason) == (NOON, "The course was retired. Out of date.")
    assert db.session.get(Assignment, other).closed_at is None


def test_an_upgrade_floods_nobody(cast, tiny):
    """Assignments overdue for long before there were reminders get no backlog of them."""
    assign(cast)
    assert work(noon(22)) == 0
    assert work(noon(100)) == 0
    assert mails() == []


# ---------- before it goes out ----------


def test_case_52_who_finishes_before_the_mail_goes_out_gets_none(cast, tiny):
    assign(cast)
    remind(cast, "lena", "noor", "cora")
    steps.finish(cast.actor("lena"), at=NOON)
    db.session.get(Person, cast.cora).deactivated_at = NOON
    db.session.commit()
    with kept():
        assert reminders.withdraw(at=NOON, today=TODAY) == 2
    waiting = [mail.person_id for mail in mails() if mail.next_try_at is not None]
    assert waiting == [cast.noor]
    assert {mail.problem for mail in mails()} == {None, reminders.FINISHED}


def test_what_could_not_go_out_for_three_days_is_taken_back(cast, tiny):
    assign(cast)
    remind(cast, "lena")
    with kept():
        assert reminders.withdraw(at=NOON + timedelta(days=3), today=TODAY) == 0
    with kept():
        assert reminders.withdraw(at=NOON + timedelta(days=3, seconds=1), today=TODAY) == 1
    assert mails()[0].problem == reminders.OLD
