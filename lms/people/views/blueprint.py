"""The blueprint that the pages of people share."""

from lms.web.door import Blueprint

bp = Blueprint("people", __name__)
