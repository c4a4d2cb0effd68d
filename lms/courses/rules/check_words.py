"""Check the words of a course: the avoid-list, and texts of the template still to be written."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lms.courses.rules.problem import Problem, error, place
from lms.courses.rules.shape import name_of

PLACEHOLDER: Final = "WRITE:"

# Pattern, then what to write instead. "John" with a capital is a name.
_AVOID: Final = tuple(
    (re.compile(pattern, flags), instead)
    for pattern, flags, instead in (
        (r"\bprostitut(?:e|es|ed)\b", re.I, "say what happens to the person, such as exploited"),
        (r"\bpimps?\b", re.I, "write exploiter or trafficker"),
        (r"\bjohns?\b", 0, "write buyer"),
        (
            r"(?<!fire and )(?<!fire & )\brescu(?:e|es|ed|er|ers|ing)\b"
            r"(?! breath| inhaler| medicat| dose| squad| team)",
            re.I,
            "write help, leave or reach safety: the aim is health, safety and choice",
        ),
        (r"\bmodern[- ]day slaves?\b", re.I, "write person who has experienced trafficking"),
        (r"\binnocent victims?\b", re.I, "write person or survivor: nobody must earn help"),
        (r"\bvoiceless\b", re.I, "say who is not listened to"),
        (
            r"\bbroken (?:person|people|child|children|girl|boy|wom[ae]n|m[ae]n|patient|survivor"
            r"|victim|soul|li(?:fe|ves)|spirit|famil)\w*|\b(?:is|are|was|were|feels?|been) broken\b"
            r"(?! (?:down|off|up|into))",
            re.I,
            "say what was done to the person",
        ),
        (r"\bnon-?complian(?:t|ce)\b", re.I, "say what kept the patient from it"),
        (r"\balleged(?:ly)?\b", re.I, "write says or reports, for what a patient tells"),
    )
)
# Whatever a pattern finds has one of these in it, in small letters; most texts have none.
_STEMS: Final = (
    "prostitut", "pimp", "john", "rescu", "slave", "innocent", "voiceless", "broken", "complian",
    "alleged",
)  # fmt: skip
# Patterns that don't ask for capitals take these for an i, as nothing else does.
_DOTTED_I: Final = "\u0130"
_DOTLESS_I: Final = "\u0131"
# Titles in italics and passages in quotation marks are other people's words.
_QUOTED = re.compile(r"“[^“”]*”|\"[^\"\n]*\"|‘[^‘’]{2,}’(?!\w)|`[^`]*`|\*[^*\n]+\*")
_TITLE_WORDS = 3
# What sources are called and who people are is not ours to change; ids and addresses aren't read.
_UNREAD: Final = frozenset({"references", "people", "id", "file", "url", "key", "lesson", "to"})


def _without(quoted: re.Match[str]) -> str:
    # A word or two in italics are stressed; three or more are taken for a title.
    stressed = quoted[0].startswith("*") and len(quoted[0].split()) < _TITLE_WORDS
    return quoted[0] if stressed else " "


def _folded(text: str) -> str:
    """Return a text in small letters, so that a stem is in it wherever a pattern finds a word."""
    return text.replace(_DOTTED_I, "i").replace(_DOTLESS_I, "i").casefold()


def check_text(text: str, where: str) -> Iterator[Problem]:
    """Yield a problem for every word of the avoid-list in a text, quotations left out."""
    folded = _folded(text)
    if not any(stem in folded for stem in _STEMS):
        return
    own = _QUOTED.sub(_without, text)
    for pattern, instead in _AVOID:
        for found in pattern.finditer(own):
            yield error(
                "C25",
                where,
                f"{found[0]!r} is on the list of words to avoid; {instead}. A quotation stands in "
                "quotation marks.",
            )


def check_placeholder(text: str, where: str) -> Iterator[Problem]:
    """Yield a problem when a text of the template was not replaced."""
    if PLACEHOLDER in text:
        yield error("C28", where, f"The template's {PLACEHOLDER!r} stands here. Write the text.")


def check_words(value: Any, where: str, noun: str = "") -> Iterator[Problem]:
    """Yield a problem for every word to avoid, and every placeholder, in the texts of a table."""
    if isinstance(value, str):
        yield from check_text(value, where)
        yield from check_placeholder(value, where)
    elif isinstance(value, list):
        for number, one in enumerate(value, start=1):
            named = name_of(one, number, noun) if isinstance(one, Mapping) else f"entry {number}"
            yield from check_words(one, place(where, named))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key not in _UNREAD:
                lists = isinstance(one, list) and any(isinstance(own, Mapping) for own in one)
                inside = where if lists else place(where, key)
                yield from check_words(one, inside, key.removesuffix("s"))
            elif key in {"references", "people"}:
                yield from _placeholders(one, place(where, key))


def _placeholders(value: Any, where: str) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from check_placeholder(value, where)
    elif isinstance(value, list):
        for one in value:
            yield from _placeholders(one, where)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _placeholders(one, where)
