"""The certificate on screen and as a file, its revocation and replacement, and the public check."""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import quote

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.certificates import operations, queries
from lms.certificates.forms import RevokeForm, SupersedeForm
from lms.certificates.rules import codes
from lms.certificates.rules.ledger import State, is_serial
from lms.certificates.rules.qr import qr
from lms.errors import Refused
from lms.web import limits, pages
from lms.web.door import ANYONE, Blueprint, writes

bp = Blueprint("certificates", __name__)

LOOKS: Final = 60  # verifications from one address …
WITHIN: Final = timedelta(minutes=1)  # … in this time


@bp.get("/certificates/<string:serial>", may=Permission.CLAIM)
def certificate(serial: str) -> ResponseReturnValue:
    """Show a certificate on screen, of equal standing with the paper."""
    found = queries.by_serial(current_user.actor, serial, at=clock.now())
    return flask.render_template(
        "certificates/certificate.html",
        one=found,
        code=qr(found.facts.verify_url),
        is_own=found.person_id == current_user.actor.person_id,
    )


@bp.get("/certificates/<string:serial>.pdf", may=Permission.CLAIM)
def file(serial: str) -> ResponseReturnValue:
    """Hand out the signed file, the same bytes as on the day of issue."""
    stored = queries.file_of(current_user.actor, serial)
    response = flask.make_response(stored.content)
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = attachment(
        f"Certificate {serial} {stored.person_name}.pdf", plain=f"certificate-{serial}.pdf"
    )
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(stored.digest)
    return response.make_conditional(flask.request)


def attachment(name: str, *, plain: str) -> str:
    """Return a Content-Disposition: an ASCII name for old readers, the full one in UTF-8 beside."""
    kept = "".join(one if one.isprintable() and one not in '\\/:*?"<>|' else "-" for one in name)
    encoded = quote(kept, safe="", encoding="utf-8")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def _ending_page(name: str, serial: str, form: Any, at: datetime) -> str:
    one = queries.by_serial(current_user.actor, serial, at=at)
    return flask.render_template(f"certificates/{name}.html", one=one, form=form)


@bp.get("/certificates/<string:serial>/revoke", may=Permission.REVOKE)
def revoke(serial: str) -> ResponseReturnValue:
    """Ask for the reason of a revocation, and for confirmation."""
    return _ending_page("revoke", serial, RevokeForm(), clock.now())


@bp.post("/certificates/<string:serial>/revoke", may=Permission.REVOKE)
def revoke_now(serial: str) -> ResponseReturnValue:
    """Revoke a certificate; or show the form again with what was typed."""
    form, at = RevokeForm(), clock.now()
    if form.validate():
        try:
            operations.revoke(
                actor=current_user.actor, serial=serial, reason=form.reason.data, at=at
            )
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash("Revoked. The holder is told by mail.")
            return flask.redirect(flask.url_for("certificates.certificate", serial=serial), 303)
    return _ending_page("revoke", serial, form, at), 422


@bp.get("/certificates/<string:serial>/supersede", may=Permission.SUPERSEDE)
def supersede(serial: str) -> ResponseReturnValue:
    """Ask for the right name and the reason of a replacement."""
    at = clock.now()
    one = queries.by_serial(current_user.actor, serial, at=at)
    return _ending_page("supersede", serial, SupersedeForm(name=one.facts.person_name), at)


@bp.post("/certificates/<string:serial>/supersede", may=Permission.SUPERSEDE)
def supersede_now(serial: str) -> ResponseReturnValue:
    """Replace a certificate; or show the form again with what was typed."""
    form, at = SupersedeForm(), clock.now()
    if form.validate():
        try:
            new = operations.supersede(
                actor=current_user.actor,
                serial=serial,
                name=form.name.data,
                reason=form.reason.data,
                press=pages.press(),
                at=at,
            )
        except operations.CannotPrint as refusal:
            form.name.errors = [str(refusal)]
        except Refused as refusal:
            form.form_errors.append(str(refusal))
        else:
            flask.flash(f"Replaced by {new.serial}. The holder is told by mail.")
            return flask.redirect(flask.url_for("certificates.certificate", serial=new.serial), 303)
    return _ending_page("supersede", serial, form, at), 422


def _bare(page: str, status: int) -> ResponseReturnValue:
    """Keep a verification page out of caches and search engines."""
    response = flask.make_response(page, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/verify", may=ANYONE)
def verify() -> ResponseReturnValue:
    """Ask for a code; lead a typed one to its verdict."""
    typed = flask.request.args.get("code")
    if typed is None:
        return _bare(flask.render_template("certificates/verify.html", typed="", problem=""), 200)
    characters = codes.normalise(typed)
    if codes.is_code(characters):
        address = flask.url_for("certificates.verdict", code=codes.grouped(characters))
        return flask.redirect(address, 303)
    if is_serial(typed):
        problem = "This is the serial number. The code stands above it and has twenty characters."
    else:
        problem = f"{codes.slip(characters)} Compare it with the certificate."
    page = flask.render_template("certificates/verify.html", typed=typed[:200], problem=problem)
    return _bare(page, 422)


def _bucket() -> str:
    """Name the caller's address for counting; one household's IPv6 network is one caller."""
    try:
        address = ip_address(flask.request.remote_addr or "")
    except ValueError:
        return "verify:unknown"
    if isinstance(address, IPv6Address):
        return f"verify:{int(address) >> 64:x}"
    return f"verify:{address}"


@bp.get("/verify/<string:code>", may=ANYONE)
def verdict(code: str) -> ResponseReturnValue:
    """Say what a code is worth: what the paper shows, whether it stands, and nothing more."""
    at = clock.now()
    # Counting writes, and what it writes is kept before the page is drawn: others wait to write.
    with writes():
        limits.take_turn(_bucket())
        if limits.hits(_bucket(), within=WITHIN, at=at) >= LOOKS:
            return pages.problem(429)
        limits.note(_bucket(), at=at)
        found = queries.by_code(code, at=at)
    status = 404 if found.state == State.UNKNOWN else 200
    page = flask.render_template(
        "certificates/verdict.html", verdict=found, at=at, contact=queries.contact()
    )
    return _bare(page, status)


