"""Give a person a further address, by which they are found and may sign in, and take it back."""

from datetime import datetime
from typing import Final

from sqlalchemy import update

from lms import access, audit
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people import queries
from lms.people.models import PersonAddress
from lms.people.operations.one_account import given_address, one_account
from lms.people.queries import roster

MOST: Final = 10
"""Further addresses a person may have."""


@whole
def add_address(
    *, actor: Actor, person_id: int, email: str, reason: str, at: datetime
) -> PersonAddress:
    """Give a person a further address; mail still goes to the first. The reason is kept.

    Raises AlreadyHere, BadAddress, Missing, Refused, NotAllowed.
    """
    access.require(actor, Permission.ADD_PEOPLE)
    reason = _reason(reason)
    person = queries.person(person_id)
    address, key = given_address(email)
    with one_account(key):
        if len(roster.addresses_of(person.id)) >= MOST:
            raise Refused(f"{person.name} has {MOST} further addresses. Take one away first.")
        made = PersonAddress(person_id=person.id, address=address, key=key, added_at=at)
        db.session.add(made)
    audit.record(
        actor=actor, at=at, action="person.address-added", thing=f"person:{person.id}",
        reason=reason,
    )  # fmt: skip
    return made


@whole
def end_address(
    *, actor: Actor, person_id: int, address_id: int, reason: str, at: datetime
) -> None:
    """Take a further address back: it no longer signs in, and may be somebody else's.

    A person may do so for themselves. Raises Missing, Refused, NotAllowed.
    """
    access.require(
        actor,
        Permission.KEEP_PROFILE if actor.person_id == person_id else Permission.ADD_PEOPLE,
    )
    reason = _reason(reason)
    ended = db.session.execute(
        update(PersonAddress)
        .where(
            PersonAddress.id == address_id,
            PersonAddress.person_id == person_id,
            PersonAddress.ended_at.is_(None),
        )
        .values(ended_at=at)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise Missing("address")
    audit.record(
        actor=actor, at=at, action="person.address-ended", thing=f"person:{person_id}",
        reason=reason,
    )  # fmt: skip


def _reason(text: str) -> str:
    if not (reason := text.strip()):
        raise Refused("Give a reason; it is kept with the record.")
    return reason[:1000]


def end_own_further(person_id: int, key: str, *, at: datetime) -> None:
    """End this as a further address of a person, whose first it becomes."""
    db.session.execute(
        update(PersonAddress)
        .where(
            PersonAddress.person_id == person_id,
            PersonAddress.key == key,
            PersonAddress.ended_at.is_(None),
        )
        .values(ended_at=at)
    )
