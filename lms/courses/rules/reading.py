"""How easily a text is read: the grade after Flesch and Kincaid."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lms.courses.rules import markdown

_SENTENCE_END: Final = re.compile(r"[.!?]+[\"'”’)]*\s+|\n+")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'’]*")
_VOWELS: Final = re.compile(r"[aeiouy]+")
# Two vowels that are spoken apart, as in "create", "medium", "idea", "being" and "experience".
_APART: Final = re.compile(
    r"ia(?![ln]$)|io(?!n)|iu|ea(?=t[ei])|(?<=[a-z]{2})ea$|eo(?!p)|ui(?=n|ty)|[^q]ua(?!r)"
    r"|ying|oing|eing|(?<![tc])ie(?=nc|t$)"
)
_SILENT_E: Final = re.compile(r"(?<![aeiouyl])e$|[^t]le(?<=[aeiou]le)$")
_SILENT_ES: Final = re.compile(r"(?<![sczxgh])(?<![aeiouyl])es$|(?<=[aeiou]l)es$")
_SILENT_ED: Final = re.compile(r"(?<![td])(?<![aeiouy])ed$")
_SHORT = 3
_SENTENCE_LEAST = 3


def syllables(word: str) -> int:
    """Estimate the syllables of an English word: groups of vowels, less those that are silent."""
    bare = re.sub(r"[^a-z]", "", word.lower())
    if len(bare) <= _SHORT:
        return 1
    count = len(_VOWELS.findall(bare)) + len(_APART.findall(bare))
    count -= any(silent.search(bare) for silent in (_SILENT_E, _SILENT_ES, _SILENT_ED))
    return max(count, 1)


def _sentences(texts: Iterable[str]) -> Iterator[list[str]]:
    for text in texts:
        for sentence in _SENTENCE_END.split(text):
            words = _WORD.findall(sentence)
            if len(words) >= _SENTENCE_LEAST:
                yield words


def grade(texts: Iterable[str]) -> float | None:
    """Return the school grade of the United States at which texts are read, or None for no text.

    0.39 x words per sentence + 11.8 x syllables per word - 15.59 (J. P. Kincaid and others,
    1975). Numbers are not words; fewer than three words are no sentence.
    """
    sentences = list(_sentences(texts))
    words = [word for sentence in sentences for word in sentence]
    if not words:
        return None
    spoken = sum(syllables(word) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * spoken / len(words) - 15.59


def prose(page: str) -> list[str]:
    """Return the paragraphs and list entries of a page; headings and tables are no prose."""
    parsed = markdown.read(page)
    return [
        markdown.plain_text(token)
        for at, token in enumerate(parsed)
        if token.type == "inline" and parsed[at - 1].type == "paragraph_open"
    ]
