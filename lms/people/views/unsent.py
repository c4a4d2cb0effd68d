"""What was typed into a form when the session had run out: kept, and sent after signing in.

Nothing is replayed by itself. The person sees that something waits and sends it with a button,
under a new token, so a form forged elsewhere gains nothing.
"""

from typing import Any
from urllib.parse import quote

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms.access import Permission
from lms.people import queries, rules
from lms.people.rules.sessions import Pending
from lms.people.views.blueprint import bp
from lms.people.views.session import KEPT, present_token, wanted
from lms.web import pages

MOST_BYTES = 2_500  # a cookie holds four thousand, and is encoded
# What it holds are positions on a page that only its owner can open, so that it may wait in a
# cookie of nobody; anything else waits only for the person who typed it.
HARMLESS = "quiz.answer"
ROOMS = {Pending.LOCKED: "/unlock", Pending.ENROLMENT: "/profile/security"}
"""Where somebody who may see nothing yet is led."""


def _is_ours() -> bool:
    request = flask.request
    return (
        request.method == "POST"
        and request.mimetype == "application/x-www-form-urlencoded"
        and request.headers.get("Origin", "") == request.host_url.rstrip("/")
    )


def keep() -> None:
    """Keep the form that an ended session kept from being saved, if it's small and from our page.

    A password is never kept.
    """
    request = flask.request
    if not _is_ours() or (request.content_length or 0) > MOST_BYTES:
        return
    fields = [
        (name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"
    ]
    token = present_token()
    owner = queries.once_signed_in(rules.token_digest(token)) if token else None
    secret = any("password" in name for name, _value in fields)
    if secret or (owner is None and request.endpoint != HARMLESS):
        return
    flask.session[KEPT] = {"to": request.path, "fields": fields, "owner": owner}


def waiting() -> dict[str, Any] | None:
    """Return what waits for the person who is signed in, or None."""
    kept = flask.session.get(KEPT)
    if not isinstance(kept, dict) or not current_user.is_authenticated:
        return None
    mine = kept.get("owner") in {None, current_user.person.id}
    return kept if mine else None


def unauthorized() -> ResponseReturnValue:
    """Lead a stranger to the sign-in page and back; JSON clients get a 401.

    Somebody who is locked, or owes a second factor, is led to where that ends.
    """
    if pages.wants_json():
        return pages.problem(401)
    keep()
    pending = getattr(current_user, "pending", None)
    room = ROOMS.get(pending, "/sign-in") if pending else "/sign-in"
    target = rules.safe_path(wanted())
    where = room if target == "/" else f"{room}?next={quote(target, safe='/')}"
    return flask.redirect(where, code=303)


@bp.get("/unsent", may=Permission.KEEP_PROFILE)
def unsent() -> ResponseReturnValue:
    """Show that something was typed and not saved, with the button that sends it."""
    kept = waiting()
    flask.session.pop(KEPT, None)
    if kept is None:
        return flask.redirect("/", code=303)
    return flask.render_template("people/unsent.html", kept=kept)
