"""The pages where a coordinator sees who is done, and the evidence for one person."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from lms import clock
from lms.access import Permission
from lms.reports import queries
from lms.reports.queries import Filters
from lms.reports.queries import months as over_time
from lms.reports.views.blueprint import bp
from lms.web import pages


@bp.get("/departments", may=Permission.SEE_ASSIGNMENTS)
def departments() -> ResponseReturnValue:
    """List the departments the actor reaches, each with its figures."""
    places = queries.places(current_user.actor, today=pages.today())
    return flask.render_template("reports/departments.html", places=places)


STATES = (
    ("nudge", "Overdue or due soon"), ("overdue", "Overdue"), ("soon", "Due soon"),
    ("open", "Due later"), ("left", "Not done yet"), ("complete", "Complete"),
    ("exempt", "Exempt"), ("unfinished", "Not finished, closed"), ("all", "All"),
)  # fmt: skip


def filters_of(given: MultiDict[str, str]) -> Filters:
    """Read what an address asks for; what makes no sense is left out."""
    state = given.get("state", "nudge")
    return Filters(
        name=given.get("q", "")[:120],
        assignment=_number(given.get("assignment", "")),
        state=state if state in dict(STATES) else "nudge",
        only=_number(given.get("in", "")),
        page=min(_number(given.get("page", "")) or 1, 100_000),
        counts_exempt=given.get("exempt") == "1",
        shows_closed=given.get("closed") == "1",
    )


def _number(text: str) -> int | None:
    """Return a whole number that a database can hold, or None for anything else."""
    is_one = text.isascii() and text.isdigit() and len(text) <= len(str(2**31))
    return int(text) if is_one and 0 < int(text) < 2**31 else None


@bp.get("/departments/<int:department_id>", may=Permission.SEE_ASSIGNMENTS)
def department(department_id: int) -> ResponseReturnValue:
    """Show one department with all below it: the figure, the bars, who needs a nudge."""
    filters = filters_of(flask.request.args)
    report = queries.department(current_user.actor, department_id, filters, today=pages.today())
    return flask.render_template(
        "reports/department.html", report=report, filters=filters, states=STATES
    )


@bp.get("/departments/people/<int:person_id>", may=Permission.SEE_ASSIGNMENTS)
def person(person_id: int) -> ResponseReturnValue:
    """Show one person's obligations and how far they are, without answers or scores."""
    page = queries.person(current_user.actor, person_id, at=clock.now(), today=pages.today())
    return flask.render_template("reports/person.html", page=page)


@bp.get("/departments/<int:department_id>/months", may=Permission.SEE_ASSIGNMENTS)
def months(department_id: int) -> ResponseReturnValue:
    """Show how many completions a department had in each of the last months."""
    page = over_time.months(
        current_user.actor,
        department_id,
        today=pages.today(),
        zone=pages.settings().zone,
    )
    return flask.render_template("reports/months.html", page=page)
