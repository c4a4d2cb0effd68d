"""Verification codes: 95 random bits in letters that are hard to confuse, with a check character.

The alphabet is Crockford's base 32. The check character makes a weighted sum over the field of
32 elements come out as nothing. Every weight is different and none is nought, so one changed
character and two exchanged characters, wherever they stand, are always noticed. Unlike ISO 7064
mod 37,36 and Crockford's own mod 37 it needs no character outside the alphabet, so that a code
stays plain in an address and every misreading that `normalise` forgives is still forgiven.
"""

from collections.abc import Callable
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM: Final = 19  # characters of 5 bits, 95 bits in all
LENGTH: Final = RANDOM + 1
GROUP: Final = 5

_VALUE: Final = {character: value for value, character in enumerate(ALPHABET)}
_LOOK_ALIKES: Final = str.maketrans("OIL", "011")
_DASHES: Final = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212_.")
_POLYNOMIAL: Final = 0b100101  # x^5 + x^2 + 1, primitive over two elements


def _times_x(value: int) -> int:
    """Multiply by x in the field of 32 elements."""
    doubled = value << 1
    return doubled ^ _POLYNOMIAL if doubled & 0b100000 else doubled


def _syndrome(values: list[int]) -> int:
    """Return the sum of each value times its power of x, by Horner's rule; 0 means undamaged."""
    total = 0
    for value in values:
        total = _times_x(total) ^ value
    return total


def check_character(body: str) -> str:
    """Return the character that completes these characters of the alphabet."""
    # The last weight is 1, so what is missing from nothing is what must be added.
    return ALPHABET[_syndrome([*(_VALUE[one] for one in body), 0])]


def generate(below: Callable[[int], int]) -> str:
    """Make a new code, grouped; `below(n)` gives a random number under n, as secrets.randbelow."""
    body = "".join(ALPHABET[below(len(ALPHABET))] for _ in range(RANDOM))
    return grouped(body + check_character(body))


def grouped(characters: str) -> str:
    """Write the characters in groups of five, as K7Q2M-9XF4T."""
    return "-".join(characters[at : at + GROUP] for at in range(0, len(characters), GROUP))


def normalise(typed: str) -> str:
    """Return what was typed as plain characters.

    Spaces, dashes and case are forgiven, and the look-alikes O for 0, I and L for 1. An address
    that ends in a code is read as its code.
    """
    last = typed.strip().rstrip("/").rpartition("/")[2]
    kept = (one for one in last if not one.isspace() and one not in _DASHES)
    return "".join(kept).upper().translate(_LOOK_ALIKES)


def is_code(characters: str) -> bool:
    """Say whether normalised characters have the length and the alphabet of a code."""
    return len(characters) == LENGTH and all(one in _VALUE for one in characters)


def slip(characters: str) -> str:
    """Return what is wrong with normalised characters as a sentence, or "" for a whole code."""
    if len(characters) != LENGTH:
        return (
            f"A code has {LENGTH} letters and figures in groups of five; this has "
            f"{len(characters)}."
        )
    if not is_code(characters):
        return "A code holds only figures and letters, and no U."
    if not is_undamaged(characters):
        return "This is not as it was printed: its check character does not agree."
    return ""


def is_undamaged(characters: str) -> bool:
    """Say whether normalised characters are a code whose check character agrees."""
    return is_code(characters) and not _syndrome([_VALUE[one] for one in characters])
