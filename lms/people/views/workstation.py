"""A shared computer: lock it, open it again, and show anew that it's still oneself."""

from datetime import datetime
from urllib.parse import quote

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.people import operations
from lms.people.forms.second_factor import UnlockForm
from lms.people.operations import passkeys
from lms.people.queries import second_factor as asked
from lms.people.rules import safe_path
from lms.people.rules.passkeys import Purpose
from lms.people.rules.second_factor import PROOF_LASTS
from lms.people.rules.sessions import Pending
from lms.people.views.accounts import TRIES_PER_ACCOUNT, WINDOW
from lms.people.views.blueprint import bp
from lms.people.views.passkeys import answered, possible, remember_asked, site
from lms.people.views.session import go_on, goal, wanted
from lms.web import limits, pages
from lms.web.door import writes

BOTH = (Pending.LOCKED, Pending.ENROLMENT)


def not_proved(target: str) -> ResponseReturnValue | None:
    """Ask for password or passkey again before something about signing in is changed."""
    if clock.now() - current_user.presence.proved_at <= PROOF_LASTS:
        return None
    where = f"/unlock?next={quote(target, safe='/')}"
    if pages.wants_json():
        return flask.jsonify(to=where), 401
    return flask.redirect(where, code=303)


def _target() -> str:
    target = safe_path(flask.request.values.get("next"))
    return "/" if target.startswith("/unlock") else target


def _page(form: UnlockForm) -> str:
    keys = asked.factors_of(current_user.actor.person_id).passkeys
    return flask.render_template(
        "people/unlock.html", form=form, target=_target(), has_passkeys=bool(keys) and possible(),
        is_locked=current_user.pending is Pending.LOCKED,
    )  # fmt: skip


@bp.get("/unlock", may=Permission.KEEP_PROFILE, pending=BOTH)
def unlock() -> ResponseReturnValue:
    """Ask who is signed in for their password, after the computer was left alone."""
    fresh = clock.now() - current_user.presence.proved_at <= PROOF_LASTS
    if fresh and current_user.pending is not Pending.LOCKED:
        return flask.redirect(_target(), code=303)
    return _page(UnlockForm(formdata=None))


def _bucket() -> str:
    # The same as for changing the password: what is guessed is the same.
    return f"present-password:{current_user.actor.person_id}"


def _is_over(at: datetime) -> bool:
    return limits.hits(_bucket(), within=WINDOW, at=at) >= TRIES_PER_ACCOUNT


def _opened(token: str) -> ResponseReturnValue:
    go_on(token)
    if pages.wants_json():
        return flask.jsonify(opened=True)
    return flask.redirect(goal(_target()), code=303)


@bp.post("/unlock", may=Permission.KEEP_PROFILE, pending=BOTH, reads_first=True)
def open_again() -> ResponseReturnValue:
    """Open a locked computer by the password of who is signed in."""
    form, at = UnlockForm(), clock.now()
    token = None
    if form.validate():
        if _is_over(at):
            return pages.problem(429)
        compared = operations.compare_own(actor=current_user.actor, password=form.password.data)
        with writes():
            limits.take_turn(_bucket())
            if _is_over(at):
                return pages.problem(429)
            token = operations.prove_by_password(
                actor=current_user.actor, sign_in_id=current_user.presence.sign_in_id,
                compared=compared, at=at,
            )  # fmt: skip
            if token is None:
                limits.note(_bucket(), at=at)
        form.password.errors = ["This is not the password of who is signed in here."]
    if token is not None:
        return _opened(token)
    if pages.wants_json():
        return pages.problem(422, " ".join(form.password.errors))
    return _page(form), 422


@bp.post("/unlock/options", may=Permission.KEEP_PROFILE, pending=BOTH)
def unlock_options() -> ResponseReturnValue:
    """Return what a device is asked to sign to open a locked computer."""
    from lms.people.rules import webauthn  # noqa: PLC0415 - a large library; few use a passkey

    person_id = current_user.actor.person_id
    challenge = passkeys.ask(purpose=Purpose.UNLOCK, person_id=person_id, at=clock.now())
    remember_asked(Purpose.UNLOCK, challenge)
    present = [one.credential_id for one in asked.factors_of(person_id).passkeys]
    return flask.jsonify(
        webauthn.to_get(site(), challenge=challenge, present=present, must_verify=False)
    )


@bp.post("/unlock/passkey", may=Permission.KEEP_PROFILE, pending=BOTH)
def unlock_by_passkey() -> ResponseReturnValue:
    """Open a locked computer by a passkey of who is signed in."""
    at, actor = clock.now(), current_user.actor
    limits.take_turn(_bucket())
    if _is_over(at):
        return pages.problem(429)
    given = passkeys.read_passkey(
        site=site(), answer=answered(Purpose.UNLOCK), purpose=Purpose.UNLOCK,
        person_id=actor.person_id, at=at,
    )  # fmt: skip
    token = passkeys.prove_by_passkey(
        actor=actor, sign_in_id=current_user.presence.sign_in_id, given=given, at=at
    )
    if token is not None:
        return _opened(token)
    limits.note(_bucket(), at=at)
    if pages.wants_json():
        return pages.problem(422, "This passkey did not fit. Type your password instead.")
    form = UnlockForm(formdata=None)
    form.password.errors = ["This passkey did not fit. Type your password instead."]
    return _page(form), 422


@bp.post("/lock", may=Permission.KEEP_PROFILE, pending=BOTH)
def lock() -> ResponseReturnValue:
    """Lock a shared computer now; by script the page stays under its lock screen."""
    operations.lock(
        actor=current_user.actor, sign_in_id=current_user.presence.sign_in_id, at=clock.now()
    )
    if pages.wants_json():
        return flask.jsonify(locked=True)
    return flask.redirect(f"/unlock?next={quote(safe_path(wanted()), safe='/')}", code=303)


@bp.post("/seen", may=Permission.KEEP_PROFILE, pending=(Pending.ENROLMENT,))
def seen() -> ResponseReturnValue:
    """Hear that somebody is reading here; the door wrote it down if it was time to."""
    return "", 204
