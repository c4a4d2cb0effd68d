"""The administrator's pages of people: the list, adding, and one person."""

from collections.abc import Callable
from typing import Any

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from lms import clock
from lms.access import Permission, Role
from lms.errors import Refused
from lms.people import operations, queries
from lms.people.forms import (
    NOBODY,
    EmailForm,
    MoveForm,
    PersonForm,
    ReasonForm,
    RoleForm,
)
from lms.people.forms.addresses import EndAddressForm, FurtherAddressForm
from lms.people.models import Profession
from lms.people.operations import NewPerson
from lms.people.queries import Search, second_factor
from lms.people.queries.roster import addresses_of
from lms.people.rules import PROFESSIONS, tidy
from lms.people.views.accounts import link_to_set
from lms.people.views.blueprint import bp
from lms.people.views.profile import printable
from lms.web import pages

NONE = {NOBODY: "None"}


def asked_page() -> int:
    """Return the page of a list that was asked for: a whole number, at least 1."""
    return max(1, min(flask.request.args.get("page", 1, type=int), 100_000))


def _search() -> Search:
    given = flask.request.args
    role = given.get("role", "")
    return Search(
        words=tidy(given.get("q", ""))[:120],
        department_id=given.get("in", type=int),
        role=Role(role) if role in {one.value for one in Role} - {Role.LEARNER.value} else None,
        is_deactivated=given.get("closed") == "yes",
    )


@bp.get("/people", may=Permission.ADD_PEOPLE)
def people() -> ResponseReturnValue:
    """List people, narrowed by words, department, role and state; the filter is the address."""
    search = _search()
    kept = {
        "q": search.words,
        "in": search.department_id,
        "role": search.role.value if search.role else None,
        "closed": "yes" if search.is_deactivated else None,
    }
    return flask.render_template(
        "people/people.html",
        listing=queries.people(search, page=asked_page()),
        search=search,
        kept={key: value for key, value in kept.items() if value},
        places=queries.open_departments(),
        roles=[one.value for one in Role if one is not Role.LEARNER],
    )


def _person_form() -> PersonForm:
    form = PersonForm()
    form.department_id.choices = NONE | dict(queries.open_departments())
    return form


def _added(form: PersonForm, *, clash: int | None = None) -> str:
    return flask.render_template("people/add.html", form=form, clash=clash)


@bp.get("/people/add", may=Permission.ADD_PEOPLE)
def add() -> ResponseReturnValue:
    """Show the form for a new person."""
    return _added(_person_form())


def _new(form: PersonForm) -> NewPerson:
    return NewPerson(
        email=form.email.data,
        name=form.name.data,
        profession=Profession(form.profession.data),
        licence_state=form.licence_state.data or None,
        department_id=form.department_id.data or None,
    )


@bp.post("/people/add", may=Permission.ADD_PEOPLE)
def create() -> ResponseReturnValue:
    """Add a person and mail them a link to set their password."""
    form, at, clash = _person_form(), clock.now(), None
    if form.validate():
        try:
            made = operations.add_person(
                actor=current_user.actor, new=_new(form), printable=printable, at=at
            )
        except operations.AlreadyHere as refusal:
            form.email.errors, clash = [str(refusal)], refusal.person_id
        except operations.BadAddress as refusal:
            form.email.errors = [str(refusal)]
        except (operations.Unprintable, operations.NotAName) as refusal:
            form.name.errors = [str(refusal)]
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            operations.invite(actor=current_user.actor, person_id=made.id, link=link_to_set, at=at)
            flask.flash(f"Added. {_where_the_link_is()}")
            return flask.redirect(f"/people/{made.id}", code=303)
    return _added(form, clash=clash), 422


def _where_the_link_is() -> str:
    if pages.settings().mail is None:
        return "The link to set a password waits in the outbox, as no mail server is set up."
    return "A mail with a link to set a password is on its way."


def _forms(person_id: int) -> dict[str, FlaskForm]:
    person = queries.person(person_id)
    places = NONE | dict(queries.open_departments())
    email = EmailForm(formdata=None, data={"email": person.email})
    move = MoveForm(formdata=None)
    role = RoleForm(formdata=None)
    move.department_id.choices = role.place_id.choices = places
    move.department_id.data = person.department_id or NOBODY
    ending = EndAddressForm(formdata=None)
    ending.ended.choices = [(one.id, one.address) for one in addresses_of(person_id)]
    return {
        "email": email,
        "move": move,
        "role": role,
        "reason": ReasonForm(formdata=None),
        "further": FurtherAddressForm(formdata=None),
        "ending": ending,
    }


