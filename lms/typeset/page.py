"""One tagged page: text, rules, outlines and a QR code, each marked as content or as artifact."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from lms.typeset import bidi
from lms.typeset.embed import Fonts
from lms.typeset.fit import Fitted
from lms.typeset.fontfile import Face
from lms.typeset.qr import modules
from lms.typeset.shape import Features, Runs, Stack, count, shape, width

Colour = tuple[float, float, float]
Point = tuple[float, float]

LEFT: Final = 0.0
CENTRE: Final = 0.5
RIGHT: Final = 1.0
_DARK: Final = re.compile(b"\1+")
_SMALLEST: Final = 5.0  # pt; below it a line is refused rather than shrunk


class TooWide(ValueError):
    """A line does not fit its place even at the smallest size; ``text`` is the line."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Style(NamedTuple):
    """How a line is set: faces, size in points, colour, features, tracking in points."""

    stack: Stack
    size: float
    colour: Colour
    features: Features = ()
    track: float = 0.0


Piece = tuple[str, Stack, Features]


@dataclass
class Element:
    """One structure element of the page, in reading order."""

    role: str
    alt: str | None = None
    actual: str | None = None
    language: str | None = None
    box: tuple[float, float, float, float] | None = None


class Page:
    """The content of one page; ``operators`` and ``elements`` grow as it is drawn."""

    def __init__(self, width_: float, height: float) -> None:
        self.width, self.height = width_, height
        self.operators: list[str] = []
        self.elements: list[Element] = []
        self.fonts = Fonts()

    @contextmanager
    def tag(self, role: str) -> Iterator[Element]:
        """Mark what is drawn inside as one structure element."""
        element = Element(role)
        self.operators.append(f"/{role} <</MCID {len(self.elements)}>> BDC")
        self.elements.append(element)
        yield element
        self.operators.append("EMC")

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """Mark what is drawn inside as decoration that nobody needs to hear."""
        self.operators.append("/Artifact BMC")
        yield
        self.operators.append("EMC")

    def colour(self, colour: Colour) -> None:
        """Fill what follows with a colour."""
        self.operators.append("{:.3f} {:.3f} {:.3f} rg".format(*colour))

    def path(self, steps: str, colour: Colour) -> None:
        """Fill a path given as operators."""
        self.colour(colour)
        self.operators.append(f"{steps} f")

    def rule(self, start: Point, end: Point, thickness: float, colour: Colour) -> None:
        """Draw a straight line."""
        red, green, blue = colour
        self.operators.append(
            f"{red:.3f} {green:.3f} {blue:.3f} RG {thickness:.2f} w "
            f"{start[0]:.2f} {start[1]:.2f} m {end[0]:.2f} {end[1]:.2f} l S"
        )

    def frame(self, inset: float, thickness: float, colour: Colour) -> None:
        """Draw a rectangle at a distance from the edges of the page."""
        red, green, blue = colour
        self.operators.append(
            f"{red:.3f} {green:.3f} {blue:.3f} RG {thickness:.2f} w {inset:.2f} {inset:.2f} "
            f"{self.width - 2 * inset:.2f} {self.height - 2 * inset:.2f} re S"
        )

    def pieces(
        self, at: Point, pieces: list[Piece], size: float, align: float, track: float = 0.0
    ) -> bool:
        """Set pieces of text on one line; say whether any needs its text told separately."""
        shaped = [shape(text, stack, features) for text, stack, features in pieces]
        widths = [width(runs) * size + track * count(runs) for runs in shaped]
        x = at[0] - align * (sum(widths) - track)
        for runs, own in zip(shaped, widths, strict=True):
            self.operators.append(self.fonts.show((x, at[1]), runs, size, track))
            x += own
        return any(run.is_complex for runs in shaped for run in runs)

    def line(
        self,
        at: Point,
        text: str,
        style: Style,
        align: float = CENTRE,
        within: float | None = None,
    ) -> None:
        """Set one line inside the open element, smaller where it would pass ``within`` points."""
        shrink = 1.0
        if within is not None:
            runs = shape(text, style.stack, style.features)
            own = width(runs) * style.size + style.track * count(runs)
            shrink = min(1.0, within / own) if own else 1.0
        if style.size * shrink < _SMALLEST:
            raise TooWide(text)
        self.colour(style.colour)
        piece = (text, style.stack, style.features)
        if self.pieces(at, [piece], style.size * shrink, align, style.track * shrink):
            self.elements[-1].actual = text

    def block(
        self, centre: float, baseline: float, text: str, fitted: Fitted, stack: Stack
    ) -> None:
        """Set a fitted text, each line centred, inside the open element."""
        base = bidi.base_level(text)
        space = shape(" ", stack)
        for number, (line, drop) in enumerate(zip(fitted.lines, fitted.drops, strict=True)):
            runs = shape(line, stack, (), base)
            half = width(runs) * fitted.size / 2
            y = baseline - drop * fitted.size
            self.operators.append(self.fonts.show((centre - half, y), runs, fitted.size))
            if any(run.is_complex for run in runs):
                self.elements[-1].actual = text
            if number < len(fitted.lines) - 1 and text_has_space_after(text, fitted.lines, number):
                x = centre - half - width(space) * fitted.size if base else centre + half
                self.operators.append(self.fonts.show((x, y), space, fitted.size))

    def outlines(self, at: Point, runs: Runs, size: float, track: float) -> None:
        """Fill letters as paths: a watermark that text extraction does not see."""
        x = at[0] - (width(runs) * size + track * (count(runs) - 1)) / 2
        for run in runs:
            k = size / run.face.upem
            for glyph in run.glyphs:
                steps = _steps(run.face, glyph.number)
                self.operators.append(f"q {k:.5f} 0 0 {k:.5f} {x:.2f} {at[1]:.2f} cm {steps} f Q")
                x += glyph.advance * size / 1000 + track

    def qr(self, at: Point, side: float, data: str, colour: Colour) -> None:
        """Draw a QR code (error correction M) as rectangles inside the open element."""
        rows = modules(data)
        lefts, widths, tops = _squares(at, side, len(rows))
        self.path(
            " ".join(
                f"{lefts[start]} {tops[number]} {widths[stop - start]} {widths[1]} re"
                for number, row in enumerate(rows)
                for start, stop in _dark(row)
            ),
            colour,
        )
        self.elements[-1].box = (at[0], at[1], at[0] + side, at[1] + side)


@lru_cache(512)
def _steps(face: Face, glyph: int) -> str:
    return " ".join(
        " ".join([*(f"{value:.1f}" for value in values), operator])
        for operator, values in face.outline(glyph)
    )


def text_has_space_after(text: str, lines: tuple[str, ...], number: int) -> bool:
    """Say whether a space stood in the text where line ``number`` (from 0) was broken."""
    place = 0
    for line in lines[: number + 1]:
        place = text.index(line, place) + len(line)
    return text[place : place + 1] == " "


@lru_cache(16)
def _squares(at: Point, side: float, size: int) -> tuple[list[str], list[str], list[str]]:
    """Write where the modules of a code begin and how wide so many are, and where rows begin."""
    unit = side / size
    return (
        [f"{at[0] + number * unit:.3f}" for number in range(size)],
        [f"{number * unit:.3f}" for number in range(size + 1)],
        [f"{at[1] + side - (number + 1) * unit:.3f}" for number in range(size)],
    )


def _dark(row: bytes) -> list[tuple[int, int]]:
    """Answer the half-open stretches of dark modules in a row."""
    return [found.span() for found in _DARK.finditer(row)]
