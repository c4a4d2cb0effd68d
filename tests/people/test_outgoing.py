"""The outbox page: by state and by words; and nobody looks in who may not (case 56)."""

import pytest

from lms import outbox
from lms.db import db
from lms.outbox import Message
from lms.outbox.delivery import Problem, settle
from tests.conftest import NOON


def queue(key, person_id, address, *, subject="Hello", **more) -> int:
    outbox.queue(
        key=key, person_id=person_id, address=address, subject=subject, body=f"Body of {key}",
        at=NOON, **more,
    )  # fmt: skip
    db.session.commit()
    return db.session.query(Message.id).filter_by(key=key).scalar()


@pytest.fixture
def mails(cast):
    sent = queue("a", cast.lena, "lena@example.org", subject="Training due at A_B")
    failed = queue("b", cast.noor, "noor@example.org", subject="Your link", is_secret=True)
    taken = queue("c", None, "100%@example.org")
    queue("d", cast.lena, "lena@example.org")
    settle(sent, problem=None, at=NOON)
    settle(failed, problem=Problem(sentence="550 no such mailbox", is_final=True), at=NOON)
    outbox.withdraw({taken: "Taken back: finished."}, at=NOON)
    db.session.commit()
    return sent, failed, taken


def rows(client, query: str) -> list[str]:
    page = client.get(f"/outbox{query}").get_data(as_text=True)
    return [part.split("</tr>")[0] for part in page.split("<tr>")[2:]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 4), ("?state=sent", 1), ("?state=failed", 1), ("?state=withdrawn", 1),
        ("?state=queued", 1), ("?state=nonsense", 4), ("?q=nguyễn", 2), ("?q=NOOR", 1),
        ("?q=training+lena", 1), ("?q=a_b", 1), ("?q=_", 1), ("?q=%25", 1), ("?q=hello+noor", 0),
        ("?q=lena&state=sent", 1), ("?q=%00", 4),
    ],
)  # fmt: skip
def test_case_56_filters_by_state_and_by_words(cast, mails, as_, query, found):
    assert len(rows(as_(cast.ada), query)) == found


def test_case_56_each_state_has_its_word_and_its_way_on(cast, mails, as_):
    page = "".join(rows(as_(cast.ada), ""))
    for said in ("Sent November 2, 2026", "550 no such mailbox", "Taken back: finished.", "Kept here", "Have a new link made"):
        assert said in page
    assert page.count("Send again") == 1


def test_what_was_taken_back_is_not_sent_again(cast, mails, as_):
    answer = as_(cast.ada).post(f"/outbox/{mails[2]}/resend")
    assert answer.status_code == 422
    assert "taken back" in answer.get_data(as_text=True)


def test_the_list_asks_as_many_questions_for_many_as_for_few(cast, as_):
    for number in range(120):
        queue(f"n{number}", cast.lena, "lena@example.org")
    page = as_(cast.ada).get("/outbox?q=lena&page=2").get_data(as_text=True)
    assert "Page 2 of 3" in page
    assert "q=lena" in page.split("Page 3")[0].rsplit("<a", 1)[1]


def test_only_the_administrator_sees_the_outbox(cast, mails, as_):
    for who in (cast.cora, cast.petra, cast.lena):
        assert as_(who).get("/outbox").status_code == 403


def test_case_56_a_coordinator_sees_whether_a_mail_to_their_people_went_out(cast, mails, as_):
    queue(f"reminder:{cast.noor}:2026-11-02", cast.noor, "noor@example.org", subject="Training due")
    page = as_(cast.cora).get(f"/departments/people/{cast.noor}/mail").get_data(as_text=True)
    assert "550 no such mailbox" in page
    assert "Body of reminder" in page
    assert "Body of b" not in page, "nothing but reminders is read by others"
    assert "Waits for a mail server" in page
    assert as_(cast.otto).get(f"/departments/people/{cast.noor}/mail").status_code == 404
    assert as_(cast.petra).get(f"/departments/people/{cast.noor}/mail").status_code == 403
    assert as_(cast.cora).get("/departments/people/999/mail").status_code == 404
