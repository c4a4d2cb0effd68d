"""Questions about second factors, signed-in browsers, and the rules about both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, case, func, literal, or_, select, type_coerce, union_all

from lms import access
from lms.access import Actor, Permission, Role
from lms.db import db
from lms.people.models import (
    Authenticator,
    HalfSignIn,
    Passkey,
    Person,
    RecoveryCode,
    RoleGrant,
    SecurityRules,
    SignIn,
)
from lms.people.rules.passkeys import Kept
from lms.people.rules.second_factor import SETTING_UP_LASTS
from lms.people.rules.sessions import IDLE_USUAL


@dataclass(frozen=True, kw_only=True)
class Factors:
    """What somebody has beside the password."""

    passkeys: tuple[Passkey, ...]
    authenticator: Authenticator | None
    codes_left: int

    def __bool__(self) -> bool:
        """Say whether there is a second factor; codes on paper alone are none."""
        return bool(self.passkeys) or self.authenticator is not None


def factors_of(person_id: int) -> Factors:
    """Return what a person has beside the password."""
    keys = db.session.scalars(
        select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.id)
    )
    return Factors(
        passkeys=tuple(keys),
        authenticator=db.session.scalar(
            select(Authenticator).where(
                Authenticator.person_id == person_id, Authenticator.confirmed_at.is_not(None)
            )
        ),
        codes_left=len(open_codes(person_id)),
    )


def open_codes(person_id: int) -> list[RecoveryCode]:
    """Return a person's recovery codes that were not used."""
    return list(
        db.session.scalars(
            select(RecoveryCode).where(
                RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)
            )
        )
    )


def started_authenticator(person_id: int, *, at: datetime) -> Authenticator | None:
    """Return the app that a person is just setting up."""
    return db.session.scalar(
        select(Authenticator)
        .where(
            Authenticator.person_id == person_id,
            Authenticator.confirmed_at.is_(None),
            Authenticator.started_at > at - SETTING_UP_LASTS,
        )
        .order_by(Authenticator.id.desc())
        .limit(1)
    )


def passkey(credential_id: str) -> Passkey | None:
    """Return the passkey of this identifier."""
    return db.session.scalar(select(Passkey).where(Passkey.credential_id == credential_id))


def kept(key: Passkey) -> Kept:
    """Return a passkey as the rules look at it."""
    return Kept(
        id=key.id,
        credential_id=key.credential_id,
        public_key=key.public_key,
        sign_count=key.sign_count,
    )


@dataclass(frozen=True, kw_only=True)
class Half:
    """Somebody whose password was right and who owes the second step."""

    id: int
    person_id: int
    is_shared: bool


def half_signed_in(digest: str, *, at: datetime) -> Half | None:
    """Return who owes the second step in the browser with this token."""
    row = db.session.execute(
        select(HalfSignIn.id, HalfSignIn.person_id, HalfSignIn.is_shared)
        .join(Person, Person.id == HalfSignIn.person_id)
        .where(
            HalfSignIn.token_digest == digest,
            HalfSignIn.ended_at.is_(None),
            HalfSignIn.expires_at > at,
            Person.deactivated_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    return Half(id=row.id, person_id=row.person_id, is_shared=row.is_shared)


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A browser in which somebody is signed in."""

    id: int
    device: str
    started_at: datetime
    seen_at: datetime
    is_this: bool
    is_shared: bool


def browsers_of(person_id: int, *, digest: str, at: datetime) -> tuple[Browser, ...]:
    """Return where a person is signed in: this browser first, then the last used."""
    rows = db.session.scalars(
        select(SignIn)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None), SignIn.expires_at > at)
        .order_by(
            case((SignIn.token_digest == digest, 0), else_=1),
            func.coalesce(SignIn.seen_at, SignIn.started_at).desc(),
            SignIn.id.desc(),
        )
    )
    return tuple(
        Browser(
            id=row.id,
            device=row.device or "A browser",
            started_at=row.started_at,
            seen_at=row.seen_at or row.started_at,
            is_this=row.token_digest == digest,
            is_shared=row.idle_minutes is not None,
        )
        for row in rows
    )


@dataclass(frozen=True, kw_only=True)
class Security:
    """Whose role asks for a second factor, and how shared computers behave."""

    factor_roles: frozenset[str] = frozenset()
    is_shared_by_default: bool = False
    idle_minutes: int = IDLE_USUAL


def security() -> Security:
    """Return the rules of this installation, or the usual ones when none were set."""
    row = db.session.get(SecurityRules, 1)
    if row is None:
        return Security()
    return Security(
        factor_roles=frozenset(row.factor_roles),
        is_shared_by_default=row.is_shared_by_default,
        idle_minutes=row.idle_minutes,
    )


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many have a role, and how many of them have no second factor yet."""

    people: int
    without: int


def counts_by_role(actor: Actor) -> Mapping[Role, Count]:
    """Return for each role how many hold it, and how many of them without a second factor."""
    access.require(actor, Permission.KEEP_SECURITY)
    has_one = or_(
        select(Passkey.id).where(Passkey.person_id == Person.id).exists(),
        select(Authenticator.id)
        .where(Authenticator.person_id == Person.id, Authenticator.confirmed_at.is_not(None))
        .exists(),
    )
    everyone = select(Person.id.label("person_id"), literal(Role.LEARNER.value).label("role"))
    granted = (
        select(RoleGrant.person_id, type_coerce(RoleGrant.role, String).label("role"))
        .where(RoleGrant.revoked_at.is_(None))
        .distinct()
    )
    held = union_all(everyone, granted).subquery()
    rows = db.session.execute(
        select(held.c.role, func.count(), func.count().filter(~has_one))
        .select_from(Person)
        .join(held, held.c.person_id == Person.id)
        .where(Person.deactivated_at.is_(None))
        .group_by(held.c.role)
    )
    found = {Role(role): Count(people=all_, without=some) for role, all_, some in rows}
    return {role: found.get(role, Count(people=0, without=0)) for role in Role}
