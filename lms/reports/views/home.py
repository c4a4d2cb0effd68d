"""Home, and what is recorded about whom."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.courses.queries import paths
from lms.people import queries as people
from lms.reports import queries
from lms.reports.views.blueprint import bp
from lms.web import pages
from lms.web.door import ANYONE


@bp.get("/", may=ANYONE)
def home() -> ResponseReturnValue:
    """Show what is due and where to go on; to a stranger, the way in."""
    if not current_user.is_authenticated:
        return flask.redirect("/sign-in", code=303)
    at = clock.now()
    board = queries.board(
        current_user.actor,
        profession=current_user.person.profession.value,
        paths=paths.paths(pages.settings().instance),
        at=at,
        today=pages.today(),
    )
    hour = at.astimezone(pages.zone()).hour
    return flask.render_template("reports/home.html", board=board, at=at, greeting=_greeting(hour))


def _greeting(hour: int) -> str:
    if hour < 5:
        return "Hello"  # neither evening nor morning to somebody on a night shift
    if hour >= 18:
        return "Good evening"
    return "Good morning" if hour < 12 else "Good afternoon"


@bp.get("/privacy", may=ANYONE)
def privacy() -> ResponseReturnValue:
    """Tell what is recorded about whom, who sees it, for how long, and whom to ask."""
    return flask.render_template("reports/privacy.html", organisation=people.organisation())
