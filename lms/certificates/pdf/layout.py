"""Lay out a certificate: from frozen facts to a tagged PDF page that waits for its signature."""

import itertools
from dataclasses import dataclass
from typing import Final

from lms.certificates.pdf.facts import Facts
from lms.typeset.document import ROOM, Attachment, finish
from lms.typeset.faces import Faces, Role
from lms.typeset.fit import Fitted
from lms.typeset.metadata import Metadata
from lms.typeset.names import NAME_BOX, TITLE_BOX, Printable, Unprintable, printable
from lms.typeset.page import CENTRE, LEFT, RIGHT, Colour, Page, Piece, Point, Style, TooWide
from lms.typeset.paragraph import Measure, Parts, height, paragraph, plain
from lms.typeset.shape import LINING, SMALL_CAPITALS, NoGlyph, shape, width

_WIDTH, _HEIGHT = 792.0, 612.0  # US Letter, landscape, in points; y grows upwards
_CENTRE: Final = _WIDTH / 2
_LEFT, _RIGHT = 72.0, 720.0

_WHITE: Final[Colour] = (1, 1, 1)
_INK: Final[Colour] = (0.11, 0.10, 0.09)
_TEAL: Final[Colour] = (0.07, 0.33, 0.36)
_GREY: Final[Colour] = (0.36, 0.34, 0.31)
_HAIR: Final[Colour] = (0.62, 0.58, 0.51)
_BRICK: Final[Colour] = (0.55, 0.22, 0.15)
_PALE: Final[Colour] = (0.94, 0.947, 0.943)

_STATEMENTS_LEFT, _STATEMENTS_TOP, _STATEMENTS_WIDTH = 262.0, 175.0, 330.0
_STATEMENTS_DEPTH: Final = 116.0  # pt between the first baseline and the last
_STATEMENT_SIZES: Final = (8.0, 7.5, 7.0)  # pt
_CREDIT_SIZE: Final = 14.5
_CREDIT_DROP: Final = 27.0  # pt from the foot of the title to the baseline of the credit
_TITLE_TOP: Final = 329.0  # keeps a tall title clear of the line above
_CODE_WIDTH: Final = 122.0
_ADDRESS_SMALLEST: Final = 6.5  # pt; below it the words "Verify at" give way to the address
_DIGEST_SHOWN: Final = 16  # hexadecimal digits of the course's digest on paper; JSON holds all


def draw(facts: Facts, faces: Faces, *, room: int = ROOM) -> bytes:
    """Draw a certificate; the file still has the two holes that a signing key fills.

    ``room`` is the number of hexadecimal digits kept for the signature (``SigningKey.room``); with
    0 there is no place for one.
    Raises ``Unprintable`` when a text has no glyph or no space, and when name or title were not
    cleaned by ``printable`` before they were frozen.
    """
    page = Page(_WIDTH, _HEIGHT)
    try:
        _Layout(page, facts, faces).draw()
    except NoGlyph as problem:
        raise Unprintable(f"No font here can print {problem.part!r}.") from problem
    except TooWide as problem:
        raise Unprintable(
            f"{problem.text!r} is too long for its place on the certificate. Shorten it."
        ) from problem
    metadata = Metadata(
        f"{facts.heading}: {facts.person_name}", facts.issuer_name, facts.language, facts.issued_at
    )
    attachment = Attachment(
        "certificate.json", "The facts of this certificate, machine-readable", facts.as_json()
    )
    return finish(page, metadata, attachment, room)


def statements_measure(statements: tuple[Parts, ...], faces: Faces) -> Measure:
    """Answer how statements are set: 8, 7.5 or 7 pt. Raise ``Unprintable`` when none fits."""
    roman, italic = faces.stack(Role.TEXT), faces.stack(Role.ITALIC)
    for size in _STATEMENT_SIZES:
        measure = Measure(roman, italic, size, _STATEMENTS_WIDTH, 1.24, size * 0.4)
        try:
            deep = height(statements, measure)
        except NoGlyph as problem:
            raise Unprintable(f"No font here can print {problem.part!r}.") from problem
        if deep <= _STATEMENTS_DEPTH:
            return measure
    letters = sum(len(plain(parts)) for parts in statements)
    raise Unprintable(
        f"The statements together have {letters} characters and do not fit beside the code. "
        "Shorten them."
    )


