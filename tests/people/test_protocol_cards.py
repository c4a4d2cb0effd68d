"""Local protocol cards: which one holds, versions that stay, a form that loses nothing."""

from dataclasses import asdict, replace
from datetime import date, timedelta
from html import unescape

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from lms.audit import AuditEntry
from lms.db import db
from lms.errors import Missing, NotAllowed, Refused
from lms.people.models import Department, ProtocolCard
from lms.people.operations import protocol_cards as operations
from lms.people.queries import protocol_cards as cards
from lms.people.rules import protocol_cards as rules
from lms.people.rules.protocol_cards import Card
from lms.web import pages
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny
from tests.learning import steps

TODAY = date(2026, 11, 2)
CARD = Card(
    social_work="ext. 4410 or 510-555-0110", security="ext. 4911", report_state="CA",
    report_to="County child protection", report_number="510-555-0140",
    source="Social work called each", checked_on=date(2026, 11, 1), review_by=date(2027, 5, 1),
)  # fmt: skip


def keep(cast, department_id: int, card: Card = CARD, *, who: str = "petra", seen: int = 0) -> int:
    return operations.keep_protocol_card(
        actor=cast.actor(who), department_id=department_id, card=card, seen=seen, at=NOON,
        today=TODAY,
    )  # fmt: skip


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(ProtocolCard))


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(pages, "today", lambda: TODAY)


# ----- numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    ["", "510-555-0142", "(510) 555-0142", "1 510 555 0142", "+1 510.555.0142", "988", "ext. 4410",
     "x4410", "4410", "*4410", "510-555-0142 ext 3", "ext. 4410 or 510-555-0142", "pager 5512",
     "+49 30 555 0142", "510-555-0142; 510-555-0143", "510–555–0142"],
)  # fmt: skip
def test_numbers_as_hospitals_write_them_are_taken(number):
    assert rules.phone_problem(number) is None


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("555-0142", "area code"),
        ("510-555-014", "9 digits; a number has ten"),
        ("510-555-01422", "11 digits"),
        ("ask the operator", "Write digits"),
        ("1-800-THE-LOST", "letters"),
        ("510-555-0142 or soon", "letters"),
        ("12", "2 digits"),
        ("ext.", "letters"),
        ("-", "0 digits"),
        ("9" * 5000, "5000 digits"),
        ("٤٤١٠", "letters"),
    ],
)
def test_what_cannot_be_called_is_told_kindly_with_an_example(number, said):
    problem = rules.phone_problem(number)
    assert said in problem
    assert "510-555-0142" in problem or "area code" in problem


def test_a_line_of_numbers_links_those_that_any_telephone_reaches():
    assert rules.pieces("ext. 4410 or 510-555-0110") == [
        ("ext. 4410", ""), (" or ", ""), ("510-555-0110", "tel:+15105550110"),
    ]  # fmt: skip
    assert rules.pieces("988") == [("988", "tel:988")]
    assert rules.pieces("+49 30 555 0142") == [("+49 30 555 0142", "tel:+49305550142")]


# ----- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"security": "nobody"}, "security"),
        ({"social_work": "", "security": ""}, "social_work"),
        ({"report_to": " "}, "report_to"),
        ({"report_number": ""}, "report_number"),
        ({"report_state": "XX"}, "report_state"),
        ({"source": ""}, "source"),
        ({"checked_on": None}, "checked_on"),
        ({"checked_on": date(2026, 11, 3)}, "checked_on"),
        ({"review_by": None}, "review_by"),
        ({"review_by": date(2026, 11, 1)}, "review_by"),
        ({"review_by": date(2028, 11, 1)}, "review_by"),
        ({"checked_on": date.max, "review_by": date.max}, "checked_on"),
        ({"note": "x" * 601}, "note"),
    ],
    ids=str,
)
def test_a_card_that_would_mislead_is_refused_with_a_sentence_for_the_field(cast, changes, field):
    with pytest.raises(operations.NotFit) as refusal:
        keep(cast, cast.emergency, replace(CARD, **changes))
    assert field in refusal.value.problems
    assert count() == 0


