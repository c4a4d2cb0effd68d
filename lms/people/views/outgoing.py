"""The outbox: what was mailed, what waits, what failed; and sending once more (case 56)."""

import flask
from flask.typing import ResponseReturnValue

from lms import clock, outbox
from lms.access import Permission
from lms.errors import Refused
from lms.people.queries import outgoing as queries
from lms.people.rules import tidy
from lms.people.views.blueprint import bp
from lms.people.views.staff import asked_page
from lms.web import pages

WORDS_MOST = 120


def _outbox(problem: str = "") -> str:
    wanted = flask.request.args.get("state", "")
    state = outbox.State(wanted) if wanted in set(outbox.State) else None
    words = tidy(flask.request.args.get("q", ""))[:WORDS_MOST]
    found = queries.outgoing(state=state, words=words, page=asked_page())
    return flask.render_template(
        "people/outbox_page.html",
        listing=found.listing,
        names=found.names,
        counts=outbox.counts(),
        state=state,
        words=words,
        kept={name: value for name, value in (("state", state), ("q", words)) if value},
        state_of=outbox.state_of,
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
