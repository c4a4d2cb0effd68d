"""Add people, keep profiles, move, close and reopen accounts; keep departments and organisation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from lms import audit
from lms.access import Actor, Permission, Role, require
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people import queries, rules
from lms.people.models import Department, Organisation, Person, Profession, RoleGrant, SignIn

Printable = Callable[[str], str]


class Clash(Refused):
    """There is such a person or department already."""


class NotFit(Refused):
    """Something given can't be kept as it stands; the sentence says what."""


class LastAdministrator(Refused):
    """Nobody would be left to give roles."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a person says about themselves."""

    name: str
    certificate_name: str
    profession: Profession
    licence_state: str | None = None
    zone: str | None = None
    name_locale: str | None = None


def _cleaned(name: str, what: str, printable: Printable | None) -> str:
    text = " ".join(name.split())
    if not text or len(text) > 120:
        raise NotFit(f"{what}: give 1 to 120 characters.")
    if printable is None:
        return text
    try:
        return printable(text)
    except ValueError as problem:
        raise NotFit(f"{what}: {problem}") from None


@whole
def add_person(
    *,
    actor: Actor,
    email: str,
    profile: Profile,
    department_id: int | None,
    at: datetime,
    printable: Printable | None = None,
    password_hash: str | None = None,
) -> Person:
    """Add a person; `printable` cleans a name or raises ValueError with a sentence (case 8).

    Raises NotAllowed, NotFit, Clash for an address in use whatever its case (case 58), Missing
    for an unknown department.
    """
    require(actor, Permission.ADD_PEOPLE)
    if problem := rules.email_problem(email):
        raise NotFit(problem)
    other = queries.by_email(email)
    if other is not None:
        raise Clash(f"{email.strip()} belongs to {other.name} already.")
    if department_id is not None and db.session.get(Department, department_id) is None:
        raise Missing("department")
    made = Person(
        email=email.strip(),
        email_key=rules.email_key(email),
        name=_cleaned(profile.name, "Name", printable),
        certificate_name=_cleaned(profile.certificate_name, "Name on certificates", printable),
        name_locale=profile.name_locale,
        profession=profile.profession,
        licence_state=profile.licence_state,
        zone=profile.zone,
        department_id=department_id,
        password_hash=password_hash,
        created_at=at,
    )
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError:
        raise Clash(f"{email.strip()} belongs to somebody already.") from None
    audit.record(actor=actor, at=at, action="person.added", thing=f"person:{made.id}")
    return made


@whole
def keep_profile(
    *, actor: Actor, profile: Profile, at: datetime, printable: Printable | None = None
) -> Person:
    """Keep what a person says about themselves. Raises NotFit for a name that can't be printed.

    Certificates already issued are not touched (case 6).
    """
    require(actor, Permission.KEEP_PROFILE)
    person = queries.person(actor.person_id)
    person.name = _cleaned(profile.name, "Name", printable)
    person.certificate_name = _cleaned(profile.certificate_name, "Name on certificates", printable)
    person.name_locale = profile.name_locale
    person.profession = profile.profession
    person.licence_state = profile.licence_state
    person.zone = profile.zone
    audit.record(actor=actor, at=at, action="profile.kept", thing=f"person:{person.id}")
    return person


@whole
def move(*, actor: Actor, person_id: int, department_id: int | None, at: datetime) -> None:
    """Move a person to another department, or to none. Raises NotAllowed, Missing."""
    require(actor, Permission.ADD_PEOPLE)
    person = queries.person(person_id)
    if department_id is not None and db.session.get(Department, department_id) is None:
        raise Missing("department")
    before, person.department_id = person.department_id, department_id
    audit.record(
        actor=actor,
        at=at,
        action="person.moved",
        thing=f"person:{person_id}",
        before=before,
        after=department_id,
    )


def _administrators() -> set[int]:
    return set(
        db.session.scalars(
            select(RoleGrant.person_id)
            .join(Person, Person.id == RoleGrant.person_id)
            .where(
                RoleGrant.role == Role.ADMINISTRATOR,
                RoleGrant.revoked_at.is_(None),
                Person.deactivated_at.is_(None),
            )
            .with_for_update()
        )
    )


@whole
def deactivate(*, actor: Actor, person_id: int, reason: str, at: datetime) -> None:
    """Close an account and end its sessions; its records stay (case 7).

    Raises NotAllowed, Missing, LastAdministrator.
    """
    require(actor, Permission.ADD_PEOPLE)
    person = queries.person(person_id)
    if _administrators() == {person_id}:
        raise LastAdministrator("This is the last administrator. Give the role to another first.")
    if person.deactivated_at is not None:
        return
    person.deactivated_at = at
    db.session.execute(
        update(SignIn)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
        .values(ended_at=at)
    )
    audit.record(
        actor=actor, at=at, action="person.deactivated", thing=f"person:{person_id}", reason=reason
    )


