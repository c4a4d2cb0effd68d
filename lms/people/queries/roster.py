"""Everybody a roster may meet, the departments it may fill, and the rosters that were read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from lms import access
from lms.access import Actor, Permission
from lms.db import db
from lms.errors import Missing
from lms.people.files import roster as files
from lms.people.models import (
    Department,
    Person,
    PersonAddress,
    RoleGrant,
    RosterUpload,
    UploadState,
)
from lms.people.rules.roster import headings
from lms.people.rules.roster_plan import Choices, Judge, Known, Plan, Someone
from lms.people.rules.roster_tree import Tree
from lms.tables.reading import Table

FIELDS = ("name", "certificate_name", "staff_number", "npi", "profession", "licence_state", "zone",
          "started_on")  # fmt: skip
"""What a roster may say of a person beside address and department, as the columns are named."""


def known() -> Known:
    """Return everybody, by what a roster may name them by, in two statements."""
    people: dict[int, Someone] = {}
    by_key: dict[str, int] = {}
    for key, whose in db.session.execute(
        select(PersonAddress.key, PersonAddress.person_id).where(PersonAddress.ended_at.is_(None))
    ):
        by_key[key] = whose
    by_staff: dict[str, int] = {}
    by_npi: dict[str, int] = {}
    columns = [getattr(Person, name) for name in FIELDS]
    for row in db.session.execute(
        select(Person.id, Person.email, Person.email_key, Person.department_id,
               Person.deactivated_at, *columns).order_by(Person.id)
    ):  # fmt: skip
        fields: dict[str, Any] = dict(zip(FIELDS, row[5:], strict=True))
        fields["profession"] = fields["profession"].value
        people[row[0]] = Someone(row[0], row[1], row[2], row[3], row[4] is not None, fields)
        by_key[row[2]] = row[0]
        if fields["staff_number"]:
            by_staff[fields["staff_number"]] = row[0]
        if fields["npi"]:
            by_npi[fields["npi"]] = row[0]
    return Known(people=people, by_key=by_key, by_staff_number=by_staff, by_npi=by_npi)


def tree(actor: Actor) -> Tree:
    """Return the departments, and which of them this actor may fill."""
    rows = db.session.execute(
        select(Department.id, Department.name, Department.parent_id, Department.retired_at)
    ).all()
    is_everywhere = access.everywhere(actor, Permission.IMPORT_PEOPLE)
    return Tree(
        names={row.id: row.name for row in rows},
        parents={row.id: row.parent_id for row in rows},
        retired=frozenset(row.id for row in rows if row.retired_at is not None),
        reach=None if is_everywhere else actor.department_ids,
    )


def role_holders() -> frozenset[int]:
    """Return who holds a role beyond learner."""
    return frozenset(
        db.session.scalars(select(RoleGrant.person_id).where(RoleGrant.revoked_at.is_(None)))
    )


def upload(actor: Actor, upload_id: int, *, locked: bool = False) -> RosterUpload:
    """Return a roster the actor read in, or any for who imports everywhere; raise Missing.

    `locked` holds it until the transaction ends, so that it's imported once.
    """
    asked = select(RosterUpload).where(RosterUpload.id == upload_id)
    if locked:
        asked = asked.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(asked)
    is_mine = found is not None and found.uploaded_by_id == (actor.person_id or None)
    if found is None or not (is_mine or access.everywhere(actor, Permission.IMPORT_PEOPLE)):
        raise Missing("roster")
    return found


def waiting_since(before: datetime) -> Sequence[int]:
    """Return a roster that was read before this instant and still waits, if there is one."""
    waits = select(RosterUpload.id).where(
        RosterUpload.state == UploadState.PENDING, RosterUpload.uploaded_at <= before
    )
    return db.session.scalars(waits.limit(1)).all()


@dataclass(frozen=True, kw_only=True)
class Read:
    """One roster in the list of those before."""

    id: int
    file_name: str
    uploaded_at: datetime
    by: str
    state: UploadState
    counts: dict[str, Any]


def uploads(actor: Actor, *, limit: int = 20) -> list[Read]:
    """Return the last rosters the actor may see, newest first."""
    asked = (
        select(RosterUpload.id, RosterUpload.file_name, RosterUpload.uploaded_at, Person.name,
               RosterUpload.state, RosterUpload.counts)
        .outerjoin(Person, Person.id == RosterUpload.uploaded_by_id)
        .where(RosterUpload.state != UploadState.ABANDONED)
        .order_by(RosterUpload.id.desc())
        .limit(limit)
    )  # fmt: skip
    if not access.everywhere(actor, Permission.IMPORT_PEOPLE):
        asked = asked.where(RosterUpload.uploaded_by_id == actor.person_id)
    return [
        Read(id=i, file_name=name, uploaded_at=at, by=by or "The command line", state=state,
             counts=counts)
        for i, name, at, by, state, counts in db.session.execute(asked)
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Address:
    """A further address of a person."""

    id: int
    address: str
    added_at: datetime


def addresses_of(person_id: int) -> list[Address]:
    """Return the further addresses of a person, oldest first."""
    rows = db.session.execute(
        select(PersonAddress.id, PersonAddress.address, PersonAddress.added_at)
        .where(PersonAddress.person_id == person_id, PersonAddress.ended_at.is_(None))
        .order_by(PersonAddress.id)
    )
    return [Address(id=i, address=address, added_at=at) for i, address, at in rows]


def plan_for(
    actor: Actor, table: Table, *, choices: Choices, printable: Callable[[str], str]
) -> Plan:
    """Return what the rows of a table would do for this actor, now."""
    return Judge(
        headings=headings(table.header),
        known=known(),
        tree=tree(actor),
        choices=choices,
        printable=printable,
    ).plan(table.rows)


def plan_of(
    actor: Actor, upload: RosterUpload, *, choices: Choices, printable: Callable[[str], str]
) -> tuple[Table, Plan]:
    """Return the rows of a roster that was read, and what they would do for this actor, now."""
    if upload.content is None:
        raise Missing("roster")
    table = files.unpack(upload.content)
    return table, plan_for(actor, table, choices=choices, printable=printable)
