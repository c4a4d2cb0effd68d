"""The one door to every page: who may enter, and what is kept when they leave.

No route without `may=`. An action that returns is kept, one that raises is dropped. A page keeps
nothing, unless it says so by `writes()`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum
from functools import wraps
from typing import Any, Final

import flask
from flask.typing import ResponseReturnValue, RouteCallable
from flask_login import current_user
from sqlalchemy.exc import OperationalError
from werkzeug.routing import IntegerConverter, Map

from lms import access
from lms.db import alone, db, impatient, writing
from lms.errors import NotAllowed
from lms.web.forgery import Protection


class Anyone(Enum):
    """Everybody, signed in or not."""

    ANYONE = "anyone"


ANYONE: Final = Anyone.ANYONE
Permitted = access.Permission | Anyone
Register = Callable[[RouteCallable], RouteCallable]
csrf = Protection()


class Identifier(IntegerConverter):
    """A whole number in an address that every database can hold; larger ones lead nowhere."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**31 - 1)


class Blueprint(flask.Blueprint):
    """Flask's blueprint, whose routes must name the permission they need."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.doors: dict[str, Permitted] = {}
        self.pending: dict[str, frozenset[str]] = {}
        self.most: dict[str, int] = {}

    def get(self, rule: str, *, may: Permitted, **options: Any) -> Register:  # type: ignore[override]
        """Register a page for those who hold `may`."""
        return self._door("GET", rule, may, options)

    def post(self, rule: str, *, may: Permitted, **options: Any) -> Register:  # type: ignore[override]
        """Register an action for those who hold `may`.

        With `reads_first` the view begins by reading and says itself, by `writes()`, from where on
        it writes: for what takes long, such as hashing, before anything is written. `alone` says
        that the view writes by its first operation and by nothing else. `most` is how many bytes
        it takes, where a file comes with it.
        """
        return self._door("POST", rule, may, options)

    def _door(self, method: str, rule: str, may: Permitted, options: dict[str, Any]) -> Register:
        reads_first = method == "GET" or options.pop("reads_first", False)
        pending = frozenset(options.pop("pending", ()))
        is_alone = options.pop("alone", False)
        most = options.pop("most", None)

        def register(view: RouteCallable) -> RouteCallable:
            name = view.__name__
            if self.doors.setdefault(f"{self.name}.{name}", may) is not may:
                raise ValueError(f"{self.name}.{name} asks for two different permissions")
            if pending:
                self.pending[f"{self.name}.{name}"] = pending
            if most:
                self.most[f"{self.name}.{name}"] = most
            settled = _settled(view, reads_first=reads_first, is_alone=is_alone)
            self.add_url_rule(rule, name, settled, methods=[method], **options)
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


@contextmanager
def writes() -> Iterator[None]:
    """Write from here on, in a view that reads first; kept when what is inside ends well.

    What was read before may have changed: whoever decides by it looks again.
    """
    db.session.commit()
    with kept():
        yield


def _settled(view: RouteCallable, *, reads_first: bool, is_alone: bool) -> RouteCallable:
    manner = alone if is_alone else nullcontext

    @wraps(view)
    def settled(**arguments: Any) -> ResponseReturnValue:
        if not reads_first:
            # Whoever asks was read in a transaction of its own; the view's begins as one that
            # writes. A view that reads goes on in the one begun and sees one state of all.
            db.session.commit()
            with kept(), manner():
                return view(**arguments)  # type: ignore[return-value]
        try:
            # What only reads keeps nothing: the session ends with the request.
            return view(**arguments)  # type: ignore[return-value]
        except Exception:
            # Before the error page is drawn, so that it can't keep half of what was done.
            db.session.rollback()
            raise

    return settled


def _doors(app: flask.Flask) -> dict[str, Permitted]:
    doors: dict[str, Permitted] = {"static": ANYONE}
    for blueprint in app.blueprints.values():
        doors |= getattr(blueprint, "doors", {})
    if unguarded := sorted(set(app.view_functions) - set(doors)):
        raise RuntimeError(f"routes that do not say who may use them: {', '.join(unguarded)}")
    return doors


def _pending(app: flask.Flask) -> dict[str, frozenset[str]]:
    rooms: dict[str, frozenset[str]] = {}
    for blueprint in app.blueprints.values():
        rooms |= getattr(blueprint, "pending", {})
    return rooms


def _most(app: flask.Flask) -> dict[str, int]:
    most: dict[str, int] = {}
    for blueprint in app.blueprints.values():
        most |= getattr(blueprint, "most", {})
    return most


def _note_seen(reader: Any) -> None:
    """Write down now and then that this browser is in use. No page waits, or fails, for that."""
    if not reader.is_worth_noting():
        return
    db.session.commit()
    try:
        with impatient(), kept():
            reader.note_seen()
    except OperationalError:
        db.session.rollback()


def _login() -> Any:
    return flask.current_app.login_manager  # type: ignore[attr-defined]


def _is_room(endpoint: str | None, pending: str) -> bool:
    """Say whether somebody whose sign-in waits for something may be here meanwhile."""
    return pending in flask.current_app.extensions["pending"].get(endpoint, ())


def _let_in(endpoint: str | None, may: Permitted) -> ResponseReturnValue | None:
    """Lead whoever may not see anything yet to where that ends; turn away who may not do this.

    On a page for everybody, somebody who is locked or owes a second factor is a stranger.
    """
    is_open = isinstance(may, Anyone)
    if endpoint in {None, "static"} and is_open:
        return None
    reader: Any = current_user._get_current_object()
    if reader.is_authenticated and not reader.pending:
        _note_seen(reader)
    elif reader.is_authenticated and not _is_room(endpoint, reader.pending):
        if not is_open:
            return _login().unauthorized()  # type: ignore[no-any-return]
        _login()._update_request_context_with_user(reader.as_stranger())
    if not is_open and not reader.is_authenticated:
        return _login().unauthorized()  # type: ignore[no-any-return]
    if not isinstance(may, Anyone) and not access.holds(reader.actor, may):
        raise NotAllowed(may)
    return None


def init_app(app: flask.Flask) -> None:
    """Refuse to start with an unguarded route; refuse each request its door does not let in.

    The order matters: first who is asking, then whether the form is ours (CSRF), so that a
    session that ran out leads to the sign-in page and not to an error about a token.
    """
    doors = _doors(app)
    app.extensions["doors"] = doors
    app.extensions["pending"] = _pending(app)
    most = _most(app)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf.init_app(app)

    @app.before_request
    def _guard() -> ResponseReturnValue | None:
        request = flask.request._get_current_object()  # type: ignore[attr-defined]
        endpoint = request.endpoint
        may = ANYONE if endpoint is None else doors[endpoint]
        if (elsewhere := _let_in(endpoint, may)) is not None:
            return elsewhere
        if endpoint is not None and request.is_json:
            # Forms would take lists and numbers from it where every rule expects text.
            flask.abort(415)
        if endpoint in most:
            # Said before the form is read for its token: what is larger is refused by its length.
            request.max_content_length = most[endpoint]
        if request.method == "POST" and endpoint is not None and app.config["WTF_CSRF_ENABLED"]:
            csrf.protect()
        return None
