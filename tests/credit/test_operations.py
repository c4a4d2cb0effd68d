"""Claiming: one transaction, one certificate, nothing without the work done."""

import itertools
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from lms.audit import AuditEntry
from lms.certificates import operations as certificates
from lms.certificates import queries as ledger
from lms.certificates.models import LedgerEntry
from lms.credit import operations
from lms.credit.models import Claim
from lms.db import db
from lms.errors import Missing, Refused
from lms.learning.models import Completion, EvaluationReceipt, EvaluationResponse, Outcome
from lms.people.models import Organisation, Person
from tests.certificates.press import LA, press
from tests.conftest import NOON
from tests.courses.tiny import KEY
from tests.credit import learner


@pytest.fixture
def course(cast):
    return learner.publish(at=NOON)


def claim(cast, **changes) -> LedgerEntry:
    given = {
        "actor": cast.actor("lena"),
        "key": KEY,
        "quarters": 3,
        "name": "Lena Nguyễn, MD",
        "evaluation": learner.answers(KEY),
        "press": press(),
        "at": NOON,
        "zone": LA,
    }
    return operations.claim(**(given | changes))


def count(table) -> int:
    return db.session.scalar(select(func.count()).select_from(table))


def test_case_12_the_claim_completes_and_the_certificate_is_there_at_once(cast, course):
    enrolled = learner.ready(cast.lena, KEY, at=NOON - timedelta(days=1))
    entry = claim(cast, quarters=2)
    done = learner.completed(enrolled)
    assert done.completed_at == NOON
    found = db.session.scalars(select(Claim)).one()
    assert (found.completion_id, found.quarters, found.serial) == (done.id, 2, entry.serial)
    facts = ledger.facts_of(entry)
    assert facts.credit_line == (("0.50 CE hours", False),)
    assert "up to 0.75 hours" in facts.statements[0][0][0]
    assert (facts.course_version, facts.course_digest) == (1, course.digest)
    assert ledger.stored_file(entry.serial).digest == entry.pdf_digest
    assert db.session.scalars(select(AuditEntry.action)).all()[-2:] == [
        "certificate.issued",
        "credit.claimed",
    ]


def test_case_05_a_second_claim_changes_nothing_and_returns_the_same_certificate(cast, course):
    learner.ready(cast.lena, KEY, at=NOON)
    first = claim(cast)
    again = claim(cast, quarters=1, evaluation=None, name="Somebody Else", at=NOON + timedelta(1))
    assert again.serial == first.serial
    assert (count(Claim), count(LedgerEntry), count(EvaluationResponse)) == (1, 1, 1)
    assert db.session.get(Person, cast.lena).certificate_name == "Lena Nguyễn, MD"


@pytest.mark.parametrize(
    ("lessons", "outcome", "evaluates"),
    list(
        itertools.product(
            (set(), {"moments"}, {"moments", "soap"}, {"moments", "soap", "habits"}),
            (None, Outcome.FAILED, Outcome.EXPIRED, Outcome.WITHDRAWN, Outcome.PASSED),
            (False, True),
        )
    ),
)
def test_case_04_no_certificate_without_a_satisfied_requirement_set(
    cast, course, lessons, outcome, evaluates
):
    enrolled = learner.begin(cast.lena, KEY, at=NOON)
    learner.read(enrolled, at=NOON, lessons=lessons)
    if outcome is not None:
        learner.try_quiz(enrolled, outcome, at=NOON)
    evaluation = learner.answers(KEY) if evaluates else None
    if len(lessons) == 3 and outcome is Outcome.PASSED and evaluates:
        assert claim(cast, evaluation=evaluation).serial
        return
    with pytest.raises(Refused) as refusal:
        claim(cast, evaluation=evaluation)
    assert str(refusal.value).endswith(".")
    for table in (Claim, LedgerEntry, Completion, EvaluationReceipt, EvaluationResponse):
        assert count(table) == 0, table


