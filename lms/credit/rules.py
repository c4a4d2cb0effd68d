"""Credit in whole quarters of an hour: what is offered, what was typed, what it adds up to."""

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from lms.courses.rules.course import QUARTERS_PER_HOUR

LARGEST = 400  # quarters; no course gives a hundred hours, and a slip of the finger may ask
# Plainly written: "1e-99" is no amount, and must not be read as the nought that claims nothing.
_AMOUNT: Final = re.compile(r"-?[0-9]{1,6}(\.[0-9]{0,6})?|-?\.[0-9]{1,6}")


def offered(most: int) -> tuple[int, ...]:
    """Return every amount that may be claimed, in quarters, the largest first (ce-rules 0.1)."""
    return tuple(range(most, 0, -1))


def quarters_of(text: str) -> int:
    """Read an amount of hours like "0.75" exactly as quarters; never by way of a float.

    Raises ValueError, with a sentence, for what is no amount or no multiple of 0.25.
    """
    wrong = ValueError("Claim in steps of 0.25 hours, such as 0.25, 0.50 or 0.75.")
    if not _AMOUNT.fullmatch(text.strip()):
        raise wrong
    quarters = Decimal(text.strip()) * QUARTERS_PER_HOUR
    if abs(quarters) > LARGEST or quarters != int(quarters):
        raise wrong
    return int(quarters)


def by_year(amounts: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Add up (year, quarters) by year, the newest first."""
    sums: Counter[int] = Counter()
    for year, quarters in amounts:
        sums[year] += quarters
    return tuple(sorted(sums.items(), reverse=True))