def _person_page(person_id: int, **sent: Any) -> str:
    """Draw a person's page; a form that was sent replaces the empty one."""
    forms = _forms(person_id) | sent
    person = queries.person(person_id)
    return flask.render_template(
        "people/person.html",
        person=person,
        grants=queries.grants_of(person_id),
        last_seen=queries.last_seen(person_id),
        factors=second_factor.factors_of(person_id),
        browsers=second_factor.browsers_of(person_id, digest="", at=clock.now()),
        path=queries.path_of(person.department_id),
        professions=PROFESSIONS,
        problems=[form for form in sent.values() if form.errors],
        **forms,
    )


@bp.get("/people/<int:person_id>", may=Permission.ADD_PEOPLE)
def person(person_id: int) -> ResponseReturnValue:
    """Show one person: roles, department, address, whether the account is open."""
    return _person_page(person_id)


def done(
    person_id: int, act: Callable[[], object], *, said: str, name: str, form: FlaskForm
) -> ResponseReturnValue:
    """Do one thing to a person; or show their page again with what was typed and what to mend."""
    queries.person(person_id)
    if form.validate():
        try:
            act()
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash(said)
            return flask.redirect(f"/people/{person_id}", code=303)
    return _person_page(person_id, **{name: form}), 422


@bp.post("/people/<int:person_id>/move", may=Permission.ADD_PEOPLE)
def move(person_id: int) -> ResponseReturnValue:
    """Move a person to another department."""
    form = MoveForm()
    form.department_id.choices = NONE | dict(queries.open_departments())

    def act() -> None:
        operations.move_department(
            actor=current_user.actor,
            person_id=person_id,
            department_id=form.department_id.data or None,
            at=clock.now(),
        )

    said = "Moved. What the new department asks for counts from now on."
    return done(person_id, act, said=said, name="move", form=form)


@bp.post("/people/<int:person_id>/email", may=Permission.ADD_PEOPLE)
def change_email(person_id: int) -> ResponseReturnValue:
    """Give a person another address."""
    form = EmailForm()

    def act() -> None:
        operations.change_email(
            actor=current_user.actor,
            person_id=person_id,
            email=form.email.data,
            at=clock.now(),
        )

    said = "Saved. They sign in with the new address from now on."
    return done(person_id, act, said=said, name="email", form=form)


@bp.post("/people/<int:person_id>/invite", may=Permission.ADD_PEOPLE)
def invite(person_id: int) -> ResponseReturnValue:
    """Send a new link to set a password; earlier ones end."""
    form = FlaskForm()

    def act() -> None:
        operations.invite(
            actor=current_user.actor, person_id=person_id, link=link_to_set, at=clock.now()
        )

    return done(person_id, act, said=_where_the_link_is(), name="invitation", form=form)


@bp.post("/people/<int:person_id>/roles", may=Permission.GRANT)
def grant(person_id: int) -> ResponseReturnValue:
    """Give a role."""
    form = RoleForm()
    form.place_id.choices = NONE | dict(queries.open_departments())

    def act() -> None:
        operations.grant_role(
            actor=current_user.actor,
            person_id=person_id,
            role=Role(form.role.data),
            department_id=form.place_id.data or None,
            at=clock.now(),
        )

    said = "The role is given, from their next click on."
    return done(person_id, act, said=said, name="role", form=form)


@bp.post("/people/<int:person_id>/roles/<int:grant_id>/revoke", may=Permission.GRANT)
def revoke(person_id: int, grant_id: int) -> ResponseReturnValue:
    """Take a role back."""

    def act() -> None:
        operations.revoke_role(
            actor=current_user.actor, person_id=person_id, grant_id=grant_id, at=clock.now()
        )

    said = "The role is taken back."
    return done(person_id, act, said=said, name="revocation", form=FlaskForm())


@bp.post("/people/<int:person_id>/deactivate", may=Permission.GRANT)
def deactivate(person_id: int) -> ResponseReturnValue:
    """Close an account, with a reason."""
    form = ReasonForm()

    def act() -> None:
        operations.deactivate(
            actor=current_user.actor,
            person_id=person_id,
            reason=form.reason.data,
            at=clock.now(),
        )

    said = "The account is closed. Its records and certificates stay."
    return done(person_id, act, said=said, name="reason", form=form)


@bp.post("/people/<int:person_id>/reactivate", may=Permission.GRANT)
def reactivate(person_id: int) -> ResponseReturnValue:
    """Open a closed account again, with a reason."""
    form = ReasonForm()

    def act() -> None:
        operations.reactivate(
            actor=current_user.actor,
            person_id=person_id,
            reason=form.reason.data,
            at=clock.now(),
        )

    said = "The account is open again."
    return done(person_id, act, said=said, name="reason", form=form)
