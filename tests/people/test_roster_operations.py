"""A roster is imported once, whole or not at all, by whoever may, where they may (cases 57, 58)."""

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from lms.audit import AuditEntry
from lms.db import db
from lms.errors import Missing, NotAllowed, Refused
from lms.outbox import Message
from lms.people import operations, queries
from lms.people.models import (
    Department,
    PasswordReset,
    Person,
    PersonAddress,
    RosterUpload,
    SignIn,
    UploadState,
)
from lms.people.operations import roster
from lms.people.operations.addresses import add_address, end_address
from lms.people.operations.profile import as_typed
from lms.people.operations.roster import NotAllGood, Order
from lms.people.rules.roster_plan import ELSEWHERE, Choices, Link, Status
from tests.cast import sign_in_as
from tests.conftest import ENGINE, NOON
from tests.people.rosters import csv, plan, read, take
from tests.people.test_at_once import refusals, together

NUMBERS = ("E-mail", "Name", "Staff number", "NPI")
NPI = "1234567893"


def count(model=Person, *where) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*where))


def statuses(actor, data: bytes, choices: Choices | None = None) -> list[str]:
    return [one.status.value for one in plan(actor, read(actor, data), choices).verdicts]


def test_case_57_every_row_of_the_file_has_a_status_a_reason_and_an_id(cast):
    db.session.get(Person, cast.noor).deactivated_at = NOON
    ada = cast.actor("ada")
    found = plan(ada, read(ada, csv([
        ["new@example.org", "New One", "Emergency Medicine"],
        ["LENA@EXAMPLE.ORG", "Lena Nguyễn, MD", "Women’s Health"],
        ["otto@example.org", "Otto Brandt", ""],
        ["otto@example.org", "Otto Brandt", ""],
        ["noor@example.org", "Noor Haddad, RN", ""],
        ["@", "", "Nowhere"],
        ["a@example.org", "A", ""],
        ["A@example.org", "B", ""],
    ])))  # fmt: skip
    assert [(one.line, one.status.value, one.person_id) for one in found.verdicts] == [
        (2, "new", None), (3, "changed", cast.lena), (4, "unchanged", cast.otto),
        (5, "duplicate", None), (6, "problem", cast.noor), (7, "problem", None),
        (8, "problem", None), (9, "problem", None),
    ]  # fmt: skip
    reasons = [one.reason for one in found.verdicts]
    assert "same as line 4" in reasons[3]
    assert "Noor Haddad, RN (no." in reasons[4]
    assert "account is closed" in reasons[4]
    assert {issue.column for issue in found.verdicts[5].issues} == {"E-mail", "Name", "Department"}
    assert "line 9" in reasons[6]
    assert "line 8" in reasons[7]
    assert sum(found.counts.values()) == 8


def test_case_57_all_or_nothing_unless_only_the_good_rows_are_wanted(cast):
    ada, before = cast.actor("ada"), count()
    data = csv([["new@example.org", "New One", ""], ["nobody", "X", ""]])
    waiting = read(ada, data)
    with pytest.raises(NotAllGood, match="1 of 2 rows"):
        take(ada, waiting)
    db.session.rollback()
    assert count() == before
    done = take(ada, waiting, only_good=True)
    assert done.state is UploadState.APPLIED
    assert count() == before + 1
    assert done.counts["new"] + done.counts["problem"] == done.counts["rows"] == 2


def test_case_58_an_address_is_one_persons_however_it_is_written(cast):
    ada = cast.actor("ada")
    assert statuses(ada, csv([["Lena@Example.ORG", "Lena Nguyễn, MD", ""]])) == ["unchanged"]
    add_address(actor=ada, person_id=cast.lena, email="L.Nguyen@example.org", reason="HR", at=NOON)
    found = plan(ada, read(ada, csv([["l.nguyen@EXAMPLE.org", "Lena Nguyễn, MD", ""]])))
    assert [(one.status, one.person_id) for one in found.verdicts] == [
        (Status.UNCHANGED, cast.lena)
    ]


def numbered(cast):
    lena = db.session.get(Person, cast.lena)
    lena.staff_number, lena.npi = "S100", NPI
    db.session.commit()
    return lena


