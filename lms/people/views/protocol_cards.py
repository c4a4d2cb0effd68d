"""Local protocol cards: one's own to print, and the planner's pages that keep them."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.errors import Refused
from lms.people import queries
from lms.people.forms.protocol_cards import ProtocolCardForm
from lms.people.operations import protocol_cards as operations
from lms.people.queries import protocol_cards as cards
from lms.people.rules import protocol_cards as rules
from lms.people.views.blueprint import bp
from lms.web import pages


@bp.get("/protocol-card", may=Permission.LEARN)
def protocol_card() -> ResponseReturnValue:
    """Show the card of the reader's own place, on one page to print."""
    own = cards.own_card(current_user.person.department_id, today=pages.today())
    return flask.render_template("people/protocol_card.html", own=own)


@bp.get("/protocol-cards", may=Permission.KEEP_PROTOCOL_CARDS)
def protocol_cards() -> ResponseReturnValue:
    """List the departments with the card that holds in each."""
    return flask.render_template(
        "people/protocol_cards.html", places=cards.places(), today=pages.today()
    )


def _form(place_id: int) -> ProtocolCardForm:
    """Return the form as the card stands; for a first one, with what holds there from above."""
    present = cards.newest(place_id)
    seen = str(present.number) if present else "0"
    if present is not None and not present.is_withdrawn:
        return ProtocolCardForm(formdata=None, obj=cards.card_of(present), seen=seen)
    held, today = cards.held_by(place_id), pages.today()
    kept = {name: getattr(held.card, name) for name in rules.FIELDS} if held else {}
    kept |= {"source": "", "checked_on": today, "review_by": today + rules.REVIEW_AFTER}
    return ProtocolCardForm(formdata=None, data=kept | {"seen": seen})


def _page(place_id: int, form: ProtocolCardForm | None = None) -> str:
    return flask.render_template(
        "people/place_card.html",
        department=queries.department(place_id),
        path=queries.path_of(place_id),
        held=cards.held_by(place_id),
        versions=cards.history(place_id),
        form=form or _form(place_id),
    )


@bp.get("/places/<int:place_id>/protocol-card", may=Permission.KEEP_PROTOCOL_CARDS)
def place_card(place_id: int) -> ResponseReturnValue:
    """Show the form of a department's card, and its versions."""
    return _page(place_id)


@bp.post("/places/<int:place_id>/protocol-card", may=Permission.KEEP_PROTOCOL_CARDS)
def keep_place_card(place_id: int) -> ResponseReturnValue:
    """Keep a new version of a department's card."""
    queries.department(place_id)
    form = ProtocolCardForm()
    today = pages.today()
    is_readable = form.validate()
    if not is_readable:
        form.tell(rules.problems(rules.tidied(form.card()), today=today))
        return _page(place_id, form), 422
    try:
        number = operations.keep_protocol_card(
            actor=current_user.actor,
            department_id=place_id,
            card=form.card(),
            seen=form.version_seen,
            at=clock.now(),
            today=today,
        )
    except operations.NotFit as refusal:
        form.tell(dict(refusal.problems))
    except operations.Overtaken as refusal:
        present = cards.newest(place_id)
        form.seen.data = str(present.number) if present else "0"
        form.form_errors.append(str(refusal))
    except Refused as refusal:
        form.form_errors.append(str(refusal))
    else:
        flask.flash(f"Saved as version {number}. It holds here and below from now on.")
        return flask.redirect(flask.url_for("people.place_card", place_id=place_id), 303)
    return _page(place_id, form), 422


@bp.post("/places/<int:place_id>/protocol-card/withdraw", may=Permission.KEEP_PROTOCOL_CARDS)
def withdraw_place_card(place_id: int) -> ResponseReturnValue:
    """Let the card above hold again for a department."""
    seen = ProtocolCardForm().version_seen
    try:
        operations.withdraw_protocol_card(
            actor=current_user.actor, department_id=place_id, seen=seen, at=clock.now()
        )
    except Refused as refusal:
        form = _form(place_id)
        form.form_errors = [str(refusal)]
        return _page(place_id, form), 422
    flask.flash("The card of this department is withdrawn; its versions stay below.")
    return flask.redirect(flask.url_for("people.place_card", place_id=place_id), 303)
