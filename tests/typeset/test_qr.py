"""The fast choice of a QR code's mask is the library's own, for every text and symbol."""

import random
import string

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from segno.encoder import evaluate_mask

from lms.typeset import qr
from lms.typeset.qr import modules

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def plainly(text: str) -> tuple[bytes, ...]:
    """The code as the library makes it when it tries all masks itself."""
    made = segno.make(text, error="m", boost_error=False, micro=False)
    return tuple(bytes(row) for row in made.matrix)


@given(st.text(min_size=1, max_size=120))
@settings(max_examples=60, deadline=None)
def test_any_text_gets_the_code_that_trying_all_masks_gives(text: str) -> None:
    assert modules(text) == plainly(text)


def test_addresses_of_certificates_get_the_code_that_trying_all_masks_gives() -> None:
    source = random.Random(1)
    chosen = set()
    for _ in range(120):
        code = "-".join("".join(source.choices(ALPHABET, k=5)) for _ in range(4))
        text = f"https://ce.example.org/verify/{code}"
        assert modules(text) == plainly(text)
        chosen.add(segno.make(text, error="m", boost_error=False, micro=False).mask)
    assert len(chosen) > 5  # nearly each mask was the best of some


@pytest.mark.parametrize("length", [1, 15, 27, 43, 63, 85, 107, 123, 153, 181, 214, 252, 400])
def test_codes_of_every_size_that_an_address_may_need(length: int) -> None:
    source = random.Random(length)
    for _ in range(12):
        text = "".join(source.choices(string.ascii_letters, k=length))
        assert modules(text) == plainly(text)


@st.composite
def symbols(draw: st.DrawFn) -> list[bytes]:
    """Symbols of version 1 full of stripes, of what looks like finder patterns, or of noise."""
    bits = st.integers(0, 2**21 - 1).map(lambda number: f"{number:021b}")
    parts = st.sampled_from(["1011101", "101110", "1011", "0000", "00000", "11111", "0", "1"])
    busy = st.lists(parts, min_size=12, max_size=21).map(lambda found: "".join(found)[:21])
    rows = draw(st.lists(st.one_of(bits, busy), min_size=21, max_size=21))
    rows = [row.ljust(21, "1") for row in rows]
    if draw(st.booleans()):
        rows = ["".join(column) for column in zip(*rows, strict=True)]
    return [bytes(int(one) for one in row) for row in rows]


@given(symbols())
@settings(max_examples=400, deadline=None)
def test_the_penalties_of_a_symbol_are_those_counted_module_by_module(rows: list[bytes]) -> None:
    plain = evaluate_mask([bytearray(row) for row in rows], 21, 21)
    assert qr._masks(1).penalty(qr._number(rows)) == plain


def test_two_finders_that_share_modules_count_once() -> None:
    row = b"\0\0\0\0" + bytes([1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1]) + b"\0" * 6
    assert qr._finders(qr._number([row]), 1) == 1
    row = b"\0\0\0\0" + bytes([1, 0, 1, 1, 1, 0, 1]) + b"\0" * 10
    assert qr._finders(qr._number([row]), 1) == 1
    assert qr._finders(qr._number([b"\1" + row[:-1]]), 1) == 1


def test_a_symbol_is_written_back_as_it_was_read() -> None:
    rows = plainly("https://ce.example.org/verify/K7Q2M-9XF4T-6DHBW-3")
    assert qr._masks(4).rows(qr._number(rows)) == rows