@pytest.mark.parametrize("who", ["lena", "cora", "otto"])
def test_only_planners_and_administrators_keep_cards(cast, who):
    with pytest.raises(NotAllowed):
        keep(cast, cast.emergency, who=who)
    with pytest.raises(NotAllowed):
        operations.withdraw_protocol_card(
            actor=cast.actor(who), department_id=cast.emergency, seen=0, at=NOON
        )


def test_a_department_must_be_there_and_open(cast):
    with pytest.raises(Missing):
        keep(cast, 999_999)
    db.session.get(Department, cast.womens).retired_at = NOON
    with pytest.raises(Refused, match="retired"):
        keep(cast, cast.womens)


# ----- which card holds ------------------------------------------------------------------


def test_a_card_holds_below_until_a_department_has_its_own(cast):
    assert cards.held_by(cast.pediatric) is None
    keep(cast, cast.emergency)
    above = cards.held_by(cast.pediatric)
    assert (above.department, above.card.social_work) == ("Emergency Medicine", CARD.social_work)
    assert cards.held_by(cast.womens) is None
    keep(cast, cast.pediatric, replace(CARD, social_work="ext. 5510"))
    assert cards.held_by(cast.pediatric).card.social_work == "ext. 5510"
    assert cards.held_by(cast.emergency).card.social_work == CARD.social_work
    assert cards.held_by(None) is None


def test_withdrawn_the_one_above_holds_again_and_the_versions_stay(cast):
    keep(cast, cast.emergency)
    keep(cast, cast.pediatric, replace(CARD, social_work="ext. 5510"))
    operations.withdraw_protocol_card(
        actor=cast.actor("ada"), department_id=cast.pediatric, seen=1, at=NOON
    )
    assert cards.held_by(cast.pediatric).department == "Emergency Medicine"
    assert [one.is_withdrawn for one in cards.history(cast.pediatric)] == [True, False]
    with pytest.raises(Refused, match="no card of its own"):
        operations.withdraw_protocol_card(
            actor=cast.actor("ada"), department_id=cast.pediatric, seen=2, at=NOON
        )
    assert keep(cast, cast.pediatric, seen=2) == 3


def test_the_list_of_places_agrees_with_what_holds_in_each(cast):
    keep(cast, cast.emergency)
    listed = {one.place.id: one for one in cards.places()}
    for place_id, one in listed.items():
        held = cards.held_by(place_id)
        assert (one.held and one.held.department_id) == (held and held.department_id)
    assert listed[cast.emergency].is_own
    assert not listed[cast.pediatric].is_own


# ----- records ---------------------------------------------------------------------------


def test_a_change_is_a_further_version_with_who_and_when_and_nothing_is_overwritten(cast):
    keep(cast, cast.emergency)
    assert keep(cast, cast.emergency, replace(CARD, security="ext. 4912"), who="ada", seen=1) == 2
    newest, first = cards.history(cast.emergency)
    assert (newest.made_by, newest.changed) == ("Ada Whitfield", ("Security",))
    assert (first.made_by, dict(first.says)["Security"]) == ("Petra Alvarez", "ext. 4911")
    actions = db.session.execute(
        select(AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id)
    ).all()
    assert [one.action for one in actions] == ["protocol-card.kept"] * 2
    assert actions[1].detail["fields"] == ["security"]


def test_the_same_content_makes_no_version(cast):
    keep(cast, cast.emergency)
    assert keep(cast, cast.emergency, replace(CARD, security=" ext.  4911 "), seen=1) == 1
    assert count() == 1


