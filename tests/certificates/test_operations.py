"""Issue, supersede, revoke: only rows are added, each certificate keeps its facts and bytes."""

import json
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from lms.audit import AuditEntry
from lms.certificates import operations, queries
from lms.certificates.models import CertificateFile, Entry, LedgerEntry
from lms.certificates.rules.ledger import State, sha256
from lms.commands.database import upgrade
from lms.db import db
from lms.errors import Missing, NotAllowed
from lms.outbox import Message
from lms.people.models import Organisation, Person
from lms.typeset.signing import check
from tests.certificates.press import DONE, award, press, version
from tests.conftest import NOON

LATER = NOON + timedelta(days=30)


@pytest.fixture
def issued(cast) -> LedgerEntry:
    entry = issue(cast)
    db.session.commit()
    return entry


def issue(cast, **changes) -> LedgerEntry:
    made = version(number=changes.pop("number", 1))
    return operations.issue(
        award=award(cast.lena, made.id, **changes), press=press(), actor=cast.actor("lena"), at=NOON
    )


def supersede(cast, serial: str, **changes) -> LedgerEntry:
    given = {
        "actor": cast.actor("petra"), "serial": serial, "name": "Lena Thị Nguyễn, MD",
        "reason": "The name was corrected to match the license", "press": press(), "at": LATER,
    }
    return operations.supersede(**(given | changes))


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(LedgerEntry))


def test_an_award_becomes_a_row_with_every_fact_a_signed_file_and_a_line_in_the_trail(cast, issued):
    assert issued.serial == "2026-000001"
    record = json.loads(issued.facts)
    printed = record["printed"]
    assert printed["person_name"] == "Lena Nguyễn, MD"
    assert printed["learning_format_words"] == "an enduring material"
    assert printed["credit_line"] == [["0.75 CE hours", False]]
    assert printed["issuer_name"] == "Demonstration Hospital"
    assert (record["minutes"], record["quarters"]) == (45, 3)
    assert printed["course_version"] == 1
    assert printed["course_digest"] == "ab" * 32
    assert printed["template_version"] == "ce-hours-1"
    assert printed["verify_url"] == f"https://rounds.example.org/verify/{issued.code}"
    file = db.session.get(CertificateFile, issued.serial)
    assert sha256(file.content) == file.digest == issued.pdf_digest
    verdict = check(file.content, press().anchors)
    assert verdict.holds, verdict.reasons
    assert json.loads(verdict.attached_facts)["name"] == "Lena Nguyễn, MD"
    assert db.session.scalars(select(AuditEntry.action)).all() == ["certificate.issued"]


def test_case_05_asking_again_for_the_same_award_gives_the_same_certificate(cast, issued):
    version_id = issued.course_version_id
    again = operations.issue(
        award=award(cast.lena, version_id, quarters=1), press=press(), actor=cast.actor("lena"),
        at=LATER,
    )
    assert again.serial == issued.serial
    assert rows() == 1


def test_numbers_go_on_where_each_year_left_off_also_when_the_clock_goes_back(cast, issued):
    def at(when) -> str:
        return operations.issue(
            award=award(cast.lena, issued.course_version_id, award_key=f"completion:{when}"),
            press=press(), actor=cast.actor("lena"), at=when,
        ).serial

    later = NOON + timedelta(days=365)
    days = [later, later + timedelta(days=1), NOON, NOON + timedelta(days=1), later]
    assert [at(day + timedelta(minutes=number)) for number, day in enumerate(days)] == [
        "2027-000001", "2027-000002", "2026-000002", "2026-000003", "2027-000003",
    ]
    new = supersede(cast, "2026-000002")
    assert new.serial == "2026-000004"
    operations.revoke(actor=cast.actor("petra"), serial=new.serial, reason="error", at=later)
    assert at(NOON + timedelta(days=2)) == "2026-000005"
    db.session.commit()
    assert queries.verify_chain().problems == ()


def test_the_number_after_999999_has_seven_digits(cast, issued, monkeypatch):
    monkeypatch.setattr(operations, "serial_after", lambda last, *, year: f"{year}-999999")
    assert issue(cast, number=2, award_key="completion:2").serial == "2026-999999"
    monkeypatch.undo()
    for number in (3, 4):
        serial = issue(cast, number=number, award_key=f"completion:{number}").serial
        assert serial == f"2026-100000{number - 3}"


