"""The pages of branching cases: walking through one, its map, and the guide for groups."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission, holds
from lms.courses import queries as courses
from lms.learning.queries import cases as queries
from lms.learning.views.lessons import NOT_BEGUN, bp
from lms.web import pages

# Longer than the longest way through any case.
_PATH_MOST = 4000


@bp.get(
    "/courses/<string:key>/lessons/<string:lesson_id>/cases/<string:case_id>", may=Permission.LEARN
)
def case(key: str, lesson_id: str, case_id: str) -> ResponseReturnValue:
    """Show a moment of a case; `?path=…` holds the choices made, and nothing is kept."""
    view = queries.case(
        int(current_user.actor.person_id),
        key,
        lesson_id,
        case_id,
        flask.request.args.get("path", "")[:_PATH_MOST],
        at=clock.now(),
        today=pages.today(),
    )
    if view is None:
        flask.flash(NOT_BEGUN, "info")
        return flask.redirect(flask.url_for("learning.course", key=key), code=303)
    may_map = holds(current_user.actor, Permission.PUBLISH)
    return flask.render_template("learning/case.html", view=view, may_map=may_map)


@bp.get(
    "/courses/<string:key>/lessons/<string:lesson_id>/cases/<string:case_id>/map",
    may=Permission.PUBLISH,
)
def case_map(key: str, lesson_id: str, case_id: str) -> ResponseReturnValue:
    """Show reviewers every moment of a case, what leads to it and where it leads."""
    view = queries.map_of(key, lesson_id, case_id)
    return flask.render_template("learning/case_map.html", view=view)


@bp.get("/courses/<string:key>/facilitator", may=Permission.LEARN)
def facilitator(key: str) -> ResponseReturnValue:
    """Show the guide for teaching the newest version of a course to a group."""
    return flask.render_template("learning/facilitator.html", page=courses.facilitator(key))
