"""The directory: who to call, open to anyone; and what of it is due, for planners."""

import time
from pathlib import Path

import flask
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from lms.access import Permission
from lms.courses.queries import directory as queries
from lms.courses.rules.directory import AGE_MOST, Asked, Directory
from lms.courses.rules.states import STATES
from lms.courses.views.blueprint import bp
from lms.people.queries import protocol_cards as cards
from lms.web import pages
from lms.web.door import ANYONE

WORDS_MOST = 80


def own_folder() -> Path:
    """Return where the institution keeps its own services."""
    return pages.settings().instance / queries.OWN


@bp.app_template_global()
def help_lines(topics: tuple[str, ...] = ()) -> queries.HelpLines:
    """Let a page ask for the lines that come first, and those that fit."""
    return queries.help_lines(topics, own=own_folder())


# Every page has these lines, so that they are drawn once for all and looked at again after a while.
_LOOK_AGAIN_SECONDS = 1.0
_FEET_MOST = 256
_feet: dict[tuple[Path, tuple[str, ...]], tuple[float, Markup]] = {}


@bp.app_template_global()
def help_foot(topics: tuple[str, ...] = ()) -> Markup:
    """Draw the lines at the foot of a page about these topics; a second old at most."""
    now, place = time.monotonic(), (pages.settings().instance, tuple(topics))
    known = _feet.get(place)
    if known is None or now - known[0] >= _LOOK_AGAIN_SECONDS:
        lines = queries.help_lines(topics, own=own_folder())
        drawn = flask.render_template("courses/_help.html", help=lines)
        if len(_feet) >= _FEET_MOST:
            _feet.clear()
        known = (now, Markup(drawn))  # noqa: S704 - drawn by a template, which has escaped it
        _feet[place] = known
    return known[1]


def _asked(here: Directory) -> Asked:
    """Return what the address asks for; what can't be meant asks for nothing."""
    given = flask.request.args
    state, _, county = given.get("where", "").partition(":")
    counties = here.places.get(state)
    age = given.get("age", "").strip()
    return Asked(
        words=" ".join(given.get("q", "").replace("\x00", " ").split())[:WORDS_MOST],
        state=state if counties is not None else "",
        county=county if county in (counties or ()) else "",
        age=_age(age),
        need=one if (one := given.get("need", "")) in here.needs else "",
        language=one if (one := given.get("language", "")) in here.languages else "",
    )


def _age(text: str) -> int | None:
    is_short = text.isascii() and text.isdigit() and len(text) < 4
    return int(text) if is_short and int(text) <= AGE_MOST else None


@bp.get("/directory", may=ANYONE)
def directory() -> ResponseReturnValue:
    """List the services, narrowed by what the address asks for; the national line always first."""
    here = queries.directory(own_folder())
    asked = _asked(here)
    found = here.found(asked)
    open_to_all = [one for one in found if one.is_for_patients]
    return flask.render_template(
        "courses/directory.html",
        listing=here,
        asked=asked,
        national=[one for one in open_to_all if one.is_national],
        local=[one for one in open_to_all if not one.is_national],
        professional=[one for one in found if not one.is_for_patients],
        found=len(found),
        today=pages.today(),
        states=STATES,
    )


@bp.get("/directory/due", may=Permission.PUBLISH)
def directory_due() -> ResponseReturnValue:
    """Show planners which entries and protocol cards must be checked again."""
    own, today = own_folder(), pages.today()
    return flask.render_template(
        "courses/directory_due.html",
        due=queries.due(today, own=own),
        cards=cards.due(today),
        unconfirmed=queries.unconfirmed(own),
        problems=queries.problems(own),
        today=today,
    )
