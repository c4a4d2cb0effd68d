"""What all pages share: error pages, headers, filters, and the way to settings and press."""

from collections.abc import MutableMapping
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    TimeoutError,
)
from werkzeug.exceptions import HTTPException, SecurityError

from lms import clock
from lms.access import Permission, holds
from lms.config import Settings
from lms.db import db
from lms.errors import Missing, NotAllowed, Refused
from lms.web import assets, faults, frame

# No inline script or style, nothing from elsewhere, nobody may frame us.
POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_HEADERS = tuple(
    (name, name.lower(), value)
    # A shared ward computer must not show the last reader's page after "back".
    for name, value in {**HEADERS, "Cache-Control": "no-store"}.items()
)

TITLES = {
    400: "This request can't be read",
    401: "Please sign in",
    403: "This page is not open to you",
    404: "There is no such page",
    405: "This address does not work that way",
    409: "Something changed meanwhile",
    413: "That is too large",
    415: "This address takes plain forms",
    422: "Something is missing",
    429: "Please wait a moment",
    500: "Something went wrong on our side",
    503: "The records can't be reached right now",
}
SENTENCES = {
    400: "Part of it did not arrive as it was sent. Go back, reload the page and try again.",
    401: "Sign in, and you come back to where you were.",
    403: "Your account does not have the part that this page needs. An administrator can give it.",
    404: "It may have moved, or the address has a slip in it. Nothing of yours is lost.",
    405: "Go back and use the buttons of the page.",
    409: "Somebody, or you in another tab, was faster. Reload the page and look at it again.",
    413: "Send less than 2 MB at a time.",
    415: "It was sent another kind of content. Use the form on the page.",
    422: "Go back and look at what you typed.",
    429: "There were many requests in a short time. Try again in a few minutes.",
    500: "The problem is recorded. What you saved before is safe; try again in a moment.",
    503: "Nothing was changed. Try again in a minute; what you saved before is safe.",
}
UNSURE = (
    "The connection to them broke while this was being saved. Look whether it is there before you "
    "send it again; what you saved before is safe."
)
# When to come back, in seconds, where waiting is what helps.
RETRY_AFTER = {429: "60", 503: "60"}


def settings() -> Settings:
    """Return the settings of the running application."""
    return cast("Settings", flask.current_app.extensions["settings"])


def press() -> Any:
    """Return what certificates are made with: faces, signing key, anchors, addresses."""
    return flask.current_app.extensions["press"]()


def faces() -> Any:
    """Return the faces that the press prints with; unlike the press they ask no database."""
    return flask.current_app.extensions["faces"]()


def zone() -> ZoneInfo:
    """Return the zone that days and times are shown in: the reader's, else the institution's."""
    reader = current_user._get_current_object()  # None where a mail is written
    if reader and reader.is_authenticated:
        return cast("ZoneInfo", reader.person.zone)
    return settings().zone


def today() -> date:
    """Return the institution's calendar day, by which due and expiry days count."""
    return clock.day_of(clock.now(), settings().zone)


def wants_json() -> bool:
    """Say whether the client asked for JSON rather than a page."""
    best = flask.request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def problem(status: int, sentence: str | None = None) -> ResponseReturnValue:
    """Answer with the designed page of this status, or JSON for those who asked for it."""
    known = status if status in TITLES else (400 if status < 500 else 500)
    if status in REFUSALS:
        _note_refusal(str(status))
    title, text = TITLES[known], sentence or _sentence(known)
    headers = {"Retry-After": RETRY_AFTER[status]} if status in RETRY_AFTER else {}
    if wants_json():
        return flask.jsonify(status=status, title=title, detail=text), status, headers
    _know_reader()
    page = flask.render_template("errors/problem.html", status=status, title=title, sentence=text)
    return page, status, headers


def _sentence(status: int) -> str:
    most = (flask.request.max_content_length or 0) // (1024 * 1024)
    return SENTENCES[status].replace("2 MB", f"{most} MB")


# What the log is told of, since many of them may mean that somebody tries the doors.
REFUSALS = frozenset({403, 429})


def _note_refusal(why: str) -> None:
    """Log that somebody, by number, was refused something; nothing that was typed."""
    who = getattr(getattr(current_user, "actor", None), "person_id", "a stranger")
    flask.current_app.logger.warning(
        "refused (%s): %s at %s %s", why, who, flask.request.method, flask.request.endpoint
    )


def _know_reader() -> None:
    """Let the page ask who reads it, even when the records can't be reached: then, a stranger.

    So is who is locked, or owes a second factor.
    """
    login = flask.current_app.login_manager  # type: ignore[attr-defined]
    try:
        if current_user and current_user.is_authenticated and current_user.pending:
            login._update_request_context_with_user(current_user.as_stranger())
    except Exception:  # noqa: BLE001 - what keeps one from being known must not keep the page away
        db.session.rollback()
        login._update_request_context_with_user()


# What a client needs beside the page to do better: what is allowed, and when to come back.
KEPT_HEADERS = frozenset({"allow", "retry-after"})


def _on_http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, SecurityError):
        # The layout asks for addresses, which a request to an unknown host can't have.
        text = "This server does not answer under that name. Set LMS_BASE_URL to its address."
        if wants_json():
            return flask.jsonify(status=400, title=TITLES[400], detail=text), 400
        return flask.Response(f"{text}\n", 400, content_type="text/plain; charset=utf-8")
    if isinstance(error, CSRFError):
        _note_refusal("token")
        return problem(
            400,
            "The form was open for too long, or in another session. Go back, reload the page "
            "and send it again; copy what you typed first.",
        )
    if error.response is not None or (error.code or 500) < 400:
        return error
    response = flask.make_response(problem(error.code or 500))
    for name, value in error.get_headers():
        if name.lower() in KEPT_HEADERS:
            response.headers[name] = value
    return response


