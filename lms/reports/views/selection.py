"""Actions on chosen people of a department: each is counted on a page before it's done."""

from urllib.parse import urlencode

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from lms import clock
from lms.access import Permission
from lms.assignments import operations
from lms.assignments.operations import reminders
from lms.assignments.operations.reminders import Reminded
from lms.assignments.rules import notice_problem
from lms.assignments.rules.reminders import Sender, body, subject
from lms.courses import queries as courses
from lms.errors import Refused
from lms.reports.forms import selection as forms
from lms.reports.forms.selection import AssignPeopleForm
from lms.reports.queries import mail
from lms.reports.queries import selection as queries
from lms.reports.queries.selection import MOST_SHOWN, Choice, Chosen
from lms.reports.views.blueprint import bp
from lms.tables import writing
from lms.web import pages

NOBODY = "Nobody is chosen. Tick people in the list, or everyone whom the filters find."
NO_ACTION = "Choose what to do with them: remind, assign or export."
MAY = {
    "remind": Permission.REMIND,
    "assign": Permission.ASSIGN,
    "export": Permission.SEE_ASSIGNMENTS,
}


def _back(department_id: int, choice: Choice) -> str:
    """Return the address of the list as it was narrowed."""
    filters = choice.filters
    kept = {
        "q": filters.name,
        "assignment": filters.assignment or "",
        "state": filters.state,
        "in": filters.only or "",
    }
    return f"/departments/{department_id}?{urlencode(kept)}"


def _page(action: str, department_id: int, choice: Choice, **known: object) -> str:
    return flask.render_template(
        "reports/selection.html",
        action=action,
        choice=choice,
        kept=forms.fields(choice),
        back=_back(department_id, choice),
        department_id=department_id,
        most=MOST_SHOWN,
        **known,
    )


@bp.post("/departments/<int:department_id>/selection", may=Permission.SEE_ASSIGNMENTS)
def selection(department_id: int) -> ResponseReturnValue:
    """Show what an action would come to for the chosen people; nothing is done yet."""
    choice = forms.choice(flask.request.form)
    action = flask.request.form.get("action", "")
    permission = MAY.get(action, Permission.SEE_ASSIGNMENTS)
    found = queries.chosen(
        current_user.actor, department_id, choice, permission, today=pages.today()
    )
    if action not in MAY or not found.people:
        problem = NO_ACTION if action not in MAY else NOBODY
        return _page("", department_id, choice, chosen=found, problem=problem), 422
    if action == "remind":
        return _remind_page(department_id, choice)
    known = {"form": _assign_form(found, given=None)} if action == "assign" else {}
    return _page(action, department_id, choice, chosen=found, **known)


def _sender() -> Sender:
    settings = pages.settings()
    return reminders.sender(base_url=settings.base_url, zone=pages.zone_words(settings.zone.key))


def _remind_page(department_id: int, choice: Choice) -> str:
    sender = _sender()
    preview = queries.reminder_preview(
        current_user.actor,
        department_id,
        choice,
        base_url=sender.base_url,
        at=clock.now(),
        today=pages.today(),
    )
    sample = next(iter(preview.will), None)
    asker = current_user.person.name
    return _page(
        "remind",
        department_id,
        choice,
        chosen=preview.chosen,
        preview=preview,
        subject=subject(sender),
        sample=body(sample.name, sample.items, sender, asker=asker) if sample else "",
        is_kept=pages.settings().mail is None,
    )


@bp.post("/departments/<int:department_id>/remind", may=Permission.REMIND)
def remind(department_id: int) -> ResponseReturnValue:
    """Queue the reminders that the preview counted, as far as they are still due."""
    given, today = flask.request.form, pages.today()
    choice = forms.choice(given)
    found = queries.chosen(
        current_user.actor, department_id, choice, Permission.REMIND, today=today
    )
    came = reminders.remind(
        actor=current_user.actor,
        department_id=department_id,
        person_ids=found.ids,
        sender=_sender(),
        at=clock.now(),
        today=today,
    )
    flask.flash(_told(came, forms.counted(given)))
    return flask.redirect(_back(department_id, choice), code=303)


