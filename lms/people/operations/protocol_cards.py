"""Keep the local protocol card of a department: every change is a further version."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime

from lms import access, audit
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import Refused
from lms.people import queries
from lms.people.models import ProtocolCard
from lms.people.queries import protocol_cards as cards
from lms.people.rules import protocol_cards as rules
from lms.people.rules.protocol_cards import Card


class NotFit(Refused):
    """The card can't be kept as it is; `problems` has a sentence for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("Please look at this card again.")
        self.problems = problems


class Overtaken(Refused):
    """Somebody kept another version while this one was being written."""


def _present(department_id: int, *, seen: int) -> ProtocolCard | None:
    present = cards.newest(department_id, lock=True)
    if (present.number if present else 0) != seen:
        raise Overtaken(
            "Somebody kept another version of this card meanwhile; it stands below. What you "
            "typed is still here: compare, and save again."
        )
    return present


@whole
def keep_protocol_card(
    *, actor: Actor, department_id: int, card: Card, seen: int, at: datetime, today: date
) -> int:
    """Keep what the card of a department says from now on, and return the version's number.

    `seen` is the newest version that was looked at, 0 for none. The same content as the present
    version makes no further one. Raises Missing, NotFit, Overtaken, NotAllowed.
    """
    access.require(actor, Permission.KEEP_PROTOCOL_CARDS)
    if queries.department(department_id).retired_at is not None:
        raise Refused("This department is retired. Keep the card of another.")
    card = rules.tidied(card)
    if problems := rules.problems(card, today=today):
        raise NotFit(problems)
    present = _present(department_id, seen=seen)
    before = None if present is None or present.is_withdrawn else cards.card_of(present)
    if present is not None and before == card:
        return present.number
    made = ProtocolCard(
        department_id=department_id, number=seen + 1, made_at=at,
        made_by_id=actor.person_id or None, is_withdrawn=False, **asdict(card),
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    audit.record(
        actor=actor, at=at, action="protocol-card.kept", thing=f"protocol_card:{department_id}",
        department=department_id, number=made.number, fields=rules.changed(before, card),
    )  # fmt: skip
    return made.number


@whole
def withdraw_protocol_card(*, actor: Actor, department_id: int, seen: int, at: datetime) -> None:
    """Let the card above hold again for a department; its own versions stay in the history.

    Raises Missing, Refused where there is none, Overtaken, NotAllowed.
    """
    access.require(actor, Permission.KEEP_PROTOCOL_CARDS)
    queries.department(department_id)
    present = _present(department_id, seen=seen)
    if present is None or present.is_withdrawn:
        raise Refused("This department has no card of its own.")
    said = asdict(cards.card_of(present))
    db.session.add(
        ProtocolCard(
            department_id=department_id, number=present.number + 1, made_at=at,
            made_by_id=actor.person_id or None, is_withdrawn=True, **said,
        )
    )  # fmt: skip
    audit.record(
        actor=actor, at=at, action="protocol-card.withdrawn",
        thing=f"protocol_card:{department_id}", department=department_id,
    )  # fmt: skip
