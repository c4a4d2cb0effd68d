"""The pages of a quiz: how it works, one question each, the look over, the review; more time."""

from datetime import datetime
from typing import Any, Final

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from lms import clock
from lms.access import Permission
from lms.errors import Refused
from lms.learning.operations import quiz as operations
from lms.learning.queries import quiz as queries
from lms.learning.queries import review as reviews
from lms.learning.rules import wording
from lms.learning.rules.asking import Asked
from lms.learning.rules.drawing import EmptyAnswer
from lms.learning.views.lessons import own_card
from lms.web import pages
from lms.web.door import Blueprint, writes
from lms.web.fragments import kept
from lms.web.frame import put

bp = Blueprint("quiz", __name__)


def _me() -> int:
    return int(current_user.actor.person_id)


def _page(name: str, **values: Any) -> str:
    return flask.render_template(f"quiz/{name}.html", words=wording, **values)


def _to(way: str) -> ResponseReturnValue:
    return flask.redirect(way, code=303)


def _way(attempt_id: int) -> str:
    return f"/attempts/{attempt_id}"


# Where the address of an attempt is filled into a part that is the same for many.
WAY: Final = Markup("\x00way\x00")


def _rail(sheet: queries.Sheet, here: int) -> Markup:
    """Draw the numbers of an attempt, once for all who have answered the same ones."""
    answered = tuple(one.is_answered for one in sheet.numbers)
    part = kept(
        ("numbers", sheet.course_key, sheet.course_title, here, answered),
        lambda: flask.render_template("quiz/_rail.html", sheet=sheet, here=here, way=WAY),
    )
    return put(part, WAY, _way(sheet.attempt_id))


def _turn(sheet: queries.Sheet, asked: Asked) -> Markup:
    """Draw the ways on from a question, once for all questions of this number and kind."""
    is_case, is_over = asked.kind == "case", bool(asked.is_case_over)
    shown = {
        "number": asked.number,
        "total": sheet.total,
        "is_case": is_case,
        "is_over": is_over,
        "has_steps": is_case and bool(asked.steps),
    }
    part = kept(
        ("ways", *shown.values()),
        lambda: flask.render_template("quiz/_turn.html", way=WAY, **shown),
    )
    return put(part, WAY, _way(sheet.attempt_id))


def _question(page: queries.Question, at: datetime, refusal: str = "") -> str:
    turn, rail = _turn(page.sheet, page.asked), _rail(page.sheet, page.asked.number)
    return _page("question", page=page, at=at, refusal=refusal, turn=turn, rail=rail)


def _check(sheet: queries.Sheet, at: datetime, refusal: str = "") -> str:
    return _page("check", sheet=sheet, at=at, refusal=refusal, rail=_rail(sheet, 0))


def _elsewhere(sheet: queries.Sheet, at: datetime) -> ResponseReturnValue | None:
    """Return the way to the review when an attempt has ended, or ends now that we look."""
    if sheet.is_overdue:
        with writes():  # reading found that time ran out
            operations.close(actor=current_user.actor, attempt_id=sheet.attempt_id, at=at)
    if sheet.is_overdue or sheet.is_ended:
        return _to(f"{_way(sheet.attempt_id)}/review")
    return None


@bp.get("/courses/<string:key>/quiz", may=Permission.LEARN)
def intro(key: str) -> ResponseReturnValue:
    """Show how the quiz works, and what stands in the way of starting it."""
    page = queries.start(_me(), key, at=clock.now(), today=pages.today())
    return _page("intro", page=page, refusal="")


@bp.post("/courses/<string:key>/quiz", may=Permission.LEARN, alone=True)
def start(key: str) -> ResponseReturnValue:
    """Start an attempt, or go on with the one that is open."""
    at = clock.now()
    try:
        attempt = operations.start(
            actor=current_user.actor, key=key, at=at, today=pages.today()
        )
    except Refused as refusal:
        page = queries.start(_me(), key, at=at, today=pages.today())
        return _page("intro", page=page, refusal=str(refusal)), 422
    return _to(_way(attempt.id))


@bp.get("/attempts/<int:attempt_id>", may=Permission.LEARN)
def attempt(attempt_id: int) -> ResponseReturnValue:
    """Lead to where the attempt stands: its first open question, the look over, the review."""
    at = clock.now()
    sheet = queries.sheet(_me(), attempt_id, at=at)
    if elsewhere := _elsewhere(sheet, at):
        return elsewhere
    if sheet.unanswered:
        return _to(f"{_way(attempt_id)}/questions/{sheet.unanswered[0]}")
    return _to(f"{_way(attempt_id)}/check")


@bp.get("/attempts/<int:attempt_id>/questions/<int:number>", may=Permission.LEARN)
def question(attempt_id: int, number: int) -> ResponseReturnValue:
    """Show one question."""
    at = clock.now()
    page = queries.question(_me(), attempt_id, number, at=at)
    return _elsewhere(page.sheet, at) or _question(page, at)


def _marks(form: Any) -> list[str]:
    marks: list[str] = form.getlist("mark")
    if "step" not in form:
        return marks
    # A case: the marks are the way so far, and a step without a choice is no step.
    return [*marks, *form.getlist("choice")] if form.get("choice") else []


