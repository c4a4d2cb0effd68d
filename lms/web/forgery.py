"""Tokens against forged requests: Flask-WTF's own, with less done at each request."""

import hmac
import time
from typing import Any, Final

import flask
from flask import (
    g,  # noqa: TID251 - where Flask-WTF itself keeps a request's token
    request,
)
from flask_wtf.csrf import CSRFProtect, generate_csrf, same_origin

FIELD: Final = "csrf_token"
HEADER: Final = "X-CSRFToken"
_FRESH_SECONDS: Final = 30.0
"""Signed anew so often, nobody has time to guess a token from the sizes of packed pages."""
_MOST: Final = 4096

# What was sent and checked, where another process of this server gave it.
_checked: dict[tuple[Any, Any], str] = {}
# By the secret of the application and what the session holds: when to sign anew, and the token.
_given: dict[tuple[Any, Any], tuple[float, str]] = {}


def _place() -> tuple[Any, Any]:
    return flask.current_app.secret_key, flask.session.get(FIELD)


def _keep(token: str) -> None:
    if len(_given) >= _MOST:
        _given.clear()
    _given[_place()] = (time.monotonic() + _FRESH_SECONDS, token)


def token() -> str:
    """Return the token of this session for a form: signed anew now and then, not each time."""
    if FIELD not in g:
        until, known = _given.get(_place(), (0.0, ""))
        if time.monotonic() < until:
            setattr(g, FIELD, known)
        else:
            _keep(generate_csrf())
    return str(getattr(g, FIELD))


def _is_from_here() -> bool:
    """Say whether a request over TLS names a page of ours as the one it comes from."""
    if not (request.is_secure and flask.current_app.config["WTF_CSRF_SSL_STRICT"]):
        return True
    return bool(request.referrer) and same_origin(request.referrer, f"https://{request.host}/")


def _is_known() -> bool:
    """Say whether what was sent is the very token this session was given a while ago."""
    place, sent = _place(), _sent().encode()
    known = (_given.get(place, (0.0, ""))[1], _checked.get(place, ""))
    return any(one and hmac.compare_digest(sent, one.encode()) for one in known)


def _sent() -> str:
    return str(request.form.get(FIELD) or request.headers.get(HEADER) or "")


class Protection(CSRFProtect):  # type: ignore[misc]
    """Flask-WTF's protection, which needs not check the signature of a token just given."""

    def init_app(self, app: flask.Flask) -> None:
        """Protect an application, and let its templates ask for `csrf_token()`."""
        super().init_app(app)
        app.jinja_env.globals[FIELD] = token
        app.context_processor(lambda: {FIELD: token})

    def protect(self, apply_exemptions: bool = False) -> None:  # noqa: FBT001,FBT002 - its signature
        """Refuse a request that changes something and carries no token of its session."""
        if request.method == "POST" and _is_known() and _is_from_here():
            g.csrf_valid = True
            return
        super().protect(apply_exemptions=apply_exemptions)
        if request.method == "POST":
            if len(_checked) >= _MOST:
                _checked.clear()
            # The one that was found good, wherever it stood.
            _checked[_place()] = str(self._get_csrf_token())
