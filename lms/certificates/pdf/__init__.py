"""The PDF certificate: its facts, its layout, and the name as it will be printed."""

from lms.certificates.pdf.facts import Facts
from lms.certificates.pdf.layout import draw, statements_measure
from lms.certificates.pdf.parts import drawn_by
from lms.certificates.pdf.preview import name_svg

__all__ = ["Facts", "draw", "drawn_by", "name_svg", "statements_measure"]
