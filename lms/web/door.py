"""The one door to every page: who may enter, and what is kept when they leave.

No route without `may=`. A view that returns commits; a view that raises rolls back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum
from functools import wraps
from typing import Any, Final

import flask
from flask.typing import ResponseReturnValue, RouteCallable
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.routing import IntegerConverter, Map

from lms import access
from lms.db import db, writing
from lms.errors import NotAllowed


class Anyone(Enum):
    """Everybody, signed in or not."""

    ANYONE = "anyone"


ANYONE: Final = Anyone.ANYONE
Permitted = access.Permission | Anyone
Register = Callable[[RouteCallable], RouteCallable]
csrf = CSRFProtect()


class Identifier(IntegerConverter):
    """A whole number in an address that every database can hold; larger ones lead nowhere."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**31 - 1)


class Blueprint(flask.Blueprint):
    """Flask's blueprint, whose routes must name the permission they need."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.doors: dict[str, Permitted] = {}

    def get(self, rule: str, *, may: Permitted, **options: Any) -> Register:  # type: ignore[override]
        """Register a page for those who hold `may`."""
        return self._door("GET", rule, may, options)

    def post(self, rule: str, *, may: Permitted, **options: Any) -> Register:  # type: ignore[override]
        """Register an action for those who hold `may`."""
        return self._door("POST", rule, may, options)

    def _door(self, method: str, rule: str, may: Permitted, options: dict[str, Any]) -> Register:
        def register(view: RouteCallable) -> RouteCallable:
            name = view.__name__
            if self.doors.setdefault(f"{self.name}.{name}", may) is not may:
                raise ValueError(f"{self.name}.{name} asks for two different permissions")
            self.add_url_rule(rule, name, _settled(view), methods=[method], **options)
            return view

        return register


@contextmanager
def kept() -> Iterator[None]:
    """Keep what is done inside when it ends well, drop it when it raises: for commands."""
    with writing():
        try:
            yield
            db.session.commit()
        except Exception:
            db.session.rollback()
            raise


def _settled(view: RouteCallable) -> RouteCallable:
    @wraps(view)
    def settled(**arguments: Any) -> ResponseReturnValue:
        # Whoever signs in was read in a transaction of its own; what follows is the view's.
        db.session.commit()
        intent = nullcontext() if flask.request.method in {"GET", "HEAD"} else writing()
        with intent:
            try:
                response: ResponseReturnValue = view(**arguments)  # type: ignore[assignment]
                db.session.commit()
            except Exception:
                # Before the error page is drawn, so that it can't keep half of what was done.
                db.session.rollback()
                raise
        return response

    return settled


def _doors(app: flask.Flask) -> dict[str, Permitted]:
    doors: dict[str, Permitted] = {"static": ANYONE}
    for blueprint in app.blueprints.values():
        doors |= getattr(blueprint, "doors", {})
    if unguarded := sorted(set(app.view_functions) - set(doors)):
        raise RuntimeError(f"routes that do not say who may use them: {', '.join(unguarded)}")
    return doors


def init_app(app: flask.Flask) -> None:
    """Refuse to start with an unguarded route; refuse each request its door does not let in.

    The order matters: first who is asking, then whether the form is ours (CSRF), so that a
    session that ran out leads to the sign-in page and not to an error about a token.
    """
    doors = _doors(app)
    app.extensions["doors"] = doors
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf.init_app(app)

    @app.before_request
    def _guard() -> ResponseReturnValue | None:
        endpoint = flask.request.endpoint
        may = ANYONE if endpoint is None else doors[endpoint]
        if not isinstance(may, Anyone):
            if not current_user.is_authenticated:
                return app.login_manager.unauthorized()  # type: ignore[attr-defined, no-any-return]
            if not access.holds(current_user.actor, may):
                raise NotAllowed(may)
        if endpoint is not None and flask.request.is_json:
            # Forms would take lists and numbers from it where every rule expects text.
            flask.abort(415)
        if endpoint is not None and app.config["WTF_CSRF_ENABLED"]:
            csrf.protect()
        return None
