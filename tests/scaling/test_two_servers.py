"""What one server did, the other knows: sessions, limits, answers, certificates, keys."""

import hashlib
import re
import signal

import pytest
from sqlalchemy import delete, func, select

from lms import clock
from lms.audit import AuditEntry
from lms.certificates import queries as certificates
from lms.certificates.models import CertificateFile, LedgerEntry
from lms.courses.models import CourseVersion, Medium
from lms.credit.models import Claim
from lms.db import db
from lms.learning.models import Answer as Saved
from lms.learning.models import Attempt, Outcome
from lms.learning.operations import quiz
from lms.learning.rules import drawing, scoring
from lms.web.limits import RateHit
from tests.courses.tiny import KEY
from tests.credit import learner
from tests.scaling.conftest import PASSWORD, Farm
from tests.scaling.farm import Visitor, at_once

pytestmark = pytest.mark.farm
PAGE = f"/courses/{KEY}/claim"
GOOD = {"objective_o1": "4", "objective_o2": "5", "bias": "no", "change": "planning"}


def count(table: type) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def unhurried(database):
    """Nobody has mistyped a password yet."""
    db.session.execute(delete(RateHit))
    db.session.commit()


def signed_in(farm: Farm, who: str) -> Visitor:
    visitor = Visitor()
    assert visitor.sign_in(farm.first, f"{who}@example.org", PASSWORD).status == 303
    return visitor


def test_two_servers_that_start_at_once_fill_an_empty_database_once(farm, database):
    logs = [one.log() for one in farm.machines]
    assert sum("was brought from nothing" in one for one in logs) == 1
    assert sum("The database is up to date." in one for one in logs) == 1
    assert sum("A signing key was made." in one for one in logs) == 1
    made = select(func.count()).where(AuditEntry.action == "signing_key.made")
    assert db.session.scalar(made) == 1
    published = db.session.execute(
        select(CourseVersion.course_id, func.count()).group_by(CourseVersion.course_id)
    ).all()
    assert published
    assert {number for _course, number in published} == {1}
    for one in farm.machines:
        assert not (one.folder / "signing").exists()
        assert "Traceback" not in one.log()


def test_who_signed_in_at_one_is_signed_in_at_the_other(farm, unhurried):
    noor = signed_in(farm, "noor")
    for machine in farm.machines:
        got = noor.get(machine, "/")
        assert got.status == 200
        assert "Sign out" in got.text


def test_who_signs_out_at_one_is_out_at_the_other(farm, unhurried):
    noor = signed_in(farm, "noor")
    copied = noor.copied()
    assert noor.post(farm.first, "/sign-out", form_of=(farm.second, "/")).status == 303
    assert "Sign out" not in noor.get(farm.second, "/").text
    for machine in farm.machines:
        assert "Sign out" not in copied.get(machine, "/").text


def test_wrong_passwords_tried_at_both_in_turn_are_counted_together(farm, unhurried):
    stranger = Visitor()
    seen = []
    for number in range(24):
        machine = farm.machines[number % 2]
        seen.append(stranger.sign_in(machine, "otto@example.org", f"guess-number-{number}").status)
        if seen[-1] == 429:
            break
    assert seen[-1] == 429, seen
    for machine in farm.machines:
        assert Visitor().sign_in(machine, "otto@example.org", PASSWORD).status == 429


def test_an_answer_saved_at_one_shows_at_the_other(farm, unhurried):
    cast = farm.cast
    learner.read(learner.begin(cast.cora, KEY, at=clock.now()), at=clock.now())
    begun = quiz.start(
        actor=cast.actor("cora"), key=KEY, at=clock.now(), today=clock.now().date()
    )
    one = next(each for each in drawing.thaw(begun.drawn) if each.item.kind == "single")
    right = next(option.id for option in one.item.options if option.right)
    mark = drawing.marks_of(one, [right])[0]
    db.session.commit()
    cora = signed_in(farm, "cora")
    page = f"/attempts/{begun.id}/questions/{one.number}"
    got = cora.post(farm.first, page, mark=mark)
    assert got.status == 303, got.text
    shown = cora.get(farm.second, page).text
    chosen = re.search(rf'<input[^>]*value="{re.escape(mark)}"[^>]*>', shown)
    assert chosen, shown
    assert "checked" in chosen[0]
    assert db.session.scalar(select(Saved.response).where(Saved.attempt_id == begun.id)) == [right]


