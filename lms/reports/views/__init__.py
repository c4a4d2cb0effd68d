"""Home, and the pages where a coordinator sees who is done."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.assignments.rules import State
from lms.people import queries as people
from lms.reports import queries
from lms.reports.queries import Filters
from lms.web import pages
from lms.web.door import ANYONE, Blueprint

bp = Blueprint("reports", __name__)


@bp.get("/", may=ANYONE)
def home() -> ResponseReturnValue:
    """Show what is due and where to go on; to a stranger, the way in."""
    if not current_user.is_authenticated:
        return flask.redirect("/sign-in", code=303)
    at = clock.now()
    board = queries.board(current_user.actor, at=at, today=pages.today())
    hour = at.astimezone(pages.zone()).hour
    return flask.render_template("reports/home.html", board=board, at=at, greeting=_greeting(hour))


def _greeting(hour: int) -> str:
    if hour < 5:
        return "Hello"  # neither evening nor morning to somebody on a night shift
    if hour >= 18:
        return "Good evening"
    return "Good morning" if hour < 12 else "Good afternoon"


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


@bp.get("/privacy", may=ANYONE)
def privacy() -> ResponseReturnValue:
    """Tell what is recorded about whom, who sees it, for how long, and whom to ask."""
    return flask.render_template("reports/privacy.html", organisation=people.organisation())
