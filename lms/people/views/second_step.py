"""The second step of signing in, and signing in by a passkey alone."""

from datetime import datetime, timedelta
from urllib.parse import quote

import flask
from flask.typing import ResponseReturnValue

from lms import clock
from lms.people.forms.second_factor import CodeForm
from lms.people.operations import Browser, Opened, passkeys, second_factor
from lms.people.queries import second_factor as asked
from lms.people.queries.second_factor import Half
from lms.people.rules import safe_path, token_digest
from lms.people.rules.passkeys import Purpose
from lms.people.rules.second_factor import sealing_key, unsealed
from lms.people.views.accounts import HOUR, TRIES_PER_ADDRESS, WINDOW
from lms.people.views.blueprint import bp
from lms.people.views.passkeys import answered, possible, remember_asked, site
from lms.people.views.session import begin, browser, goal, half_token, network, present_token
from lms.people.views.shared import remember
from lms.web import limits, pages
from lms.web.door import ANYONE, writes

TRIES = 10
TRIES_A_DAY = 30  # of a million codes, of which three are right at a time
DAY = timedelta(days=1)
QUESTIONS_PER_ADDRESS = 200


def own_key() -> bytes:
    """Return the key that seals the secrets of apps here."""
    return sealing_key(pages.settings().secret_key)


def _half(at: datetime) -> Half | None:
    token = half_token()
    return asked.half_signed_in(token_digest(token), at=at) if token else None


def _target() -> str:
    return safe_path(flask.request.values.get("next"))


def _too_late() -> ResponseReturnValue:
    flask.flash("That took too long. Sign in again.", "wait")
    return flask.redirect(f"/sign-in?next={quote(_target(), safe='/')}", code=303)


def _page(half: Half, form: CodeForm, *, sentence: str = "") -> str:
    factors = asked.factors_of(half.person_id)
    app = factors.authenticator
    readable = app is None or unsealed(app.sealed, key=own_key(), person_id=half.person_id)
    return flask.render_template(
        "people/second_step.html", form=form, target=_target(), factors=factors,
        has_passkeys=bool(factors.passkeys) and possible(), is_readable=bool(readable),
        sentence=sentence,
    )  # fmt: skip


def _bucket(half: Half) -> str:
    return f"second-step:{half.person_id}"


def _left(half: Half, at: datetime) -> int:
    return min(
        TRIES - limits.hits(_bucket(half), within=WINDOW, at=at),
        TRIES_A_DAY - limits.hits(_bucket(half), within=DAY, at=at),
        TRIES_PER_ADDRESS - limits.hits(f"second-step-from:{network()}", within=WINDOW, at=at),
    )


def _wait(half: Half, form: CodeForm) -> ResponseReturnValue:
    page = _page(half, form, sentence="There were many tries. Please wait fifteen minutes.")
    return flask.make_response(page, 429, {"Retry-After": str(int(WINDOW.total_seconds()))})


@bp.get("/sign-in/second-step", may=ANYONE)
def second_step() -> ResponseReturnValue:
    """Ask for the second factor, after the password."""
    half = _half(clock.now())
    if half is None:
        return flask.redirect(f"/sign-in?next={quote(_target(), safe='/')}", code=303)
    return _page(half, CodeForm(formdata=None))


def _take(half: Half, given: second_factor.Given | None, at: datetime) -> Opened | None:
    """Take the step if it holds and there is a try left; count it if it does not."""
    limits.take_turn(_bucket(half))
    if _left(half, at) <= 0:
        return None
    opened = second_factor.second_step(
        half=half, given=given, browser=browser(is_shared=half.is_shared), at=at,
        ending=present_token(),
    )  # fmt: skip
    if opened is None:
        limits.note(_bucket(half), at=at)
        limits.note(f"second-step-from:{network()}", at=at)
    return opened


def _outcome(
    half: Half, opened: Opened | None, form: CodeForm, at: datetime, *, wrong: str
) -> ResponseReturnValue:
    if opened is not None:
        target = _target()
        begin(opened)
        return remember(flask.redirect(goal(target), code=303), is_shared=half.is_shared)
    if _left(half, at) <= 0:
        return _wait(half, form)
    form.code.errors = [wrong]
    return _page(half, form), 422