def test_case_05_parallel_claims_at_both_servers_are_one_certificate(farm, unhurried):
    learner.ready(farm.cast.lena, KEY, at=clock.now())
    db.session.commit()
    windows = [signed_in(farm, "lena") for _ in range(6)]
    fields = GOOD | {"legal_name": "Lena Nguyễn, MD", "claim": "0.75"}
    before = count(LedgerEntry)
    answers = at_once(
        [
            lambda one=one, at=farm.machines[number % 2]: one.post(at, PAGE, **fields)
            for number, one in enumerate(windows)
        ]
    )
    assert {one.status for one in answers} == {303}
    assert len({one.location for one in answers}) == 1
    db.session.rollback()
    assert count(LedgerEntry) == before + 1
    assert certificates.verify_chain().problems == ()
    serial = answers[0].location.rpartition("/")[2]
    # Served by both as the same bytes, and verified by both.
    digests = {
        hashlib.sha256(windows[0].get(at, f"/certificates/{serial}.pdf").body).hexdigest()
        for at in farm.machines
    }
    stored = db.session.get(CertificateFile, serial)
    assert digests == {stored.digest}
    file = farm.folder / "certificate.pdf"
    file.write_bytes(stored.content)
    code = db.session.scalar(select(LedgerEntry.code).where(LedgerEntry.serial == serial))
    for machine in farm.machines:
        assert "Lena Nguyễn" in Visitor().get(machine, f"/verify/{code}").text
        verified = machine.say("certificates", "verify", str(file))
        assert verified.exit_code == 0, verified.output


def test_claims_of_different_people_at_both_servers_are_one_unbroken_chain(farm, unhurried):
    names = ("noor", "petra", "ada")
    for name in names:
        learner.ready(getattr(farm.cast, name), KEY, at=clock.now())
    db.session.commit()
    windows = [(name, signed_in(farm, name)) for name in names]
    before = count(Claim)
    answers = at_once(
        [
            lambda one=one, name=name, at=farm.machines[number % 2]: one.post(
                at, PAGE, **GOOD, legal_name=name.title(), claim="0.25"
            )
            for number, (name, one) in enumerate(windows)
        ]
    )
    assert {one.status for one in answers} == {303}
    db.session.rollback()
    assert count(Claim) == before + len(names)
    assert certificates.verify_chain().problems == ()


def test_media_come_from_the_database_and_not_from_a_disk(farm, unhurried):
    petra = signed_in(farm, "petra")
    drawing_of_hands = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    digest = hashlib.sha256(drawing_of_hands).hexdigest()
    db.session.add(Medium(digest=digest, content_type="image/svg+xml", content=drawing_of_hands))
    db.session.commit()
    for machine in farm.machines:
        assert petra.get(machine, f"/media/{digest}").body == drawing_of_hands


def test_when_one_server_is_killed_the_other_goes_on_where_it_stood(farm, unhurried):
    cast = farm.cast
    learner.read(learner.begin(cast.otto, KEY, at=clock.now()), at=clock.now())
    begun = quiz.start(
        actor=cast.actor("otto"), key=KEY, at=clock.now(), today=clock.now().date()
    )
    marks = {
        each.number: drawing.marks_of(each, scoring.best(each.item))
        for each in drawing.thaw(begun.drawn)
    }
    db.session.commit()
    otto = signed_in(farm, "otto")
    at = farm.first
    try:
        for number, chosen in marks.items():
            if number == 3:
                farm.first.end(signal.SIGKILL)
                at = farm.second
            page = f"/attempts/{begun.id}/questions/{number}"
            assert otto.post(at, page, mark=chosen).status == 303
        got = otto.post(at, f"/attempts/{begun.id}/submit", form_of=(at, f"/attempts/{begun.id}/check"))
        assert got.status == 303
    finally:
        if farm.first.process.poll() is not None:
            farm.first.open().wait()
    db.session.rollback()
    ended = db.session.get(Attempt, begun.id)
    assert ended.outcome is Outcome.PASSED
    assert otto.get(farm.first, f"/attempts/{begun.id}/review").status == 200
