"""Further addresses of a person: given and taken back by staff, taken back by the person."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.people.forms.addresses import EndAddressForm, FurtherAddressForm
from lms.people.operations import addresses as operations
from lms.people.queries.roster import addresses_of
from lms.people.views.blueprint import bp
from lms.people.views.staff import done


@bp.post("/people/<int:person_id>/addresses", may=Permission.ADD_PEOPLE)
def add_address(person_id: int) -> ResponseReturnValue:
    """Give a person a further address."""
    form = FurtherAddressForm()

    def act() -> None:
        operations.add_address(
            actor=current_user.actor,
            person_id=person_id,
            email=form.further.data,
            reason=form.why.data,
            at=clock.now(),
        )

    said = "Added. They may sign in with it from now on."
    return done(person_id, act, said=said, name="further", form=form)


@bp.post("/people/<int:person_id>/addresses/end", may=Permission.ADD_PEOPLE)
def end_address(person_id: int) -> ResponseReturnValue:
    """Take a further address back."""
    form = EndAddressForm()
    form.ended.choices = [(one.id, one.address) for one in addresses_of(person_id)]

    def act() -> None:
        operations.end_address(
            actor=current_user.actor,
            person_id=person_id,
            address_id=form.ended.data,
            reason=form.why_ended.data,
            at=clock.now(),
        )

    return done(person_id, act, said="Taken back.", name="ending", form=form)


@bp.post("/profile/addresses/<int:address_id>/end", may=Permission.KEEP_PROFILE)
def end_own_address(address_id: int) -> ResponseReturnValue:
    """Take back a further address of one's own."""
    operations.end_address(
        actor=current_user.actor,
        person_id=current_user.actor.person_id,
        address_id=address_id,
        reason="Taken back by the person",
        at=clock.now(),
    )
    flask.flash("Taken back. It no longer signs you in.")
    return flask.redirect("/profile", code=303)
