"""The blueprint that the pages of this feature share."""

from lms.web.door import Blueprint

bp = Blueprint("reports", __name__)