@pytest.mark.parametrize("row", [["s100", ""], ["", NPI], ["S100", NPI]])
def test_case_58_a_number_under_another_address_proposes_a_link_and_never_makes_one(cast, row):
    ada, _lena = cast.actor("ada"), numbered(cast)
    before = count()
    data = csv([["lena.n@example.org", "Lena Nguyễn, MD", *row]], NUMBERS)
    waiting = read(ada, data)
    (one,) = plan(ada, waiting).verdicts
    assert (one.status, one.person_id) == (Status.LINK, cast.lena)
    assert "lena@example.org" in one.reason
    with pytest.raises(NotAllGood):
        take(ada, waiting)
    db.session.rollback()
    assert count() == before
    assert queries.by_email("lena.n@example.org") is None


def test_case_58_a_link_that_is_chosen_adds_the_address_or_replaces_it(cast):
    ada, lena = cast.actor("ada"), numbered(cast)
    before = count()
    for address, chosen in (("l2@example.org", Link.ADD), ("l3@example.org", Link.REPLACE)):
        waiting = read(ada, csv([[address, "Lena Nguyễn, MD", "S100", ""]], NUMBERS))
        roster.choose(actor=ada, upload_id=waiting, choices=Choices(links={2: chosen}))
        done = take(ada, waiting)
        assert done.counts["changed"] == 1
    db.session.refresh(lena)
    assert lena.email == "l3@example.org"
    assert queries.by_email("l2@example.org").id == cast.lena
    assert queries.by_email("lena@example.org") is None
    assert count() == before
    # Left out when so chosen; and the old address was told.
    waiting = read(ada, csv([["l4@example.org", "Lena Nguyễn, MD", "S100", ""]], NUMBERS))
    roster.choose(actor=ada, upload_id=waiting, choices=Choices(other_links=Link.LEAVE))
    assert plan(ada, waiting).counts["problem"] == 1
    told = db.session.scalars(select(Message.address)).all()
    assert told == ["lena@example.org"]


def test_case_58_a_reused_address_does_not_melt_two_people_into_one(cast):
    ada, _lena = cast.actor("ada"), numbered(cast)
    (one,) = plan(ada, read(ada, csv([["lena@example.org", "Lena Other", "S200", ""]], NUMBERS))).verdicts
    assert one.status is Status.PROBLEM
    assert "whose Staff number is S100" in one.reason
    assert one.person_id == cast.lena
    row = [["noor@example.org", "Noor Haddad, RN", "S100", ""]]
    (one,) = plan(ada, read(ada, csv(row, NUMBERS))).verdicts
    assert "several people: Lena Nguyễn, MD" in one.reason


def test_case_58_a_further_address_signs_in_and_is_nobody_elses(cast):
    ada = cast.actor("ada")
    made = add_address(actor=ada, person_id=cast.lena, email="L@example.org", reason="HR", at=NOON)
    db.session.commit()
    with pytest.raises(operations.AlreadyHere, match="Lena"):
        add_address(actor=ada, person_id=cast.noor, email="l@EXAMPLE.org", reason="HR", at=NOON)
    with pytest.raises(operations.AlreadyHere, match="Noor"):
        add_address(actor=ada, person_id=cast.lena, email="noor@example.org", reason="HR", at=NOON)
    with pytest.raises(operations.AlreadyHere):
        operations.change_email(actor=ada, person_id=cast.noor, email="l@example.org", at=NOON)
    # Also for whoever writes past the operations.
    for row in (
        insert(PersonAddress).values(
            person_id=cast.noor, address="x", key="lena@example.org", added_at=NOON
        ),
        Person.__table__.update().where(Person.id == cast.noor).values(email_key="l@example.org"),
    ):
        with pytest.raises(IntegrityError, match="records are kept"):
            db.session.execute(row)
        db.session.rollback()
    # One's own further address may become the first.
    operations.change_email(actor=ada, person_id=cast.lena, email="l@example.org", at=NOON)
    db.session.commit()
    assert db.session.get(PersonAddress, made.id).ended_at == NOON
    assert queries.by_email("lena@example.org") is None


