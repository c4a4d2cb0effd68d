"""Evaluate and claim on one short page; the transcript, on screen and as a file."""

from datetime import datetime
from typing import Any

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from lms import clock
from lms.access import Permission
from lms.certificates.operations import CannotPrint
from lms.certificates.pdf import name_svg
from lms.credit import operations, pdf, queries
from lms.credit.forms import ClaimForm, FullClaimForm, full_claim_form
from lms.credit.queries import ClaimPage
from lms.credit.rules import quarters_of
from lms.errors import Refused
from lms.typeset.names import Unprintable
from lms.typeset.shape import NoGlyph
from lms.web import pages
from lms.web.door import Blueprint

bp = Blueprint("credit", __name__)


def _page(key: str, at: datetime) -> ClaimPage:
    return queries.claim_page(
        int(current_user.actor.person_id),
        key,
        at=at,
        today=pages.today(),
        zone=pages.settings().zone,
    )


def _form(page: ClaimPage) -> Any:
    kind: Any = full_claim_form(page.course) if page.needs_evaluation else ClaimForm
    return kind(legal_name=page.name)


def _shown(page: ClaimPage, form: Any, status: int = 200) -> ResponseReturnValue:
    """Show the claim page; the name is drawn by the code that will print it."""
    preview = None
    if page.is_open:
        try:
            drawn = name_svg(
                form.legal_name.data or "", pages.faces(), locale=page.name_locale
            )
            # The drawing holds outlines and the name escaped; nothing else that was typed.
            preview = Markup(drawn)  # noqa: S704
        except Unprintable as problem:
            if not form.legal_name.errors:
                form.legal_name.errors = [str(problem)]
    shown = flask.render_template("credit/claim.html", page=page, form=form, preview=preview)
    return shown, status


def _certificate(serial: str) -> ResponseReturnValue:
    return flask.redirect(flask.url_for("certificates.certificate", serial=serial), 303)


@bp.get("/courses/<string:key>/claim", may=Permission.CLAIM)
def claim(key: str) -> ResponseReturnValue:
    """Show what is left: the evaluation, the name, the amount; or what comes before them."""
    page = _page(key, clock.now())
    if page.standing.serial is not None:
        return _certificate(page.standing.serial)
    return _shown(page, _form(page))


@bp.post("/courses/<string:key>/claim", may=Permission.CLAIM)
def claim_now(key: str) -> ResponseReturnValue:
    """Claim, finish without credit, or draw the name again; what was typed stays."""
    at = clock.now()
    page = _page(key, at)
    if page.standing.serial is not None:
        # Somebody who clicked twice finds what the first click made.
        return _certificate(page.standing.serial)
    form, asked = _form(page), flask.request.form.get("claim", "")
    if asked == "name":
        return _shown(page, form)
    try:
        quarters = quarters_of(asked)
    except ValueError as problem:
        form.form_errors.append(str(problem))
        return _shown(page, form, 422)
    if not quarters:
        form.legal_name.validators = []
    if form.validate():
        try:
            return _hand_in(key, form, quarters, at)
        except CannotPrint as refusal:
            form.legal_name.errors = [str(refusal)]
        except Refused as refusal:
            form.form_errors.append(str(refusal))
    return _shown(page, form, 422)


def _hand_in(key: str, form: Any, quarters: int, at: datetime) -> ResponseReturnValue:
    evaluation = form.answers() if isinstance(form, FullClaimForm) else None
    if not quarters:
        operations.finish(
            actor=current_user.actor,
            key=key,
            evaluation=evaluation,
            zone=pages.settings().zone,
            at=at,
        )
        flask.flash("Finished without credit. It stands in your transcript.")
        return flask.redirect(flask.url_for("credit.transcript"), 303)
    entry = operations.claim(
        actor=current_user.actor,
        key=key,
        quarters=quarters,
        name=form.legal_name.data,
        evaluation=evaluation,
        press=pages.press(),
        at=at,
        zone=pages.zone(),
    )
    return _certificate(entry.serial)


def _transcript(at: datetime) -> queries.Transcript:
    return queries.transcript(
        int(current_user.actor.person_id),
        at=at,
        today=pages.today(),
        zone=pages.zone(),
        year=flask.request.args.get("year", type=int),
    )


@bp.get("/transcript", may=Permission.CLAIM)
def transcript() -> ResponseReturnValue:
    """List what the reader completed and claimed, of one year or of all."""
    return flask.render_template("credit/transcript.html", page=_transcript(clock.now()))


@bp.get("/transcript.pdf", may=Permission.CLAIM)
def transcript_file() -> ResponseReturnValue:
    """Hand out the transcript as a file."""
    at = clock.now()
    listing = queries.listing(
        _transcript(at), at=at, zone=pages.zone(), verify_label=pages.press().verify_label
    )
    try:
        content = pdf.draw(listing, pages.faces())
    except NoGlyph as problem:
        raise Refused(
            f"The transcript can't be printed, because no font here has {problem.part!r}. The "
            "page shows the same; ask the administrator to install a font for it."
        ) from problem
    response = flask.make_response(content)
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="transcript-{at:%Y-%m-%d}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