def _on_crash(error: Exception) -> ResponseReturnValue:
    flask.current_app.logger.error("unexpected: %s", faults.way_of(error))
    return problem(500)


def _on_disk(error: OSError) -> ResponseReturnValue:
    if (told := faults.of_the_disk(error)) is None:
        return _on_crash(error)
    flask.current_app.logger.error("disk: %s", told)
    return problem(503)


def _on_broken(error: DatabaseError) -> ResponseReturnValue:
    """Answer for a database file that can't be read, but not for a slip in a statement of ours."""
    if isinstance(error, ProgrammingError | NotSupportedError):
        return _on_crash(error)
    return _on_unavailable(error)


def _on_unavailable(error: DatabaseError | TimeoutError) -> ResponseReturnValue:
    flask.current_app.logger.error("database: %s", type(getattr(error, "orig", error)).__name__)
    db.session.rollback()
    # A connection that breaks in the midst of work leaves open whether its last word was heard.
    is_unsure = flask.request.method == "POST" and getattr(error, "connection_invalidated", False)
    return problem(503, UNSURE if is_unsure else None)


# PostgreSQL ended a transaction that stood idle; or a standby answers, which only reads.
PASSING = frozenset({"25P03", "25006"})


def _on_internal(error: InternalError) -> ResponseReturnValue:
    if getattr(error.orig, "sqlstate", None) not in PASSING:
        return _on_crash(error)
    flask.current_app.logger.error("database: %s", type(error.orig).__name__)
    db.session.rollback()
    return problem(503)


def register_errors(app: flask.Flask) -> None:
    """Answer each kind of refusal and failure with one page."""
    # An error page that fails itself is Flask's to log, with address and words; so in ours.
    app.log_exception = faults.log_way  # type: ignore[method-assign]
    app.register_error_handler(Refused, lambda error: problem(409, str(error) or None))
    app.register_error_handler(NotAllowed, lambda _error: problem(403))
    app.register_error_handler(Missing, lambda _error: problem(404))
    app.register_error_handler(IntegrityError, lambda _error: problem(409))
    # A NUL byte, or more text than the column holds, that no form was there to refuse.
    app.register_error_handler(DataError, lambda _error: problem(400))
    app.register_error_handler(OperationalError, _on_unavailable)
    app.register_error_handler(TimeoutError, _on_unavailable)
    app.register_error_handler(DatabaseError, _on_broken)
    app.register_error_handler(OSError, _on_disk)
    app.register_error_handler(InternalError, _on_internal)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_crash)


def day(value: date | datetime | None) -> str:
    """Write a day as "March 17, 2026"; an instant counts in the reader's zone."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(zone()).date()
    return f"{value:%B} {value.day}, {value.year}"


def shortday(value: date | datetime | None) -> str:
    """Write a day as "Mar 17, 2026", for tables; an instant counts in the reader's zone."""
    month, _space, rest = day(value).partition(" ")
    return f"{month[:3]} {rest}" if rest else ""


def _time_words(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"


def clocktime(value: datetime) -> str:
    """Write the time of an instant in the reader's zone as "10:42 am"."""
    return _time_words(value.astimezone(zone()))


_ZONE_WORDS = {
    "America/Los_Angeles": "Pacific",
    "America/Denver": "Mountain",
    "America/Phoenix": "Mountain (Arizona)",
    "America/Chicago": "Central",
    "America/New_York": "Eastern",
    "America/Anchorage": "Alaska",
    "Pacific/Honolulu": "Hawaii",
}


def zone_words(key: str) -> str:
    """Name a zone as people do: "Pacific" for America/Los_Angeles, else the city."""
    return _ZONE_WORDS.get(key, key.rpartition("/")[2].replace("_", " ") + " time")


def moment(value: datetime) -> str:
    """Write an instant as "Friday, March 27, 2026, 11:59 pm Pacific" in the reader's zone."""
    here = zone()
    local = value.astimezone(here)
    return f"{local:%A}, {day(local.date())}, {_time_words(local)} {zone_words(here.key)}"


def hours(quarters: int) -> str:
    """Write quarters of an hour as "0.75"."""
    return f"{quarters // 4}.{quarters % 4 * 25:02d}"


def _with_headers(response: flask.Response) -> flask.Response:
    headers, request = response.headers, flask.request._get_current_object()  # type: ignore[attr-defined]
    if request.endpoint == "static":
        assets.keep(response)
    there = {name.lower() for name, _value in headers}
    for name, low, value in _HEADERS:
        if low not in there:
            headers.add(name, value)
    if request.is_secure and "strict-transport-security" not in there:
        headers.add("Strict-Transport-Security", "max-age=31536000")
    return assets.pack(response, request)


def _allowed(name: str) -> bool:
    reader = current_user and current_user._get_current_object()
    return bool(reader and reader.is_authenticated and holds(reader.actor, Permission[name]))


class Environment(flask.templating.Environment):
    """Flask's environment, whose templates hold all names in one dictionary.

    A template that imports a macro compares the names it knows with the macro file's. In chains of
    dictionaries, which Jinja uses, that takes a tenth of the time of a page.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the names of every template together with a template's own."""
        return {**self.globals, **(d or {})}


def init_app(app: flask.Flask) -> None:
    """Give the application its error pages, filters, headers and what templates may ask."""
    register_errors(app)
    app.after_request(_with_headers)
    app.jinja_env.filters.update(
        day=day,
        shortday=shortday,
        moment=moment,
        clocktime=clocktime,
        hours=hours,
        zone_words=zone_words,
    )
    app.jinja_env.globals.update(
        asset=assets.asset, allowed=_allowed, zone=zone, frame=frame.frame
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
