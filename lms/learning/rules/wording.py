"""Numbers as sentences say them."""

from fractions import Fraction
from math import floor

_WORDS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth"),
    *("sixth", "seventh", "eighth", "ninth", "tenth"),
)


def in_words(number: int) -> str:
    """Write small numbers as words: 3 becomes "three", 14 stays "14", 0 becomes "no"."""
    return _WORDS[number] if 0 <= number < len(_WORDS) else str(number)


def counted(number: int, one: str, many: str) -> str:
    """Count things in words: "one question", "four questions", "14 questions"."""
    return f"{in_words(number)} {one if number == 1 else many}"


def ordinal(number: int) -> str:
    """Write a place in a row as a word: 1 becomes "first"; from 11 on "number 11"."""
    return _ORDINALS[number - 1] if 1 <= number <= len(_ORDINALS) else f"number {number}"


def points(value: Fraction) -> str:
    """Write points with at most two decimals, cut and never rounded up: 23/3 becomes "7.66".

    Rounding up could show the mark to somebody who did not reach it.
    """
    hundredths = floor(value * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0").rstrip(".")


def duration(hours: int) -> str:
    """Write a pause: 24 becomes "a day", 48 "two days", 12 "12 hours"."""
    if hours == 24:
        return "a day"
    if hours and hours % 24 == 0:
        return counted(hours // 24, "day", "days")
    return counted(hours, "hour", "hours")
