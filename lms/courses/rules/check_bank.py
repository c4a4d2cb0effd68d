"""Check a question bank as a whole: nothing but knowledge gives the key away."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from lms.courses.rules.problem import Problem, warning
from lms.courses.rules.shape import tables, text

# A share that chance seldom passes in banks of this size; fewer items say nothing.
POSITION_MOST: Final = Fraction(2, 5)
LENGTH_MOST: Final = Fraction(6, 5)
ITEMS_LEAST: Final = 8

Raw = Mapping[str, Any]


def singles(items: list[dict[str, Any]]) -> list[tuple[int, list[str]]]:
    """Return, of each item with one best answer, the position of the key and all its texts."""
    found = []
    for item in items:
        options = tables(item, "options")
        right = [at for at, one in enumerate(options) if one.get("right") is True]
        if text(item, "kind") == "single" and len(right) == 1 and len(options) > 1:
            found.append((right[0], [text(one, "text") for one in options]))
    return found


def length_ratio(found: list[tuple[int, list[str]]]) -> Fraction:
    """Return the mean length of keys divided by that of distractors; 1 where there are none."""
    keys = [len(texts[key]) for key, texts in found]
    others = [len(one) for key, texts in found for at, one in enumerate(texts) if at != key]
    if not sum(others):
        return Fraction(1)
    return Fraction(sum(keys), len(keys)) / Fraction(sum(others), len(others))


def check_bank(items: list[dict[str, Any]], where: str) -> Iterator[Problem]:
    """Yield a warning where the place or the length of keys would give them away.

    Options are shuffled for every learner, but not on paper and not in exports; length is there
    everywhere. The limits for a whole catalogue are those of the writers' guide: keys no more
    than a fifth longer than distractors on average.
    """
    found = singles(items)
    if len(found) < ITEMS_LEAST:
        return
    for position in range(4):
        share = Fraction(sum(key == position for key, _ in found), len(found))
        if share > POSITION_MOST:
            yield warning(
                "C31",
                where,
                f"The right answer stands at place {position + 1} in {float(share):.0%} of the "
                "items. Spread it over all places.",
            )
    if (ratio := length_ratio(found)) > LENGTH_MOST:
        yield warning(
            "C31",
            where,
            f"Right answers are {float(ratio - 1):.0%} longer than the others on average, which "
            "gives them away. Shorten them or lengthen the others.",
        )
