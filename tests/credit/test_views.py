"""The claim page and the transcript: what they show, ask and refuse, and the file."""

import re
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from lms.certificates import operations as certificates
from lms.certificates.models import LedgerEntry
from lms.courses.rules.course import parse
from lms.courses.rules.folder import content
from lms.credit import operations
from lms.credit.forms import full_claim_form
from lms.credit.models import Claim
from lms.db import db
from lms.learning.models import Completion, EvaluationReceipt, Outcome
from lms.people.models import Organisation, Person
from tests.certificates.press import LA, press
from tests.conftest import NOON
from tests.courses.tiny import KEY, tiny_course
from tests.credit import learner

PAGE = f"/courses/{KEY}/claim"
GOOD = {"objective_o1": "4", "objective_o2": "5", "bias": "no", "change": "planning",
        "legal_name": "Lena Nguyễn, MD"}  # fmt: skip


@pytest.fixture
def course(app, cast):
    app.extensions["press"] = press
    made = learner.publish(at=NOON)
    db.session.commit()
    return made


@pytest.fixture
def lena(cast, course, as_):
    learner.ready(cast.lena, KEY, at=NOON)
    db.session.commit()
    return as_(cast.lena)


def count(table) -> int:
    return db.session.scalar(select(func.count()).select_from(table))


def test_the_page_offers_every_quarter_the_evaluation_and_the_name_as_printed(lena):
    got = lena.get(PAGE)
    assert got.status_code == 200
    offered = re.findall(r'<button name="claim" value="([\d.]+)"', got.text)
    assert offered == ["0.75", "0.50", "0.25", "0"]
    assert "Claim 0.75 hours" in got.text
    assert 'value="Lena Nguyễn, MD"' in got.text
    assert re.search(r'<svg class="name-preview".*aria-label="Lena Nguyễn, MD"', got.text)
    assert "Name the five moments." in got.text
    for words in ("AMA", "Category 1", "ACCME"):
        assert words not in got.text


def test_case_12_claiming_leads_to_the_certificate(lena):
    done = lena.post(PAGE, data=GOOD | {"claim": "0.50"})
    assert done.status_code == 303
    page = lena.get(done.location)
    assert page.status_code == 200
    assert "0.50 CE hours" in page.text
    assert lena.get(f"{done.location}.pdf").data.startswith(b"%PDF")


def test_case_05_a_double_click_leads_to_the_same_certificate(lena):
    first = lena.post(PAGE, data=GOOD | {"claim": "0.75"})
    second = lena.post(PAGE, data=GOOD | {"claim": "0.25"})
    assert (second.status_code, second.location) == (303, first.location)
    assert lena.get(PAGE).location == first.location
    assert (count(Claim), count(LedgerEntry)) == (1, 1)


def test_case_69_the_page_is_one_checklist_of_what_is_left(cast, course, as_):
    noor = as_(cast.noor)
    assert "You have not started this course" in noor.get(PAGE).text
    enrolled = learner.begin(cast.noor, KEY, at=NOON)
    learner.read(enrolled, at=NOON, lessons={"moments", "habits"})
    db.session.commit()
    got = noor.get(PAGE).text
    assert got.count('<span class="state done">Done</span>') == 2
    assert f"/courses/{KEY}/lessons/soap" in got
    assert "<button name=" not in got
    learner.read(enrolled, at=NOON, lessons={"soap"})
    learner.try_quiz(enrolled, Outcome.PASSED, at=NOON)
    db.session.commit()
    assert "Claim 0.75 hours" in noor.get(PAGE).text
    done = noor.post(PAGE, data=GOOD | {"claim": "0.25", "legal_name": "Noor Haddad, RN"})
    assert done.status_code == 303


def test_what_is_left_refuses_a_claim_made_by_hand(cast, course, as_):
    enrolled = learner.begin(cast.noor, KEY, at=NOON)
    learner.read(enrolled, at=NOON)
    db.session.commit()
    got = as_(cast.noor).post(PAGE, data=GOOD | {"claim": "0.75"})
    assert got.status_code == 422
    assert count(LedgerEntry) == 0


