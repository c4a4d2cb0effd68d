"""Statements that were true, or were never true, and still go round: none may stand as a fact.

The list is courses/library/superseded.toml. A statement is fine where the same piece of text names
it as old or as a mistake, by one of the words given with it, or where the list allows its place.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lms.courses.rules.folder import Folder
from lms.courses.rules.paragraphs import Piece
from lms.courses.rules.problem import Problem, error, place
from lms.courses.rules.shape import Day, ListOf, Table, Text, compare, name_of, tables

FILE: Final = "superseded.toml"
_STATEMENT: Final = Table(
    {
        "id": Text(most=60),
        "words": ListOf(Text(most=40), least=1),
        "pattern": Text(most=300),
        "say": Text(most=400),
        "source": Text(most=60),
        "since": Day(),
    },
    {
        "fine_with": ListOf(Text(most=60)),
        "allow": ListOf(Text(most=200)),
    },
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement that no longer holds."""

    id: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    fine_with: re.Pattern[str] | None
    allow: tuple[str, ...]
    say: str
    source: str
    since: date

    def stands_in(self, piece: Piece, folded: str) -> bool:
        """Say whether a piece of text, given in small letters too, tells it as a fact."""
        # A word is looked for much faster than a pattern.
        if not any(word in folded for word in self.words) or not self.pattern.search(piece.text):
            return False
        if any(piece.place.startswith(one) for one in self.allow):
            return False
        return self.fine_with is None or not self.fine_with.search(piece.context)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The statements of the list, and what is wrong with the list."""

    statements: tuple[Statement, ...]
    problems: tuple[Problem, ...]


def _statement(raw: Mapping[str, Any]) -> Statement:
    fine_with = raw.get("fine_with", ())
    words = re.compile("|".join(fine_with), re.IGNORECASE) if fine_with else None
    return Statement(
        id=raw["id"],
        words=tuple(raw["words"]),
        pattern=re.compile(raw["pattern"], re.IGNORECASE),
        fine_with=words,
        allow=tuple(raw.get("allow", ())),
        say=raw["say"],
        source=raw["source"],
        since=raw["since"],
    )


def _read(folder: Folder, known: Iterable[str]) -> Iterator[Statement | Problem]:
    where = f"{folder.name}/{FILE}"
    ids: set[str] = set()
    for number, raw in enumerate(tables(folder.table(FILE), "statements"), start=1):
        here = place(where, name_of(raw, number, "statement"))
        if slips := list(compare(raw, _STATEMENT, here)):
            yield from slips
            continue
        if raw["id"] in ids:
            yield error("S02", here, "This id stands here twice. Rename one.")
        ids.add(raw["id"])
        if raw["source"] not in known:
            yield error("S02", place(here, "source"), "The library has no such document.")
        try:
            yield _statement(raw)
        except re.error as slip:
            yield error("S02", here, f"This is no pattern: {slip}. Mend it.")


def statements(folder: Folder, known: Iterable[str]) -> Found:
    """Read the list of statements of a folder; `known` are the ids of the library."""
    if FILE not in folder.texts:
        missing = error("S02", f"{folder.name}/{FILE}", "The list is missing. Put it back.")
        return Found(statements=(), problems=(missing,))
    found = list(_read(folder, frozenset(known)))
    return Found(
        statements=tuple(one for one in found if isinstance(one, Statement)),
        problems=tuple(one for one in found if isinstance(one, Problem)),
    )


def check_statements(listed: Iterable[Statement], pieces: Iterable[Piece]) -> Iterator[Problem]:
    """Yield a problem for each piece of text that tells one of these statements as a fact."""
    told = [(piece, piece.text.casefold()) for piece in pieces]
    # Of most statements there is no word in any piece; a line end is in none of them.
    said = "\n".join([folded for _piece, folded in told])
    kept = [one for one in listed if any(word in said for word in one.words)]
    for piece, folded in told:
        for one in kept:
            if one.stands_in(piece, folded):
                said = f"This no longer holds ({one.id}, since {one.since}). {one.say} "
                yield error("S01", piece.place, f"{said}Source: {one.source}.")
