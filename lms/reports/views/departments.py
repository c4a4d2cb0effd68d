"""The pages where a coordinator sees who is done, and the evidence for one person."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.assignments.rules import State
from lms.reports import queries
from lms.reports.queries import Filters
from lms.reports.views.blueprint import bp
from lms.web import pages


@bp.get("/departments", may=Permission.SEE_ASSIGNMENTS)
def departments() -> ResponseReturnValue:
    """List the departments the actor reaches, each with its figures."""
    places = queries.places(current_user.actor, today=pages.today())
    return flask.render_template("reports/departments.html", places=places)


def _filters() -> Filters:
    given = flask.request.args
    state = given.get("state", "nudge")
    known = {"nudge", "all", *State}
    return Filters(
        name=given.get("q", "")[:120],
        assignment=given.get("assignment", type=int),
        state=state if state in known else "nudge",
        only=given.get("in", type=int),
        page=max(1, min(given.get("page", 1, type=int), 10_000)),
    )


@bp.get("/departments/<int:department_id>", may=Permission.SEE_ASSIGNMENTS)
def department(department_id: int) -> ResponseReturnValue:
    """Show one department with all below it: the figure, the bars, who needs a nudge."""
    filters = _filters()
    report = queries.department(current_user.actor, department_id, filters, today=pages.today())
    return flask.render_template("reports/department.html", report=report, filters=filters)


@bp.get("/departments/people/<int:person_id>", may=Permission.SEE_ASSIGNMENTS)
def person(person_id: int) -> ResponseReturnValue:
    """Show one person's obligations and how far they are, without answers or scores."""
    page = queries.person(current_user.actor, person_id, at=clock.now(), today=pages.today())
    return flask.render_template("reports/person.html", page=page)
