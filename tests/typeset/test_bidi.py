"""Directions agree with an independent implementation of Unicode Annex 9."""

import random
from dataclasses import dataclass

import pytest
from bidi import get_display

from lms.typeset.bidi import base_level, levels, visual

LETTERS = "abcXYZ àé 123 ,.-/()[] «» אבגד هوز حطي ٠١٢ ـً %$+ :;!?'\" Ж王"


@dataclass
class One:
    level: int
    text: str


def shown(text: str) -> str:
    """The text in the order in which it stands on paper."""
    order = visual([One(level, c) for level, c in zip(levels(text), text, strict=True)])
    return "".join(one.text for one in order)


@pytest.mark.parametrize(
    ("text", "on_paper"),
    [
        ("Ali", "Ali"),
        ("אבג", "גבא"),
        ("Dr. אבג Cohen", "Dr. גבא Cohen"),
        ("אבג (MD) דה", "הד )MD( גבא"),  # HarfBuzz mirrors the brackets of the run
        ("אבג 123", "123 גבא"),
    ],
)
def test_directions_follow_the_examples(text: str, on_paper: str) -> None:
    assert shown(text) == on_paper


def test_the_first_strong_letter_gives_the_base_direction() -> None:
    assert base_level("12 אב ab") == 1
    assert base_level("12 ab אב") == 0
    assert base_level("12") == 0


def test_directions_agree_with_an_independent_implementation_on_random_lines() -> None:
    source = random.Random(9)
    for _ in range(4000):
        text = "".join(source.choice(LETTERS) for _ in range(source.randint(1, 18))).strip()
        # The other implementation takes mirrored shapes' text as it is, as we do.
        assert shown(text) == get_display(text, base_dir="R" if base_level(text) else "L"), text
