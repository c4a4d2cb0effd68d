"""Fit a text into a box: the largest size in the fewest balanced lines, computed and not tried."""

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lms.typeset import bidi
from lms.typeset.faces import Role
from lms.typeset.shape import Stack, clusters, ink, shape, width

_IDEOGRAPH: Final = re.compile(
    "[\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_BREAK_AFTER: Final = "-/\u2010\u2013\u2014"
# Closing marks may not begin a line, opening ones may not end it (the heart of the kinsoku rules).
_NOT_FIRST: Final = frozenset(
    "、。，．：；？！）］｝」』】〉》〕〗・ー々ゝゞヽヾ·,.;:?!)]}"
    "ァィゥェォッャュョヮヵヶぁぃぅぇぉっゃゅょゎゕゖ"
)
_NOT_LAST: Final = frozenset("（［｛「『【〈《〔〖([{")
_STEP: Final = 8  # sizes are multiples of 1/8 pt
_PREFER: Final = 0.72  # fewer lines win while their size is at least this part of the best
_GAP: Final = 0.04  # em of white kept between the inks of two lines


@dataclass(frozen=True, slots=True)
class Box:
    """A place for a text; lengths in points, leading in em."""

    noun: str
    role: Role
    width: float
    height: float
    largest: float
    smallest: float
    leading: float
    lines: int
    longest: int
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text that fits: size in points, lines in reading order, and where each line stands.

    ``drops`` holds, for each line, the distance of its baseline below the first one, in em;
    ``above`` and ``below`` how far ink leaves the first and the last baseline, in em.
    """

    size: float
    lines: tuple[str, ...]
    drops: tuple[float, ...]
    above: float
    below: float

    @property
    def height(self) -> float:
        """Answer the height of the set text in points: its ink, at least one em for one line."""
        return self.size * (max(1.0, self.above + self.below) + self.drops[-1])

    def first_baseline(self, top: float, height: float) -> float:
        """Answer the first baseline that centres the text in a box, its ink kept inside."""
        middle = top - (height - self.size * (1 + self.drops[-1])) / 2 - self.size * 0.76
        inside = min(middle, top - self.above * self.size)
        return max(inside, top - height + (self.drops[-1] + self.below) * self.size)


class TooLong(ValueError):
    """A text is too long for its box even at the smallest size."""


_Chunk = tuple[str, bool]  # text without a break chance; whether a space stands before it


def _word_chunks(word: str) -> list[str]:
    """Cut a word at its break chances: after hyphen, slash or dash, and around ideographs."""
    found: list[str] = []
    joined = ""
    for cluster in clusters(word):
        wide = _IDEOGRAPH.match(cluster) is not None
        glue = cluster[0] in _NOT_FIRST or (joined and joined[-1] in _NOT_LAST)
        if joined and not glue and (wide or _IDEOGRAPH.match(joined[-1])):
            found.append(joined)
            joined = ""
        joined += cluster
        if cluster in _BREAK_AFTER and len(joined) > 3:
            found.append(joined)
            joined = ""
    return [*found, joined] if joined else found


def _split_long(chunk: str, stack: Stack, limit: float) -> list[str]:
    """Cut a chunk wider than ``limit`` em between clusters."""
    if width(shape(chunk, stack)) <= limit:
        return [chunk]
    found: list[str] = []
    part = ""
    for cluster in clusters(chunk):
        if part and width(shape(part + cluster, stack)) > limit * 0.98:
            found.append(part)
            part = ""
        part += cluster
    return [*found, part]


def _chunks(text: str, stack: Stack, limit: float) -> list[_Chunk]:
    """Cut a text at every break chance; nothing is wider than ``limit`` em."""
    found: list[_Chunk] = []
    for place, word in enumerate(text.split(" ")):
        parts = [part for chunk in _word_chunks(word) for part in _split_long(chunk, stack, limit)]
        found += [(part, place > 0 and at == 0) for at, part in enumerate(parts)]
    return found


class _Breaker:
    """Break chunks into lines whose widest line is as narrow as possible (dynamic programme)."""

    def __init__(self, chunks: list[_Chunk], widths: list[float], space: float) -> None:
        self.chunks = chunks
        self.gaps = [space if spaced else 0.0 for _, spaced in chunks]
        self.sums = [0.0]
        for own, gap in zip(widths, self.gaps, strict=True):
            self.sums.append(self.sums[-1] + own + gap)
        self.rows = [[(self._cost(0, end), 0) for end in range(1, len(chunks) + 1)]]

    def _cost(self, start: int, end: int) -> float:
        return self.sums[end] - self.sums[start] - self.gaps[start]

    def _grow(self) -> None:
        """Add the row for one line more."""
        last, row = self.rows[-1], []
        for end in range(1, len(self.chunks) + 1):
            ways = ((max(last[cut - 1][0], self._cost(cut, end)), cut) for cut in range(1, end))
            row.append(min(ways, default=(float("inf"), 0)))
        self.rows.append(row)

    def lines(self, number: int) -> tuple[str, ...]:
        """Answer the text in ``number`` lines."""
        while len(self.rows) < number:
            self._grow()
        cuts = [len(self.chunks)]
        for row in range(number - 1, 0, -1):
            cuts.append(self.rows[row][cuts[-1] - 1][1])
        cuts.append(0)
        cuts.reverse()
        return tuple(self._join(a, z) for a, z in itertools.pairwise(cuts))

    def _join(self, start: int, end: int) -> str:
        parts = self.chunks[start:end]
        return "".join(
            (" " if spaced and at else "") + text for at, (text, spaced) in enumerate(parts)
        )


def _measure(text: str, lines: tuple[str, ...], stack: Stack, box: Box) -> Fitted:
    """Find the size at which some lines just fill the box."""
    base = bidi.base_level(text)
    shaped = [shape(line, stack, (), base) for line in lines]
    inks = [ink(line) for line in shaped]
    drops = [0.0]
    for (_, below), (above, _) in itertools.pairwise(inks):
        drops.append(drops[-1] + max(box.leading, below + above + _GAP))
    above, below = inks[0][0], inks[-1][1]
    widest = max(max(width(line) for line in shaped), 0.001)
    height = max(1.0, above + below) + drops[-1]
    size = min(box.largest, box.width / widest, box.height / height)
    return Fitted(int(size * _STEP) / _STEP, lines, tuple(drops), above, below)


@lru_cache(4096)
def fit(text: str, stack: Stack, box: Box) -> Fitted:
    """Fit a cleaned text (single spaces) into a box.

    Among one line to ``box.lines`` lines it takes the fewest whose size is at least 0.72 of the
    best. Raises ``TooLong`` below ``box.smallest``, and ``NoGlyph``.
    """
    chunks = _chunks(text, stack, box.width / box.smallest)
    widths = [width(shape(chunk, stack)) for chunk, _ in chunks]
    breaker = _Breaker(chunks, widths, width(shape(" ", stack)))
    ways = [
        _measure(text, breaker.lines(number), stack, box)
        for number in range(1, min(box.lines, len(chunks)) + 1)
    ]
    best = max(way.size for way in ways)
    if best < box.smallest:
        raise TooLong(text)
    enough = max(box.smallest, best * _PREFER)
    return next(way for way in ways if way.size >= enough)
