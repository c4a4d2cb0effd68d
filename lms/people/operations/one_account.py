"""An address is one person's, first or further: who has it, and nobody gets it twice (case 58)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from lms.db import db
from lms.errors import Refused
from lms.people import queries, rules
from lms.people.models import Person

_ADDRESSES: Final = 0x526F756E6473
"""The number under which PostgreSQL lets one transaction at a time hand out addresses."""


class AlreadyHere(Refused):
    """There is somebody with this address; one person has one account (case 58)."""

    def __init__(self, person: Person) -> None:
        super().__init__(
            f"{person.name} has this address already"
            + (", and is deactivated." if person.deactivated_at else ".")
            + " One person keeps one account, so that no history is split."
        )
        self.person_id = person.id


class BadAddress(Refused):
    """What was given can't be an e-mail address."""


def given_address(text: str) -> tuple[str, str]:
    """Return an address as it's kept and as it's compared; raise BadAddress."""
    if problem := rules.email_problem(text):
        raise BadAddress(problem)
    return text.strip(), rules.email_key(text)


def hold_addresses() -> None:
    """Hand out addresses one transaction at a time, until this one ends.

    Two tables hold them, and no constraint spans both; on SQLite there is one writer anyway.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(_ADDRESSES)))


def _whose(key: str) -> Person | None:
    with db.session.no_autoflush:
        return queries.holder_of(key)


@contextmanager
def one_account(key: str, *, but: int | None = None) -> Iterator[None]:
    """Write a row inside with this address, unless it's somebody's; raise AlreadyHere if it is.

    The constraint has the last word, for two who come at once.
    """
    hold_addresses()
    there = _whose(key)
    if there is not None and there.id != but:
        raise AlreadyHere(there)
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError:
        there = _whose(key)
        if there is None:
            raise
        raise AlreadyHere(there) from None
