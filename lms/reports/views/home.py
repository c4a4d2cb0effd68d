"""Home, and what is recorded about whom."""

from collections.abc import Sequence

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from lms import clock
from lms.courses.queries import paths
from lms.learning.views.stopped import STOPPED, with_place
from lms.people import queries as people
from lms.reports import queries
from lms.reports.queries.home import Due, Offer, Underway
from lms.reports.views.blueprint import bp
from lms.web import pages
from lms.web.door import ANYONE
from lms.web.fragments import kept


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
    return flask.render_template(
        "reports/home.html",
        board=board,
        at=at,
        greeting=_greeting(hour),
        due=[_due(one, number) for number, one in enumerate(board.due, 1)],
        begun=[
            _begun(one, number, is_due=bool(board.due))
            for number, one in enumerate(board.underway, 1)
        ],
        fresh=_fresh(board.fresh),
    )


def _due(one: Due, number: int) -> Markup:
    """Draw a thing that is due, once for all of whom the same is asked and who are as far."""
    asked, done = one.obligation.asked, one.obligation.progress
    part = kept(
        (
            "due", number, one.standing.mark, one.words, one.obligation.state, asked.title,
            asked.key, asked.is_series, asked.due_on, pages.settings().zone.key, asked.reason,
            asked.asked_by, asked.basis, done.done, done.needed,
        ),
        lambda: flask.render_template(
            "reports/_due.html", one=one, place=number, stopped=STOPPED
        ),
    )  # fmt: skip
    return with_place(part, one.standing.position)


def _begun(one: Underway, number: int, *, is_due: bool) -> Markup:
    return kept(
        ("begun", number, is_due, one.standing.mark),
        lambda: flask.render_template("reports/_begun.html", one=one, place=number, is_due=is_due),
    )


def _fresh(fresh: Sequence[Offer]) -> Markup:
    return kept(
        ("fresh", *((one.key, one.title, one.minutes, one.quarters) for one in fresh)),
        lambda: flask.render_template("reports/_fresh.html", fresh=fresh),
    )


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