def _told(came: Reminded, counted: int | None) -> str:
    """Say what was done; and where it differs from what was counted, why."""
    is_one = came.queued == 1
    done = "1 reminder is in the outbox" if is_one else f"{came.queued} reminders are in the outbox"
    if pages.settings().mail is None:
        done += f" and {'waits' if is_one else 'wait'} for a mail server"
    if not came.queued:
        done = "No reminder was sent"
    if counted is None or counted == came.queued:
        return f"{done}."
    finished = "1 has" if came.finished == 1 else f"{came.finished} have"
    rested = "1 was" if came.rested == 1 else f"{came.rested} were"
    return (
        f"{done}. The preview counted {counted}, and things changed since: of the chosen, "
        f"{finished} nothing open now, and {rested} reminded in the last 24 hours."
    )


def _assign_form(found: Chosen, given: MultiDict[str, str] | None) -> AssignPeopleForm:
    form = AssignPeopleForm(formdata=given)
    form.offer(courses.all_series(), courses.offered(pages.today()))
    if given is None:
        form.asked_by.data = found.department
    return form


@bp.post("/departments/<int:department_id>/assign-people", may=Permission.ASSIGN)
def assign_people(department_id: int) -> ResponseReturnValue:
    """Count whom an assignment would reach; once that was confirmed, assign."""
    given, today, actor = flask.request.form, pages.today(), current_user.actor
    choice = forms.choice(given)
    found = queries.chosen(actor, department_id, choice, Permission.ASSIGN, today=today)
    if not found.people:
        return _page("", department_id, choice, chosen=found, problem=NOBODY), 422
    form = _assign_form(found, given)
    if not form.validate() or (sentence := notice_problem(due_on=form.due_on.data, today=today)):
        if not form.errors:
            form.due_on.errors = [sentence]
        return _page("assign", department_id, choice, chosen=found, form=form), 422
    if "change" in given:
        return _page("assign", department_id, choice, chosen=found, form=form)
    key, is_series = form.asked()
    preview = queries.assign_preview(
        actor, department_id, choice, key=key, is_series=is_series, today=today
    )
    counted = forms.counted(given)
    if counted is None or not preview.will:
        title = {value: label for value, label, *_rest in form.what.iter_choices()}
        return _page(
            "confirm", department_id, choice, chosen=found, form=form, preview=preview,
            title_of=title[form.what.data],
        )  # fmt: skip
    try:
        came = operations.assign_people(
            actor=actor,
            department_id=department_id,
            person_ids=[one.id for one in preview.will],
            request=form.request(),
            at=clock.now(),
            today=today,
        )
    except Refused as refusal:
        form.form_errors.append(str(refusal))
        return _page("assign", department_id, choice, chosen=found, form=form), 422
    flask.flash(_assigned(len(came.added), counted))
    return flask.redirect(_back(department_id, choice), code=303)


def _assigned(made: int, counted: int) -> str:
    done = "Assigned to 1 person." if made == 1 else f"Assigned to {made} people."
    if made == counted:
        return done
    return f"{done} The preview counted {counted}; who is chosen, or has it already, changed since."


@bp.post("/departments/<int:department_id>/export-selection", may=Permission.SEE_ASSIGNMENTS)
def export_selection(department_id: int) -> ResponseReturnValue:
    """Hand out the chosen people and what is asked of them, as CSV or XLSX."""
    choice, today = forms.choice(flask.request.form), pages.today()
    found = queries.chosen(
        current_user.actor, department_id, choice, Permission.SEE_ASSIGNMENTS, today=today
    )
    if not found.people:
        page = _page("", department_id, choice, chosen=found, problem=NOBODY)
        return page, 422
    kind = "xlsx" if flask.request.form.get("format") == "xlsx" else "csv"
    headers = {"Content-Disposition": f'attachment; filename="chosen-{today.isoformat()}.{kind}"'}
    zone, rows = pages.zone(), list(queries.lines(found, today=today))
    if kind == "xlsx":
        content = writing.xlsx(queries.HEADER, rows, sheet="Chosen people", zone=zone)
        return flask.Response(content, headers=headers, content_type=writing.XLSX)
    return flask.Response(
        writing.csv_chunks(queries.HEADER, rows, zone=zone),
        headers=headers,
        content_type=writing.CSV,
    )


@bp.get("/departments/people/<int:person_id>/mail", may=Permission.REMIND)
def person_mail(person_id: int) -> ResponseReturnValue:
    """Show what was mailed to one person, and whether it went out."""
    page = mail.mail_of(current_user.actor, person_id)
    is_kept = pages.settings().mail is None
    return flask.render_template("reports/person_mail.html", page=page, is_kept=is_kept)
