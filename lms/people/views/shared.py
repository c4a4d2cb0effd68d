"""Whether this browser is at a shared computer: said at signing in, remembered by a cookie."""

import flask
from werkzeug.wrappers import Response

from lms.people.queries.second_factor import security
from lms.web import pages

A_YEAR = 365 * 24 * 60 * 60


def _name() -> str:
    secure = pages.settings().base_url.startswith("https://")
    return "__Host-rounds-shared" if secure else "rounds-shared"


def is_shared_here() -> bool:
    """Return what was said at this browser last, else what the administrator set for all."""
    said = flask.request.cookies.get(_name())
    return said == "yes" if said in {"yes", "no"} else security().is_shared_by_default


def remember(response: Response, *, is_shared: bool) -> Response:
    """Remember for this browser what was said; it tells nothing about a person."""
    response.set_cookie(
        _name(), "yes" if is_shared else "no", max_age=A_YEAR, httponly=True, samesite="Lax",
        secure=_name().startswith("__Host-"),
    )  # fmt: skip
    return response
