"""Many at the same time, against a real database file: one certificate, one winner."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from lms.certificates import operations as certificates
from lms.certificates import queries as ledger
from lms.certificates.models import CertificateFile, LedgerEntry
from lms.credit.models import Claim
from lms.db import db
from lms.learning.models import Completion, EvaluationResponse
from tests.cast import sign_in_as
from tests.certificates.press import award, press
from tests.conftest import NOON
from tests.credit import learner
from tests.credit.test_views import GOOD, KEY, PAGE

MANY = 20


def count(table) -> int:
    return db.session.scalar(select(func.count()).select_from(table))


@pytest.fixture
def course(app, cast):
    app.extensions["press"] = press
    made = learner.publish(at=NOON)
    db.session.commit()
    return made


def browsers(app, person_id: int, number: int) -> list[FlaskClient]:
    made = [app.test_client() for _ in range(number)]
    for one in made:
        sign_in_as(one, person_id, at=NOON)
    return made


def at_once(clients, ask):
    """Let every client ask at the same instant; return the answers in order."""
    press()
    gate = Barrier(len(clients))

    def run(client):
        gate.wait()
        return ask(client)

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(run, clients))


def test_case_05_twenty_parallel_claims_are_one_certificate(app, cast, course):
    learner.ready(cast.lena, KEY, at=NOON)
    db.session.commit()
    answers = at_once(
        browsers(app, cast.lena, MANY),
        lambda client: client.post(PAGE, data=GOOD | {"claim": "0.75"}),
    )
    assert {one.status_code for one in answers} == {303}
    assert len({one.location for one in answers}) == 1
    for table in (Claim, LedgerEntry, CertificateFile, Completion, EvaluationResponse):
        assert count(table) == 1, table
    assert ledger.verify_chain().problems == ()


def test_claims_of_many_people_at_the_same_time_make_one_unbroken_chain(app, cast, course):
    people = [cast.lena, cast.noor, cast.cora, cast.otto, cast.petra, cast.ada]
    for one in people:
        learner.ready(one, KEY, at=NOON)
    db.session.commit()
    clients = [client for one in people for client in browsers(app, one, 1)]
    answers = at_once(clients, lambda client: client.post(PAGE, data=GOOD | {"claim": "0.25"}))
    assert {one.status_code for one in answers} == {303}
    assert len({one.location for one in answers}) == len(people)
    report = ledger.verify_chain()
    assert (report.rows, report.problems) == (len(people), ())
    serials = sorted(db.session.scalars(select(LedgerEntry.serial)))
    assert [one.partition("-")[2] for one in serials] == [
        f"{number:06d}" for number in range(1, len(people) + 1)
    ]


def test_case_17_two_planners_at_once_one_wins_and_the_other_is_told(app, cast, course):
    entry = certificates.issue(
        award=award(cast.lena, course.id), press=press(), actor=cast.actor("lena"), at=NOON
    )
    db.session.commit()
    address = f"/certificates/{entry.serial}"

    def end(client) -> int:
        asked = {"reason": "Issued in error", "confirmed": "y", "name": "Another Name"}
        verb = "revoke" if clients.index(client) % 2 else "supersede"
        return client.post(f"{address}/{verb}", data=asked)

    clients = browsers(app, cast.petra, 8)
    answers = at_once(clients, end)
    statuses = sorted(one.status_code for one in answers)
    assert statuses == [303] + [422] * 7
    assert all(
        "nothing was changed" in one.text.lower() for one in answers if one.status_code == 422
    )
    ends = db.session.scalar(
        select(func.count()).select_from(LedgerEntry).where(LedgerEntry.reason.is_not(None))
    )
    assert ends == 1
    assert ledger.verify_chain().problems == ()
