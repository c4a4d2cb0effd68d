"""A person's own page “Signing in”: app, passkeys, recovery codes, and where one is signed in."""

import io
import re
from collections.abc import Callable

import flask
import segno
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from lms import clock
from lms.access import Permission
from lms.errors import Missing, Refused
from lms.people.forms.second_factor import CodeForm, NameForm
from lms.people.operations import passkeys, second_factor
from lms.people.operations.second_factor import Drawn
from lms.people.queries import second_factor as asked
from lms.people.rules import safe_path, token_digest
from lms.people.rules.passkeys import Purpose
from lms.people.rules.second_factor import (
    RECOVERY_CODES,
    RECOVERY_DIGITS,
    asks_for_a_factor,
    in_groups,
    setup_address,
    unsealed,
)
from lms.people.rules.sessions import Pending
from lms.people.views.blueprint import bp
from lms.people.views.passkeys import answered, possible, remember_asked, site
from lms.people.views.second_step import own_key
from lms.people.views.session import goal, present_token
from lms.people.views.workstation import not_proved
from lms.web.door import writes

MAY = Permission.KEEP_PROFILE
ENROLLING = (Pending.ENROLMENT,)
HOME = "/profile/security"
APP = f"{HOME}/authenticator"
NO_CODES = Drawn(codes=(), salt="", digests=())
WANTED = "wanted"
"""Where the cookie keeps the place somebody wanted who must add a second factor first."""


def _page(*, name: NameForm | None = None) -> str:
    person_id, at = current_user.actor.person_id, clock.now()
    return flask.render_template(
        "people/security.html",
        factors=asked.factors_of(person_id),
        browsers=asked.browsers_of(person_id, digest=token_digest(present_token() or ""), at=at),
        is_required=asks_for_a_factor(asked.security().factor_roles, current_user.actor.roles),
        must_enrol=current_user.pending is Pending.ENROLMENT,
        possible=possible(),
        name=name or NameForm(formdata=None),
    )


@bp.get(HOME, may=MAY, pending=ENROLLING)
def security() -> ResponseReturnValue:
    """Show what one signs in with, and where one is signed in."""
    target = safe_path(flask.request.args.get("next"))
    if current_user.pending is Pending.ENROLMENT and target != "/":
        flask.session[WANTED] = target
    return _page()


def _begun() -> str:
    """Return the secret that is just being set up; raise Missing when there is none."""
    person_id = current_user.actor.person_id
    app = asked.started_authenticator(person_id, at=clock.now())
    secret = unsealed(app.sealed, key=own_key(), person_id=person_id) if app else None
    if secret is None:
        raise Missing("authenticator")
    return secret


def _app_page(form: CodeForm) -> ResponseReturnValue:
    try:
        secret = _begun()
    except Missing:
        return flask.redirect(HOME, code=303)
    code = segno.make(setup_address(secret, email=current_user.person.email), error="m")
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", border=2, xmldecl=False, svgns=False, omitsize=True, nl=False,
              dark="#000", light="#fff", title="QR code for your authenticator app")  # fmt: skip
    return flask.render_template(
        "people/authenticator.html", form=form, secret=in_groups(secret),
        qr=drawn.getvalue().decode(), email=current_user.person.email,
    )  # fmt: skip


@bp.get(APP, may=MAY, pending=ENROLLING)
def authenticator() -> ResponseReturnValue:
    """Show the secret that is being set up, as a QR code and as text."""
    return _app_page(CodeForm(formdata=None))


@bp.post(APP, may=MAY, pending=ENROLLING)
def start_authenticator() -> ResponseReturnValue:
    """Begin to set up an app."""
    if (ask := not_proved(HOME)) is not None:
        return ask
    second_factor.start_authenticator(actor=current_user.actor, key=own_key(), at=clock.now())
    return flask.redirect(APP, code=303)


def _new_codes() -> Drawn:
    """Draw codes where they are needed: they come with the first factor, and hashing takes long."""
    if asked.factors_of(current_user.actor.person_id):
        return NO_CODES
    return second_factor.draw_codes()


def _codes_page(drawn: Drawn) -> str:
    wanted = flask.session.pop(WANTED, None)
    return flask.render_template(
        "people/recovery_codes.html",
        codes=drawn.codes,
        shown=[in_groups(one) for one in drawn.codes],
        onward=goal(safe_path(wanted)) if wanted else goal(HOME),
    )


def _with_factor(is_first: object, drawn: Drawn, *, said: str) -> ResponseReturnValue:
    """Show the new codes after the first factor; after another one, the page it was added on."""
    if is_first:
        return _codes_page(drawn)
    flask.flash(said)
    return flask.redirect(HOME, code=303)


@bp.post(f"{APP}/confirm", may=MAY, pending=ENROLLING, reads_first=True)
def confirm_authenticator() -> ResponseReturnValue:
    """Let the app count once it shows the right code; with the first factor come the codes."""
    form = CodeForm()
    if form.validate():
        try:
            _begun()
            drawn = _new_codes()
            with writes():
                is_first = second_factor.confirm_authenticator(
                    actor=current_user.actor, sign_in_id=current_user.presence.sign_in_id,
                    code=form.code.data, key=own_key(), drawn=drawn, at=clock.now(),
                )  # fmt: skip
        except Missing:
            flask.flash("That took too long. Set the app up once more.", "wait")
            return flask.redirect(HOME, code=303)
        except Refused as refusal:
            form.code.errors = [str(refusal)]
        else:
            return _with_factor(is_first, drawn, said="The app is set up.")
    answer = flask.make_response(_app_page(form))
    if answer.status_code == 200:
        answer.status_code = 422
    return answer


