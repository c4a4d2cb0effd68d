"""The pages of courses and lessons: looking for one, starting it, reading it, keeping the place."""

from typing import Any
from urllib.parse import quote

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from lms import clock
from lms.access import Permission, holds
from lms.courses.queries import paths
from lms.courses.rules.course import hours_text
from lms.errors import Refused
from lms.learning.forms import StartForm
from lms.learning.operations import enrolment as operations
from lms.learning.queries import library as queries
from lms.learning.queries import shelves
from lms.learning.queries.library import CoursePage, LessonView
from lms.learning.queries.shelves import FORMS, Filters, Library, Offer
from lms.learning.views.stopped import STOPPED, with_place
from lms.people.queries import protocol_cards as cards
from lms.people.queries.protocol_cards import OwnCard
from lms.web import forgery, pages
from lms.web.assets import PART, Around
from lms.web.door import Blueprint
from lms.web.fragments import Packed, kept, packed
from lms.web.frame import TOKEN, filled

bp = Blueprint("learning", __name__)

# The address holds the digest of the bytes, so they may be kept for ever; by this browser only,
# since a course may be for those who signed in.
_FOR_EVER = "private, max-age=31536000, immutable"

LENGTHS = tuple((str(one), f"Up to {one} minutes") for one in (15, 30, 45, 60, 90))
NOT_BEGUN = "Lessons open when you start the course. The button is at the end of this page."


def _me() -> int:
    return int(current_user.actor.person_id)


def own_card() -> OwnCard:
    """Return the protocol card of the reader's place, for the end of a course."""
    return cards.own_card(current_user.person.department_id, today=pages.today())


def _to_course(key: str) -> ResponseReturnValue:
    return flask.redirect(f"/courses/{quote(key)}", code=303)


@bp.get("/courses", may=Permission.LEARN)
def courses() -> ResponseReturnValue:
    """List the courses on offer, narrowed by what the address asks for."""
    given = flask.request.args
    known = paths.paths(flask.current_app.config["INSTANCE"])
    minutes, path = given.get("minutes", type=int), given.get("path", "")
    filters = Filters(
        words=given.get("q", "")[:120].strip(),
        # What can't be meant asks for nothing.
        minutes=minutes if minutes is not None and minutes > 0 else None,
        topic=given.get("topic", "")[:80],
        profession=given.get("profession", "")[:80],
        form=given.get("form", "")[:80],
        quarters=given.get("hours", type=int),
        path=path if any(one.key == path for one in known) else "",
    )
    library = shelves.library(
        _me(),
        filters,
        paths=known,
        at=clock.now(),
        today=pages.today(),
    )
    return flask.render_template(
        "learning/courses.html",
        library=library,
        filters=filters,
        choices=_choices(library),
        line=_line,
    )


def _line(offer: Offer) -> Markup:
    """Draw a course of the list; that of somebody who has not begun it once for all of them."""

    def draw() -> str:
        return flask.render_template("learning/_offer.html", course=offer.course, card=offer.card)

    if offer.card is None:
        return kept(("offer", offer.digest), draw)
    return Markup(draw())  # noqa: S704 - drawn by a template, which has escaped it


def _choices(library: Library) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return what the list can be narrowed by: name, label, and the choices of each select."""
    return [
        ("profession", "Your role", [("", "Every role"), *library.professions]),
        ("topic", "Subject", [("", "Any subject"), *library.topics]),
        ("minutes", "Time", [("", "Any length"), *LENGTHS]),
        ("form", "Format", [("", "Any format"), *FORMS.items()]),
        (
            "hours",
            "CE hours",
            [("", "Any"), *((str(one), hours_text(one)) for one in library.hours)],
        ),
    ]


def _course(key: str, form: StartForm | None = None, status: int = 200) -> ResponseReturnValue:
    page = queries.course_page(_me(), key, at=clock.now(), today=pages.today())
    if form is None and (page.can_begin_again or not page.standing.is_begun):
        form = StartForm()
    card = own_card() if page.standing.is_complete else None
    drawn = flask.render_template(
        "learning/course.html",
        page=page,
        form=form,
        front=PART,
        left=_left(page) if page.standing.is_begun and not page.is_over else None,
        card=card,
    )
    if page.is_over:
        return drawn, status
    return Around(drawn, _front(page)), status


def _left(page: CoursePage) -> Markup:
    """Return what is left, drawn once for all who are as far; a certificate's is one's own."""
    standing = page.standing

    def draw() -> str:
        return flask.render_template(
            "learning/_left.html",
            page=page,
            course=page.course,
            standing=standing,
            stopped=STOPPED,
        )

    if standing.is_complete:
        return with_place(Markup(draw()), None)  # noqa: S704 - drawn by a template, which has escaped
    newer = (standing.newest_number, standing.newer_is_material, page.newest_note)
    place = ("left", standing.mark, *newer)
    return with_place(kept(place, draw), standing.position)


def _front(page: CoursePage) -> Packed:
    """Return what must be seen before the start: the same for all who stand alike, so it's kept."""
    shown = {
        "number": page.standing.version_number,
        "is_begun": page.standing.is_begun,
        "may_retire": holds(current_user.actor, Permission.RETIRE),
        "before": page.before,
        "organisation": page.issuer,
    }
    return packed(
        ("front", page.digest, *shown.values()),
        lambda: flask.render_template(
            "learning/_front.html", course=page.course, claim_until=page.claim_until, **shown
        ),
    )


