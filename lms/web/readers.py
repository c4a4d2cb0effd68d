"""Flask-Login's manager, which reads who is there from our cookie and from nothing else."""

from typing import Any

import flask
from flask_login import LoginManager


class Readers(LoginManager):  # type: ignore[misc]
    """Knows a reader by the token in the session's cookie.

    There is no cookie to be remembered by and no header to sign in with, and no guess from address
    and browser whether a session was stolen: a phone between wards changes its address all day.
    """

    def _load_user(self) -> None:
        token = flask.session.get("_user_id")
        reader: Any = self._user_callback(token) if isinstance(token, str) else None
        self._update_request_context_with_user(reader)
