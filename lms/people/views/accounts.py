"""Sign in, sign out, and set a forgotten password."""

from datetime import datetime, timedelta
from urllib.parse import quote

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.errors import Refused
from lms.people import operations, queries
from lms.people.forms import ForgotForm, ResetForm, SignInForm
from lms.people.rules import PASSWORD_LEAST, email_key, safe_path
from lms.people.views.blueprint import bp
from lms.people.views.passkeys import possible
from lms.people.views.session import begin, browser, goal, half_token, network, present_token
from lms.people.views.shared import is_shared_here, remember
from lms.people.views.unsent import ROOMS
from lms.web import limits, pages
from lms.web.door import ANYONE, writes

WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 10
TRIES_PER_ADDRESS = 50
HOUR = timedelta(hours=1)
LINKS_PER_ACCOUNT = 3
LINKS_PER_ADDRESS = 20


def link_to_set(token: str) -> str:
    """Return the public address at which this token sets a password."""
    return pages.settings().base_url + flask.url_for("people.reset_password", token=token)


def _sign_in_page(form: SignInForm, target: str, *, title: str = "", sentence: str = "") -> str:
    return flask.render_template(
        "people/sign_in.html",
        form=form,
        target=target,
        title=title,
        sentence=sentence,
        organisation=queries.organisation(),
        has_passkeys=possible(),
    )


@bp.get("/sign-in", may=ANYONE)
def sign_in() -> ResponseReturnValue:
    """Show the form to sign in."""
    target = safe_path(flask.request.args.get("next"))
    if current_user.is_authenticated:
        return flask.redirect(target, code=303)
    if pending := getattr(current_user, "pending", None):
        return flask.redirect(ROOMS[pending], code=303)
    return _sign_in_page(SignInForm(data={"shared": is_shared_here()}), target)


def _tries_left(account: str, address: str, at: datetime) -> int:
    return min(
        TRIES_PER_ACCOUNT - limits.hits(account, within=WINDOW, at=at),
        TRIES_PER_ADDRESS - limits.hits(address, within=WINDOW, at=at),
    )


def _wait(form: SignInForm, target: str) -> ResponseReturnValue:
    # The same for addresses that have an account and those that have none.
    page = _sign_in_page(
        form, target, title="Please wait fifteen minutes",
        sentence="There were many tries with this address, or from this network. "
        "Nothing is locked; a link to set a new password still works.",
    )  # fmt: skip
    return flask.make_response(page, 429, {"Retry-After": str(int(WINDOW.total_seconds()))})


@bp.post("/sign-in", may=ANYONE, reads_first=True)
def open_session() -> ResponseReturnValue:
    """Sign in and go where one wanted to go. Whoever guesses waits after ten tries.

    The password is compared before anything is written, and its outcome is told only to whoever
    still has a try when their turn comes.
    """
    form, at = SignInForm(), clock.now()
    target = safe_path(flask.request.form.get("next"))
    if not form.validate():
        return _sign_in_page(form, target), 422
    account, address = f"sign-in:{email_key(form.email.data)}", f"sign-in-from:{network()}"
    if _tries_left(account, address, at) <= 0:
        return _wait(form, target)
    compared = operations.compare(email=form.email.data, password=form.password.data)
    with writes():
        limits.take_turn(account)
        if (left := _tries_left(account, address, at)) > 0:
            opened = operations.sign_in(
                compared=compared, at=at, browser=browser(is_shared=form.shared.data),
                ending=present_token(),
            )  # fmt: skip
            _count(opened, account, address, at)
            left = _tries_left(account, address, at)
        else:
            opened = None
    if opened is not None:
        return _entered(opened, target)
    if left <= 0:
        return _wait(form, target)
    form.password.errors = [
        f"Type the password again. Passwords here have at least {PASSWORD_LEAST} characters."
    ]
    tries = "one more try" if left == 1 else f"{left} more tries"
    return _sign_in_page(
        form, target, title="That address and password do not match",
        sentence=f"Nothing is locked. You have {tries}, then a wait of fifteen minutes.",
    ), 422  # fmt: skip


def _count(opened: operations.Opened | None, account: str, address: str, at: datetime) -> None:
    if opened is not None:
        limits.forget(account)
        return
    limits.note(account, at=at)
    limits.note(address, at=at)


def _entered(opened: operations.Opened, target: str) -> ResponseReturnValue:
    begin(opened)
    where = (
        f"/sign-in/second-step?next={quote(target, safe='/')}" if opened.is_half else goal(target)
    )
    return remember(flask.redirect(where, code=303), is_shared=opened.is_shared)


@bp.post("/sign-out", may=ANYONE)
def sign_out() -> ResponseReturnValue:
    """Sign out; the sign-in ends on the server too."""
    for token in (present_token(), half_token()):
        if token is not None:
            operations.sign_out(token=token, at=clock.now())
    flask.session.clear()
    answer = flask.make_response(flask.redirect("/sign-in", code=303))
    # We keep nothing there; what a browser or its extensions kept for us goes too.
    answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


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
    account, address = f"link:{email_key(form.email.data)}", f"link-from:{network()}"
    limits.take_turn(account)
    if limits.hits(address, within=HOUR, at=at) >= LINKS_PER_ADDRESS:
        return pages.problem(429)
    # Too many links for one account are dropped without a word: nobody's mailbox is flooded.
    if limits.hits(account, within=HOUR, at=at) < LINKS_PER_ACCOUNT:
        operations.ask_reset(email=form.email.data, link=link_to_set, at=at)
    limits.note(account, at=at)
    limits.note(address, at=at)
    return flask.render_template("people/forgot_password.html", form=form, sent=True)


def _password_page(form: ResetForm, token: str, *, good: bool) -> str:
    return flask.render_template("people/reset_password.html", form=form, token=token, good=good)


@bp.get("/reset-password/<string:token>", may=ANYONE)
def reset_password(token: str) -> ResponseReturnValue:
    """Show the form for a new password; a link that no longer works says so."""
    good = queries.open_reset(token, at=clock.now()) is not None
    return _password_page(ResetForm(), token, good=good), 200 if good else 404


@bp.post("/reset-password/<string:token>", may=ANYONE)
def set_password(token: str) -> ResponseReturnValue:
    """Set the new password and lead to the sign-in page."""
    form, at = ResetForm(), clock.now()
    if form.validate():
        try:
            operations.reset_password(token=token, password=form.password.data, at=at)
        except operations.UsedUp:
            return _password_page(form, token, good=False), 404
        except Refused as refusal:
            form.password.errors = [str(refusal)]
        else:
            flask.session.clear()
            flask.flash("Your new password is set. Sign in with it.")
            return flask.redirect("/sign-in", code=303)
    return _password_page(form, token, good=True), 422
