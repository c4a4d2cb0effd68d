"""Pictures by their digest, and the planner's page of a course's versions."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.courses import operations, queries
from lms.errors import Refused
from lms.web.door import Blueprint

bp = Blueprint("courses", __name__)

# The address holds the digest of the bytes, so they may be kept for ever; by this browser only,
# since a course may be for those who signed in.
_FOR_EVER = "private, max-age=31536000, immutable"


@bp.get("/media/<string:digest>", may=Permission.LEARN)
def media(digest: str) -> ResponseReturnValue:
    """Send a picture."""
    medium = queries.medium(digest)
    response = flask.Response(medium.content, content_type=medium.content_type)
    response.headers["Cache-Control"] = _FOR_EVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.set_etag(digest)
    return response.make_conditional(flask.request)


@bp.get("/courses/<string:key>/versions", may=Permission.RETIRE)
def versions(key: str) -> ResponseReturnValue:
    """Show all versions of a course, and the form that retires it."""
    return flask.render_template("courses/versions.html", course=queries.history(key))


@bp.post("/courses/<string:key>/retire", may=Permission.RETIRE)
def retire(key: str) -> ResponseReturnValue:
    """Retire a course."""
    reason = flask.request.form.get("reason", "")
    try:
        operations.retire(actor=current_user.actor, key=key, reason=reason, at=clock.now())
    except Refused as refusal:
        page = flask.render_template(
            "courses/versions.html",
            course=queries.history(key),
            reason=reason,
            problem=str(refusal),
        )
        return page, 422
    flask.flash("The course is retired. Records and certificates stay.")
    return flask.redirect(flask.url_for("courses.versions", key=key), 303)