def test_case_58_the_link_to_a_new_password_goes_to_the_address_that_was_asked_with(cast):
    add_address(
        actor=cast.actor("ada"), person_id=cast.lena, email="L@example.org", reason="x", at=NOON
    )
    for asked, sent in (("l@EXAMPLE.org", "L@example.org"), ("lena@example.org", "lena@example.org")):
        operations.ask_reset(email=asked, link=lambda token: token, at=NOON)
        last = db.session.scalar(select(Message).order_by(Message.id.desc()).limit(1))
        assert last.address == sent


def test_a_further_address_ends_with_a_reason_and_is_free_again(cast):
    ada = cast.actor("ada")
    made = add_address(actor=ada, person_id=cast.lena, email="l@example.org", reason="HR", at=NOON)
    with pytest.raises(Refused, match="reason"):
        end_address(actor=ada, person_id=cast.lena, address_id=made.id, reason=" ", at=NOON)
    with pytest.raises(Missing):
        end_address(actor=ada, person_id=cast.noor, address_id=made.id, reason="x", at=NOON)
    with pytest.raises(NotAllowed):
        end_address(
            actor=cast.actor("noor"), person_id=cast.lena, address_id=made.id, reason="x", at=NOON
        )
    end_address(actor=cast.actor("lena"), person_id=cast.lena, address_id=made.id, reason="x", at=NOON)
    assert queries.by_email("l@example.org") is None
    add_address(actor=ada, person_id=cast.noor, email="l@example.org", reason="HR", at=NOON)
    words = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.action.like("person.address%"))
        .order_by(AuditEntry.id)
    )
    assert list(words) == ["person.address-added", "person.address-ended", "person.address-added"]


def test_nobody_but_administrators_gives_addresses(cast):
    for name in ("lena", "cora", "petra"):
        with pytest.raises(NotAllowed):
            add_address(
                actor=cast.actor(name), person_id=cast.lena, email="l@example.org", reason="x",
                at=NOON,
            )  # fmt: skip


def test_a_coordinator_adds_and_moves_within_her_departments_only(cast):
    cora, before = cast.actor("cora"), count()
    found = plan(cora, read(cora, csv([
        ["new@example.org", "New One", "Pediatric Emergency"],
        ["lena@example.org", "Lena Nguyễn, MD", "Emergency Medicine"],
        ["else@example.org", "Else Where", "Women’s Health"],
        ["none@example.org", "No Place", ""],
        ["otto@example.org", "Otto Brandt", "Emergency Medicine"],
        ["ada@example.org", "Ada Whitfield", "Emergency Medicine"],
    ])))  # fmt: skip
    assert [one.status.value for one in found.verdicts] == [
        "new", "changed", "problem", "problem", "problem", "problem",
    ]  # fmt: skip
    reasons = [one.reason for one in found.verdicts]
    assert "No department of yours has this name" in reasons[2]
    assert "Women" not in reasons[2]
    assert "Say in which of your departments" in reasons[3]
    for reason, one in zip(reasons[4:], found.verdicts[4:], strict=True):
        assert reason == f"E-mail: {ELSEWHERE}"
        assert one.person_id is None
    done = take(cora, read(cora, csv([["new@example.org", "New", "Pediatric Emergency"]])))
    assert done.applied_by_id == cast.cora
    assert count() == before + 1
    roles = queries.actor_of(queries.by_email("new@example.org").id).roles
    assert {one.value for one in roles} == {"learner"}


def test_a_coordinator_links_nobody_adds_no_department_and_closes_no_account(cast):
    cora, _lena = cast.actor("cora"), numbered(cast)
    waiting = read(cora, csv([["evil@example.org", "Lena", "S100", ""]], NUMBERS))
    for choices in (Choices(other_links=Link.REPLACE), Choices(creates_departments=True)):
        with pytest.raises(NotAllowed):
            roster.choose(actor=cora, upload_id=waiting, choices=choices)
    # Nor when it stands in the row already.
    upload = db.session.get(RosterUpload, waiting)
    upload.options = {"other_links": "replace", "creates_departments": True}
    db.session.commit()
    (one,) = plan(cora, waiting).verdicts
    assert one.status is Status.PROBLEM
    assert "An administrator can" in one.reason
    waiting = read(cora, csv([["noor@example.org", "Noor Haddad, RN", "Emergency Medicine"]]))
    with pytest.raises(NotAllowed):
        take(cora, waiting, ends_leavers=True)
    db.session.rollback()
    assert count(Person, Person.deactivated_at.is_not(None)) == 0