def _went(attempt_id: int, number: int, total: int) -> ResponseReturnValue:
    """Go where the button that was pressed leads to; without one stay at the question."""
    go = flask.request.form.get("go", "")
    if go == "check":
        return _to(f"{_way(attempt_id)}/check")
    wanted = int(go) if go.isascii() and go.isdigit() and len(go) < 4 else number
    number = wanted if 1 <= wanted <= total else number
    return _to(f"{_way(attempt_id)}/questions/{number}")


def _too_late(attempt_id: int, sentence: str) -> ResponseReturnValue:
    review = f"{_way(attempt_id)}/review"
    if pages.wants_json():
        return flask.jsonify(status=409, detail=sentence, url=review), 409
    flask.flash(sentence, "wait")
    return flask.redirect(review, code=303)


def _refused(
    refusal: Refused, attempt_id: int, number: int, at: datetime
) -> ResponseReturnValue:
    if pages.wants_json():
        return flask.jsonify(status=422, detail=str(refusal)), 422
    page = queries.question(_me(), attempt_id, number, at=at)
    moves_on = flask.request.form.get("go") not in {None, "", "step", "stay"}
    # Nothing chosen in a case keeps what was saved of it, so one may leave it at any moment.
    nothing_lost = page.saved_at is None or "step" in flask.request.form
    if isinstance(refusal, EmptyAnswer) and moves_on and nothing_lost:
        # Leaving a question open is allowed; every page says which ones are.
        return _went(attempt_id, number, page.sheet.total)
    return _question(page, at, str(refusal)), 422


@bp.post("/attempts/<int:attempt_id>/questions/<int:number>", may=Permission.LEARN, alone=True)
def answer(attempt_id: int, number: int) -> ResponseReturnValue:
    """Save an answer: JSON for the script, the next page for a form."""
    at, form, actor = clock.now(), flask.request.form, current_user.actor
    try:
        if "restart" in form:
            saved = operations.start_over(
                actor=actor, attempt_id=attempt_id, number=number, at=at
            )
        else:
            saved = operations.answer(
                actor=actor, attempt_id=attempt_id, number=number, marks=_marks(form), at=at
            )
    except operations.AttemptEnded as refusal:
        return _too_late(attempt_id, str(refusal))
    except Refused as refusal:
        return _refused(refusal, attempt_id, number, at)
    if saved.came_late:
        return _too_late(
            attempt_id,
            "Time ran out before this answer arrived, so it does not count. "
            "Everything saved before does.",
        )
    if pages.wants_json():
        return flask.jsonify(
            saved=pages.clocktime(saved.saved_at),
            missing=saved.missing,
            is_answered=saved.is_answered,
            answered=saved.answered,
            total=saved.total,
        )
    return _went(attempt_id, number, saved.total)


@bp.get("/attempts/<int:attempt_id>/check", may=Permission.LEARN)
def check(attempt_id: int) -> ResponseReturnValue:
    """Look over what is answered and what is open, before handing in."""
    at = clock.now()
    sheet = queries.sheet(_me(), attempt_id, at=at)
    return _elsewhere(sheet, at) or _check(sheet, at)


@bp.post("/attempts/<int:attempt_id>/submit", may=Permission.LEARN, alone=True)
def submit(attempt_id: int) -> ResponseReturnValue:
    """Hand in; a second click leads to the same result."""
    at = clock.now()
    try:
        operations.submit(actor=current_user.actor, attempt_id=attempt_id, at=at)
    except operations.Unanswered as refusal:
        sheet = queries.sheet(_me(), attempt_id, at=at)
        return _check(sheet, at, str(refusal)), 422
    return _to(f"{_way(attempt_id)}/review")


@bp.get("/attempts/<int:attempt_id>/review", may=Permission.LEARN)
def review(attempt_id: int) -> ResponseReturnValue:
    """Show how it went, by objective, with the reasons and what to reread."""
    page = reviews.review(_me(), attempt_id, at=clock.now(), today=pages.today())
    if page is None:
        return _to(_way(attempt_id))
    return _page("review", page=page, card=own_card() if page.is_passed else None)


@bp.get("/people/<int:person_id>/time-extension", may=Permission.EXTEND_TIME)
def more_time(person_id: int) -> ResponseReturnValue:
    """Show how much more time a person gets in timed quizzes."""
    page = queries.more_time(person_id, today=pages.today())
    return _page("more_time", page=page, refusal="", typed={})


@bp.post("/people/<int:person_id>/time-extension", may=Permission.EXTEND_TIME)
def extend(person_id: int) -> ResponseReturnValue:
    """Give a person more time, or end it."""
    typed = {name: flask.request.form.get(name, "").strip() for name in ("percent", "course")}
    try:
        operations.extend_time(
            actor=current_user.actor,
            person_id=person_id,
            key=typed["course"] or None,
            percent=operations.percent_of(typed["percent"]),
            at=clock.now(),
        )
    except Refused as refusal:
        page = queries.more_time(person_id, today=pages.today())
        return _page("more_time", page=page, refusal=str(refusal), typed=typed), 422
    return _to(f"/people/{person_id}/time-extension")