def test_case_02_two_cycles_are_two_certificates_with_two_dates(cast, issued):
    second = operations.issue(
        award=award(
            cast.lena, issued.course_version_id, award_key="completion:second",
            completed_at=DONE + timedelta(days=365), claimed_at=DONE + timedelta(days=365),
        ),
        press=press(), actor=cast.actor("lena"), at=NOON + timedelta(days=365),
    )
    assert (issued.serial, second.serial) == ("2026-000001", "2027-000001")
    assert queries.facts_of(issued).completed_on == "November 2, 2026"
    assert queries.facts_of(second).completed_on == "November 2, 2027"
    assert len(queries.of_person(cast.lena, at=LATER)) == 2


def test_case_01_a_certificate_is_the_same_bytes_and_date_whatever_happens_later(cast, issued):
    before = db.session.get(CertificateFile, issued.serial).content
    version(number=2)
    person = db.session.get(Person, cast.lena)
    person.name = person.certificate_name = "Lena Trần"
    db.session.get(Organisation, 1).name = "Another Hospital"
    db.session.commit()
    db.session.expire_all()
    found = queries.by_serial(cast.actor("lena"), issued.serial, at=LATER)
    assert found.facts.completed_on == "November 2, 2026"
    assert found.facts.issuer_name == "Demonstration Hospital"
    assert queries.file_of(cast.actor("lena"), issued.serial).content == before


def test_case_03_changing_every_setting_issues_and_mails_nothing(cast, issued):
    organisation = db.session.get(Organisation, 1)
    for name in ("name", "line", "signer_name", "signer_title", "contact_email"):
        setattr(organisation, name, f"changed {name}")
    person = db.session.get(Person, cast.lena)
    person.zone, person.certificate_name = "Pacific/Honolulu", "L. Nguyen"
    db.session.commit()
    assert rows() == 1
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0


def test_case_06_a_correction_makes_a_superseding_certificate_with_a_reason(cast, issued):
    new = supersede(cast, issued.serial)
    db.session.commit()
    old = queries.certificate(issued.serial, at=LATER)
    assert old.state == State.SUPERSEDED
    assert old.ending.replaced_by == new.serial == "2026-000002"
    assert old.facts.person_name == "Lena Nguyễn, MD"
    fresh = queries.certificate(new.serial, at=LATER)
    assert fresh.facts.person_name == "Lena Thị Nguyễn, MD"
    assert fresh.facts.completed_on == old.facts.completed_on
    assert fresh.facts.issued_on == "December 2, 2026"
    assert fresh.facts.statements[-1][0][0] == f"This certificate replaces {issued.serial}."
    verdict = queries.by_code(issued.code, at=LATER)
    assert (verdict.state, verdict.replacement_code) == (State.SUPERSEDED, new.code)
    assert verdict.replacement_state == State.VALID
    told = db.session.scalars(select(Message)).one()
    assert told.address == "lena@example.org"
    assert new.serial in told.body


def test_a_corrected_certificate_can_be_corrected_again(cast, issued):
    second = supersede(cast, issued.serial)
    third = supersede(cast, second.serial, name="Lena T. Nguyễn, MD")
    assert third.award_key.endswith("#3")
    assert queries.by_code(issued.code, at=LATER).replacement_state == State.SUPERSEDED
    assert queries.verify_chain().problems == ()


def test_case_17_revoking_needs_a_reason_and_keeps_the_trace(cast, issued):
    with pytest.raises(operations.NoReason):
        operations.revoke(actor=cast.actor("petra"), serial=issued.serial, reason=" \n", at=LATER)
    with pytest.raises(operations.NoReason, match="301 characters"):
        operations.revoke(
            actor=cast.actor("petra"), serial=issued.serial, reason="x" * 301, at=LATER
        )
    operations.revoke(
        actor=cast.actor("petra"), serial=issued.serial, reason="Issued in\nerror", at=LATER
    )
    db.session.commit()
    verdict = queries.by_code(issued.code, at=LATER)
    assert verdict.state == State.REVOKED
    assert verdict.certificate.ending.reason == "Issued in error"
    assert verdict.certificate.ending.at == LATER
    assert db.session.get(CertificateFile, issued.serial) is not None
    trail = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[-1]
    assert (trail.action, trail.actor_id) == ("certificate.revoked", cast.petra)
    assert db.session.scalars(select(Message)).one().subject.endswith("was revoked")


