"""Rooms behind the door in which anything can happen."""

from collections.abc import Callable

import flask
import pytest
from flask import Flask

from lms.access import Permission
from lms.web import door

Happening = Callable[[], object]


@pytest.fixture
def room(app: Flask) -> Callable[..., str]:
    """Return a function that opens a page on which this happens; it returns the address.

    `room(lambda: ..., may=Permission.LEARN)`; GET and POST do the same.
    """
    made: list[str] = []

    def opened(happening: Happening, *, may: door.Permitted = door.ANYONE) -> str:
        name = f"room{len(made)}"
        made.append(name)
        bp = door.Blueprint(name, __name__)

        @bp.get(f"/{name}", may=may)
        def seen() -> object:
            return happening() or "nothing happened"

        @bp.post(f"/{name}", may=may)
        def done() -> object:
            return happening() or "nothing happened"

        app._got_first_request = False
        app.register_blueprint(bp)
        app.extensions["doors"].update(bp.doors)
        return f"/{name}"

    return opened


def raising(error: Exception) -> Happening:
    """Return something that raises this error when it happens."""

    def happen() -> object:
        raise error

    return happen


def aborting(status: int) -> Happening:
    """Return something that ends the request with this status."""
    return lambda: flask.abort(status)


LEARN = Permission.LEARN
