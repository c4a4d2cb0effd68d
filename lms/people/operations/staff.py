"""Add, move and deactivate people; give and take roles."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from lms import access, audit, outbox
from lms.access import Actor, Permission, Role
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people import queries, rules
from lms.people.models import Department, Person, Profession, RoleGrant
from lms.people.operations.addresses import end_own_further
from lms.people.operations.one_account import AlreadyHere as AlreadyHere
from lms.people.operations.one_account import BadAddress as BadAddress
from lms.people.operations.one_account import given_address, hold_addresses, one_account
from lms.people.operations.profile import (
    Printable,
    kept_locale,
    kept_name,
    kept_state,
    kept_zone,
    printed_name,
)
from lms.people.operations.signing import end_resets, end_sign_ins


class LastAdministrator(Refused):
    """Nobody would be left who can give roles."""


@dataclass(frozen=True, kw_only=True)
class NewPerson:
    """What is known of somebody who is added. `password_hash` is from `hashed`."""

    email: str
    name: str
    profession: Profession
    department_id: int | None = None
    licence_state: str | None = None
    name_locale: str | None = None
    zone: str | None = None
    password_hash: str | None = None


def _open_department(department_id: int) -> Department:
    department = queries.department(department_id)
    if department.retired_at is not None:
        raise Refused(f"{department.name} is retired and takes nobody any more.")
    return department


@whole
def add_person(*, actor: Actor, new: NewPerson, printable: Printable, at: datetime) -> Person:
    """Add somebody who may learn here; roles are given apart, a password by `invite`.

    Raises AlreadyHere, BadAddress, NotAName, Unprintable, Missing, Refused, NotAllowed.
    """
    access.require(actor, Permission.ADD_PEOPLE)
    email, key = given_address(new.email)
    locale = kept_locale(new.name_locale)
    if new.department_id is not None:
        _open_department(new.department_id)
    person = Person(
        email=email,
        email_key=key,
        name=kept_name(new.name),
        certificate_name=printed_name(new.name, locale, printable),
        name_locale=locale,
        profession=Profession(new.profession),
        licence_state=kept_state(new.licence_state),
        zone=kept_zone(new.zone),
        department_id=new.department_id,
        password_hash=new.password_hash,
        created_at=at,
    )
    with one_account(key):
        db.session.add(person)
    audit.record(
        actor=actor, at=at, action="person.added", thing=f"person:{person.id}",
        department_id=new.department_id,
    )  # fmt: skip
    return person


@whole
def change_email(*, actor: Actor, person_id: int, email: str, at: datetime) -> Person:
    """Give a person another address: the account and its history stay one (case 58).

    The old address is told. Raises AlreadyHere, BadAddress, Missing, NotAllowed.
    """
    access.require(actor, Permission.ADD_PEOPLE)
    hold_addresses()
    person = _locked(person_id)
    address, key = given_address(email)
    before = person.email
    if address == before:
        return person
    with one_account(key, but=person.id):
        end_own_further(person.id, key, at=at)
        person.email, person.email_key = address, key
    # A link on its way to the old address must not open the account any more.
    end_resets(person.id, at=at)
    audit.record(actor=actor, at=at, action="person.address-changed", thing=f"person:{person.id}")
    outbox.queue(
        key=f"address-changed:{person.id}:{at.isoformat()}:{rules.token_digest(before)[:16]}",
        person_id=person.id,
        address=before,
        subject="Your address in Rounds was changed",
        body=(
            f"Hello {person.name},\n\nan administrator changed the address of your account in "
            f"Rounds to {address}. Sign in with that from now on; nothing else has changed. If "
            "this is a mistake, tell your administrator.\n"
        ),
        at=at,
    )
    return person


def _locked(person_id: int) -> Person:
    """Return a person, held until the transaction ends, so that changes come one by one."""
    person = db.session.scalar(
        select(Person)
        .where(Person.id == person_id)
        .with_for_update(of=Person)
        .execution_options(populate_existing=True)
    )
    if person is None:
        raise Missing("person")
    return person


def _keep_an_administrator(person_id: int) -> None:
    """Refuse with LastAdministrator when nobody but this person administers.

    Locks all administrators, so that two who remove each other can't both succeed.
    """
    rows = db.session.execute(
        select(RoleGrant.person_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.role == Role.ADMINISTRATOR,
            RoleGrant.revoked_at.is_(None),
            Person.deactivated_at.is_(None),
        )
        .order_by(RoleGrant.id)
        .with_for_update()
    ).scalars()
    if set(rows) == {person_id}:
        raise LastAdministrator(
            "This is the last administrator. Make somebody else administrator first."
        )


@whole
def deactivate(*, actor: Actor, person_id: int, reason: str, at: datetime) -> None:
    """End a person's access at once, with a reason; records and certificates stay (case 7).

    Raises Refused without a reason or when it's done already, LastAdministrator, Missing.
    """
    access.require(actor, Permission.GRANT)
    reason = _reason(reason)
    _keep_an_administrator(person_id)
    person = _locked(person_id)
    if person.deactivated_at is not None:
        raise Refused(f"{person.name} is deactivated already.")
    person.deactivated_at = at
    end_sign_ins(person.id, at=at)
    end_resets(person.id, at=at)
    audit.record(
        actor=actor, at=at, action="person.deactivated", thing=f"person:{person.id}", reason=reason
    )


@whole
def reactivate(*, actor: Actor, person_id: int, reason: str, at: datetime) -> None:
    """Let a person sign in again, with a reason. Raises Refused when nothing was ended."""
    access.require(actor, Permission.GRANT)
    reason = _reason(reason)
    person = _locked(person_id)
    if person.deactivated_at is None:
        raise Refused(f"{person.name} is active already.")
    person.deactivated_at = None
    audit.record(
        actor=actor, at=at, action="person.reactivated", thing=f"person:{person.id}", reason=reason
    )


def _reason(text: str) -> str:
    if not (reason := text.strip()):
        raise Refused("Give a reason; it is kept with the record.")
    return reason[:1000]


@whole
def move_department(
    *, actor: Actor, person_id: int, department_id: int | None, at: datetime
) -> None:
    """Put a person into a department, or into none. Raises Refused for a retired one, Missing."""
    access.require(actor, Permission.ADD_PEOPLE)
    person = _locked(person_id)
    if person.department_id == department_id:
        return
    if department_id is not None:
        _open_department(department_id)
    before, person.department_id = person.department_id, department_id
    db.session.flush()
    audit.record(
        actor=actor, at=at, action="person.moved", thing=f"person:{person.id}",
        before=before, after=department_id,
    )  # fmt: skip


@whole
def grant_role(
    *, actor: Actor, person_id: int, role: Role, at: datetime, department_id: int | None = None
) -> RoleGrant:
    """Give a person a role: coordinators for a department and all below, others everywhere.

    Giving what is held already changes nothing. Raises Refused, Missing, NotAllowed.
    """
    access.require(actor, Permission.GRANT)
    person = _locked(person_id)
    role = Role(role)
    if role is Role.LEARNER:
        raise Refused("Everyone here is a learner already.")
    if role is not Role.COORDINATOR:
        department_id = None
    elif department_id is None:
        raise Refused("Choose the department to coordinate.")
    else:
        _open_department(department_id)
    if person.deactivated_at is not None:
        raise Refused(f"{person.name} is deactivated. Reactivate them first.")
    held = db.session.scalar(
        select(RoleGrant).where(
            RoleGrant.person_id == person.id,
            RoleGrant.role == role,
            RoleGrant.department_id == department_id,
            RoleGrant.revoked_at.is_(None),
        )
    )
    if held is not None:
        return held
    grant = RoleGrant(
        person_id=person.id,
        role=role,
        department_id=department_id,
        granted_by_id=actor.person_id or None,
        granted_at=at,
    )
    db.session.add(grant)
    db.session.flush()
    audit.record(
        actor=actor, at=at, action="role.granted", thing=f"person:{person.id}", role=role.value,
        department_id=department_id,
    )  # fmt: skip
    return grant


@whole
def revoke_role(*, actor: Actor, person_id: int, grant_id: int, at: datetime) -> None:
    """Take a role away from a person; the grant stays in the records as ended.

    Raises Missing for another person's grant, Refused when it ended before, LastAdministrator.
    """
    access.require(actor, Permission.GRANT)
    _keep_or_pass(person_id, grant_id)
    grant = db.session.scalar(
        select(RoleGrant)
        .where(RoleGrant.id == grant_id, RoleGrant.person_id == person_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if grant is None:
        raise Missing("grant")
    if grant.revoked_at is not None:
        raise Refused("This role was taken away already.")
    grant.revoked_at = at
    grant.revoked_by_id = actor.person_id or None
    db.session.flush()
    audit.record(
        actor=actor, at=at, action="role.revoked", thing=f"person:{person_id}",
        role=grant.role.value, department_id=grant.department_id,
    )  # fmt: skip


def _keep_or_pass(person_id: int, grant_id: int) -> None:
    grant = db.session.get(RoleGrant, grant_id)
    if grant is not None and grant.role is Role.ADMINISTRATOR and grant.revoked_at is None:
        _keep_an_administrator(person_id)