@pytest.mark.parametrize("statement", [
    "UPDATE protocol_cards SET security = '911'", "DELETE FROM protocol_cards",
])
def test_the_database_refuses_to_change_or_delete_a_version(cast, statement):
    keep(cast, cast.emergency)
    db.session.commit()
    with pytest.raises((IntegrityError, DatabaseError), match="protocol_cards refuses"):
        db.session.execute(text(statement))
    db.session.rollback()


def test_who_was_overtaken_is_told_and_overwrites_nobody(cast):
    keep(cast, cast.emergency)
    with pytest.raises(operations.Overtaken):
        keep(cast, cast.emergency, replace(CARD, security="ext. 1"), seen=0)
    assert count() == 1


# ----- the planner's page ----------------------------------------------------------------


def typed(**changes: str) -> dict[str, str]:
    kept = {name: str(value or "") for name, value in asdict(CARD).items()}
    return kept | {"seen": "0"} | changes


def address(place_id: int) -> str:
    return f"/places/{place_id}/protocol-card"


def test_a_planner_fills_in_a_card_and_sees_its_versions(cast, as_):
    petra = as_(cast.petra)
    done = petra.post(address(cast.emergency), data=typed())
    assert (done.status_code, done.location) == (303, address(cast.emergency))
    page = unescape(petra.get(address(cast.emergency)).text)
    assert 'value="ext. 4410 or 510-555-0110"' in page
    assert "by <bdi>Petra Alvarez</bdi>" in page
    assert 'name="seen" value="1"' in page
    below = unescape(petra.get(address(cast.pediatric)).text)
    assert "The card of" in below
    assert 'value="ext. 4911"' in below  # begins with what holds there now
    assert "its own, version 1" in petra.get("/protocol-cards").text.casefold()


def test_a_form_with_slips_comes_back_with_a_sentence_each_and_nothing_lost(cast, as_):
    sent = typed(security="ring the bell", report_to="", checked_on="yesterday", note="Keep me")
    got = as_(cast.petra).post(address(cast.emergency), data=sent)
    page = unescape(got.text)
    assert got.status_code == 422
    for sentence in ("Write digits", "Say who takes reports", "Give a day, like 2026-11-21"):
        assert sentence in page
    for kept in ('value="ring the bell"', 'value="ext. 4410 or 510-555-0110"', "Keep me",
                 'value="yesterday"', 'value="2027-05-01"'):
        assert kept in page
    assert '<option selected value="CA">' in page
    assert count() == 0


def test_two_planners_at_once_lose_nothing(cast, as_):
    as_(cast.petra).post(address(cast.emergency), data=typed())
    late = as_(cast.ada).post(address(cast.emergency), data=typed(security="ext. 77"))
    page = unescape(late.text)
    assert late.status_code == 422
    assert "Somebody kept another version" in page
    assert 'value="ext. 77"' in page
    assert page.count('name="seen" value="1"') == 2  # of the form, and of the one that withdraws
    assert count() == 1
    again = as_(cast.ada).post(address(cast.emergency), data=typed(security="ext. 77", seen="1"))
    assert again.status_code == 303
    assert cards.held_by(cast.emergency).card.security == "ext. 77"


def test_a_card_is_withdrawn_by_its_button(cast, as_):
    petra = as_(cast.petra)
    petra.post(address(cast.emergency), data=typed())
    assert petra.post(address(cast.emergency) + "/withdraw", data={"seen": "1"}).status_code == 303
    assert cards.held_by(cast.emergency) is None
    assert petra.post(address(cast.emergency) + "/withdraw", data={"seen": "2"}).status_code == 422


# ----- where learners see it -------------------------------------------------------------


@pytest.fixture
def finished(cast):
    publish_tiny(at=NOON)
    steps.finish(cast.actor("lena"), at=NOON)
    db.session.commit()