def test_a_forgotten_answer_is_named_and_what_was_typed_stays(lena):
    typed = GOOD | {"claim": "0.50", "comment": "Thank you", "legal_name": "L. Nguyễn"}
    del typed["objective_o2"]
    got = lena.post(PAGE, data=typed)
    assert got.status_code == 422
    assert "Choose one of the five." in got.text
    assert "Thank you" in got.text
    assert 'value="L. Nguyễn"' in got.text
    assert count(EvaluationReceipt) == 0


def test_a_name_that_cannot_be_printed_is_told_beside_its_field(lena):
    got = lena.post(PAGE, data=GOOD | {"claim": "0.75", "legal_name": "Lena 🙂"})
    assert got.status_code == 422
    assert re.search(r'id="legal_name-error">[^<]*cannot be printed', got.text)
    assert count(Completion) == 0


def test_the_name_is_drawn_again_on_request_without_claiming(lena):
    got = lena.post(PAGE, data={"claim": "name", "legal_name": "علي حسن", "objective_o1": "3"})
    assert got.status_code == 200
    assert 'aria-label="علي حسن"' in got.text
    assert re.search(r'name="objective_o1" value="3" required checked', got.text)
    assert count(EvaluationReceipt) == 0


def test_a_name_cannot_smuggle_markup_into_the_page(lena):
    got = lena.post(PAGE, data={"claim": "name", "legal_name": "</svg><script>alert(1)</script>"})
    assert "<script>alert" not in got.text


@pytest.mark.parametrize("amount", ["", "0.3", "1.00", "-0.25", "lots", "1e400"])
def test_an_amount_that_was_not_offered_is_refused(lena, amount: str):
    assert lena.post(PAGE, data=GOOD | {"claim": amount}).status_code == 422
    assert count(LedgerEntry) == 0


def test_finishing_without_credit_needs_the_evaluation_but_no_name(lena):
    done = lena.post(PAGE, data=GOOD | {"claim": "0", "legal_name": ""})
    assert (done.status_code, done.location) == (303, "/transcript")
    assert (count(Completion), count(LedgerEntry)) == (1, 0)
    page = lena.get("/transcript").text
    assert f'href="{PAGE}">Claim credit</a>' in page
    again = lena.get(PAGE).text
    assert "Did you notice" not in again
    assert lena.post(PAGE, data={"claim": "0.25", "legal_name": "Lena Nguyễn"}).status_code == 303


def test_without_the_organisations_name_the_page_says_so(lena):
    db.session.get(Organisation, 1).name = ""
    db.session.commit()
    got = lena.post(PAGE, data=GOOD | {"claim": "0.75"})
    assert got.status_code == 422
    assert "An administrator can set it" in got.text


def test_an_unknown_course_is_no_page(lena):
    assert lena.get("/courses/nothing/claim").status_code == 404
    assert lena.post("/courses/nothing/claim", data=GOOD).status_code == 404


def claimed(cast, cycle: int, quarters: int, at) -> str:
    learner.ready(cast.lena, KEY, at=at, cycle=cycle)
    entry = operations.claim(
        actor=cast.actor("lena"),
        key=KEY,
        quarters=quarters,
        name="Lena Nguyễn, MD",
        evaluation=learner.answers(KEY),
        press=press(),
        at=at,
        zone=LA,
    )
    db.session.commit()
    return entry.serial


@pytest.fixture
def history(cast, course) -> list[str]:
    """Lena claimed in three cycles; one certificate was revoked, one replaced."""
    serials = [
        claimed(cast, 1, 3, NOON),
        claimed(cast, 2, 2, NOON + timedelta(days=20)),
        claimed(cast, 3, 1, NOON + timedelta(days=400)),
    ]
    certificates.revoke(
        actor=cast.actor("petra"), serial=serials[1], reason="Issued in error", at=NOON
    )
    certificates.supersede(
        actor=cast.actor("petra"),
        serial=serials[2],
        name="Lena T. Nguyễn, MD",
        reason="Name corrected",
        press=press(),
        at=NOON + timedelta(days=401),
    )
    db.session.commit()
    return serials


