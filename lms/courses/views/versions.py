"""The planner's page of a course's versions."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.courses import operations, queries
from lms.courses.views.blueprint import bp
from lms.errors import Refused
from lms.web.forms import cannot_be_kept


@bp.get("/courses/<string:key>/versions", may=Permission.RETIRE)
def versions(key: str) -> ResponseReturnValue:
    """Show all versions of a course, and the form that retires it."""
    return flask.render_template("courses/versions.html", course=queries.history(key))


@bp.post("/courses/<string:key>/retire", may=Permission.RETIRE)
def retire(key: str) -> ResponseReturnValue:
    """Retire a course."""
    reason = flask.request.form.get("reason", "")
    try:
        if problem := cannot_be_kept(reason):
            raise Refused(problem)
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