def _changed(act: Callable[[], object], *, said: str) -> ResponseReturnValue:
    """Change something about signing in, once it's proved again who is there."""
    if (ask := not_proved(HOME)) is not None:
        return ask
    if FlaskForm().validate():
        try:
            act()
        except Refused as refusal:
            flask.flash(str(refusal), "wrong")
        else:
            flask.flash(said)
    return flask.redirect(HOME, code=303)


@bp.post(f"{APP}/remove", may=MAY)
def remove_authenticator() -> ResponseReturnValue:
    """Take the app out."""
    return _changed(
        lambda: second_factor.remove_authenticator(actor=current_user.actor, at=clock.now()),
        said="The app is removed. Delete its entry for Rounds in the app too.",
    )


@bp.post(f"{HOME}/codes", may=MAY, reads_first=True)
def recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes and show them once; those before are worth nothing."""
    if (ask := not_proved(HOME)) is not None:
        return ask
    drawn = second_factor.draw_codes()
    try:
        with writes():
            second_factor.keep_codes(actor=current_user.actor, drawn=drawn, at=clock.now())
    except Refused as refusal:
        flask.flash(str(refusal), "wrong")
        return flask.redirect(HOME, code=303)
    return _codes_page(drawn)


@bp.post(f"{HOME}/codes/file", may=MAY)
def recovery_codes_file() -> ResponseReturnValue:
    """Give the codes back that the page shows, as a file to keep: the server has only digests."""
    codes = flask.request.form.getlist("code")[:RECOVERY_CODES]
    if not codes or not all(re.fullmatch(rf"[0-9]{{{RECOVERY_DIGITS}}}", one) for one in codes):
        flask.flash("The codes are shown once. Make new ones to save them.", "wrong")
        return flask.redirect(HOME, code=303)
    lines = ["Recovery codes for Rounds, each good once", "", *map(in_groups, codes), ""]
    return flask.Response(
        "\r\n".join(lines), content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="rounds-recovery-codes.txt"'},
    )  # fmt: skip


@bp.post(f"{HOME}/passkeys/options", may=MAY, pending=ENROLLING)
def new_passkey_options() -> ResponseReturnValue:
    """Return what a device is asked when a passkey is added."""
    from lms.people.rules import webauthn  # noqa: PLC0415 - a large library; few use a passkey

    if (ask := not_proved(HOME)) is not None:
        return ask
    person = current_user.person
    challenge = passkeys.ask(purpose=Purpose.ADD, person_id=person.id, at=clock.now())
    handle = passkeys.handle_of(person.id)
    remember_asked(Purpose.ADD, challenge, handle=handle)
    present = [one.credential_id for one in asked.factors_of(person.id).passkeys]
    return flask.jsonify(
        webauthn.to_create(
            site(), challenge=challenge, handle=handle, email=person.email, name=person.name,
            present=present,
        )
    )  # fmt: skip


@bp.post(f"{HOME}/passkeys", may=MAY, pending=ENROLLING, reads_first=True)
def add_passkey() -> ResponseReturnValue:
    """Add the passkey that a device has just made."""
    if (ask := not_proved(HOME)) is not None:
        return ask
    form = NameForm()
    if not form.validate():
        return _page(name=form), 422
    answer = answered(Purpose.ADD)
    try:
        drawn = _new_codes() if answer.challenge else NO_CODES
        with writes():
            is_first = passkeys.add_passkey(
                actor=current_user.actor, sign_in_id=current_user.presence.sign_in_id,
                site=site(), answer=answer, name=form.name.data or "", drawn=drawn,
                at=clock.now(),
            )  # fmt: skip
    except Refused as refusal:
        form.name.errors = [str(refusal)]
        return _page(name=form), 422
    return _with_factor(is_first, drawn, said="The passkey is added.")


@bp.post(f"{HOME}/passkeys/<int:passkey_id>/name", may=MAY)
def name_passkey(passkey_id: int) -> ResponseReturnValue:
    """Give a passkey another name."""
    form = NameForm()
    if form.validate():
        passkeys.name_passkey(
            actor=current_user.actor, passkey_id=passkey_id, name=form.name.data or "",
            at=clock.now(),
        )  # fmt: skip
        flask.flash("The name is saved.")
    else:
        flask.flash(" ".join(form.name.errors), "wrong")
    return flask.redirect(HOME, code=303)


@bp.post(f"{HOME}/passkeys/<int:passkey_id>/remove", may=MAY)
def remove_passkey(passkey_id: int) -> ResponseReturnValue:
    """Take a passkey out."""
    return _changed(
        lambda: passkeys.remove_passkey(
            actor=current_user.actor, passkey_id=passkey_id, at=clock.now()
        ),
        said="The passkey is removed. Delete it on your device too.",
    )
