"""Who is behind a request: the cookie's token, turned into a person and an actor."""

from urllib.parse import quote

import flask
from flask.typing import ResponseReturnValue
from flask_login import UserMixin

from lms import clock
from lms.access import Actor
from lms.people import queries, rules
from lms.people.queries import Me
from lms.web import pages


class SignedIn(UserMixin):  # type: ignore[misc]
    """The person behind this request, in Flask-Login's terms; its id is the session's token."""

    def __init__(self, person: Me, actor: Actor, token: str) -> None:
        self.id = token
        self.person = person
        self.actor = actor


def load(token: str) -> SignedIn | None:
    """Return whoever this session belongs to, or None when it has ended."""
    found = queries.signed_in(
        rules.token_digest(token), at=clock.now(), zone=pages.settings().zone
    )
    return None if found is None else SignedIn(*found, token)


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
