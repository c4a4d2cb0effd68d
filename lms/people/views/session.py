"""Who is behind a request: the cookie's token, turned into a person and an actor."""

import ipaddress
from urllib.parse import quote, urlsplit

import flask
from flask_login import AnonymousUserMixin, UserMixin

from lms import clock
from lms.people import operations, queries
from lms.people.operations import Browser, Opened
from lms.people.queries import Presence
from lms.people.rules import sessions as rules
from lms.people.rules import token_digest
from lms.people.rules.sessions import Pending
from lms.web import pages

KEPT = "unsent"
"""Where the cookie holds a form that could not be saved; see unsent.py."""


HALF = "half"
"""Where the cookie holds the token of whoever owes the second step."""


class Stranger(AnonymousUserMixin):  # type: ignore[misc]
    """Somebody who signed in and may see nothing of it yet: on open pages they are nobody."""

    def __init__(self, pending: Pending | None) -> None:
        self.pending = pending


class SignedIn(UserMixin):  # type: ignore[misc]
    """The person behind this request, in Flask-Login's terms; its id is the sign-in's token."""

    def __init__(self, presence: Presence, token: str) -> None:
        self.id = token
        self.presence = presence
        self.person = presence.me
        self.actor = presence.actor
        self.pending = presence.pending

    def as_stranger(self) -> Stranger:
        """Return who this is where they are not let in yet."""
        return Stranger(self.pending)

    def is_worth_noting(self) -> bool:
        """Say whether it's time to write down again that this browser is in use."""
        shared = self.presence.idle_minutes is not None
        return rules.is_worth_noting(self.presence.seen_at, is_shared=shared, at=clock.now())

    def note_seen(self) -> None:
        """Write down that this browser is in use."""
        operations.note_seen(sign_in_id=self.presence.sign_in_id, at=clock.now())
        # A cookie that does not outlive the browser is sent anew only when it changed.
        flask.session.modified = True

    @property
    def lock_minutes(self) -> int | None:
        """Return after how many minutes the page is locked; None at a computer of one's own."""
        return self.presence.idle_minutes


def load(token: str) -> SignedIn | None:
    """Return whoever this token was given to, or None once the sign-in has ended."""
    found = queries.signed_in(token_digest(token), at=clock.now(), zone=pages.settings().zone)
    return None if found is None else SignedIn(found, token)


def present_token() -> str | None:
    """Return the token in this browser's cookie, whether it's still good or not."""
    token = flask.session.get("_user_id")
    return token if isinstance(token, str) else None


def half_token() -> str | None:
    """Return the token of a sign-in that lacks its second step."""
    token = flask.session.get(HALF)
    return token if isinstance(token, str) else None


def begin(opened: Opened) -> None:
    """Put a new sign-in into the cookie; nothing of an earlier one stays (no fixation).

    On a shared computer the cookie ends with the browser.
    """
    kept = flask.session.get(KEPT)
    flask.session.clear()
    if kept is not None:
        flask.session[KEPT] = kept
    flask.session.permanent = not opened.is_shared
    if opened.is_half:
        flask.session[HALF] = opened.token
        return
    flask.session["_user_id"] = opened.token
    flask.session["_fresh"] = True


def go_on(token: str) -> None:
    """Put the token that counts from now on into the cookie; what stands open stays usable."""
    flask.session["_user_id"] = token


def browser(*, is_shared: bool) -> Browser:
    """Return what is written down of this browser."""
    words = rules.browser_words(flask.request.headers.get("User-Agent", ""))
    return Browser(device=words, is_shared=is_shared)


def goal(target: str) -> str:
    """Return where to go now: to what was typed and not sent, else to where one wanted to go."""
    return "/unsent" if KEPT in flask.session else target


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