def test_case_04_what_counts_is_the_version_begun_not_the_newest(cast, course):
    enrolled = learner.ready(cast.lena, KEY, at=NOON)
    learner.publish(at=NOON, ce_hours="0.50", title="A second edition")
    entry = claim(cast, evaluation=learner.answers(KEY))
    facts = ledger.facts_of(entry)
    assert (facts.course_version, facts.title) == (1, "Washing hands, briefly")
    assert learner.completed(enrolled).basis["version"] == 1


def test_case_02_two_cycles_are_two_claims_and_two_certificates(cast, course):
    learner.ready(cast.lena, KEY, at=NOON)
    first = claim(cast)
    later = NOON + timedelta(days=365)
    learner.ready(cast.lena, KEY, at=later, cycle=2)
    second = claim(cast, at=later)
    assert first.serial != second.serial
    dates = [one.facts.completed_on for one in ledger.of_person(cast.lena, at=later)]
    assert dates == ["November 2, 2027", "November 2, 2026"]


def test_case_01_a_new_cycle_and_a_new_version_leave_the_printed_date_alone(cast, course):
    learner.ready(cast.lena, KEY, at=NOON)
    first = claim(cast)
    before = (first.facts, ledger.stored_file(first.serial).content)
    learner.publish(at=NOON, ce_hours="0.50", title="Second edition")
    learner.ready(cast.lena, KEY, at=NOON + timedelta(days=9), cycle=2)
    db.session.commit()
    kept = ledger.issued(first.serial)
    assert (kept.facts, ledger.stored_file(first.serial).content) == before


@pytest.mark.parametrize("quarters", [-1, 0, 4, 400])
def test_an_amount_that_is_not_offered_is_refused(cast, course, quarters: int):
    learner.ready(cast.lena, KEY, at=NOON)
    with pytest.raises(operations.WrongAmount, match=r"between 0\.25 and 0\.75"):
        claim(cast, quarters=quarters)
    assert count(EvaluationReceipt) == 0


def test_case_06_the_name_is_confirmed_and_kept_when_it_is_another(cast, course):
    learner.ready(cast.lena, KEY, at=NOON)
    entry = claim(cast, name="  Lena Thị   Nguyễn, MD ")
    person = db.session.get(Person, cast.lena)
    assert ledger.facts_of(entry).person_name == person.certificate_name == "Lena Thị Nguyễn, MD"
    assert person.name == "Lena Nguyễn, MD"
    changed = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "profile.changed")
    ).one()
    assert changed.detail == {"fields": ["certificate_name"]}


def test_a_confirmed_name_that_is_the_same_changes_nothing(cast, course):
    learner.ready(cast.lena, KEY, at=NOON)
    claim(cast)
    assert "profile.changed" not in db.session.scalars(select(AuditEntry.action)).all()


@pytest.mark.parametrize("name", ["", "  ", "Lena 🙂", "x" * 121, "\u202eLena"])
def test_case_08_a_name_that_cannot_be_printed_is_refused_before_anything_is_recorded(
    cast, course, name: str
):
    learner.ready(cast.lena, KEY, at=NOON)
    with pytest.raises(certificates.CannotPrint):
        claim(cast, name=name)
    for table in (Claim, LedgerEntry, Completion, EvaluationReceipt):
        assert count(table) == 0


def test_without_the_organisations_name_nothing_at_all_is_kept(cast, course):
    learner.ready(cast.lena, KEY, at=NOON)
    db.session.get(Organisation, 1).name = ""
    db.session.commit()
    with pytest.raises(certificates.NoOrganisation):
        claim(cast)
    assert count(EvaluationReceipt) == 0


def test_a_course_that_was_not_started_or_does_not_exist(cast, course):
    with pytest.raises(operations.NotBegun):
        claim(cast)
    with pytest.raises(Missing):
        claim(cast, key="no-such-course", evaluation=None)


EXPIRY = date(2026, 11, 30)


@pytest.fixture
def expiring(cast):
    return learner.publish(
        at=NOON,
        released_on=date(2025, 1, 1),
        expires_on=EXPIRY,
    )