@whole
def reactivate(*, actor: Actor, person_id: int, at: datetime) -> None:
    """Open a closed account again. Raises NotAllowed, Missing."""
    require(actor, Permission.ADD_PEOPLE)
    person = queries.person(person_id)
    if person.deactivated_at is None:
        return
    person.deactivated_at = None
    audit.record(actor=actor, at=at, action="person.reactivated", thing=f"person:{person_id}")


@whole
def grant_role(
    *, actor: Actor, person_id: int, role: Role, department_id: int | None, at: datetime
) -> None:
    """Give a role: to a coordinator for a department, to others for the whole site.

    Giving what is held already changes nothing. Raises NotAllowed, Missing, NotFit.
    """
    require(actor, Permission.GRANT)
    queries.person(person_id)
    if role is Role.LEARNER:
        raise NotFit("Everyone is a learner already.")
    if (role is Role.COORDINATOR) != (department_id is not None):
        raise NotFit("A coordinator is given a department; planners and administrators have none.")
    if department_id is not None and db.session.get(Department, department_id) is None:
        raise Missing("department")
    held = db.session.scalar(
        select(RoleGrant.id).where(
            RoleGrant.person_id == person_id,
            RoleGrant.role == role,
            RoleGrant.department_id.is_not_distinct_from(department_id),
            RoleGrant.revoked_at.is_(None),
        )
    )
    if held is not None:
        return
    db.session.add(
        RoleGrant(
            person_id=person_id,
            role=role,
            department_id=department_id,
            granted_at=at,
            granted_by_id=actor.person_id or None,
        )
    )
    audit.record(
        actor=actor,
        at=at,
        action="role.granted",
        thing=f"person:{person_id}",
        role=role.value,
        department=department_id,
    )


@whole
def revoke_role(*, actor: Actor, person_id: int, grant_id: int, at: datetime) -> None:
    """Take a role back. Raises NotAllowed, Missing, LastAdministrator."""
    require(actor, Permission.GRANT)
    held = db.session.get(RoleGrant, grant_id)
    if held is None or held.person_id != person_id:
        raise Missing("role")
    if held.revoked_at is not None:
        return
    if held.role is Role.ADMINISTRATOR and _administrators() == {person_id}:
        raise LastAdministrator("This is the last administrator. Give the role to another first.")
    held.revoked_at, held.revoked_by_id = at, actor.person_id or None
    audit.record(
        actor=actor,
        at=at,
        action="role.revoked",
        thing=f"person:{person_id}",
        role=held.role.value,
        department=held.department_id,
    )


@whole
def add_department(*, actor: Actor, name: str, parent_id: int | None, at: datetime) -> Department:
    """Add a department below another, or at the top. Raises NotAllowed, Missing, Clash, NotFit."""
    require(actor, Permission.ADD_PEOPLE)
    text = " ".join(name.split())
    if not text or len(text) > 120:
        raise NotFit("Name: give 1 to 120 characters.")
    if parent_id is not None and db.session.get(Department, parent_id) is None:
        raise Missing("department")
    twin = select(Department.id).where(
        Department.name == text, Department.parent_id.is_not_distinct_from(parent_id)
    )
    if db.session.scalar(twin) is not None:
        raise Clash(f"There is a department called {text} there already.")
    made = Department(name=text, parent_id=parent_id)
    db.session.add(made)
    db.session.flush()
    audit.record(actor=actor, at=at, action="department.added", thing=f"department:{made.id}")
    return made


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who issues certificates, as printed."""

    name: str
    line: str
    signer_name: str
    signer_title: str
    contact_email: str


@whole
def keep_organisation(
    *,
    actor: Actor,
    identity: Identity,
    at: datetime,
    is_demonstration: bool = False,
    printable: Printable | None = None,
) -> Organisation:
    """Keep who runs this installation. Certificates already issued are not touched (case 3).

    Raises NotAllowed, NotFit.
    """
    require(actor, Permission.KEEP_ORGANISATION)
    if identity.contact_email and (problem := rules.email_problem(identity.contact_email)):
        raise NotFit(problem)
    row = db.session.get(Organisation, 1) or Organisation(id=1)
    row.name = _cleaned(identity.name, "Name of the organization", printable)
    row.line = " ".join(identity.line.split())
    row.signer_name = _cleaned(identity.signer_name, "Name of the signatory", printable)
    row.signer_title = " ".join(identity.signer_title.split())
    row.contact_email = identity.contact_email.strip()
    row.is_demonstration = is_demonstration or bool(row.is_demonstration)
    db.session.add(row)
    db.session.flush()
    audit.record(actor=actor, at=at, action="organisation.kept", thing="organisation:1")
    return row