@dataclass(slots=True)
class _Layout:
    """The one design of a certificate; each method draws one part, in reading order."""

    page: Page
    facts: Facts
    faces: Faces

    def draw(self) -> None:
        """Draw everything."""
        self._ground()
        self._issuer()
        self._name()
        self._title()
        self._dates()
        self._statements()
        self._signer()
        self._proof()
        self._colophon()

    def _style(
        self, role: Role, size: float, colour: Colour = _INK, *, capitals: bool = False,
        track: float = 0.0,
    ) -> Style:  # fmt: skip
        features = SMALL_CAPITALS if capitals else ()
        return Style(self.faces.stack(role), size, colour, features, track)

    def _frozen(self, text: str, is_name: bool) -> Printable:  # noqa: FBT001
        """Fit the name or the title; refuse one that was not cleaned before it was frozen."""
        box = NAME_BOX if is_name else TITLE_BOX
        locale = self.facts.person_locale if is_name else self.facts.language
        found = printable(text, box, self.faces, locale=locale)
        if found.text != text:
            raise Unprintable(f"The {box.noun} {text!r} was not cleaned before it was recorded.")
        return found

    def _ground(self) -> None:
        page = self.page
        with page.artifact():
            page.path(f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f} re", _WHITE)
            if self.facts.specimen:
                page.colour(_PALE)
                page.operators.append("q .8829 .4695 -.4695 .8829 396 290 cm")
                runs = shape("SPECIMEN", self.faces.stack(Role.HEADING))
                page.outlines((0, -50), runs, 150, 8)
                page.operators.append("Q")
            page.frame(27, 0.8, _TEAL)
            page.frame(31.5, 0.25, _HAIR)
        if self.facts.specimen:
            style = self._style(Role.MEDIUM, 10.5, _BRICK, capitals=True, track=0.7)
            text = "Specimen: not a certificate"
            self._say((_LEFT, 170), text, style, align=LEFT, within=160)

    def _say(
        self, at: Point, text: str, style: Style, *, align: float = CENTRE, within: float = 640,
        role: str = "P",
    ) -> None:  # fmt: skip
        """Set one line as an element of its own; nothing for an empty text."""
        if text:
            with self.page.tag(role):
                self.page.line(at, text, style, align, within)

    def _issuer(self) -> None:
        page, facts = self.page, self.facts
        name = self._style(Role.MEDIUM, 13, _TEAL, capitals=True, track=1.6)
        self._say((_CENTRE, 541), facts.issuer_name, name)
        self._say((_CENTRE, 526.5), facts.issuer_line, self._style(Role.TEXT, 8.5, _GREY))
        heading = self._style(Role.HEADING, 37)
        self._say((_CENTRE, 478), facts.heading, heading, role="H1")
        with page.artifact():
            page.rule((_CENTRE - 44, 457), (_CENTRE - 9, 457), 0.4, _TEAL)
            page.rule((_CENTRE + 9, 457), (_CENTRE + 44, 457), 0.4, _TEAL)
            page.path("396 459.4 m 398.4 457 l 396 454.6 l 393.6 457 l", _TEAL)

    def _name(self) -> None:
        page, facts = self.page, self.facts
        said = self._style(Role.ITALIC, 13, _GREY)
        self._say((_CENTRE, 430), facts.opening, said)
        name = self._frozen(facts.person_name, is_name=True)
        stack = self.faces.stack(Role.NAME, name.text, facts.person_locale)
        with page.tag("P") as element:
            page.colour(_INK)
            baseline = name.fitted.first_baseline(420, NAME_BOX.height)
            page.block(_CENTRE, baseline, name.text, name.fitted, stack)
            element.language = facts.person_locale
        with page.artifact():
            page.rule((196, 364), (596, 364), 0.35, _HAIR)
        self._say((_CENTRE, 344), facts.sentence, said)

    def _title(self) -> None:
        """Set title and credit line as one group around the middle of their place."""
        page, facts = self.page, self.facts
        title = self._frozen(facts.title, is_name=False)
        fitted: Fitted = title.fitted
        drop = _CREDIT_DROP if len(fitted.lines) == 1 else _CREDIT_DROP - 3
        top = min(297 + (fitted.height + drop) / 2, _TITLE_TOP)
        with page.tag("P"):
            page.colour(_INK)
            baseline = fitted.first_baseline(top, fitted.height)
            stack = self.faces.stack(Role.MEDIUM, title.text, facts.language)
            page.block(_CENTRE, baseline, title.text, fitted, stack)
        pieces: list[Piece] = [
            (text, self.faces.stack(Role.ITALIC if italic else Role.TEXT), () if italic else LINING)
            for text, italic in facts.credit_line
        ]
        wide = sum(width(shape(*piece)) for piece in pieces)
        size = min(_CREDIT_SIZE, 640 / wide)
        with page.tag("P") as element:
            page.colour(_INK)
            foot = top - fitted.height - drop
            if page.pieces((_CENTRE, foot), pieces, size, CENTRE):
                element.actual = plain(facts.credit_line)

    def _dates(self) -> None:
        page, dates = self.page, self.facts.dates
        middles = [_CENTRE + (place - (len(dates) - 1) / 2) * 145 for place in range(len(dates))]
        stack, track, small = self.faces.stack(Role.TEXT), 1.1, 8.5
        # The space belongs to the element's text; the label stays centred without it.
        shift = (width(shape(" ", stack, SMALL_CAPITALS)) * small + track) / 2
        for middle, (label, day) in zip(middles, dates, strict=True):
            with page.tag("P") as element:
                page.colour(_GREY)
                piece: Piece = (f"{label} ", stack, SMALL_CAPITALS)
                page.pieces((middle + shift, 232), [piece], small, CENTRE, track)
                page.colour(_INK)
                size = min(11.5, 135 / width(shape(day, stack, LINING)))
                page.pieces((middle, 217), [(day, stack, LINING)], size, CENTRE)
                element.actual = f"{label} {day}"
        with page.artifact():
            for one, other in itertools.pairwise(middles):
                page.rule(((one + other) / 2, 213), ((one + other) / 2, 241), 0.25, _HAIR)
            page.rule((_LEFT, 192), (_RIGHT, 192), 0.25, _HAIR)

    def _statements(self) -> None:
        measure = statements_measure(self.facts.statements, self.faces)
        y = _STATEMENTS_TOP
        for parts in self.facts.statements:
            with self.page.tag("P"):
                self.page.colour(_INK)
                y = paragraph(self.page, (_STATEMENTS_LEFT, y), parts, measure)

    def _signer(self) -> None:
        page, facts = self.page, self.facts
        if facts.signer_name:
            with page.artifact():
                page.rule((_LEFT, 86), (_LEFT + 160, 86), 0.4, _INK)
        name, title = self._style(Role.TEXT, 10.5), self._style(Role.ITALIC, 9, _GREY)
        self._say((_LEFT, 73.5), facts.signer_name, name, align=LEFT, within=170)
        self._say((_LEFT, 61.5), facts.signer_title, title, align=LEFT, within=170)

    def _proof(self) -> None:
        page, facts = self.page, self.facts
        with page.tag("Figure") as element:
            page.qr((643, 99), 77, facts.verify_url, _INK)
            element.alt = f"QR code that opens the verification page {facts.verify_url}"
        small = self._style(Role.TEXT, 8, _GREY)
        code = Style(self.faces.stack(Role.MEDIUM), 9.5, _INK, LINING, 0.5)
        address = f"Verify at {facts.verify_label}"
        if width(shape(address, small.stack)) * _ADDRESS_SMALLEST > _CODE_WIDTH:
            address = facts.verify_label
        for y, text, style in (
            (83, facts.code, code),
            (72, address, small),
            (61.5, f"Serial {facts.serial}", small._replace(features=LINING)),
        ):
            self._say((_RIGHT, y), text, style, align=RIGHT, within=_CODE_WIDTH)

    def _colophon(self) -> None:
        """Name the course version and the template, small, at the foot."""
        facts = self.facts
        digest = facts.course_digest[:_DIGEST_SHOWN]
        text = (
            f"Course {facts.course_key} · version {facts.course_version} · "
            f"digest {digest} · form {facts.template_version}"
        )
        style = Style(self.faces.stack(Role.TEXT), 7, _GREY, LINING)
        self._say((_CENTRE, 43), text, style)