def test_it_stands_at_the_end_of_a_course_and_on_a_page_to_print(cast, as_, finished, monkeypatch):
    keep(cast, cast.emergency, replace(CARD, hotline="510-555-0199"))
    db.session.commit()
    lena = as_(cast.lena)  # of Pediatric Emergency, below
    attempt = db.session.execute(text("SELECT id FROM attempts")).scalar_one()
    for where in ("/courses/tiny", "/courses/tiny/takeaway", f"/attempts/{attempt}/review",
                  "/protocol-card"):
        page = unescape(lena.get(where).text)
        assert "Card of Emergency Medicine, version 1. Last checked November 1, 2026" in page, where
        assert '<a href="tel:+15105550110">510-555-0110</a>' in page, where
        assert '<a href="tel:+15105550199">510-555-0199</a>' in page, where
        assert "was to be checked again" not in page, where
    monkeypatch.setattr(pages, "today", lambda: date(2027, 5, 2))
    assert "was to be checked again by May 1, 2027" in lena.get("/protocol-card").text


def test_without_a_card_there_is_the_national_line_and_whom_to_ask(cast, as_, finished):
    for who, where in (("lena", "/courses/tiny"), ("petra", "/protocol-card")):
        page = unescape(as_(getattr(cast, who)).get(where).text)
        assert "Your department has no protocol card yet." in page
        assert '<a href="tel:+18883737888">1-888-373-7888</a>' in page
        assert '<a href="mailto:education@example.org">' in page


def test_before_the_end_a_course_page_shows_no_card(cast, as_):
    publish_tiny(at=NOON)
    steps.begin(cast.actor("lena"), at=NOON)
    keep(cast, cast.emergency)
    db.session.commit()
    assert "Whom to call here" not in as_(cast.lena).get("/courses/tiny").text


def test_a_failed_quiz_shows_no_card(cast, as_):
    publish_tiny(at=NOON)
    lena = cast.actor("lena")
    steps.begin(lena, at=NOON)
    steps.read(lena, at=NOON)
    attempt = steps.take_quiz(lena, at=NOON, right=False)
    db.session.commit()
    assert "Whom to call here" not in as_(cast.lena).get(f"/attempts/{attempt.id}/review").text


def test_what_is_no_state_is_told_in_a_sentence(cast, as_):
    got = as_(cast.petra).post(address(cast.emergency), data=typed(report_state="XX"))
    assert got.status_code == 422
    assert "Choose a state of the list." in got.text
    assert "Not a valid choice" not in got.text


def test_no_sign_that_turns_the_line_round_reaches_the_number_behind_it(cast, as_):
    keep(cast, cast.emergency, replace(CARD, report_to="\u202eCounty", clinical_lead="\u2067Lead"))
    db.session.commit()
    page = as_(cast.noor).get("/protocol-card").text
    assert "<bdi>\u202eCounty</bdi>, <a" in page
    assert "<bdi>\u2067Lead</bdi>" in page


def test_what_planners_typed_is_text_and_nothing_else(cast, as_):
    keep(cast, cast.emergency, replace(CARD, note="<script>alert(1)</script>\nSecond line"))
    db.session.commit()
    page = as_(cast.noor).get("/protocol-card").text
    assert "<script>alert(1)" not in page
    assert "&lt;/script&gt;</bdi><br><bdi>Second line</bdi>" in page


# ----- due -------------------------------------------------------------------------------


def test_cards_are_due_a_month_ahead_with_the_directorys_entries(cast, as_, monkeypatch):
    keep(cast, cast.emergency)
    db.session.commit()
    last = CARD.review_by
    assert cards.due(last - timedelta(days=31)) == ()
    assert [one.is_overdue for one in cards.due(last)] == [False]
    assert [one.is_overdue for one in cards.due(last + timedelta(days=1))] == [True]
    monkeypatch.setattr(pages, "today", lambda: last + timedelta(days=1))
    page = as_(cast.petra).get("/directory/due").text
    assert f'href="{address(cast.emergency)}">Emergency Medicine' in page
