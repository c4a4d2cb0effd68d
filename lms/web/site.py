"""What belongs to no feature: whether the server is well."""

import flask
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from lms.db import db
from lms.web.door import ANYONE, Blueprint

bp = Blueprint("site", __name__)


@bp.get("/healthz", may=ANYONE)
def healthz() -> ResponseReturnValue:
    """Say that the database answers, for whoever watches over the server."""
    db.session.execute(text("SELECT 1"))
    return flask.jsonify(status="ok", database="ok")
