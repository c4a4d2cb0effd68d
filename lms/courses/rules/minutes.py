"""How long a course takes: by plain reading, and by the Mergener formula beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

WORDS_PER_MINUTE = 200
MINUTES_PER_CHECK = Fraction(1)
MINUTES_PER_FIGURE = Fraction(1, 2)
MINUTES_PER_ITEM = Fraction(9, 10)
MINUTES_PER_DECISION = Fraction(1, 2)
# Stated minutes may differ from the computed ones by this part of the computed ones.
LEEWAY = Fraction(1, 4)
MINUTES_PER_HOUR = 60


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a learner has to read, look at and answer."""

    words: int
    checks: int
    figures: int
    drawn: int
    # On the longest way through the branching cases.
    decisions: int = 0
    # Stated by the author for work away from the page: a form to fill in, a workshop.
    exercise: int = 0
    # From 1 to 3, of all items of the bank.
    mean_difficulty: Fraction = Fraction(2)


def plain_minutes(load: Load) -> Fraction:
    """Return the minutes by plain reading: 200 words a minute, and what interrupts reading.

    Exercises count as stated: nobody can compute how long a team takes for its policy.
    """
    return (
        Fraction(load.words, WORDS_PER_MINUTE)
        + load.checks * MINUTES_PER_CHECK
        + load.figures * MINUTES_PER_FIGURE
        + load.drawn * MINUTES_PER_ITEM
        + load.decisions * MINUTES_PER_DECISION
        + load.exercise
    )


def mergener_minutes(load: Load) -> Fraction:
    """Return the minutes by Mergener's formula of 1991, as a second opinion, never below 0.

    0.9 x (-22.3 + 0.00209 x words + 2.78 x questions + 15.5 x difficulty from 1 to 5). Our items
    go from 1 to 3; half a point is added to bring their mean to that scale's middle.
    """
    difficulty = load.mean_difficulty + Fraction(1, 2)
    minutes = Fraction(9, 10) * (
        Fraction("-22.3")
        + Fraction("0.00209") * load.words
        + Fraction("2.78") * load.drawn
        + Fraction("15.5") * difficulty
    )
    return max(minutes, Fraction(0))


def within(stated: int, computed: Fraction) -> bool:
    """Say whether stated minutes are within a quarter of the computed ones."""
    return abs(stated - computed) <= computed * LEEWAY


def mean(difficulties: Iterable[int]) -> Fraction:
    """Return the mean difficulty, 2 where nothing is known."""
    given = list(difficulties)
    return Fraction(sum(given), len(given)) if given else Fraction(2)


def credit_quarters(minutes: int) -> int:
    """Return the most quarters of an hour for these minutes: 60 are 1 hour, to the nearest."""
    quarters = Decimal(minutes * 4) / MINUTES_PER_HOUR
    return int(quarters.to_integral_value(ROUND_HALF_UP))
