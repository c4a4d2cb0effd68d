"""The outbox as the administrator searches it: by state, by words, with whom each mail is to."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from lms import outbox
from lms.db import db
from lms.outbox import Message, State
from lms.people.models import Person

MOST_WORDS = 5


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One page of the outbox, and the names of the people its mails are to."""

    listing: outbox.Listing
    names: dict[int, str]


def outgoing(*, state: State | None, words: str, page: int) -> Outgoing:
    """Return a page of the outbox, newest first, narrowed to a state and to words.

    Every word must be in the address, the subject, or the person's name.
    """
    also = [_holds(word) for word in words.split()[:MOST_WORDS]]
    listing = outbox.listing(state=state, page=page, also=also)
    ids = {one.person_id for one in listing.messages if one.person_id}
    names = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids))).all()
    return Outgoing(listing=listing, names={row.id: row.name for row in names})


def _holds(word: str) -> ColumnElement[bool]:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = f"%{escaped}%"
    named = select(Person.id).where(Person.name.ilike(like, escape="\\"))
    return or_(
        Message.address.ilike(like, escape="\\"),
        Message.subject.ilike(like, escape="\\"),
        Message.person_id.in_(named),
    )
