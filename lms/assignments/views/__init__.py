"""Assign a course or series to a department, see what is assigned, close it, exempt a person."""

from datetime import date

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.assignments import operations, queries
from lms.assignments.forms import AssignForm, ReasonForm
from lms.assignments.rules import Request
from lms.assignments.rules import reminders as rules
from lms.courses import queries as courses
from lms.errors import Refused
from lms.web import pages
from lms.web.door import Blueprint

bp = Blueprint("assignments", __name__)


@bp.app_template_filter("deadline")
def deadline(due_on: date) -> str:
    """Write a due day in the words that every page and mail uses (case 55)."""
    return rules.deadline(due_on, pages.zone_words(pages.settings().zone.key))


@bp.get("/assignments", may=Permission.SEE_ASSIGNMENTS)
def assigned() -> ResponseReturnValue:
    """List what is assigned to the departments the actor coordinates."""
    listed = queries.assigned(current_user.actor)
    return flask.render_template("assignments/assigned.html", listed=listed, today=pages.today())


def _form() -> AssignForm:
    form = AssignForm()
    form.offer(courses.all_series(), courses.offered(pages.today()))
    places = queries.departments_of(current_user.actor, Permission.ASSIGN)
    form.department_id.choices = dict(places)
    return form


def _request(form: AssignForm) -> Request:
    kind, _, key = form.what.data.partition(":")
    return Request(
        course_key=key if kind == "course" else None,
        series_key=key if kind == "series" else None,
        due_on=form.due_on.data,
        reason=form.reason.data.strip(),
        asked_by=form.asked_by.data.strip(),
        basis=(form.basis.data or "").strip(),
        accept_days=form.accept_days.data,
        sends_reminders=form.sends_reminders.data,
    )


@bp.get("/assignments/new", may=Permission.ASSIGN)
def assign() -> ResponseReturnValue:
    """Show the form that assigns a course or a series."""
    form = _form()
    if not form.is_submitted():
        form.department_id.data = flask.request.args.get("department", type=int)
        form.asked_by.data = flask.request.args.get("asked_by", "")
    return flask.render_template("assignments/assign.html", form=form)


@bp.post("/assignments", may=Permission.ASSIGN)
def create() -> ResponseReturnValue:
    """Assign; or show the form again with what was typed and what to mend."""
    form = _form()
    if form.validate():
        try:
            made = operations.assign(
                actor=current_user.actor,
                department_id=form.department_id.data,
                request=_request(form),
                at=clock.now(),
                today=pages.today(),
            )
        except operations.TooSoon as refusal:
            form.due_on.errors = [str(refusal)]
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash(f"Assigned, due {pages.day(form.due_on.data)}.")
            return flask.redirect(f"/departments/{made.department_id}", code=303)
    return flask.render_template("assignments/assign.html", form=form), 422


@bp.get("/assignments/<int:assignment_id>", may=Permission.SEE_ASSIGNMENTS)
def assignment(assignment_id: int) -> ResponseReturnValue:
    """Show one assignment: what, who, by when, why; and the form that closes it."""
    form = ReasonForm()
    one = queries.assignment_page(current_user.actor, assignment_id)
    return flask.render_template("assignments/assignment.html", one=one, form=form)


@bp.post("/assignments/<int:assignment_id>/close", may=Permission.ASSIGN)
def close(assignment_id: int) -> ResponseReturnValue:
    """Close an assignment, with a reason."""
    form = ReasonForm()
    if form.validate():
        try:
            operations.close(
                actor=current_user.actor,
                assignment_id=assignment_id,
                reason=form.reason.data.strip(),
                at=clock.now(),
            )
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash("Closed. Those who finished keep what they finished.")
            return flask.redirect(f"/assignments/{assignment_id}", code=303)
    one = queries.assignment_page(current_user.actor, assignment_id)
    return flask.render_template("assignments/assignment.html", one=one, form=form), 422


@bp.get("/assignments/<int:assignment_id>/people/<int:person_id>/exempt", may=Permission.EXEMPT)
def exempt(assignment_id: int, person_id: int) -> ResponseReturnValue:
    """Show the form that frees one person of an assignment."""
    page = queries.exemption_page(current_user.actor, assignment_id, person_id)
    return flask.render_template("assignments/exempt.html", page=page, form=ReasonForm())


@bp.post("/assignments/<int:assignment_id>/people/<int:person_id>/exempt", may=Permission.EXEMPT)
def grant_exemption(assignment_id: int, person_id: int) -> ResponseReturnValue:
    """Free one person of an assignment, with a reason."""
    form = ReasonForm()
    if form.validate():
        try:
            operations.exempt(
                actor=current_user.actor,
                assignment_id=assignment_id,
                person_id=person_id,
                reason=form.reason.data.strip(),
                at=clock.now(),
            )
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash("Exempt from this assignment. The reason is kept with it.")
            return flask.redirect(f"/assignments/{assignment_id}", code=303)
    page = queries.exemption_page(current_user.actor, assignment_id, person_id)
    return flask.render_template("assignments/exempt.html", page=page, form=form), 422
