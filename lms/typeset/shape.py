"""Turn a line of text into positioned glyphs: choose faces, find directions, let HarfBuzz shape."""

import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import uharfbuzz as hb

from lms.typeset import bidi
from lms.typeset.fontfile import Face

Stack = tuple[Face, ...]
Features = tuple[tuple[str, bool], ...]

LINING: Final[Features] = (("lnum", True),)
SMALL_CAPITALS: Final[Features] = (("smcp", True), ("c2sc", True), ("lnum", True))
JOINERS: Final = "\u200c\u200d"
_DOTTED_CIRCLE: Final = 0x25CC
_VIRAMA: Final = 9  # canonical combining class


class NoGlyph(ValueError):
    """No face of the stack can print a part of the text; ``part`` holds it."""

    def __init__(self, part: str, *, baseless: bool = False) -> None:
        super().__init__(part)
        self.part = part
        self.baseless = baseless


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph: width and offsets in thousandths of an em; ``text`` is what it stands for."""

    number: int
    advance: float
    right: float
    up: float
    text: str


# The lines that are kept share the glyphs that come again and again.
_glyph: Final = lru_cache(4096)(Glyph)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Glyphs of one face and one direction, in the order in which they stand on paper."""

    face: Face
    level: int
    text: str
    glyphs: tuple[Glyph, ...] = ()
    width: float = 0.0
    is_complex: bool = False

    @property
    def is_rtl(self) -> bool:
        """Say whether the run reads from right to left."""
        return self.level % 2 == 1


Runs = tuple[Run, ...]


def clusters(text: str) -> Iterator[str]:
    """Cut a text into pieces that must share a face and a line: a base with marks and joiners."""
    piece = ""
    for character in text:
        joined = piece and (
            unicodedata.category(character) in ("Mn", "Mc", "Me")
            or character in JOINERS
            or piece[-1] == "\u200d"
            or (unicodedata.combining(piece[-1]) == _VIRAMA and character.isalpha())
        )
        if piece and not joined:
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _pick(cluster: str, stack: Stack, last: Face | None) -> Face:
    """Choose the first face that has a cluster's characters; a space stays with its neighbour."""
    if last is not None and cluster.isspace() and last.has(" "):
        return last
    visible = cluster.replace("\u200c", "").replace("\u200d", "")
    for form in (visible, unicodedata.normalize("NFD", visible)):
        for face in stack:
            if face.has(form):
                return face
    raise NoGlyph(cluster)


def _runs(text: str, stack: Stack, base: int | None) -> list[Run]:
    """Cut a line into runs of one face and one level, in logical order."""
    if text.isascii() and text and not base and stack[0].plain.issuperset(text):
        return [Run(stack[0], 0, text)]
    found: list[Run] = []
    levels = bidi.levels(text, base)
    place, face = 0, None
    for cluster in clusters(text):
        face = _pick(cluster, stack, face)
        level = levels[place]
        if found and found[-1].face is face and found[-1].level == level:
            found[-1] = Run(face, level, found[-1].text + cluster)
        else:
            found.append(Run(face, level, cluster))
        place += len(cluster)
    return found


def _shape_run(run: Run, features: Features) -> Run:
    """Shape one run; raise NoGlyph for what the face cannot draw after shaping."""
    buffer = hb.Buffer()
    buffer.add_str(run.text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if run.is_rtl else "ltr"
    buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
    hb.shape(run.face.font, buffer, dict(features))
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    starts = [*sorted({info.cluster for info in infos}), len(run.text)]
    spans = {a: run.text[a:z] for a, z in itertools.pairwise(starts)}
    circle = run.face.glyph(_DOTTED_CIRCLE) if chr(_DOTTED_CIRCLE) not in run.text else None
    k = 1000 / run.face.upem
    seen: set[int] = set()
    glyphs: list[Glyph] = []
    for info, position in zip(infos, positions, strict=True):
        if info.codepoint == 0:
            raise NoGlyph(spans[info.cluster])
        if info.codepoint == circle:
            raise NoGlyph(spans[info.cluster], baseless=True)
        told = "" if info.cluster in seen else spans[info.cluster]
        seen.add(info.cluster)
        glyphs.append(
            _glyph(
                info.codepoint,
                position.x_advance * k,
                position.x_offset * k,
                position.y_offset * k,
                told,
            )
        )
    return Run(
        run.face,
        run.level,
        run.text,
        tuple(glyphs),
        sum(glyph.advance for glyph in glyphs),
        run.is_rtl or len(seen) < len(glyphs),
    )


@lru_cache(4096)
def shape(text: str, stack: Stack, features: Features = (), base: int | None = None) -> Runs:
    """Shape one line and answer its runs from left to right; raise ``NoGlyph``."""
    line = unicodedata.normalize("NFC", text)
    return tuple(_shape_run(run, features) for run in bidi.visual(_runs(line, stack, base)))


def width(runs: Runs) -> float:
    """Answer the width of a shaped line in em."""
    return sum(run.width for run in runs) / 1000


def count(runs: Runs) -> int:
    """Answer how many glyphs a shaped line has."""
    return sum(len(run.glyphs) for run in runs)


@lru_cache(4096)
def ink(runs: Runs) -> tuple[float, float]:
    """Answer how far the ink of a line reaches above and below its baseline, both in em, >= 0."""
    above = below = 0.0
    for run in runs:
        for glyph in run.glyphs:
            high, low = run.face.reach(glyph.number)
            if high or low:
                above = max(above, high + glyph.up)
                below = max(below, -(low + glyph.up))
    return above / 1000, below / 1000
