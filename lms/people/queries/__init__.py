"""Questions about people, departments and who is signed in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import joinedload

from lms.access import Role
from lms.db import db
from lms.errors import Missing
from lms.people import rules
from lms.people.models import (
    Department,
    Organisation,
    PasswordReset,
    Person,
    PersonAddress,
    RoleGrant,
    SignIn,
)
from lms.people.queries.presence import Me as Me
from lms.people.queries.presence import Presence as Presence
from lms.people.queries.presence import actor_of as actor_of
from lms.people.queries.presence import once_signed_in as once_signed_in
from lms.people.queries.presence import signed_in as signed_in

A_PAGE = 50


def person(person_id: int) -> Person:
    """Return a person; raise Missing when nobody has this id."""
    found = db.session.get(Person, person_id)
    if found is None:
        raise Missing("person")
    return found


def by_email(email: str) -> Person | None:
    """Return the person with this address, first or further, however it's written (case 58)."""
    if rules.email_problem(email):
        return None
    return holder_of(rules.email_key(email))


def holder_of(key: str) -> Person | None:
    """Return whose address this is, first or further, in one statement."""
    first = select(Person.id).where(Person.email_key == key)
    further = select(PersonAddress.person_id).where(
        PersonAddress.key == key, PersonAddress.ended_at.is_(None)
    )
    return db.session.scalar(
        select(Person).where(
            Person.id == func.coalesce(first.scalar_subquery(), further.scalar_subquery())
        )
    )


def address_of(person: Person, email: str) -> str:
    """Return the address of a person that was meant, as it's kept; their first if none was."""
    key = rules.email_key(email)
    if key == person.email_key:
        return person.email
    further = select(PersonAddress.address).where(
        PersonAddress.person_id == person.id,
        PersonAddress.key == key,
        PersonAddress.ended_at.is_(None),
    )
    return db.session.scalar(further) or person.email


def organisation() -> Organisation | None:
    """Return who runs this installation, once that has been said."""
    return db.session.get(Organisation, 1)


def open_reset(token: str, *, at: datetime) -> PasswordReset | None:
    """Return the reset this token stands for while it's unused, in time and its person here."""
    return db.session.scalar(
        select(PasswordReset)
        .join(Person, Person.id == PasswordReset.person_id)
        .where(
            PasswordReset.token_digest == rules.token_digest(token),
            PasswordReset.used_at.is_(None),
            PasswordReset.expires_at > at,
            Person.deactivated_at.is_(None),
        )
    )


@dataclass(frozen=True, kw_only=True)
class Place:
    """A department with the way to it from the top, and how many people work there."""

    id: int
    name: str
    parent_id: int | None
    path: str
    depth: int
    people: int
    retired_at: datetime | None


def parents() -> dict[int, int | None]:
    """Return the parent of every department."""
    rows = db.session.execute(select(Department.id, Department.parent_id))
    return {row.id: row.parent_id for row in rows}


def departments_below(ids: frozenset[int] | set[int] | list[int]) -> frozenset[int]:
    """Return these departments and all below them."""
    return rules.below(parents(), ids)


def departments() -> list[Place]:
    """Return every department in the order of the tree, retired ones too, in one statement."""
    here = (
        select(func.count())
        .where(Person.department_id == Department.id, Person.deactivated_at.is_(None))
        .correlate(Department)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Department.id, Department.name, Department.parent_id, Department.retired_at,
            here.label("people"),
        )
    ).all()  # fmt: skip
    names = {row.id: row.name for row in rows}
    above = {row.id: row.parent_id for row in rows}
    paths = {row.id: rules.path_of(names, above, row.id) for row in rows}
    places = [
        Place(
            id=row.id,
            name=row.name,
            parent_id=row.parent_id,
            path=" › ".join(paths[row.id]),
            depth=len(paths[row.id]) - 1,
            people=row.people,
            retired_at=row.retired_at,
        )
        for row in rows
    ]
    return sorted(places, key=lambda place: [name.casefold() for name in paths[place.id]])


def department(department_id: int) -> Department:
    """Return a department; raise Missing when there is none with this id."""
    found = db.session.get(Department, department_id)
    if found is None:
        raise Missing("department")
    return found