def test_learners_and_planners_import_nobody(cast):
    for name in ("lena", "petra"):
        with pytest.raises(NotAllowed):
            read(cast.actor(name), csv([["new@example.org", "New", ""]]))


def test_departments_that_are_missing_are_added_once_below_what_there_is(cast):
    ada = cast.actor("ada")
    data = csv([
        ["a@example.org", "A", "Emergency Medicine > Fast Track"],
        ["b@example.org", "B", "emergency medicine › fast track"],
        ["c@example.org", "C", "Radiology/CT/Night"],
        ["d@example.org", "D", "Radiology / CT"],
    ])  # fmt: skip
    waiting, before = read(ada, data), count(Department)
    assert plan(ada, waiting).counts["problem"] == 4
    roster.choose(actor=ada, upload_id=waiting, choices=Choices(creates_departments=True))
    done = take(ada, waiting)
    assert count(Department) == before + 4 == before + done.counts["departments"]
    places = {one.path for one in queries.departments()}
    assert {"Emergency Medicine › Fast Track", "Radiology › CT › Night"} <= places
    who = {email: queries.path_of(queries.by_email(f"{email}@example.org").department_id)
           for email in "abcd"}  # fmt: skip
    assert who["a"] == who["b"] == "Emergency Medicine › Fast Track"
    assert who["d"] == "Radiology › CT"


def test_leavers_are_listed_and_closed_only_when_asked_for(cast, client):
    sign_in_as(client, cast.noor, at=NOON)
    ada = cast.actor("ada")
    rows = csv([["new@example.org", "New", "Emergency Medicine"]])
    waiting = read(ada, rows)
    assert {one.id for one in plan(ada, waiting).leavers} == {cast.noor, cast.cora}
    take(ada, waiting)
    assert count(Person, Person.deactivated_at.is_not(None)) == 0
    done = take(ada, read(ada, rows), ends_leavers=True)
    # Cora holds a role, and is decided about by itself.
    assert done.counts["ended"] == 1
    gone = db.session.scalars(select(Person.id).where(Person.deactivated_at.is_not(None))).all()
    assert gone == [cast.noor]
    assert count(SignIn, SignIn.person_id == cast.noor, SignIn.ended_at.is_(None)) == 0
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "person.deactivated"))
    assert entry.thing == f"person:{cast.noor}"
    assert "hr.csv" in entry.detail["reason"]


def test_a_row_with_a_problem_makes_nobody_a_leaver(cast):
    ada = cast.actor("ada")
    data = csv([
        ["noor@example.org", "Noor Haddad, RN", "Nowhere"],
        ["cora@example.org", "Cora Lindqvist", "Emergency Medicine"],
    ])  # fmt: skip
    assert plan(ada, read(ada, data)).leavers == ()


def test_invitations_are_mailed_once_with_links_that_work(cast):
    ada = cast.actor("ada")
    waiting = read(ada, csv([["new@example.org", "New", ""], ["lena@example.org", "Lena", ""]]))
    done = take(ada, waiting, invites=True)
    assert done.counts["invited"] == 1
    take(ada, waiting, invites=True)
    (mail,) = db.session.scalars(select(Message)).all()
    assert mail.address == "new@example.org"
    assert mail.is_secret
    token = mail.body.partition("/reset-password/")[2].split()[0]
    assert queries.open_reset(token, at=NOON).person_id == mail.person_id
    assert count(PasswordReset) == 1


def test_what_a_row_does_not_say_stays_as_it_is(cast):
    ada = cast.actor("ada")
    lena = db.session.get(Person, cast.lena)
    lena.licence_state, lena.zone = "CA", "America/Denver"
    db.session.commit()
    header = ("Email", "First name", "Last name", "License state", "Profession", "Unit")
    take(ada, read(ada, csv([["lena@example.org", "Lena", "Nguyễn, MD", "", "", ""]], header)))
    db.session.refresh(lena)
    assert (lena.licence_state, lena.zone, lena.profession.value, lena.department_id) == (
        "CA", "America/Denver", "physician", cast.pediatric,
    )  # fmt: skip


