"""The transcript as a tagged PDF of as many pages as it takes."""

from lms.credit.pdf.layout import Listing, Row, draw

__all__ = ["Listing", "Row", "draw"]
