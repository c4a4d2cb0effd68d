"""The texts of a folder in pieces that belong together, each with its place. Pure.

A piece is what a reader takes in at once: a paragraph, a point of a list, a row of a table, a
knowledge check, a quiz item with its rationales, one document of the library, one service.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lms.courses.rules.folder import QUIZ_FILE, Folder, ending
from lms.courses.rules.problem import place
from lms.courses.rules.shape import name_of, tables, text

_STANDS_ALONE: Final = re.compile(r"\s*([-*+]|\d{1,3}[.)]|\||#{1,6})\s*")
_FENCE: Final = re.compile(r"\s*```")
_MARKS: Final = re.compile(r"[*_`]|\[@[^\]]*\]")
_HYPHENS: Final = re.compile(r"[\u2010-\u2012\u2212]")
_QUOTE: Final = "\N{RIGHT SINGLE QUOTATION MARK}"


@dataclass(frozen=True)
class Piece:
    """One piece of text; `around` is what a reader sees with it, where that is more."""

    place: str
    text: str
    around: str = ""

    @property
    def context(self) -> str:
        """Return the piece together with what is seen with it."""
        return f"{self.around} {self.text}" if self.around else self.text


def plain(said: str) -> str:
    """Return a text without emphasis, citations, special hyphens and spaces, on one line."""
    bare = _MARKS.sub("", said) if any(mark in said for mark in "*_`[") else said
    if not bare.isascii():
        bare = _HYPHENS.sub("-", bare).replace(_QUOTE, "'")
    return " ".join(bare.split())


def _of_markdown(said: str, where: str) -> Iterator[Piece]:
    begun, is_fenced = 1, False
    lines: list[str] = []
    for number, line in enumerate(said.split("\n"), start=1):
        is_fence = bool(_FENCE.match(line))
        starts = not is_fenced and (is_fence or _STANDS_ALONE.match(line))
        if lines and (starts or not (line.strip() or is_fenced)):
            yield Piece(f"{where} › line {begun}", plain(" ".join(lines)))
            lines = []
        if line.strip():
            begun = begun if lines else number
            lines.append(line)
        is_fenced = is_fenced != is_fence
    if lines:
        yield Piece(f"{where} › line {begun}", plain(" ".join(lines)))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)


def _of_toml(raw: dict[str, Any], where: str) -> Iterator[Piece]:
    for key, value in raw.items():
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            noun = key.removesuffix("s")
            for number, one in enumerate(tables(raw, key), start=1):
                named = place(where, name_of(one, number, noun))
                yield Piece(named, plain(" ".join(_strings(one))))
        else:
            said = plain(" ".join(_strings(value)))
            if said:
                yield Piece(place(where, key), said)


def _of_keys(raw: dict[str, Any], where: str) -> Iterator[Piece]:
    """Yield each right answer with its question only: a rationale may not excuse it."""
    for number, item in enumerate(tables(raw, "items"), start=1):
        for option in tables(item, "options"):
            if option.get("right") is True:
                yield Piece(
                    place(where, name_of(item, number, "item"), "right answer"),
                    plain(text(option, "text")),
                    around=plain(text(item, "stem")),
                )


def pieces(folder: Folder, *, without: frozenset[str] = frozenset()) -> Iterator[Piece]:
    """Yield the texts of a folder, piece by piece; of a drawing, all its words."""
    for path, said in sorted(folder.texts.items()):
        where = f"{folder.name}/{path}"
        if path in without:
            continue
        if ending(path) == "md":
            yield from _of_markdown(said, where)
        elif ending(path) == "toml":
            yield from _of_toml(folder.table(path), where)
            if path == QUIZ_FILE:
                yield from _of_keys(folder.table(path), where)
        elif ending(path) == "svg":
            yield Piece(where, plain(re.sub(r"<[^>]*>", " ", said)))
