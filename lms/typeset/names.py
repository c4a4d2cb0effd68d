"""Decide whether and how a name or a title can be printed; one rule for forms and the page."""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from lms.typeset.faces import Faces, Role
from lms.typeset.fit import Box, Fitted, TooLong, fit
from lms.typeset.shape import JOINERS, NoGlyph

__all__ = ["NAME_BOX", "TITLE_BOX", "Box", "Printable", "Unprintable", "printable"]

NAME_BOX: Final = Box("name", Role.NAME, 620, 50, 35, 13, 1.08, 3, 120)
TITLE_BOX: Final = Box(
    "title", Role.MEDIUM, 560, 50, 20, 8.5, 1.2, 4, 200, frozenset("™©®°")
)  # fmt: skip

_QUIET: Final = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2060\ufeff\u00ad\u061c"))
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "So", "Sk"})
_VARIATIONS: Final = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF), (0x180B, 0x180F))
_MARKS: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_HEAP: Final = re.compile(f"[{_MARKS}]{{3}}")
_VIRAMA: Final = 9
# A text inside a sentence of ours may lean on these; a name alone may not.
_PLAIN: Final = Box("text", Role.TEXT, 1e6, 1e6, 10, 0.1, 1.2, 1, 10_000, frozenset("™©®°"))


class Unprintable(ValueError):
    """A text cannot be printed; the message is a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Printable:
    """A text as it will be printed: cleaned, its size in points and its lines."""

    text: str
    size: float
    lines: tuple[str, ...]
    fitted: Fitted


def printable(text: str, box: Box, faces: Faces, *, locale: str | None = None) -> Printable:
    """Clean a text and fit it into a box; raise ``Unprintable`` naming what is wrong."""
    cleaned = _cleaned(text, box)
    stack = faces.stack(box.role, cleaned, locale)
    try:
        fitted = fit(cleaned, stack, box)
    except NoGlyph as problem:
        raise Unprintable(_no_glyph(problem, box)) from problem
    except TooLong as problem:
        raise Unprintable(
            f"This {box.noun} is too long to print on one certificate. Shorten it."
        ) from problem
    return Printable(cleaned, fitted.size, fitted.lines, fitted)


def printable_line(text: str, noun: str, faces: Faces) -> str:
    """Clean a short text such as the issuer's name or a statement; raise ``Unprintable``."""
    return printable(text, replace(_PLAIN, noun=noun), faces).text


# A name is asked after when it is shown, confirmed, recorded and drawn, all in a minute.
@lru_cache(256)
def _cleaned(text: str, box: Box) -> str:
    """Drop invisible marks, compose, fold white space, and refuse what no certificate prints."""
    cleaned = " ".join(unicodedata.normalize("NFC", text.translate(_QUIET)).split())
    if not cleaned:
        raise Unprintable(f"The {box.noun} is empty. Type it as it should be printed.")
    if len(cleaned) > box.longest:
        raise Unprintable(
            f"This {box.noun} has {len(cleaned)} characters; at most {box.longest} can be "
            "printed. Shorten it."
        )
    for place, character in enumerate(cleaned):
        if unicodedata.category(character)[0] == "M" and cleaned[place - 1 : place] in ("", " "):
            raise Unprintable(_baseless(character, box))
        if not _is_allowed(cleaned, place, box):
            raise Unprintable(
                f"The character {_shown(character)} cannot be printed in the {box.noun}. "
                "Leave it out."
            )
    if not any(unicodedata.category(character)[0] == "L" for character in cleaned):
        raise Unprintable(f"The {box.noun} has no letter. Type it as it should be printed.")
    heap = _HEAP.search(cleaned)
    if heap:
        raise Unprintable(
            f"Three accents stand on one letter ({_shown(heap.group(0)[0])} is the first of "
            f"them). Leave out those that do not belong to the {box.noun}."
        )
    return cleaned


def _is_allowed(text: str, place: int, box: Box) -> bool:
    """Say whether the character at a place may be printed at all."""
    character = text[place]
    if character in box.allowed:
        return True
    if character in JOINERS:
        return _may_join(text, place)
    if any(low <= ord(character) <= high for low, high in _VARIATIONS):
        return False
    return unicodedata.category(character) not in _REFUSED


def _may_join(text: str, place: int) -> bool:
    """Say whether a joiner stands where a script needs one: after Arabic or a virama."""
    before = text[place - 1] if place else ""
    return bool(before) and (
        unicodedata.bidirectional(before) == "AL" or unicodedata.combining(before) == _VIRAMA
    )


def _shown(character: str) -> str:
    """Show a character to a person: itself where that is safe, its number and its name."""
    name = unicodedata.name(character, "")
    number = f"U+{ord(character):04X} {name}".strip()
    kind = unicodedata.category(character)
    if kind[0] in "CZ":
        return f"{number or 'unknown'} (invisible)" if kind in ("Cf", "Cc", "Zl", "Zp") else number
    if kind[0] == "M":
        return number
    return f"“{character}” ({number})"


def _no_glyph(problem: NoGlyph, box: Box) -> str:
    """Say which character has no glyph and what can be done."""
    culprit = next((c for c in problem.part if c not in JOINERS), problem.part[:1])
    if problem.baseless:
        return _baseless(culprit, box)
    return (
        f"The character {_shown(culprit)} cannot be printed, because no font here has it. "
        f"Write the {box.noun} in another script, or ask the administrator to install a font "
        "for it."
    )


def _baseless(mark: str, box: Box) -> str:
    """Say that a mark has no letter under it."""
    return (
        f"The mark {_shown(mark)} stands without a letter to carry it. "
        f"Leave it out of the {box.noun} or type the letter before it."
    )
