"""The administrator's pages: people and their roles, departments, the organization, the outbox."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock, outbox
from lms.access import Permission, Role
from lms.errors import Refused
from lms.people import queries
from lms.people.forms import (
    DepartmentForm,
    MoveForm,
    OrganisationForm,
    PersonForm,
    ReasonForm,
    RoleForm,
)
from lms.people.models import Profession
from lms.people.operations import accounts, directory
from lms.people.operations.directory import Identity, Profile
from lms.people.rules import PROFESSIONS
from lms.people.views.blueprint import bp
from lms.people.views.profile import printer
from lms.web import pages

NONE = (0, "None")


def _back(person_id: int, said: str, kind: str = "message") -> ResponseReturnValue:
    flask.flash(said, kind)
    return flask.redirect(f"/people/{person_id}", code=303)


@bp.get("/people", may=Permission.ADD_PEOPLE)
def people() -> ResponseReturnValue:
    """List people, searched by name, address and department."""
    text = flask.request.args.get("q", "")[:120]
    page = max(1, min(flask.request.args.get("page", 1, type=int), 10_000))
    listing = queries.people(text=text, page=page)
    return flask.render_template(
        "people/people.html", listing=listing, text=text, professions=PROFESSIONS
    )


def _person_form() -> PersonForm:
    form = PersonForm()
    form.department_id.choices = [NONE, *queries.places()]
    return form


@bp.get("/people/add", may=Permission.ADD_PEOPLE)
def add() -> ResponseReturnValue:
    """Show the form for a new person."""
    return flask.render_template("people/add.html", form=_person_form())


@bp.post("/people/add", may=Permission.ADD_PEOPLE)
def create() -> ResponseReturnValue:
    """Add a person and mail them a link to set their password."""
    form, at = _person_form(), clock.now()
    if form.validate():
        profile = Profile(
            name=form.name.data,
            certificate_name=form.name.data,
            profession=Profession(form.profession.data),
        )
        try:
            made = directory.add_person(
                actor=current_user.actor,
                email=form.email.data,
                profile=profile,
                department_id=form.department_id.data or None,
                at=at,
                printable=printer(),
            )
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            accounts.invite(person=made, base_url=pages.settings().base_url, at=at)
            return _back(made.id, "Added. A link to set a password is in the outbox.")
    return flask.render_template("people/add.html", form=form), 422


def _person_page(person_id: int) -> str:
    person = queries.person(person_id)
    places = queries.places()
    move, role = MoveForm(formdata=None), RoleForm(formdata=None)
    move.department_id.choices = [NONE, *places]
    move.department_id.data = person.department_id or 0
    role.department_id.choices = [NONE, *places]
    return flask.render_template(
        "people/person.html",
        person=person,
        grants=queries.grants_of(person_id),
        move=move,
        role=role,
        reason=ReasonForm(formdata=None),
        place=dict(places).get(person.department_id or 0),
        professions=PROFESSIONS,
    )


@bp.get("/people/<int:person_id>", may=Permission.ADD_PEOPLE)
def person(person_id: int) -> ResponseReturnValue:
    """Show one person: roles, department, whether the account is open."""
    return _person_page(person_id)


@bp.post("/people/<int:person_id>/move", may=Permission.ADD_PEOPLE)
def move(person_id: int) -> ResponseReturnValue:
    """Move a person to another department."""
    target = flask.request.form.get("department_id", 0, type=int)
    directory.move(
        actor=current_user.actor,
        person_id=person_id,
        department_id=target or None,
        at=clock.now(),
    )
    return _back(person_id, "Moved. What the new department asks counts from now on.")


@bp.post("/people/<int:person_id>/roles", may=Permission.GRANT)
def grant(person_id: int) -> ResponseReturnValue:
    """Give a role."""
    form = RoleForm()
    form.department_id.choices = [NONE, *queries.places()]
    if not form.validate():
        return _back(person_id, "Choose a role and a department from the lists.", "wrong")
    try:
        directory.grant_role(
            actor=current_user.actor,
            person_id=person_id,
            role=Role(form.role.data),
            department_id=form.department_id.data or None,
            at=clock.now(),
        )
    except Refused as refusal:
        return _back(person_id, str(refusal), "wrong")
    return _back(person_id, "The role is given.")


@bp.post("/people/<int:person_id>/roles/<int:grant_id>/revoke", may=Permission.GRANT)
def revoke(person_id: int, grant_id: int) -> ResponseReturnValue:
    """Take a role back."""
    try:
        directory.revoke_role(
            actor=current_user.actor, person_id=person_id, grant_id=grant_id, at=clock.now()
        )
    except Refused as refusal:
        return _back(person_id, str(refusal), "wrong")
    return _back(person_id, "The role is taken back.")


@bp.post("/people/<int:person_id>/deactivate", may=Permission.ADD_PEOPLE)
def deactivate(person_id: int) -> ResponseReturnValue:
    """Close an account, with a reason."""
    form = ReasonForm()
    if not form.validate():
        return _back(person_id, "Give a reason for closing the account; it is kept.", "wrong")
    try:
        directory.deactivate(
            actor=current_user.actor, person_id=person_id, reason=form.reason.data, at=clock.now()
        )
    except Refused as refusal:
        return _back(person_id, str(refusal), "wrong")
    return _back(person_id, "The account is closed. Its records and certificates stay.")


@bp.post("/people/<int:person_id>/reactivate", may=Permission.ADD_PEOPLE)
def reactivate(person_id: int) -> ResponseReturnValue:
    """Open a closed account again."""
    directory.reactivate(actor=current_user.actor, person_id=person_id, at=clock.now())
    return _back(person_id, "The account is open again.")


def _department_form() -> DepartmentForm:
    form = DepartmentForm()
    form.parent_id.choices = [(0, "Nothing: at the top"), *queries.places()]
    return form


@bp.get("/people/departments", may=Permission.ADD_PEOPLE)
def departments() -> ResponseReturnValue:
    """Show the department tree and the form that adds to it."""
    return flask.render_template(
        "people/departments.html", places=queries.places(), form=_department_form()
    )


@bp.post("/people/departments", may=Permission.ADD_PEOPLE)
def add_department() -> ResponseReturnValue:
    """Add a department."""
    form = _department_form()
    if form.validate():
        try:
            directory.add_department(
                actor=current_user.actor,
                name=form.name.data,
                parent_id=form.parent_id.data or None,
                at=clock.now(),
            )
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash("The department is added.")
            return flask.redirect("/people/departments", code=303)
    page = flask.render_template("people/departments.html", places=queries.places(), form=form)
    return page, 422


@bp.get("/organisation", may=Permission.KEEP_ORGANISATION)
def organisation() -> ResponseReturnValue:
    """Show who issues certificates here."""
    form = OrganisationForm(obj=queries.organisation())
    return flask.render_template("people/organisation.html", form=form)


@bp.post("/organisation", may=Permission.KEEP_ORGANISATION)
def keep_organisation() -> ResponseReturnValue:
    """Keep who issues certificates here."""
    form = OrganisationForm()
    if form.validate():
        identity = Identity(
            name=form.name.data,
            line=form.line.data or "",
            signer_name=form.signer_name.data,
            signer_title=form.signer_title.data,
            contact_email=form.contact_email.data or "",
        )
        try:
            directory.keep_organisation(
                actor=current_user.actor, identity=identity, at=clock.now(), printable=printer()
            )
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash("Saved. Certificates issued from now on carry it.")
            return flask.redirect("/organisation", code=303)
    return flask.render_template("people/organisation.html", form=form), 422


@bp.get("/outbox", may=Permission.SEE_OUTBOX)
def outbox_page() -> ResponseReturnValue:
    """Show what was mailed, what waits and what failed."""
    page = max(1, min(flask.request.args.get("page", 1, type=int), 10_000))
    listing = outbox.listing(page=page)
    return flask.render_template(
        "people/outbox_page.html", listing=listing, is_kept=pages.settings().mail is None
    )


@bp.post("/outbox/<int:message_id>/resend", may=Permission.SEE_OUTBOX)
def resend(message_id: int) -> ResponseReturnValue:
    """Put a mail that failed back into the queue."""
    outbox.resend(message_id=message_id, at=clock.now())
    flask.flash("The mail is queued again.")
    return flask.redirect("/outbox", code=303)