@bp.post("/sign-in/second-step", may=ANYONE, reads_first=True)
def take_second_step() -> ResponseReturnValue:
    """Sign in with a code of the app, or a recovery code."""
    form, at = CodeForm(), clock.now()
    half = _half(at)
    if half is None:
        return _too_late()
    if not form.validate():
        return _page(half, form), 422
    if _left(half, at) <= 0:
        return _wait(half, form)
    given = second_factor.read_code(
        person_id=half.person_id, typed=form.code.data, key=own_key(), at=at
    )
    with writes():
        opened = _take(half, given, at)
    wrong = (
        "This code does not fit. Type the six digits your app shows now, each only once, or a "
        "recovery code you have not used."
    )
    return _outcome(half, opened, form, at, wrong=wrong)


def _enough_questions(at: datetime) -> bool:
    """Say whether this network had as many questions for devices as it may; count this one."""
    bucket = f"passkeys-from:{network()}"
    limits.take_turn(bucket)
    limits.note(bucket, at=at)
    return limits.hits(bucket, within=HOUR, at=at) > QUESTIONS_PER_ADDRESS


@bp.post("/sign-in/second-step/options", may=ANYONE)
def second_step_options() -> ResponseReturnValue:
    """Return what a device is asked to sign as the second step."""
    from lms.people.rules import webauthn  # noqa: PLC0415 - a large library; few use a passkey

    at = clock.now()
    half = _half(at)
    if half is None:
        return flask.jsonify(to="/sign-in"), 404
    if _enough_questions(at):
        return pages.problem(429)
    challenge = passkeys.ask(purpose=Purpose.SECOND_STEP, person_id=half.person_id, at=at)
    remember_asked(Purpose.SECOND_STEP, challenge)
    keys = asked.factors_of(half.person_id).passkeys
    return flask.jsonify(
        webauthn.to_get(
            site(), challenge=challenge, present=[one.credential_id for one in keys],
            must_verify=False,
        )
    )  # fmt: skip


@bp.post("/sign-in/second-step/passkey", may=ANYONE)
def second_step_by_passkey() -> ResponseReturnValue:
    """Sign in with a passkey as the second step."""
    form, at = CodeForm(formdata=None), clock.now()
    half = _half(at)
    if half is None:
        return _too_late()
    given = passkeys.read_passkey(
        site=site(), answer=answered(Purpose.SECOND_STEP), purpose=Purpose.SECOND_STEP,
        person_id=half.person_id, at=at,
    )  # fmt: skip
    opened = _take(half, given, at)
    return _outcome(half, opened, form, at, wrong="This passkey did not fit. Try another way.")


@bp.post("/sign-in/passkey/options", may=ANYONE)
def passkey_options() -> ResponseReturnValue:
    """Return what a device is asked to sign by whoever signs in with a passkey alone."""
    from lms.people.rules import webauthn  # noqa: PLC0415 - a large library; few use a passkey

    at = clock.now()
    if _enough_questions(at):
        return pages.problem(429)
    challenge = passkeys.ask(purpose=Purpose.SIGN_IN, person_id=None, at=at)
    remember_asked(Purpose.SIGN_IN, challenge)
    return flask.jsonify(
        webauthn.to_get(site(), challenge=challenge, present=[], must_verify=True)
    )


@bp.post("/sign-in/passkey", may=ANYONE)
def sign_in_by_passkey() -> ResponseReturnValue:
    """Sign in with a passkey that verified its owner: no password, no second step."""
    at, target = clock.now(), _target()
    here = Browser(
        device=browser(is_shared=False).device, is_shared=flask.request.form.get("shared") == "y"
    )
    bucket = f"passkey-from:{network()}"
    limits.take_turn(bucket)
    if limits.hits(bucket, within=WINDOW, at=at) >= TRIES_PER_ADDRESS:
        return pages.problem(429)
    given = passkeys.read_passkey(
        site=site(), answer=answered(Purpose.SIGN_IN), purpose=Purpose.SIGN_IN, person_id=None,
        at=at,
    )  # fmt: skip
    opened = passkeys.sign_in_by_passkey(given=given, browser=here, at=at, ending=present_token())
    if opened is None:
        limits.note(bucket, at=at)
        flask.flash("This passkey did not fit. Sign in with your password instead.", "wrong")
        return flask.redirect(f"/sign-in?next={quote(target, safe='/')}", code=303)
    begin(opened)
    return remember(flask.redirect(goal(target), code=303), is_shared=here.is_shared)
