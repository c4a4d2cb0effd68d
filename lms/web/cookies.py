"""The session cookie: Flask's own, signed as Flask signs it, with less done at each request."""

import time
from functools import cached_property
from typing import Any, Final

import flask
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

_MOST: Final = 4096
_PLAIN: Final = (str, int, bool)


class Cookies(SecureCookieSessionInterface):
    """Makes the signer once for an application, and leaves a cookie alone that nobody changed."""

    def __init__(self, app: flask.Flask) -> None:
        self._app = app
        # By the text of the cookie: until when it is good, and what it says.
        self._read: dict[str, tuple[float, dict[str, Any]]] = {}

    @cached_property
    def _signer(self) -> Any:
        return super().get_signing_serializer(self._app)

    def get_signing_serializer(self, app: flask.Flask) -> Any:
        """Return what signs and reads the cookie of the application this was made for."""
        return self._signer if app is self._app else super().get_signing_serializer(app)

    def open_session(self, app: flask.Flask, request: flask.Request) -> SecureCookieSession | None:
        """Return what the cookie says, its signature checked once for as long as it is good."""
        text = request.cookies.get(self.get_cookie_name(app))
        if not text:
            return self.session_class()
        until, said = self._read.get(text, (0.0, {}))
        if time.monotonic() >= until:
            said = self._opened(text, most=int(app.permanent_session_lifetime.total_seconds()))
        return self.session_class(said)

    def _opened(self, text: str, *, most: int) -> dict[str, Any]:
        signer = self._signer.make_signer(self.salt)
        try:
            said, signed_at = self._signer.loads(text, max_age=most, return_timestamp=True)
        except BadSignature:
            return {}
        age = signer.get_timestamp() - signed_at.timestamp()
        self._keep(text, said, until=time.monotonic() + most - age)
        return dict(said)

    def _keep(self, text: str, said: Any, *, until: float) -> None:
        # A page could change what holds more than plain words, such as a form that was not saved.
        if not all(isinstance(one, _PLAIN) for one in said.values()):
            return
        if len(self._read) >= _MOST:
            self._read.clear()
        self._read[text] = (until, said)

    def save_session(
        self, app: flask.Flask, session: SessionMixin, response: flask.Response
    ) -> None:
        """Send the cookie when it changed; else only say that the answer depends on it."""
        if session.modified or self.should_set_cookie(app, session):
            super().save_session(app, session, response)
        elif session.accessed:
            response.headers.add("Vary", "Cookie")
