"""Case 55: one text for a deadline, whoever reads it, wherever they are."""

import pytest

from lms import clock
from lms.db import db
from lms.outbox import Message
from lms.people.models import Person
from tests.courses.tiny import publish_tiny
from tests.reports.test_selection import assign, post, words


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_case_55_the_deadline_reads_the_same_on_every_page_and_in_the_mail(cast, as_, zone):
    publish_tiny(at=clock.now())
    one = assign(cast)
    # Where the reader sits moves neither the day nor its name.
    for who in (cast.lena, cast.cora):
        db.session.get(Person, who).zone = zone
    db.session.commit()
    cora = as_(cast.cora)
    preview = words(post(cora, cast.emergency, action="remind", person=[cast.lena]))
    post(cora, cast.emergency, "remind", person=[cast.lena])
    mail = " ".join(db.session.query(Message.body).scalar().split())
    said = mail.split("Due: ")[1].split(".")[0]
    assert said.endswith(", until the end of the day, Pacific time")
    for page in (
        words(as_(cast.lena).get("/")), preview,
        words(cora.get(f"/departments/people/{cast.lena}")), words(cora.get(f"/assignments/{one}")),
    ):  # fmt: skip
        assert said in page