def test_what_ended_once_cannot_end_again(cast, issued):
    operations.revoke(actor=cast.actor("petra"), serial=issued.serial, reason="error", at=LATER)
    with pytest.raises(operations.AlreadyEnded, match="was revoked before"):
        operations.revoke(actor=cast.actor("ada"), serial=issued.serial, reason="again", at=LATER)
    with pytest.raises(operations.AlreadyEnded):
        supersede(cast, issued.serial)
    assert rows() == 2


@pytest.mark.parametrize("who", ["lena", "cora", "otto"])
def test_only_planner_and_administrator_revoke_or_replace(cast, issued, who: str):
    with pytest.raises(NotAllowed):
        operations.revoke(actor=cast.actor(who), serial=issued.serial, reason="x", at=LATER)
    with pytest.raises(NotAllowed):
        supersede(cast, issued.serial, actor=cast.actor(who))


def test_a_correction_to_the_same_name_is_refused(cast, issued):
    with pytest.raises(operations.NothingToCorrect):
        supersede(cast, issued.serial, name="  Lena   Nguyễn, MD ")
    assert rows() == 1


def test_there_is_nothing_to_end_under_an_unknown_serial(cast):
    with pytest.raises(Missing):
        operations.revoke(actor=cast.actor("petra"), serial="2026-000009", reason="x", at=LATER)


def test_a_name_that_cannot_be_printed_stops_the_issue_before_anything_is_recorded(cast):
    with pytest.raises(operations.CannotPrint, match="cannot be printed"):
        issue(cast, person_name="Lena 🙂")
    assert rows() == 0


def test_no_certificate_without_the_name_of_the_organisation(cast):
    db.session.get(Organisation, 1).name = " "
    with pytest.raises(operations.NoOrganisation, match="administrator"):
        issue(cast)
    assert rows() == 0


def test_a_demonstration_hospital_prints_specimens(cast):
    db.session.get(Organisation, 1).is_demonstration = True
    assert queries.facts_of(issue(cast)).specimen


def test_case_11_each_date_has_its_own_name(cast):
    entry = issue(
        cast, claimed_at=DONE + timedelta(days=1), expires_on=date(2027, 11, 2),
    )
    assert queries.facts_of(entry).dates == (
        ("Completed", "November 2, 2026"),
        ("Claimed", "November 3, 2026"),
        ("Issued", "November 2, 2026"),
        ("Expires", "November 2, 2027"),
    )


def test_case_10_the_record_keeps_utc_and_the_paper_the_local_day(cast):
    late = DONE.replace(month=3, day=18, hour=9, minute=30)  # 11:30 at night in Honolulu
    entry = issue(cast, completed_at=late, zone=ZoneInfo("Pacific/Honolulu"))
    assert queries.facts_of(entry).completed_on == "March 17, 2026"
    assert json.loads(entry.facts)["completed_at"] == "2026-03-18T09:30:00+00:00"
    assert "Hawaii Time" in queries.facts_of(entry).statements[-1][0][0]


def test_case_13_a_certificate_with_a_last_day_verifies_as_expired_afterwards(cast):
    entry = issue(cast, expires_on=date(2026, 11, 30))
    assert queries.by_code(entry.code, at=NOON).state == State.VALID
    assert queries.by_code(entry.code, at=LATER).state == State.EXPIRED


def test_who_may_see_a_certificate(cast, issued):
    for who in ("lena", "cora", "petra", "ada"):
        assert queries.by_serial(cast.actor(who), issued.serial, at=LATER).serial == issued.serial
    for who in ("otto", "noor"):
        with pytest.raises(Missing):
            queries.by_serial(cast.actor(who), issued.serial, at=LATER)
        with pytest.raises(Missing):
            queries.file_of(cast.actor(who), issued.serial)


