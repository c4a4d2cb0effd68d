"""The blueprint of the pages about what is published."""

from lms.web.door import Blueprint

bp = Blueprint("courses", __name__)
