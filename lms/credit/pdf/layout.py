"""Lay a transcript out on pages of US Letter: who, what, when, how much, and what it adds up to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lms.credit.pdf.document import Node, finish
from lms.typeset.embed import Fonts
from lms.typeset.faces import Faces, Role
from lms.typeset.metadata import Metadata
from lms.typeset.page import LEFT, RIGHT, Colour, Element, Page, Style
from lms.typeset.paragraph import Measure, height, paragraph
from lms.typeset.shape import LINING, SMALL_CAPITALS

_WIDTH, _HEIGHT = 612.0, 792.0  # US Letter in points; y grows upwards
_LEFT, _RIGHT, _TOP, _FOOT = 54.0, 558.0, 738.0, 72.0

_INK: Final[Colour] = (0.11, 0.10, 0.09)
_TEAL: Final[Colour] = (0.07, 0.33, 0.36)
_GREY: Final[Colour] = (0.36, 0.34, 0.31)
_HAIR: Final[Colour] = (0.62, 0.58, 0.51)

_HEADS: Final = ("Activity", "Completed", "Certificate", "Hours")
_EDGES: Final = (_LEFT, 318.0, 406.0, _RIGHT)
_TITLE_WIDTH: Final = 252.0
_PROOF_WIDTH: Final = 112.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One activity, as it is listed."""

    title: str
    about: str  # format and version; what became of the certificate
    completed: str
    serial: str
    code: str
    hours: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Everything a transcript prints."""

    name: str
    name_locale: str | None
    issuer: str
    issuer_line: str
    period: str
    stated: str  # "As recorded on …"
    rows: tuple[Row, ...]
    totals: tuple[tuple[str, str], ...]  # (label, hours)
    notes: tuple[str, ...]
    made_at: datetime
    language: str = "en-US"


def draw(listing: Listing, faces: Faces) -> bytes:
    """Draw a transcript; the same listing gives the same bytes.

    Raises lms.typeset.shape.NoGlyph for a text that no face here can print.
    """
    layout = _Layout(listing, faces)
    layout.head()
    layout.table()
    layout.close()
    layout.number_pages()
    metadata = Metadata(
        f"Transcript of {listing.name}", listing.issuer, listing.language, listing.made_at
    )
    return finish(layout.pages, layout.tree, metadata, repr(listing).encode())


class _Layout:
    """Pages as they fill; `y` is the baseline that comes next."""

    def __init__(self, listing: Listing, faces: Faces) -> None:
        self.listing, self.faces = listing, faces
        self.fonts = Fonts()
        self.pages: list[Page] = []
        self.tree = Node("Document")
        self.y = _TOP
        self._turn()

    def _turn(self) -> None:
        page = Page(_WIDTH, _HEIGHT)
        page.fonts = self.fonts
        with page.artifact():
            page.path(f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f} re", (1, 1, 1))
        self.pages.append(page)
        self.y = _TOP

    @property
    def page(self) -> Page:
        return self.pages[-1]

    def _style(
        self, role: Role, size: float, colour: Colour = _INK, *, caps: bool = False
    ) -> Style:
        features = SMALL_CAPITALS if caps else LINING
        return Style(self.faces.stack(role), size, colour, features, 0.8 if caps else 0.0)

    @contextmanager
    def _tag(self, role: str, parent: Node, *, scope: str = "") -> Iterator[Node]:
        with self.page.tag(role) as element:
            place = (len(self.pages) - 1, len(self.page.elements) - 1)
            yield parent.add(Node(role, scope=scope, element=element, place=place))

    def _say(
        self, text: str, style: Style, *, x: float = _LEFT, role: str = "P",
        align: float = LEFT, within: float = _RIGHT - _LEFT, parent: Node | None = None,
    ) -> None:  # fmt: skip
        with self._tag(role, parent or self.tree):
            self.page.line((x, self.y), text, style, align, within)

    def _measure(self, size: float, width: float) -> Measure:
        roman, italic = self.faces.stack(Role.TEXT), self.faces.stack(Role.ITALIC)
        return Measure(roman, italic, size, width, 1.25, 0.0)

    def head(self) -> None:
        """Set who issues this, what it is, whose it is and until when it tells."""
        one = self.listing
        self._say(one.issuer, self._style(Role.MEDIUM, 11, _TEAL, caps=True))
        if one.issuer_line:
            self.y -= 13
            self._say(one.issuer_line, self._style(Role.TEXT, 8.5, _GREY))
        self.y -= 44
        self._say("Transcript", self._style(Role.HEADING, 30), role="H1")
        self.y -= 30
        stack = self.faces.stack(Role.NAME, one.name, one.name_locale)
        with self._tag("P", self.tree) as node:
            self.page.line((_LEFT, self.y), one.name, Style(stack, 18, _INK), LEFT, 504)
            if node.element is not None:
                node.element.language = one.name_locale
        self.y -= 16
        self._say(f"{one.period}. {one.stated}", self._style(Role.ITALIC, 9.5, _GREY))
        self.y -= 34

    def table(self) -> None:
        """Set one row for each activity; the heads are repeated on each page."""
        if not self.listing.rows:
            self._say("Nothing was completed in this time.", self._style(Role.TEXT, 10.5))
            self.y -= 24
            return
        table = self.tree.add(Node("Table"))
        row = table.add(Node("TR"))
        for head, x in zip(_HEADS, _EDGES, strict=True):
            with self._tag("TH", row, scope="Column"):
                self._head(head, x)
        self._rule()
        for one in self.listing.rows:
            self._row(one, table)

    def _head(self, text: str, x: float) -> None:
        style = self._style(Role.TEXT, 8.5, _GREY, caps=True)
        align = RIGHT if x == _RIGHT else LEFT
        self.page.line((x, self.y), text, style, align, _TITLE_WIDTH)

    def _rule(self) -> None:
        with self.page.artifact():
            self.page.rule((_LEFT, self.y - 6), (_RIGHT, self.y - 6), 0.35, _HAIR)
        self.y -= 20

    def _row(self, one: Row, table: Node) -> None:
        title, about = self._measure(10, _TITLE_WIDTH), self._measure(8, _TITLE_WIDTH)
        titled, told = ((one.title, False),), ((one.about, False),)
        depth = height((titled,), title) + 12 + (height((told,), about) if one.about else 0)
        if self.y - depth < _FOOT + 20:
            self._turn()
            with self.page.artifact():
                for head, x in zip(_HEADS, _EDGES, strict=True):
                    self._head(head, x)
            self._rule()
        top, row = self.y, table.add(Node("TR"))
        with self._tag("TH", row, scope="Row"):
            self.page.colour(_INK)
            below = paragraph(self.page, (_LEFT, top), titled, title)
            if one.about:
                self.page.colour(_GREY)
                below = paragraph(self.page, (_LEFT, below), told, about)
        plain, small = self._style(Role.TEXT, 10), self._style(Role.TEXT, 7.5, _GREY)
        with self._tag("TD", row):
            self.page.line((_EDGES[1], top), one.completed, plain, LEFT, 84)
        with self._tag("TD", row):
            self.page.line((_EDGES[2], top), f"{one.serial} ", plain, LEFT, _PROOF_WIDTH)
            if one.code:
                self.page.line((_EDGES[2], top - 11), one.code, small, LEFT, _PROOF_WIDTH)
        with self._tag("TD", row):
            self.page.line((_RIGHT, top), one.hours, plain, RIGHT, 60)
        self.y = min(below, top - 23 if one.code else top - 12)
        self.y += 8
        self._rule()

    def close(self) -> None:
        """Set the sums, and what a reader must know of them."""
        measure = self._measure(8.5, _RIGHT - _LEFT)
        notes = tuple(((note, False),) for note in self.listing.notes)
        if self.y - 15 * len(self.listing.totals) - height(notes, measure) - 30 < _FOOT:
            self._turn()
        for label, hours in self.listing.totals:
            with self._tag("P", self.tree) as node:
                style = self._style(Role.MEDIUM, 10)
                self.page.line((_EDGES[1], self.y), f"{label} ", style, LEFT, 180)
                self.page.line((_RIGHT, self.y), hours, style, RIGHT, 60)
                if node.element is not None:
                    node.element.actual = f"{label} {hours} hours"
            self.y -= 15
        self.y -= 12
        for note in notes:
            with self._tag("P", self.tree):
                self.page.colour(_GREY)
                self.y = paragraph(self.page, (_LEFT, self.y), note, measure)
            self.y -= 4

    def number_pages(self) -> None:
        """Set the number at each foot, once it's known how many there are."""
        style = self._style(Role.TEXT, 8, _GREY)
        text = f"Transcript of {self.listing.name}"
        stack = self.faces.stack(Role.TEXT, text, self.listing.name_locale)
        for number, page in enumerate(self.pages, 1):
            # A line leaves its text with the last element where letters need it; an artifact has
            # none, so one is lent to it.
            page.elements.append(Element("Artifact"))
            with page.artifact():
                page.line((_LEFT, 44), text, style._replace(stack=stack), LEFT, 380)
                page.line((_RIGHT, 44), f"Page {number} of {len(self.pages)}", style, RIGHT, 100)
            page.elements.pop()
