"""The session cookie: Flask's own, signed as Flask signs it, with less done at each request."""

from functools import cached_property
from typing import Any

import flask
from flask.sessions import SecureCookieSessionInterface, SessionMixin


class Cookies(SecureCookieSessionInterface):
    """Makes the signer once for an application, and leaves a cookie alone that nobody changed."""

    def __init__(self, app: flask.Flask) -> None:
        self._app = app

    @cached_property
    def _signer(self) -> Any:
        return super().get_signing_serializer(self._app)

    def get_signing_serializer(self, app: flask.Flask) -> Any:
        """Return what signs and reads the cookie of the application this was made for."""
        return self._signer if app is self._app else super().get_signing_serializer(app)

    def save_session(
        self, app: flask.Flask, session: SessionMixin, response: flask.Response
    ) -> None:
        """Send the cookie when it changed; else only say that the answer depends on it."""
        if session.modified or self.should_set_cookie(app, session):
            super().save_session(app, session, response)
        elif session.accessed:
            response.headers.add("Vary", "Cookie")
