"""Credit is counted in whole quarters; no amount passes through a float."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.courses.rules.course import hours_text
from lms.credit import rules


@given(st.integers(1, rules.LARGEST))
def test_every_amount_written_is_read_back_exactly(quarters: int):
    assert rules.quarters_of(hours_text(quarters)) == quarters


@pytest.mark.parametrize(("text", "quarters"), [("0.75", 3), (" 0.5 ", 2), ("1", 4), ("0", 0)])
def test_amounts_as_people_write_them(text: str, quarters: int):
    assert rules.quarters_of(text) == quarters


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0.3",
        "1/4",
        "NaN",
        "Infinity",
        "-inf",
        "1e9",
        "0.2500001",
        "three",
        "0,75",
        "9e999999",
        "1e-9999999999",
        "1_0",
        "١",
        "9" * 5000,
    ],
)
def test_what_is_no_quarter_is_refused_with_a_sentence(text: str):
    with pytest.raises(ValueError, match=r"steps of 0\.25"):
        rules.quarters_of(text)


@given(st.text(max_size=30))
def test_anything_typed_is_an_amount_or_refused(text: str):
    try:
        quarters = rules.quarters_of(text)
    except ValueError:
        return
    assert abs(quarters) <= rules.LARGEST


def test_every_quarter_up_to_the_most_is_offered_the_largest_first():
    assert rules.offered(3) == (3, 2, 1)
    assert rules.offered(0) == ()


def test_hours_add_up_by_year_newest_first():
    assert rules.by_year([(2026, 3), (2025, 4), (2026, 2)]) == ((2026, 5), (2025, 4))
    assert rules.by_year([]) == ()
