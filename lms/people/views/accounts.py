"""Sign in, sign out, and set a forgotten password."""

from datetime import timedelta

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.errors import Refused
from lms.people import queries
from lms.people.forms import ForgotForm, ResetForm, SignInForm
from lms.people.operations import accounts
from lms.people.rules import email_key
from lms.people.views.blueprint import bp
from lms.people.views.session import begin, safe_next
from lms.web import limits, pages
from lms.web.door import ANYONE

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 50
RESETS_PER_ADDRESS = 10
# One sentence for every way in which signing in fails: it tells nobody who has an account.
NO_MATCH = "E-mail and password do not match. Check both, or set a new password."
TOO_MANY = "There were too many attempts. Wait 15 minutes, or set a new password."


@bp.get("/sign-in", may=ANYONE)
def sign_in() -> ResponseReturnValue:
    """Show the form to sign in."""
    target = safe_next(flask.request.args.get("next"))
    if current_user.is_authenticated:
        return flask.redirect(target, code=303)
    return flask.render_template("people/sign_in.html", form=SignInForm(), target=target)


def _again(form: SignInForm, target: str, sentence: str, status: int) -> ResponseReturnValue:
    if sentence:
        form.form_errors.append(sentence)
    return flask.render_template("people/sign_in.html", form=form, target=target), status


@bp.post("/sign-in", may=ANYONE)
def open_session() -> ResponseReturnValue:
    """Sign in and go where one wanted to go."""
    form, at = SignInForm(), clock.now()
    target = safe_next(flask.request.form.get("next"))
    if not form.validate():
        return _again(form, target, "", 422)
    account = f"sign-in:{email_key(form.email.data)}"
    address = f"sign-in-from:{flask.request.remote_addr}"
    if (
        limits.hits(account, within=WINDOW, at=at) >= PER_ACCOUNT
        or limits.hits(address, within=WINDOW, at=at) >= PER_ADDRESS
    ):
        return _again(form, target, TOO_MANY, 429)
    opened = accounts.sign_in(email=form.email.data, password=form.password.data, at=at)
    if opened is None:
        limits.note(account, at=at)
        limits.note(address, at=at)
        return _again(form, target, NO_MATCH, 422)
    limits.forget(account)
    begin(opened)
    return flask.redirect(target, code=303)


@bp.post("/sign-out", may=ANYONE)
def sign_out() -> ResponseReturnValue:
    """Sign out here; the session is ended on the server too."""
    token = flask.session.get("_user_id")
    if token:
        accounts.sign_out(token=token, at=clock.now())
    flask.session.clear()
    return flask.redirect("/sign-in", code=303)


@bp.get("/forgot-password", may=ANYONE)
def forgot_password() -> ResponseReturnValue:
    """Show the form that mails a link."""
    return flask.render_template("people/forgot_password.html", form=ForgotForm(), sent=False)


@bp.post("/forgot-password", may=ANYONE)
def mail_link() -> ResponseReturnValue:
    """Mail a link if there is such an account; the page is the same if there is none."""
    form, at = ForgotForm(), clock.now()
    if not form.validate():
        return flask.render_template("people/forgot_password.html", form=form, sent=False), 422
    bucket = f"reset-from:{flask.request.remote_addr}"
    if limits.hits(bucket, within=WINDOW, at=at) >= RESETS_PER_ADDRESS:
        return pages.problem(429)
    limits.note(bucket, at=at)
    accounts.ask_reset(email=form.email.data, base_url=pages.settings().base_url, at=at)
    return flask.render_template("people/forgot_password.html", form=form, sent=True)


@bp.get("/reset-password/<string:token>", may=ANYONE)
def reset_password(token: str) -> ResponseReturnValue:
    """Show the form for a new password; a spent link says so."""
    good = queries.open_reset(token, at=clock.now()) is not None
    page = flask.render_template(
        "people/reset_password.html", form=ResetForm(), token=token, good=good
    )
    return page, 200 if good else 404


@bp.post("/reset-password/<string:token>", may=ANYONE)
def set_password(token: str) -> ResponseReturnValue:
    """Set the new password and lead to the sign-in page."""
    form = ResetForm()
    if form.validate():
        try:
            accounts.reset_password(token=token, password=form.password.data, at=clock.now())
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash("Your new password is set. Sign in with it.")
            return flask.redirect("/sign-in", code=303)
    page = flask.render_template("people/reset_password.html", form=form, token=token, good=True)
    return page, 422


@bp.post("/profile/password", may=Permission.KEEP_PROFILE)
def change_password() -> ResponseReturnValue:
    """Set a new password while signed in; every other session ends."""
    from_profile = flask.request.form
    try:
        opened = accounts.change_password(
            actor=current_user.actor,
            present=from_profile.get("present", ""),
            password=from_profile.get("password", ""),
            at=clock.now(),
        )
    except Refused as refusal:
        flask.flash(str(refusal), "wrong")
        return flask.redirect("/profile#password", code=303)
    begin(opened)
    flask.flash("Your new password is set. Other devices were signed out.")
    return flask.redirect("/profile", code=303)
