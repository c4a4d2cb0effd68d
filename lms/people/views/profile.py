"""The page where people say who they are."""

from collections.abc import Callable

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.errors import Refused
from lms.people import queries
from lms.people.forms import PasswordForm, ProfileForm
from lms.people.models import Profession
from lms.people.operations import directory
from lms.people.operations.directory import Profile
from lms.people.views.blueprint import bp
from lms.typeset import names
from lms.web import pages


def printer() -> Callable[[str], str]:
    """Return what cleans a name for printing, or refuses it with a sentence (case 8)."""
    faces = pages.press().faces
    return lambda text: names.printable(text, names.NAME_BOX, faces).text


@bp.get("/profile", may=Permission.KEEP_PROFILE)
def profile() -> ResponseReturnValue:
    """Show the person's own profile."""
    person = queries.person(current_user.actor.person_id)
    form = ProfileForm(
        name=person.name,
        certificate_name=person.certificate_name,
        profession=person.profession.value,
        licence_state=person.licence_state or "",
        zone=person.zone or "",
    )
    return flask.render_template(
        "people/profile.html", form=form, password=PasswordForm(formdata=None), email=person.email
    )


@bp.post("/profile", may=Permission.KEEP_PROFILE)
def keep_profile() -> ResponseReturnValue:
    """Keep the profile; or show it again with what was typed."""
    form = ProfileForm()
    if form.validate():
        try:
            directory.keep_profile(
                actor=current_user.actor,
                profile=Profile(
                    name=form.name.data,
                    certificate_name=form.certificate_name.data,
                    profession=Profession(form.profession.data),
                    licence_state=form.licence_state.data or None,
                    zone=form.zone.data or None,
                ),
                at=clock.now(),
                printable=printer(),
            )
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash("Your profile is saved.")
            return flask.redirect("/profile", code=303)
    person = queries.person(current_user.actor.person_id)
    page = flask.render_template(
        "people/profile.html", form=form, password=PasswordForm(formdata=None), email=person.email
    )
    return page, 422