def test_the_transcript_shows_every_cycle_and_counts_what_stands(cast, as_, history):
    got = as_(cast.lena).get("/transcript").text
    for serial in history:
        assert f"/certificates/{serial}" in got
    assert "Issued in error" in got
    assert got.count('<span class="state revoked">') == 1
    assert got.count('<span class="state replaced">') == 1
    sums = re.findall(r'<th scope="row" colspan="4">(\w+)</th><td class="num">([\d.]+)</td>', got)
    assert sums == [("2027", "0.25"), ("2026", "0.75"), ("Together", "1.00")]


def test_the_transcript_of_one_year(cast, as_, history):
    got = as_(cast.lena).get("/transcript?year=2026").text
    assert history[0] in got
    assert history[2] not in got
    assert "Nothing was completed in 1999" in as_(cast.lena).get("/transcript?year=1999").text
    assert as_(cast.lena).get("/transcript?year=abc").status_code == 200


def test_an_empty_transcript_says_what_will_stand_there(cast, course, as_):
    got = as_(cast.noor).get("/transcript")
    assert "Nothing is completed yet" in got.text
    assert as_(cast.noor).get("/transcript.pdf").status_code == 200


def test_nobody_sees_somebody_elses_transcript(cast, as_, history):
    assert history[0] not in as_(cast.noor).get("/transcript").text


def test_the_transcript_file_tells_the_same(cast, as_, history, tmp_path):
    got = as_(cast.lena).get("/transcript.pdf")
    assert got.content_type == "application/pdf"
    assert "attachment" in got.headers["Content-Disposition"]
    file = tmp_path / "transcript.pdf"
    file.write_bytes(got.data)
    text = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True
    ).stdout
    for said in ("Lena Nguyễn, MD", *history, "Issued in error", "Together", "1.00",
                 "Washing hands, briefly", "Demonstration Hospital"):  # fmt: skip
        assert said in text, said


def test_case_07_the_transcript_outlives_course_and_template(cast, as_, course, history):
    course.course.retired_at = NOON
    db.session.get(Organisation, 1).name = "Renamed"
    db.session.get(Person, cast.lena).department_id = None
    db.session.commit()
    got = as_(cast.lena).get("/transcript").text
    assert all(serial in got for serial in history)
    assert as_(cast.lena).get(f"/certificates/{history[0]}.pdf").status_code == 200


def statements(browser, address: str) -> int:
    seen = []

    def note(*arguments) -> None:
        seen.append(arguments[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert browser.get(address).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len([one for one in seen if one.lstrip().upper().startswith("SELECT")])


def test_forms_are_put_together_once_for_the_same_objectives(app):
    one, same = parse(content(tiny_course())), parse(content(tiny_course()))
    other = replace(one, objectives=one.objectives[:1])
    assert full_claim_form(one) is full_claim_form(same)
    assert full_claim_form(other) is not full_claim_form(one)
    with app.test_request_context(method="POST", data=GOOD):
        assert [field.name for field in full_claim_form(other)().objectives] == ["objective_o1"]
        filled = full_claim_form(one)()
        assert filled.validate()
        assert filled.answers().objectives == {"o1": 4, "o2": 5}
    with app.test_request_context(method="POST", data={"legal_name": "Lena"}):
        empty = full_claim_form(one)()
        assert not empty.validate()
        assert {"objective_o1", "objective_o2", "bias"} <= set(empty.errors)


def test_a_claim_is_a_fixed_number_of_statements(cast, as_, course):
    people = (cast.lena, cast.noor, cast.otto)
    for one in people:
        learner.ready(one, KEY, at=NOON)
    db.session.commit()
    sent = []
    for one in people:
        browser, seen = as_(one), []

        def note(*arguments, seen=seen) -> None:
            seen.append(arguments[2])

        event.listen(db.engine, "before_cursor_execute", note)
        assert browser.post(PAGE, data=GOOD | {"claim": "0.25"}).status_code == 303
        event.remove(db.engine, "before_cursor_execute", note)
        sent.append(len(seen))
    assert len(set(sent[1:])) == 1
    assert sent[-1] <= 28, sent


def test_the_transcript_asks_as_often_for_one_certificate_as_for_many(cast, as_, course):
    claimed(cast, 1, 3, NOON)
    lena = as_(cast.lena)
    few = statements(lena, "/transcript")
    for cycle in range(2, 8):
        claimed(cast, cycle, 1, NOON + timedelta(days=cycle))
    assert statements(lena, "/transcript") == few