def test_every_column_is_kept(cast):
    ada = cast.actor("ada")
    header = ("E-Mail", "Full Name", "Name on license", "Employee ID", "NPI", "Credential",
              "State", "Dept.", "Time zone", "Hire date")  # fmt: skip
    row = ["new@example.org", "Amara Diallo", "Amara B. Diallo, RN", "e-77", NPI, "R.N.", "Calif.",
           "Emergency Medicine", "Pacific", "03/17/2025"]  # fmt: skip
    row[6] = "California"
    take(ada, read(ada, csv([row], header)))
    made = queries.by_email("new@example.org")
    assert (made.name, made.certificate_name, made.staff_number, made.npi) == (
        "Amara Diallo", "Amara B. Diallo, RN", "E-77", NPI,
    )  # fmt: skip
    assert (made.profession.value, made.licence_state, made.zone) == (
        "nurse", "CA", "America/Los_Angeles",
    )  # fmt: skip
    assert made.started_on.isoformat() == "2025-03-17"
    assert made.created_at == NOON


def test_two_clicks_at_once_import_once(app, cast):
    ada, before = cast.actor("ada"), count()
    waiting = read(ada, csv([[f"p{one}@example.org", f"P {one}", ""] for one in range(40)]))

    def click():
        roster.import_roster(
            actor=ada, upload_id=waiting, order=Order(), printable=as_typed,
            link=lambda token: token, at=NOON,
        )  # fmt: skip

    came = together(app, click, click, click)
    assert refusals(came) == []
    assert count() == before + 40
    assert count(AuditEntry, AuditEntry.action == "roster.imported") == 1


def test_an_import_and_a_new_person_at_once_leave_one_account(app, cast):
    ada = cast.actor("ada")
    waiting = read(ada, csv([["new@example.org", "New", ""]]))
    new = operations.NewPerson(
        email="NEW@example.org", name="New", profession=queries.person(cast.lena).profession
    )
    came = together(
        app,
        lambda: roster.import_roster(
            actor=ada, upload_id=waiting, order=Order(), printable=as_typed,
            link=lambda token: token, at=NOON,
        ),
        lambda: operations.add_person(actor=ada, new=new, printable=as_typed, at=NOON),
        lambda: add_address(
            actor=ada, person_id=cast.lena, email="new@example.org", reason="x", at=NOON
        ),
    )  # fmt: skip
    assert set(refusals(came)) <= {operations.AlreadyHere}
    first = count(Person, Person.email_key == "new@example.org")
    further = count(PersonAddress, PersonAddress.key == "new@example.org")
    assert first + further == 1


def test_an_import_that_fails_in_the_middle_leaves_nothing(cast, monkeypatch):
    ada, before = cast.actor("ada"), count()
    waiting = read(ada, csv([["new@example.org", "New", ""]]))

    def broken(*_args, **_more):
        raise RuntimeError("the machine stops")

    monkeypatch.setattr(roster, "_keep", broken)
    with pytest.raises(RuntimeError):
        take(ada, waiting)
    db.session.rollback()
    assert count() == before
    assert db.session.get(RosterUpload, waiting).state is UploadState.PENDING


def test_an_imported_roster_can_not_be_changed_any_more(cast):
    ada = cast.actor("ada")
    done = take(ada, read(ada, csv([["new@example.org", "New", ""]])))
    done.file_name = "other.csv"
    with pytest.raises(IntegrityError, match="records are kept"):
        db.session.flush()
    db.session.rollback()
    with pytest.raises(Refused, match="already"):
        roster.drop_roster(actor=ada, upload_id=done.id)


def test_a_hundred_rows_take_as_many_statements_as_five(cast):
    from sqlalchemy import event

    ada, counts = cast.actor("ada"), []
    for many, start in ((5, 0), (100, 1000)):
        rows = [[f"q{start + one}@example.org", f"Q {one}", "Emergency Medicine"]
                for one in range(many)]  # fmt: skip
        waiting, seen = read(ada, csv(rows)), []

        def note(_c, _cur, statement, *_more, seen=seen):
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        take(ada, waiting)
        event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[1] <= counts[0] + (1 if ENGINE == "postgresql" else 0), counts
