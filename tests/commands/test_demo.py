"""The demonstration hospital is made by real operations, whole, once, and never beside real people."""

import re

import pytest
from sqlalchemy import func, select

from lms.certificates.models import Entry, LedgerEntry
from lms.certificates.queries import verify_chain
from lms.commands import demo
from lms.db import db
from lms.learning.models import Attempt, Completion, Enrolment, Outcome
from lms.people.models import Person
from lms.people.queries import protocol_cards
from lms.reports import queries as reports
from tests.conftest import NOON


@pytest.fixture(scope="module")
def hospital(tmp_path_factory, fresh_database):
    """The loaded demonstration; the tests below only look at it."""
    from lms.app import create_app
    from tests.conftest import make_settings

    folder = tmp_path_factory.mktemp("demonstration")
    app = create_app(make_settings(folder, database_url=fresh_database(folder)))
    with app.app_context():
        demo.load(at=NOON)
        yield app
        db.session.remove()
        db.engine.dispose()


def count(model, *conditions) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions))


def test_every_page_has_something_true_to_show(hospital):
    assert 195 <= count(Person) <= 215
    kinds = {kind for (kind,) in db.session.execute(select(LedgerEntry.kind).distinct())}
    assert kinds == set(Entry)
    assert count(Completion) > 40
    assert count(Attempt, Attempt.outcome == Outcome.FAILED) > 0
    assert count(Enrolment) > count(Completion)


def test_its_ledger_is_an_unbroken_chain(hospital):
    assert list(verify_chain().problems) == []


def test_departments_hold_people_who_are_done_due_overdue_and_exempt(hospital):
    from lms.access import Actor, Role

    ada = Actor(person_id=1, roles=frozenset({Role.ADMINISTRATOR}))
    places = {one.name: one for one in reports.places(ada, today=NOON.date())}
    assert 0 < places["Emergency Medicine"].complete < places["Emergency Medicine"].required
    assert places["Patient Access"].overdue > 0
    access = reports.department(
        ada, places["Patient Access"].id, reports.Filters(), today=NOON.date()
    )
    assert access.exempt > 0


def test_loading_twice_changes_nothing_and_says_so(hospital):
    before = count(LedgerEntry)
    with pytest.raises(demo.AlreadyLoaded):
        demo.load(at=NOON)
    assert count(LedgerEntry) == before


def test_it_refuses_a_database_that_holds_real_people(app, cast):
    people = count(Person)
    with pytest.raises((demo.RealPeople, demo.AlreadyLoaded)):
        demo.load(at=NOON)
    assert count(Person) == people


def test_two_divisions_have_a_protocol_card_with_invented_numbers_and_one_has_none(hospital):
    listed = {one.place.path: one for one in protocol_cards.places()}
    acute = listed["Acute Care › Emergency Medicine › Adult Emergency"].held
    assert (acute.department, acute.number) == ("Acute Care", 2)
    assert listed["Women and Children"].held.is_overdue(NOON.date())
    assert listed["Community Medicine"].held is None
    for one in listed.values():
        for text in vars(one.held.card).values() if one.held else ():
            assert all("555-01" in found for found in re.findall(r"\d{3}-\d{3}-\d{4}", str(text)))
