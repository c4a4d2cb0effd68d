"""Every telephone number in a text is one that the directory keeps up to date. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lms.courses.rules.check_directory import digits
from lms.courses.rules.directory import Directory
from lms.courses.rules.folder import Folder
from lms.courses.rules.paragraphs import Piece
from lms.courses.rules.problem import Problem, error, place, warning
from lms.courses.rules.shape import Day, Table, Text, compare, name_of, tables

FILE: Final = "numbers.toml"
_NUMBER: Final = Table({"number": Text(most=30), "whose": Text(most=120), "review_by": Day()})
# 1-888-373-7888, (510) 534-9290, 877-4-HSI-TIP; and short ones that are dialed or texted.
_LONG: Final = re.compile(
    r"(?<![\w./-])(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])(?:\d{3}[-. ]\d{4}|[0-9A-Z]{1,4}"
    r"(?:-[0-9A-Z]{1,4}){0,2}(?<=[A-Z]))(?![\w-])",
    re.ASCII,
)
_SHORT: Final = re.compile(
    r"\b(?:[Tt]ext(?:ing)?|[Cc]all(?:ing)?|[Dd]ial(?:ing)?)(?: or (?:text|call))?"
    r"(?: [A-Z]+ to)? (\d{3}|\d{5,6})(?![\d,.:-]*\d)(?! (?:people|times|cases|hours|minutes))\b"
)
_THREE: Final = re.compile(r"[0-9]{3}")
_TEN: Final = 10


def bare(number: str) -> str:
    """Return the digits of a number, without the 1 before the ten of this country."""
    pressed = digits(number)
    return pressed[1:] if len(pressed) == _TEN + 1 and pressed.startswith("1") else pressed


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The numbers that may stand in a text, and those that may never."""

    known: frozenset[str]
    gone: frozenset[str]


def numbers(directory: Directory, folder: Folder) -> tuple[Numbers, tuple[Problem, ...]]:
    """Return the numbers of the directory and of the short list in a folder."""
    problems: list[Problem] = []
    known = {bare(number.number) for one in directory.entries for number in one.numbers}
    known |= {number.sms for one in directory.entries for number in one.numbers if number.sms}
    for count, raw in enumerate(tables(folder.table(FILE), "numbers"), start=1):
        slips = list(
            compare(raw, _NUMBER, place(f"{folder.name}/{FILE}", name_of(raw, count, "number")))
        )
        problems += slips
        if not slips:
            known.add(bare(raw["number"]))
    gone = {bare(number) for one in directory.closed for number in one.former_numbers}
    return Numbers(known=frozenset(known - gone), gone=frozenset(gone)), tuple(problems)


def check_numbers(listed: Numbers, pieces: Iterable[Piece]) -> Iterator[Problem]:
    """Yield a problem for each number of a service that closed, a warning for unknown ones."""
    for piece in pieces:
        if not _THREE.search(piece.text):
            continue
        found = {one.group(0) for one in _LONG.finditer(piece.text)}
        found |= {one.group(1) for one in _SHORT.finditer(piece.text)}
        for one in sorted(found):
            if bare(one) in listed.gone:
                said = f"{one} was the number of a service that closed. Take it out."
                yield error("S03", piece.place, said)
            elif bare(one) not in listed.known:
                said = f"The directory does not have the number {one}. Add it there, or take it out"
                yield warning("S04", piece.place, f"{said}.")
