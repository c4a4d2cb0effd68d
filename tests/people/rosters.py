"""Rosters for tests: written as CSV, read, and imported as somebody."""

from collections.abc import Sequence

from lms.access import Actor
from lms.db import db
from lms.people.operations import roster
from lms.people.operations.profile import as_typed
from lms.people.operations.roster import Order
from lms.people.queries import roster as queries
from lms.people.rules.roster_plan import Choices, Plan
from tests.conftest import NOON

HEADER = ("E-mail", "Name", "Department")


def csv(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    """Write rows as a file from HR has them."""
    lines = [header, *rows]
    return "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in lines).encode()


def read(actor: Actor, data: bytes, *, at=NOON, name: str = "hr.csv") -> int:
    """Read a file as somebody; return the id under which it waits."""
    made = roster.keep_roster(
        actor=actor, roster=roster.open_roster(data), file_name=name, at=at
    )  # fmt: skip
    db.session.commit()
    return made.id


def plan(actor: Actor, upload_id: int, choices: Choices | None = None) -> Plan:
    """Return what a roster would do."""
    upload = queries.upload(actor, upload_id)
    chosen = choices or roster.choices_of(actor, upload)
    return queries.plan_of(
        actor, upload, choices=chosen, printable=lambda name: as_typed(name, None)
    )[1]


def take(actor: Actor, upload_id: int, *, at=NOON, **order: object):
    """Import a roster."""
    made = roster.import_roster(
        actor=actor, upload_id=upload_id, order=Order(**order), printable=as_typed,
        link=lambda token: f"http://localhost/reset-password/{token}", at=at,
    )  # fmt: skip
    db.session.commit()
    return made
