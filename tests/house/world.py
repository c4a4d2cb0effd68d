"""Things that exist, of Lena, which addresses are filled with and everybody may try to reach."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from lms.certificates.models import LedgerEntry
from lms.credit import operations as credit
from lms.db import db
from lms.learning.operations import quiz
from lms.people.models import Passkey, SignIn
from lms.people.operations import invite
from lms.people.operations.addresses import add_address
from tests.certificates.press import LA, press
from tests.conftest import NOON
from tests.courses.tiny import KEY
from tests.credit import learner
from tests.learning import steps
from tests.people.rosters import csv, read


@dataclass(frozen=True)
class World:
    """What the addresses are filled with: things that exist, of Lena, seen by everybody."""

    attempt: int
    serial: str
    code: str
    assignment: int
    token: str
    roster: int
    address_of_lena: int
    passkey: int
    sign_in: int
    cast: object

    def address(self, rule: str) -> str:
        """Fill a rule's parameters with what exists."""
        filled = {
            "attempt_id": self.attempt, "number": 1, "serial": self.serial, "code": self.code,
            "key": KEY, "lesson_id": "soap", "assignment_id": self.assignment,
            "person_id": self.cast.lena, "department_id": self.cast.pediatric, "grant_id": 1,
            "message_id": 1, "token": self.token, "digest": "0" * 64, "filename": "nothing.css",
            "upload_id": self.roster, "address_id": self.address_of_lena,
            "passkey_id": self.passkey, "sign_in_id": self.sign_in, "place_id": self.cast.pediatric,
            "case_id": "door", "entry": "nothing",
        }  # fmt: skip
        return re.sub(r"<[^:>]+:([^>]+)>", lambda found: str(filled[found[1]]), rule)


def _claimed(person_id: int) -> LedgerEntry:
    learner.ready(person_id, KEY, at=NOON)
    return credit.claim(
        actor=learner.actor(person_id), key=KEY, quarters=3, name="Lena Nguyễn, MD",
        evaluation=learner.answers(KEY), press=press(), at=NOON, zone=LA,
    )  # fmt: skip


@pytest.fixture
def world(app: Flask, cast) -> World:
    """Lena holds a certificate and is in a second quiz; her department was asked for a course."""
    from lms.assignments.models import Assignment, AssignmentCycle

    app.extensions["press"] = press
    learner.publish(at=NOON)
    entry = _claimed(cast.lena)
    again = learner.begin(cast.lena, KEY, at=NOON, cycle=2)
    learner.read(again, at=NOON)
    now = datetime.now(UTC)
    learner.ready(cast.cora, KEY, at=NOON)
    attempt = quiz.start(actor=learner.actor(cast.lena), key=KEY, at=NOON, today=steps.TODAY)
    asked = Assignment(
        department_id=cast.emergency, course_id=again.course_id, reason="R",
        asked_by="A", basis="", created_at=NOON,
    )  # fmt: skip
    db.session.add(asked)
    db.session.flush()
    db.session.add(
        AssignmentCycle(
            assignment_id=asked.id, number=1, due_on=NOON.date(), counts_from=NOON, opened_at=NOON
        )
    )
    link = invite(
        actor=cast.actor("ada"), person_id=cast.noor, link=lambda token: token, at=now
    )
    roster = read(cast.actor("ada"), csv([["new@example.org", "New", "Emergency Medicine"]]), at=now)
    further = add_address(
        actor=cast.actor("ada"), person_id=cast.lena, email="l@example.org", reason="HR", at=now
    )
    key = Passkey(
        person_id=cast.lena, user_handle="h" * 22, credential_id="c" * 22, public_key="k",
        sign_count=0, name="Phone", added_at=now,
    )  # fmt: skip
    browser = SignIn(
        person_id=cast.lena, token_digest="0" * 64, started_at=now,
        expires_at=now + timedelta(hours=12),
    )  # fmt: skip
    db.session.add_all([key, browser])
    db.session.commit()
    return World(
        attempt.id, entry.serial, entry.code or "", asked.id, link, roster, further.id, key.id,
        browser.id, cast,
    )  # fmt: skip
