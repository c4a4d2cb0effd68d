"""The outbox: what was mailed, what waits, what failed; and sending once more (case 56)."""

import flask
from flask.typing import ResponseReturnValue

from lms import clock, outbox
from lms.access import Permission
from lms.errors import Refused
from lms.people.views.blueprint import bp
from lms.people.views.staff import asked_page
from lms.web import pages


def _outbox(problem: str = "") -> str:
    wanted = flask.request.args.get("state", "")
    state = outbox.State(wanted) if wanted in set(outbox.State) else None
    return flask.render_template(
        "people/outbox_page.html",
        listing=outbox.listing(state=state, page=asked_page()),
        counts=outbox.counts(),
        state=state,
        problem=problem,
        is_kept=pages.settings().mail is None,
    )


@bp.get("/outbox", may=Permission.SEE_OUTBOX)
def outbox_page() -> ResponseReturnValue:
    """Show what was mailed, what waits and what failed."""
    return _outbox()


@bp.post("/outbox/<int:message_id>/resend", may=Permission.SEE_OUTBOX)
def resend(message_id: int) -> ResponseReturnValue:
    """Send a mail that failed, or went astray, once more."""
    try:
        outbox.resend(message_id=message_id, at=clock.now())
    except Refused as refusal:
        return _outbox(str(refusal)), 422
    flask.flash("The mail is queued again.")
    return flask.redirect("/outbox", code=303)
