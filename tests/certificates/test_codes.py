"""Codes: random enough, forgiving to read, and one slip is always noticed."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.certificates.rules import codes

bodies = st.text(alphabet=codes.ALPHABET, min_size=codes.RANDOM, max_size=codes.RANDOM)


def whole(body: str) -> str:
    return body + codes.check_character(body)


def test_a_code_has_80_random_bits_or_more_in_groups_of_five():
    code = codes.generate(secrets.randbelow)
    assert codes.RANDOM * 5 >= 80
    assert [len(group) for group in code.split("-")] == [5, 5, 5, 5]
    assert codes.is_undamaged(codes.normalise(code))


def test_every_character_is_drawn_evenly_from_the_alphabet():
    asked = []
    codes.generate(lambda n: asked.append(n) or 0)
    assert asked == [32] * codes.RANDOM


@given(bodies)
def test_every_body_has_one_check_character(body: str):
    right = [one for one in codes.ALPHABET if codes.is_undamaged(body + one)]
    assert right == [codes.check_character(body)]


@given(bodies, st.integers(0, codes.LENGTH - 1), st.sampled_from(codes.ALPHABET))
def test_one_substituted_character_is_noticed(body: str, place: int, other: str):
    code = whole(body)
    damaged = code[:place] + other + code[place + 1 :]
    assert codes.is_undamaged(damaged) == (damaged == code)


@given(bodies, st.integers(0, codes.LENGTH - 1), st.integers(0, codes.LENGTH - 1))
def test_two_transposed_characters_are_noticed_wherever_they_stand(body: str, one: int, two: int):
    letters = list(whole(body))
    letters[one], letters[two] = letters[two], letters[one]
    damaged = "".join(letters)
    assert codes.is_undamaged(damaged) == (damaged == whole(body))


@given(bodies, st.sampled_from([" ", "-", "–", "\u00a0", "  ", ""]), st.booleans())
def test_dashes_spaces_and_case_are_forgiven(body: str, between: str, small: bool):
    code = whole(body)
    typed = between.join(code)
    assert codes.normalise(f" {typed.lower() if small else typed} ") == code


@given(bodies)
def test_look_alikes_are_forgiven(body: str):
    code = whole(body)
    misread = code.replace("0", "O").replace("1", "l")
    assert codes.normalise(misread) == code
    assert codes.normalise(code.replace("1", "i").replace("0", "o")) == code


@given(st.text(max_size=80))
def test_anything_may_be_typed(typed: str):
    characters = codes.normalise(typed)
    if codes.is_undamaged(characters):
        assert len(characters) == codes.LENGTH


@pytest.mark.parametrize(
    "typed",
    ["https://rounds.example.org/verify/{}", "rounds.example.org/verify/{}/", "  {}\n"],
)
def test_a_pasted_address_is_read_as_its_code(typed: str):
    code = codes.generate(secrets.randbelow)
    assert codes.grouped(codes.normalise(typed.format(code))) == code


@given(st.text(max_size=60))
def test_a_slip_is_told_exactly_when_there_is_one(typed: str):
    characters = codes.normalise(typed)
    assert bool(codes.slip(characters)) != codes.is_undamaged(characters)


def test_slips_are_told_by_their_kind():
    whole_code = whole("0" * codes.RANDOM)
    assert codes.slip(whole_code) == ""
    assert "this has 19" in codes.slip(whole_code[:-1])
    assert "check character" in codes.slip(whole_code[:-1] + "Z")
    assert "and no U" in codes.slip(whole_code[:-1] + "U")