@bp.get("/courses/<string:key>", may=Permission.LEARN)
def course(key: str) -> ResponseReturnValue:
    """Show everything a learner must see before starting, and what is left after it."""
    return _course(key)


@bp.post("/courses/<string:key>/start", may=Permission.LEARN, alone=True)
def start(key: str) -> ResponseReturnValue:
    """Start the course, or a new cycle of it when the form says so, and go to what is next."""
    form = StartForm()
    again = "again" in flask.request.form
    operation = operations.begin_again if again else operations.start
    at, today = clock.now(), pages.today()
    try:
        operation(
            actor=current_user.actor,
            key=key,
            acknowledged=bool(form.acknowledged.data),
            at=at,
            today=today,
        )
    except Refused as refusal:
        form.acknowledged.errors = [str(refusal)]
        return _course(key, form, 422)
    page = queries.course_page(_me(), key, at=at, today=today)
    return flask.redirect(page.standing.next_step.url, code=303)


@bp.get("/courses/<string:key>/lessons/<string:lesson_id>", may=Permission.LEARN)
def lesson(key: str, lesson_id: str) -> ResponseReturnValue:
    """Show a lesson; `?check=…&choice=…` answers one of its knowledge checks, keeping nothing."""
    view = queries.lesson(_me(), key, lesson_id, at=clock.now(), today=pages.today())
    if view is None:
        flask.flash(NOT_BEGUN, "info")
        return _to_course(key)
    answered, turn = _answered(view.page), _turn(view)
    body = PART if answered is None else Markup(_body(view, key, answered))  # noqa: S704 - as drawn
    page = flask.render_template("learning/lesson.html", view=view, body=body, turn=turn)
    if answered is not None:
        return page
    # What a lesson says is the same for every reader until one answers a check.
    place = ("lesson", view.digest, view.page.id)
    return Around(page, packed(place, lambda: _body(view, key, None)))


def _turn(view: LessonView) -> Markup:
    """Return what stands behind a lesson: the same for all who have come as far."""
    standing = view.standing
    place = (
        "turn", view.digest, view.page.id, tuple(one.is_read for one in standing.lessons),
        standing.quiz.passed, standing.is_complete, standing.is_closed, standing.minutes_left,
        # Shown behind the last lesson only; it may be an address of one's own.
        standing.next_step if view.number == view.total else None,
    )  # fmt: skip
    return filled(
        kept(
            place,
            lambda: flask.render_template("learning/_turn.html", view=view, token=TOKEN),
        ),
        forgery.token(),
    )


def _body(view: LessonView, key: str, answered: Any) -> str:
    return flask.render_template("learning/_body.html", page=view.page, key=key, answered=answered)


def _answered(page: Any) -> Any:
    """Return the option that was chosen in a check, with its feedback, or None."""
    if not flask.request.query_string:
        return None
    check = page.check(flask.request.args.get("check", ""))
    choice = flask.request.args.get("choice")
    options = check.options if check else ()
    return next(((check.id, one) for one in options if one.id == choice), None)


@bp.post("/courses/<string:key>/lessons/<string:lesson_id>/read", may=Permission.LEARN, alone=True)
def read(key: str, lesson_id: str) -> ResponseReturnValue:
    """Mark a lesson as read and go on."""
    at = clock.now()
    try:
        operations.mark_read(actor=current_user.actor, key=key, lesson_id=lesson_id, at=at)
    except operations.NotBegun:
        flask.flash(NOT_BEGUN, "info")
        return _to_course(key)
    where = queries.after(_me(), key, lesson_id, at=at, today=pages.today())
    return flask.redirect(where, code=303)


@bp.post(
    "/courses/<string:key>/lessons/<string:lesson_id>/position", may=Permission.LEARN, alone=True
)
def position(key: str, lesson_id: str) -> ResponseReturnValue:
    """Keep the heading last passed, sent by the page's script; answers with nothing."""
    operations.keep_position(
        actor=current_user.actor,
        key=key,
        lesson_id=lesson_id,
        anchor=flask.request.form.get("anchor", ""),
        at=clock.now(),
    )
    return "", 204


@bp.get("/courses/<string:key>/takeaway", may=Permission.LEARN)
def takeaway(key: str) -> ResponseReturnValue:
    """Show the one page to keep."""
    page = queries.takeaway(_me(), key)
    if page is None:
        flask.flash(NOT_BEGUN, "info")
        return _to_course(key)
    return flask.render_template("learning/takeaway.html", page=page, card=own_card())


@bp.get("/media/<string:digest>", may=Permission.LEARN)
def media(digest: str) -> ResponseReturnValue:
    """Send a picture of a lesson to those who have begun its course, and to planners."""
    medium = queries.medium(current_user.actor, digest)
    response = flask.Response(medium.content, content_type=medium.content_type)
    response.headers["Cache-Control"] = _FOR_EVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.set_etag(digest)
    return response.make_conditional(flask.request)


@bp.get("/series/<string:key>", may=Permission.LEARN)
def series(key: str) -> ResponseReturnValue:
    """Show a series: its courses as equals, each with its own state."""
    page = queries.series_page(_me(), key, at=clock.now(), today=pages.today())
    return flask.render_template("learning/series.html", page=page)
