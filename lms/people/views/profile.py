"""The page where people say who they are, and change their password."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.errors import Refused
from lms.people import operations, queries
from lms.people.forms import PasswordForm, ProfileForm
from lms.people.models import Profession
from lms.people.operations import Profile
from lms.people.queries.roster import addresses_of
from lms.people.views.accounts import TRIES_PER_ACCOUNT, WINDOW
from lms.people.views.blueprint import bp
from lms.people.views.session import present_token
from lms.typeset import names
from lms.web import limits, pages


def printable(name: str, locale: str | None) -> str:
    """Return a name as certificates print it; raise ValueError with a sentence (case 8)."""
    return names.printable(name, names.NAME_BOX, pages.faces(), locale=locale).text


def _page(form: ProfileForm, password: PasswordForm) -> str:
    return flask.render_template(
        "people/profile.html",
        form=form,
        password=password,
        email=current_user.person.email,
        further=addresses_of(current_user.actor.person_id),
    )


def _kept(person_id: int) -> dict[str, str]:
    person = queries.person(person_id)
    return {
        "name": person.name,
        "certificate_name": person.certificate_name,
        "name_locale": person.name_locale or "",
        "profession": person.profession.value,
        "licence_state": person.licence_state or "",
        "zone": person.zone or "",
    }


@bp.get("/profile", may=Permission.KEEP_PROFILE)
def profile() -> ResponseReturnValue:
    """Show the person's own profile."""
    form = ProfileForm(data=_kept(current_user.actor.person_id))
    return _page(form, PasswordForm(formdata=None))


def _typed(form: ProfileForm) -> Profile:
    return Profile(
        name=form.name.data,
        certificate_name=form.certificate_name.data,
        name_locale=form.name_locale.data or None,
        profession=Profession(form.profession.data),
        licence_state=form.licence_state.data or None,
        zone=form.zone.data or None,
    )


@bp.post("/profile", may=Permission.KEEP_PROFILE)
def keep_profile() -> ResponseReturnValue:
    """Keep the profile; or show it again with what was typed."""
    form = ProfileForm()
    if form.validate():
        try:
            operations.keep_profile(
                actor=current_user.actor, profile=_typed(form), printable=printable, at=clock.now()
            )
        except operations.Unprintable as refusal:
            form.certificate_name.errors = [str(refusal)]
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash("Your profile is saved. Certificates issued before stay as they are.")
            return flask.redirect("/profile", code=303)
    return _page(form, PasswordForm(formdata=None)), 422


@bp.post("/profile/password", may=Permission.KEEP_PROFILE)
def change_password() -> ResponseReturnValue:
    """Set a new password; every other browser is signed out."""
    form, at = PasswordForm(), clock.now()
    # Whoever finds a browser signed in may not go on guessing the password in it.
    bucket = f"present-password:{current_user.actor.person_id}"
    limits.take_turn(bucket)
    if limits.hits(bucket, within=WINDOW, at=at) >= TRIES_PER_ACCOUNT:
        return pages.problem(429)
    if form.validate():
        try:
            operations.change_password(
                actor=current_user.actor,
                present=form.present.data,
                password=form.password.data,
                at=at,
                keeping=present_token(),
            )
        except operations.WrongPassword as refusal:
            limits.note(bucket, at=at)
            form.present.errors = [str(refusal)]
        except Refused as refusal:
            form.password.errors = [str(refusal)]
        else:
            flask.flash("Your new password is set. Every other browser was signed out.")
            return flask.redirect("/profile", code=303)
    kept = ProfileForm(formdata=None, data=_kept(current_user.actor.person_id))
    return _page(kept, form), 422
