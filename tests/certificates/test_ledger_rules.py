"""Serials, canonical rows, the chain, states and words, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.certificates.rules import wording
from lms.certificates.rules.ledger import (
    GENESIS,
    Row,
    State,
    breaks,
    canonical,
    serial_after,
    state_of,
)
from lms.certificates.rules.qr import qr
from lms.courses.rules.course import FORMAT_WORDS
from tests.certificates.press import LA, award

AT = datetime(2026, 3, 17, 18, 0, tzinfo=UTC)


def chain(length: int) -> list[tuple[Row, str]]:
    rows, previous = [], GENESIS
    for seq in range(1, length + 1):
        row = Row(
            seq=seq, kind="issued", serial=f"2026-{seq:06d}", at=AT, actor_id=1, code=f"C{seq}",
            person_id=7, facts='{"name":"Łucja"}', pdf_digest="aa", previous_hash=previous,
        )
        previous = row.hash()
        rows.append((row, previous))
    return rows


def test_serials_count_within_a_year():
    assert serial_after(None, year=2026) == "2026-000001"
    assert serial_after("2026-000123", year=2026) == "2026-000124"
    assert serial_after("2026-999999", year=2026) == "2026-1000000"
    with pytest.raises(ValueError):
        serial_after("2025-000001", year=2026)


def test_canonical_json_has_one_form():
    assert canonical({"b": 1, "a": ["é", None]}) == '{"a":["é",null],"b":1}'
    with pytest.raises(ValueError):
        canonical(float("nan"))


def test_an_unbroken_chain_has_no_breaks():
    assert list(breaks(chain(5))) == []
    assert list(breaks(chain(5)[3:], after=3, previous=chain(5)[2][1])) == []


@given(st.sampled_from(["serial", "reason", "code", "facts", "pdf_digest", "award_key", "kind"]))
def test_a_change_in_any_column_breaks_the_chain(column: str):
    rows = chain(4)
    rows[1] = (replace(rows[1][0], **{column: "changed"}), rows[1][1])
    assert list(breaks(rows)) == [
        f"Row 2 of the ledger ({rows[1][0].serial}) was changed after it was written."
    ]


def test_a_row_written_anew_with_its_hash_breaks_the_next_one():
    rows = chain(4)
    forged = replace(rows[1][0], facts='{"name":"Somebody else"}')
    rows[1] = (forged, forged.hash())
    assert list(breaks(rows)) == [
        "Row 3 of the ledger (2026-000003) does not follow the row before it."
    ]


def test_a_row_taken_out_is_missed():
    rows = chain(4)
    del rows[2]
    assert "Row 3 of the ledger is missing; row 4 follows." in list(breaks(rows))


@pytest.mark.parametrize(
    ("ended", "expires_on", "state"),
    [
        (None, None, State.VALID),
        (None, date(2026, 3, 17), State.VALID),
        (None, date(2026, 3, 16), State.EXPIRED),
        ("revoked", date(2026, 3, 16), State.REVOKED),
        ("superseded", None, State.SUPERSEDED),
    ],
)
def test_what_a_certificate_is_worth(ended, expires_on, state):
    assert state_of(ended=ended, expires_on=expires_on, today=date(2026, 3, 17)) == state


def test_case_10_the_printed_day_is_the_learners_own_and_names_its_zone():
    late = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)  # half past eleven at night in Honolulu
    honolulu = ZoneInfo("Pacific/Honolulu")
    assert wording.day(late, honolulu) == "March 17, 2026"
    assert wording.day(late, LA) == "March 18, 2026"
    said = " ".join(one[0][0] for one in wording.statements(
        award(1, 1, zone=honolulu), issuer="Lakeside"))
    assert "Dates are given in Hawaii Time." in said


def test_a_zone_without_a_common_name_is_named_by_its_place():
    assert wording.zone_text(ZoneInfo("Asia/Ho_Chi_Minh")) == "the local time of Ho Chi Minh"


@pytest.mark.parametrize("words", FORMAT_WORDS.values())
def test_no_accreditors_words_without_an_accreditation(words: str):
    one = award(1, 1, format_words=words)
    said = [wording.HEADING, wording.OPENING, wording.lead(45), wording.with_article(words),
            wording.credit_text(3), *(part[0][0] for part in wording.statements(one, issuer="X"))]
    for forbidden in ("AMA", "PRA", "ACCME", "ANCC", "Category", "accredited", "Credit", "credit "):
        assert not any(forbidden in text for text in said), forbidden


def test_formats_take_the_right_article():
    assert wording.with_article("enduring material") == "an enduring material"
    assert wording.with_article("Internet point-of-care activity").startswith("an Internet")
    assert wording.with_article("live activity") == "a live activity"
    assert wording.with_article("PI CME activity") == "a PI CME activity"


@given(st.integers(1, 400))
def test_hours_are_exact(quarters: int):
    assert wording.hours(quarters) == f"{quarters / 4:.2f}"


def test_a_second_correction_names_the_certificate_before_it_only():
    once = wording.replacing(wording.statements(award(1, 1), issuer="X"), "2026-000001")
    twice = wording.replacing(once, "2026-000002")
    assert len(once) == len(twice)
    assert twice[-1][0][0] == "This certificate replaces 2026-000002."
    assert wording.next_award_key("completion:5") == "completion:5#2"
    assert wording.next_award_key("completion:5#2") == "completion:5#3"


def test_the_qr_code_of_a_page_is_the_one_on_paper():
    drawn = qr("https://rounds.example.org/verify/K7Q2M-9XF4T-6DHBW-3AAAA")
    assert drawn.size == 33
    assert drawn.path.startswith("M0 0.5h7")