def open_departments() -> list[tuple[int, str]]:
    """Return departments that take people, as (id, path), for a form's choices."""
    return [(place.id, place.path) for place in departments() if place.retired_at is None]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One person in the administrator's list."""

    id: int
    name: str
    email: str
    profession: str
    department: str
    roles: tuple[str, ...]
    has_password: bool
    deactivated_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PeoplePage:
    """One page of the administrator's list, and how many there are."""

    people: list[Listed]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, kw_only=True)
class Search:
    """What the administrator's list is narrowed by."""

    words: str = ""
    department_id: int | None = None
    role: Role | None = None
    is_deactivated: bool = False


def _like(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _narrowed(search: Search) -> list[ColumnElement[bool]]:
    gone = Person.deactivated_at.is_not(None)
    conditions: list[ColumnElement[bool]] = [gone if search.is_deactivated else ~gone]
    for word in search.words.split()[:5]:
        conditions.append(
            or_(
                Person.name.ilike(_like(word), escape="\\"),
                Person.certificate_name.ilike(_like(word), escape="\\"),
                Person.email_key.like(_like(rules.email_key(word)), escape="\\"),
            )
        )
    if search.department_id is not None:
        conditions.append(Person.department_id.in_(departments_below([search.department_id])))
    if search.role is not None:
        conditions.append(
            select(literal(1))
            .where(
                RoleGrant.person_id == Person.id,
                RoleGrant.role == search.role,
                RoleGrant.revoked_at.is_(None),
            )
            .exists()
        )
    return conditions


def people(search: Search, *, page: int) -> PeoplePage:
    """Return one page of people by name, in a constant number of statements."""
    conditions = _narrowed(search)
    counted = select(func.count()).select_from(Person).where(*conditions)
    total = db.session.scalar(counted) or 0
    last = max(1, -(-total // A_PAGE))
    page = min(max(page, 1), last)
    rows = db.session.scalars(
        select(Person)
        .options(joinedload(Person.department))
        .where(*conditions)
        .order_by(func.lower(Person.name), Person.id)
        .offset((page - 1) * A_PAGE)
        .limit(A_PAGE)
    ).all()
    roles: dict[int, list[str]] = {}
    for whose, role in db.session.execute(
        select(RoleGrant.person_id, RoleGrant.role)
        .where(RoleGrant.person_id.in_([row.id for row in rows]), RoleGrant.revoked_at.is_(None))
        .distinct()
    ).all():
        roles.setdefault(whose, []).append(role.value)
    listed = [
        Listed(
            id=row.id,
            name=row.name,
            email=row.email,
            profession=rules.PROFESSIONS[row.profession.value],
            department=row.department.name if row.department else "",
            roles=tuple(sorted(roles.get(row.id, []))),
            has_password=row.password_hash is not None,
            deactivated_at=row.deactivated_at,
        )
        for row in rows
    ]
    return PeoplePage(people=listed, total=total, page=page, pages=last)


@dataclass(frozen=True, kw_only=True)
class Granted:
    """One role a person holds, and where."""

    id: int
    role: Role
    department: str | None
    granted_at: datetime


def grants_of(person_id: int) -> list[Granted]:
    """Return the roles a person holds beyond learner, oldest first."""
    rows = db.session.execute(
        select(RoleGrant.id, RoleGrant.role, Department.name, RoleGrant.granted_at)
        .outerjoin(Department, Department.id == RoleGrant.department_id)
        .where(RoleGrant.person_id == person_id, RoleGrant.revoked_at.is_(None))
        .order_by(RoleGrant.granted_at, RoleGrant.id)
    ).all()
    return [Granted(id=i, role=role, department=name, granted_at=at) for i, role, name, at in rows]


def last_seen(person_id: int) -> datetime | None:
    """Return when a person last signed in."""
    return db.session.scalar(
        select(func.max(SignIn.started_at)).where(SignIn.person_id == person_id)
    )


def path_of(department_id: int | None) -> str:
    """Return a department with the way to it from the top, or nothing for none."""
    if department_id is None:
        return ""
    rows = db.session.execute(select(Department.id, Department.name, Department.parent_id)).all()
    names = {row.id: row.name for row in rows}
    above = {row.id: row.parent_id for row in rows}
    return " › ".join(rules.path_of(names, above, department_id))
