"""End sign-ins: one's own one by one or all, and, as administrator, those of somebody else."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from lms import clock
from lms.access import Permission
from lms.people import operations
from lms.people.operations import second_factor
from lms.people.views.blueprint import bp
from lms.people.views.second_factor import HOME
from lms.people.views.session import present_token
from lms.people.views.staff import done

MAY = Permission.KEEP_PROFILE


@bp.post(f"{HOME}/sign-ins/<int:sign_in_id>/end", may=MAY)
def end_sign_in(sign_in_id: int) -> ResponseReturnValue:
    """Sign one other browser out."""
    operations.end_sign_in(actor=current_user.actor, sign_in_id=sign_in_id, at=clock.now())
    flask.flash("That browser is signed out.")
    return flask.redirect(HOME, code=303)


@bp.post(f"{HOME}/sign-ins/end", may=MAY)
def sign_out_everywhere() -> ResponseReturnValue:
    """Sign every other browser out; with `here`, this one too."""
    is_here_too = flask.request.form.get("here") == "yes"
    ended = operations.sign_out_everywhere(
        actor=current_user.actor, at=clock.now(), keeping=None if is_here_too else present_token()
    )
    if is_here_too:
        flask.session.clear()
        flask.flash("You are signed out everywhere.")
        return flask.redirect("/sign-in", code=303)
    flask.flash(
        {0: "You were signed in nowhere else.", 1: "One other browser is signed out."}.get(
            ended, f"{ended} other browsers are signed out."
        )
    )
    return flask.redirect(HOME, code=303)


@bp.post("/people/<int:person_id>/sign-ins/end", may=Permission.KEEP_SECURITY)
def sign_out_person(person_id: int) -> ResponseReturnValue:
    """Sign somebody else out everywhere."""

    def act() -> None:
        operations.sign_out_person(actor=current_user.actor, person_id=person_id, at=clock.now())

    said = "They are signed out everywhere, from their next click on."
    return done(person_id, act, said=said, name="sign_ins_ending", form=FlaskForm())


@bp.post("/people/<int:person_id>/second-factor/reset", may=Permission.KEEP_SECURITY)
def reset_second_factor(person_id: int) -> ResponseReturnValue:
    """Take all second factors off somebody who lost them."""

    def act() -> None:
        second_factor.reset_second_factor(
            actor=current_user.actor, person_id=person_id, at=clock.now()
        )

    said = "Their second factors are gone. A mail tells them so."
    return done(person_id, act, said=said, name="reset", form=FlaskForm())
