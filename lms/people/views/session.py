"""Who is behind a request: the cookie's token, turned into a person and an actor."""

import ipaddress
from urllib.parse import quote, urlsplit

import flask
from flask_login import UserMixin

from lms import clock
from lms.access import Actor
from lms.people import queries, rules
from lms.people.queries import Me
from lms.web import pages

KEPT = "unsent"
"""Where the cookie holds a form that could not be saved; see unsent.py."""


class SignedIn(UserMixin):  # type: ignore[misc]
    """The person behind this request, in Flask-Login's terms; its id is the sign-in's token."""

    def __init__(self, person: Me, actor: Actor, token: str) -> None:
        self.id = token
        self.person = person
        self.actor = actor


def load(token: str) -> SignedIn | None:
    """Return whoever this token was given to, or None once the sign-in has ended."""
    found = queries.signed_in(rules.token_digest(token), at=clock.now(), zone=pages.settings().zone)
    return None if found is None else SignedIn(*found, token)


def present_token() -> str | None:
    """Return the token in this browser's cookie, whether it's still good or not."""
    token = flask.session.get("_user_id")
    return token if isinstance(token, str) else None


def begin(token: str) -> None:
    """Put a new sign-in into the cookie; nothing of an earlier one stays (no fixation)."""
    kept = flask.session.get(KEPT)
    flask.session.clear()
    if kept is not None:
        flask.session[KEPT] = kept
    flask.session.permanent = True
    flask.session["_user_id"] = token
    flask.session["_fresh"] = True


def network() -> str:
    """Return where the request comes from, for counting: one address, or an IPv6 network of /64,
    which is the least that one subscriber holds."""
    text = flask.request.remote_addr or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def wanted() -> str:
    """Return the page to come back to; for an action, the page that it was sent from."""
    request = flask.request
    if request.method == "GET":
        # As an address is written: the framework hands the path over decoded.
        query = quote(request.query_string, safe="%&=+,;:@/?!$'()*~-._")
        return quote(request.path, safe="/:@+,;=~") + (f"?{query}" if query else "")
    try:
        came = urlsplit(request.referrer or "")
    except ValueError:
        return "/"
    if came.netloc != request.host:
        return "/"
    return f"{came.path}?{came.query}" if came.query else came.path