def finished(cast) -> None:
    learner.ready(cast.lena, KEY, at=NOON)
    operations.finish(
        actor=cast.actor("lena"), key=KEY, evaluation=learner.answers(KEY), zone=LA, at=NOON
    )


@pytest.mark.parametrize(("days", "is_open"), [(0, True), (90, True), (91, False)])
def test_what_was_completed_in_time_can_be_claimed_for_90_days_after_expiry(
    cast, expiring, days: int, is_open: bool
):
    finished(cast)
    noon = datetime(2026, 11, 30, 20, tzinfo=UTC) + timedelta(days=days)
    if is_open:
        assert claim(cast, evaluation=None, at=noon).serial
    else:
        with pytest.raises(operations.ClaimClosed, match="until February 28, 2027"):
            claim(cast, evaluation=None, at=noon)


def test_what_was_not_completed_before_expiry_cannot_be_completed_by_claiming(cast, expiring):
    learner.ready(cast.lena, KEY, at=NOON)
    with pytest.raises(operations.ClaimClosed, match="no longer offered"):
        claim(cast, at=datetime(2026, 12, 1, 20, tzinfo=UTC))
    assert count(EvaluationReceipt) == 0


def test_the_last_day_lasts_until_midnight_at_the_institution(cast, expiring):
    learner.ready(cast.lena, KEY, at=NOON)
    # 11:30 at night on November 30 in Los Angeles
    assert claim(cast, at=datetime(2026, 12, 1, 7, 30, tzinfo=UTC)).serial


def test_case_07_a_retired_course_is_still_claimed_by_those_who_completed_it(cast, course):
    finished(cast)
    course.course.retired_at = NOON
    db.session.commit()
    assert claim(cast, evaluation=None, at=NOON + timedelta(days=3)).serial


def test_finishing_without_credit_completes_and_leaves_the_claim_open(cast, course):
    finished(cast)
    assert count(Completion) == 1
    assert (count(Claim), count(LedgerEntry)) == (0, 0)
    finished_again = operations.finish(
        actor=cast.actor("lena"), key=KEY, evaluation=None, zone=LA, at=NOON
    )
    assert finished_again.completed_at == NOON
    assert claim(cast, evaluation=None, quarters=1).serial


def test_case_10_the_learners_zone_decides_the_printed_day(cast, course):
    late = datetime(2026, 11, 5, 9, 30, tzinfo=UTC)  # 11:30 at night in Honolulu
    learner.ready(cast.lena, KEY, at=NOON)
    entry = claim(cast, at=late, zone=ZoneInfo("Pacific/Honolulu"))
    facts = ledger.facts_of(entry)
    assert facts.completed_on == facts.claimed_on == "November 4, 2026"
    assert db.session.scalars(select(Completion)).one().completed_at == late


def test_case_10_without_a_zone_of_their_own_the_institutions_decides(cast, course):
    learner.ready(cast.lena, KEY, at=NOON)
    facts = ledger.facts_of(claim(cast, zone=None))
    assert "Pacific Time" in facts.statements[-1][0][0]


def test_nobody_claims_what_somebody_else_did(cast, course):
    learner.ready(cast.lena, KEY, at=NOON)
    with pytest.raises(operations.NotBegun):
        claim(cast, actor=cast.actor("noor"))


def test_the_refusal_names_what_is_left(cast, course):
    enrolled = learner.begin(cast.lena, KEY, at=NOON)
    learner.read(enrolled, at=NOON)
    with pytest.raises(Refused, match=r"[Qq]uiz"):
        claim(cast, evaluation=None)


def test_only_claiming_issues_certificates():
    """The one caller of `issue` has asked whether the work is done (case 4)."""
    home = Path(__file__).resolve().parents[2] / "lms"
    callers = [
        path.relative_to(home).as_posix()
        for path in sorted(home.rglob("*.py"))
        if re.search(r"(certificates|operations)\.issue\w*\(", path.read_text(encoding="utf-8"))
    ]
    assert callers == ["credit/operations.py"]
