"""Set paragraphs of roman and italic words, ragged right; italic phrases never break."""

from dataclasses import dataclass
from functools import lru_cache

from lms.typeset.page import LEFT, Page, Piece
from lms.typeset.shape import Stack, shape, width

Parts = tuple[tuple[str, bool], ...]  # text, whether it is italic


@dataclass(frozen=True, slots=True)
class Measure:
    """How paragraphs are set: faces, size and width in points, leading in em."""

    roman: Stack
    italic: Stack
    size: float
    width: float
    leading: float
    after: float

    def stack(self, *, italic: bool) -> Stack:
        """Answer the faces for a part."""
        return self.italic if italic else self.roman


_Word = list[tuple[str, bool]]


def _words(parts: Parts) -> list[_Word]:
    """Cut parts into words; a word may change its face inside. Italic phrases stay whole.

    A trade mark such as that of a credit system may not break across lines, and those are what is
    set in italics here.
    """
    words: list[_Word] = [[]]
    for text, italic in parts:
        inner = text.strip(" ")
        pieces = [inner] if italic else inner.split(" ")
        if text.startswith(" "):
            words.append([])
        for place, piece in enumerate(pieces):
            if place:
                words.append([])
            if piece:
                words[-1].append((piece, italic))
        if text.endswith(" "):
            words.append([])
    return [word for word in words if word]


@lru_cache(256)
def _lines(parts: Parts, measure: Measure) -> tuple[tuple[_Word, ...], ...]:
    """Fill lines greedily."""
    space = width(shape(" ", measure.roman)) * measure.size
    lines: list[list[_Word]] = [[]]
    used = 0.0
    for word in _words(parts):
        own = measure.size * sum(
            width(shape(text, measure.stack(italic=italic))) for text, italic in word
        )
        if lines[-1] and used + space + own > measure.width:
            lines.append([])
            used = 0.0
        used += own + (space if lines[-1] else 0.0)
        lines[-1].append(word)
    return tuple(tuple(line) for line in lines)


def height(paragraphs: tuple[Parts, ...], measure: Measure) -> float:
    """Answer how far some paragraphs reach from the first baseline to the last, in points."""
    lines = sum(len(_lines(parts, measure)) for parts in paragraphs)
    steps = max(0, lines - 1) * measure.size * measure.leading
    return steps + measure.after * max(0, len(paragraphs) - 1)


@lru_cache(256)
def _set(parts: Parts, measure: Measure) -> tuple[list[Piece], ...]:
    """Answer the lines of a paragraph as they are drawn."""
    lines = _lines(parts, measure)
    last = len(lines) - 1
    return tuple(
        _pieces(line, measure, ends=number == last) for number, line in enumerate(lines)
    )


def _pieces(line: tuple[_Word, ...], measure: Measure, *, ends: bool) -> list[Piece]:
    """Join the words of a line into pieces of one face; a line that goes on keeps its space."""
    joined: list[tuple[str, bool]] = []
    for place, word in enumerate(line):
        for at, (text, italic) in enumerate(word):
            told = (" " if place and not at else "") + text
            if joined and joined[-1][1] == italic:
                joined[-1] = (joined[-1][0] + told, italic)
            else:
                joined.append((told, italic))
    if not ends:
        joined[-1] = (joined[-1][0] + " ", joined[-1][1])
    return [(text, measure.stack(italic=italic), ()) for text, italic in joined]


def paragraph(page: Page, at: tuple[float, float], parts: Parts, measure: Measure) -> float:
    """Set one paragraph inside the open element; answer the baseline of the next one."""
    x, y = at
    for pieces in _set(parts, measure):
        if page.pieces((x, y), pieces, measure.size, LEFT):
            page.elements[-1].actual = plain(parts)
        y -= measure.size * measure.leading
    return y - measure.after


def plain(parts: Parts) -> str:
    """Answer the text of some parts without its faces."""
    return "".join(text for text, _ in parts)