def test_a_coordinator_does_not_see_people_without_a_department(cast, issued):
    db.session.get(Person, cast.lena).department_id = None
    with pytest.raises(Missing):
        queries.by_serial(cast.actor("cora"), issued.serial, at=LATER)
    assert queries.by_serial(cast.actor("petra"), issued.serial, at=LATER)


@pytest.mark.parametrize("table", [LedgerEntry, CertificateFile])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_ledger_refuses_bulk_updates_and_deletions(cast, issued, table, verb: str):
    statement = delete(table) if verb == "delete" else update(table).values(serial="2020-000001")
    with pytest.raises(DBAPIError, match="records are kept"):
        db.session.execute(statement)
    db.session.rollback()
    assert rows() == 1


def tamper(statement: str, **values: object) -> None:
    """Do what only somebody can who owns the database: take the guards away and change a row."""
    tables = ("ledger_entries", "certificate_files")
    with db.engine.begin() as connection:
        for table in tables:
            if db.engine.dialect.name == "sqlite":
                connection.execute(text(f"DROP TRIGGER IF EXISTS keep_{table}_update"))
                connection.execute(text(f"DROP TRIGGER IF EXISTS keep_{table}_delete"))
            else:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        connection.execute(text(statement), values)


def test_the_chain_notices_one_changed_byte(cast, issued):
    assert queries.verify_chain().problems == ()
    changed = issued.facts.replace("Lena Nguyễn", "Lenа Nguyễn", 1)  # a Cyrillic а
    db.session.commit()
    tamper("UPDATE ledger_entries SET facts = :facts", facts=changed)
    assert queries.verify_chain().problems == (
        "Row 1 of the ledger (2026-000001) was changed after it was written.",
    )


def test_the_look_through_the_ledger_notices_a_changed_a_lost_and_a_stray_file(cast, issued):
    second = issue(cast, number=2)
    supersede(cast, second.serial)
    db.session.commit()
    assert queries.verify_chain(batch=1) == queries.verify_chain()
    assert queries.verify_chain().rows == 4
    content = bytearray(db.session.get(CertificateFile, issued.serial).content)
    content[1000] ^= 1
    db.session.commit()
    tamper(
        "UPDATE certificate_files SET content = :content WHERE serial = :serial",
        content=bytes(content), serial=issued.serial,
    )
    tamper("DELETE FROM certificate_files WHERE serial = '2026-000002'")
    tamper("DELETE FROM ledger_entries WHERE seq > 2")
    assert set(queries.verify_chain().problems) == {
        "The stored file of certificate 2026-000001 was changed after it was issued.",
        "The stored file of certificate 2026-000002 is missing.",
        "Certificate 2026-000003 has a stored file, but no row in the ledger.",
    }


def test_a_refused_operation_leaves_no_row_and_no_mail(cast, issued):
    with pytest.raises(operations.CannotPrint):
        supersede(cast, issued.serial, name="‮")
    assert rows() == 1
    assert db.session.scalar(
        select(func.count()).select_from(LedgerEntry).where(LedgerEntry.kind != Entry.ISSUED)
    ) == 0


def test_case_03_upgrading_again_issues_and_mails_nothing(cast, issued):
    upgrade(at=LATER)
    upgrade(at=LATER)
    assert rows() == 1
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0
    assert queries.verify_chain().problems == ()


def test_case_09_the_longest_issuer_and_place_fit_beside_the_code(cast):
    organisation = db.session.get(Organisation, 1)
    organisation.name = ("The Regional Teaching Hospital of Wolfsburg-Llanfairpwllgwyngyll " * 2)[:120]
    organisation.line = ("Office of Continuing Education, 400 Example Avenue, Springfield " * 3)[:160]
    entry = issue(cast, zone=ZoneInfo("America/Argentina/ComodRivadavia"))
    assert supersede(cast, entry.serial).serial == "2026-000002"


def test_case_71_one_kind_of_credit_is_printed_and_it_names_no_accreditor(cast, issued):
    told = queries.facts_of(issued).as_json().decode()
    assert "CE hours" in told
    for words in ("AMA PRA", "ACCME", "ANCC", "Category 1"):
        assert words not in told
