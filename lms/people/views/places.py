"""The administrator's pages of the department tree and of the organization."""

from collections.abc import Callable

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from lms import clock
from lms.access import Permission
from lms.errors import Refused
from lms.people import operations, queries
from lms.people.forms import NOBODY, DepartmentForm, OrganisationForm
from lms.people.operations import About
from lms.people.views.blueprint import bp
from lms.typeset import names
from lms.web import pages

TOP = {NOBODY: "Nothing: it stands at the top"}


def _form(**given: object) -> DepartmentForm:
    form = DepartmentForm(**given)
    form.parent_id.choices = TOP | dict(queries.open_departments())
    return form


def _tree(form: DepartmentForm) -> str:
    return flask.render_template("people/departments.html", places=queries.departments(), form=form)


@bp.get("/people/departments", may=Permission.KEEP_ORGANISATION)
def departments() -> ResponseReturnValue:
    """Show the department tree and the form that adds to it."""
    return _tree(_form())


@bp.post("/people/departments", may=Permission.KEEP_ORGANISATION)
def add_department() -> ResponseReturnValue:
    """Add a department."""
    form = _form()
    if form.validate():
        try:
            operations.add_department(
                actor=current_user.actor,
                name=form.name.data,
                parent_id=form.parent_id.data or None,
                at=clock.now(),
            )
        except Refused as refusal:
            form.name.errors = [str(refusal)]
        else:
            flask.flash("The department is added.")
            return flask.redirect("/people/departments", code=303)
    return _tree(form), 422


def _one(department_id: int, form: DepartmentForm | None = None) -> str:
    department = queries.department(department_id)
    if form is None:
        kept = {"name": department.name, "parent_id": department.parent_id or NOBODY}
        form = _form(formdata=None, data=kept)
    return flask.render_template(
        "people/department.html",
        department=department,
        path=queries.path_of(department_id),
        form=form,
    )


@bp.get("/people/departments/<int:department_id>", may=Permission.KEEP_ORGANISATION)
def department(department_id: int) -> ResponseReturnValue:
    """Show the forms that rename, move, retire or reopen one department."""
    return _one(department_id)


@bp.post("/people/departments/<int:department_id>", may=Permission.KEEP_ORGANISATION)
def keep_department(department_id: int) -> ResponseReturnValue:
    """Give a department another name, another place in the tree, or both."""
    queries.department(department_id)
    form = _form()
    if form.validate():
        try:
            operations.keep_department(
                actor=current_user.actor,
                department_id=department_id,
                name=form.name.data,
                parent_id=form.parent_id.data or None,
                at=clock.now(),
            )
        except operations.Cycle as refusal:
            form.parent_id.errors = [str(refusal)]
        except Refused as refusal:
            form.name.errors = [str(refusal)]
        else:
            flask.flash("Saved. Coordinators above it see its people from now on.")
            return flask.redirect("/people/departments", code=303)
    return _one(department_id, form), 422


def _changed(department_id: int, act: Callable[[], object], *, said: str) -> ResponseReturnValue:
    form = FlaskForm()
    try:
        act()
    except Refused as refusal:
        kept = _form(formdata=None, data=_kept(department_id))
        kept.form_errors = [*form.form_errors, str(refusal)]
        return _one(department_id, kept), 422
    flask.flash(said)
    return flask.redirect("/people/departments", code=303)


def _kept(department_id: int) -> dict[str, object]:
    department = queries.department(department_id)
    return {"name": department.name, "parent_id": department.parent_id or NOBODY}


@bp.post("/people/departments/<int:department_id>/retire", may=Permission.KEEP_ORGANISATION)
def retire_department(department_id: int) -> ResponseReturnValue:
    """Close a department that is empty."""

    def act() -> None:
        operations.retire_department(
            actor=current_user.actor, department_id=department_id, at=clock.now()
        )

    return _changed(department_id, act, said="The department is retired. Its records stay.")


@bp.post("/people/departments/<int:department_id>/reopen", may=Permission.KEEP_ORGANISATION)
def reopen_department(department_id: int) -> ResponseReturnValue:
    """Let a retired department take people again."""

    def act() -> None:
        operations.reopen_department(
            actor=current_user.actor, department_id=department_id, at=clock.now()
        )

    return _changed(department_id, act, said="The department takes people again.")


def _printable(text: str) -> str:
    return names.printable_line(text, "text", pages.faces())


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
        about = About(
            name=form.name.data,
            line=form.line.data,
            signer_name=form.signer_name.data,
            signer_title=form.signer_title.data,
            contact_email=form.contact_email.data,
        )
        try:
            operations.keep_organisation(
                actor=current_user.actor, about=about, at=clock.now(), printable=_printable
            )
        except operations.BadAddress as refusal:
            form.contact_email.errors = [str(refusal)]
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash("Saved. Certificates issued from now on carry it.")
            return flask.redirect("/organisation", code=303)
    return flask.render_template("people/organisation.html", form=form), 422
