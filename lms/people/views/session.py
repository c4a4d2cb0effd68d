"""Who is behind a request: the cookie's token, turned into a person and an actor."""

from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import flask
from flask.typing import ResponseReturnValue
from flask_login import UserMixin

from lms import clock
from lms.people import queries
from lms.people.operations.accounts import Opened
from lms.people.queries import Who
from lms.web import pages


@dataclass(frozen=True, kw_only=True)
class Me:
    """What pages know of the person who is signed in."""

    id: int
    name: str
    certificate_name: str
    profession: str
    zone: ZoneInfo
    department_id: int | None


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name) if name else pages.settings().zone
    except (ZoneInfoNotFoundError, ValueError):
        return pages.settings().zone


class SignedIn(UserMixin):  # type: ignore[misc]
    """The person behind this request, in Flask-Login's terms; its id is the session's token."""

    def __init__(self, who: Who, token: str) -> None:
        self.id = token
        self.actor = who.actor
        self.person = Me(
            id=who.id,
            name=who.name,
            certificate_name=who.certificate_name,
            profession=who.profession,
            zone=_zone(who.zone),
            department_id=who.department_id,
        )


def load(token: str) -> SignedIn | None:
    """Return whoever this session belongs to, or None when it has ended."""
    who = queries.signed_in(token, at=clock.now())
    return None if who is None else SignedIn(who, token)


def begin(opened: Opened) -> None:
    """Put a new session into the cookie; nothing of an earlier one stays (no fixation)."""
    flask.session.clear()
    flask.session.permanent = True
    flask.session["_user_id"] = opened.token
    flask.session["_fresh"] = True


def safe_next(target: str | None) -> str:
    """Return a path of this site to go on to, or home; never an address elsewhere."""
    plain = target or ""
    if (
        not plain.startswith("/")
        or plain.startswith(("//", "/\\"))
        or any(ord(c) < 33 or c == "\\" for c in plain)
    ):
        return "/"
    return plain


def unauthorized() -> ResponseReturnValue:
    """Lead a stranger to the sign-in page and back; JSON clients get a 401."""
    if pages.wants_json():
        return pages.problem(401)
    request = flask.request
    wanted = request.full_path.rstrip("?") if request.method == "GET" else _page_of_action()
    return flask.redirect("/sign-in?next=" + quote(wanted, safe="/"), code=303)


def _page_of_action() -> str:
    """Return the page that an action was sent from, as far as it lies on this site."""
    sent_from = flask.request.referrer or ""
    if sent_from.startswith(flask.request.host_url):
        return "/" + sent_from.removeprefix(flask.request.host_url)
    return "/"
