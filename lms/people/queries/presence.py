"""Who is behind a request: asked once for each, so that it's one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import CTE, ColumnElement, Row, select, true
from sqlalchemy.orm import aliased

from lms.access import Actor, Role
from lms.db import db
from lms.errors import Missing
from lms.people.models import Department, Person, Profession, RoleGrant, SecurityRules, SignIn
from lms.people.rules import sessions
from lms.people.rules.second_factor import asks_for_a_factor
from lms.people.rules.sessions import Pending


@dataclass(frozen=True, kw_only=True)
class Me:
    """What pages need to know of the person who is signed in."""

    id: int
    name: str
    email: str
    certificate_name: str
    name_locale: str | None
    profession: Profession
    licence_state: str | None
    zone: ZoneInfo
    department_id: int | None


@dataclass(frozen=True, kw_only=True)
class Presence:
    """Who is signed in at a browser, and what is known of this sign-in."""

    me: Me
    actor: Actor
    sign_in_id: int
    pending: Pending | None
    seen_at: datetime
    proved_at: datetime
    has_given_factor: bool
    idle_minutes: int | None


# One row by its key, so that it costs next to nothing to ask at every request.
_FACTOR_ROLES = select(SecurityRules.factor_roles).where(SecurityRules.id == 1).scalar_subquery()


def _held(whose: ColumnElement[bool]) -> CTE:
    """Build the open grants of a person, each coordinator's spread over all departments below."""
    held = (
        select(RoleGrant.role, RoleGrant.department_id)
        .where(whose, RoleGrant.revoked_at.is_(None))
        .cte("held", recursive=True)
    )
    lower = aliased(Department)
    return held.union(
        select(held.c.role, lower.id).join_from(
            held, lower, lower.parent_id == held.c.department_id
        )
    )


def _actor(person_id: int, held: list[tuple[Role | None, int | None]]) -> Actor:
    return Actor(
        person_id=person_id,
        roles=frozenset({Role.LEARNER} | {role for role, _ in held if role is not None}),
        department_ids=frozenset(place for _, place in held if place is not None),
    )


def actor_of(person_id: int) -> Actor:
    """Return what a person may act as, in one statement; raise Missing when nobody has this id."""
    held = _held(RoleGrant.person_id == person_id)
    rows = db.session.execute(
        select(held.c.role, held.c.department_id)
        .select_from(Person)
        .outerjoin(held, true())
        .where(Person.id == person_id)
    ).all()
    if not rows:
        raise Missing("person")
    return _actor(person_id, [(role, place) for role, place in rows])


def signed_in(digest: str, *, at: datetime, zone: ZoneInfo) -> Presence | None:
    """Return who is signed in by the token with this digest, in one statement.

    `zone` stands for a person who has not chosen one. None when the token is unknown, ended or
    older than 12 hours, or the person was deactivated.
    """
    whose = select(SignIn.person_id).where(SignIn.token_digest == digest)
    held = _held(RoleGrant.person_id == whose.scalar_subquery())
    rows = db.session.execute(
        select(
            Person.id, Person.name, Person.email, Person.certificate_name, Person.name_locale,
            Person.profession, Person.licence_state, Person.zone, Person.department_id,
            held.c.role, held.c.department_id.label("place"),
            SignIn.id.label("sign_in_id"), SignIn.started_at, SignIn.seen_at, SignIn.proved_at,
            SignIn.factor_at, SignIn.idle_minutes, SignIn.locked_at,
            _FACTOR_ROLES.label("factor_roles"),
        )
        .join_from(SignIn, Person, Person.id == SignIn.person_id)
        .outerjoin(held, true())
        .where(
            SignIn.token_digest == digest, SignIn.ended_at.is_(None), SignIn.expires_at > at,
            Person.deactivated_at.is_(None),
        )
    ).all()  # fmt: skip
    if not rows:
        return None
    first, actor = rows[0], _actor(rows[0].id, [(row.role, row.place) for row in rows])
    return Presence(
        me=_me(first, zone),
        actor=actor,
        sign_in_id=first.sign_in_id,
        pending=_pending(first, actor, at=at),
        seen_at=sessions.last_sign(first.started_at, first.seen_at),
        proved_at=sessions.last_sign(first.started_at, first.proved_at),
        has_given_factor=first.factor_at is not None,
        idle_minutes=first.idle_minutes,
    )


def _pending(row: Row[Any], actor: Actor, *, at: datetime) -> Pending | None:
    """Say why somebody who signed in may see nothing yet: a lock comes before all else."""
    seen = sessions.last_sign(row.started_at, row.seen_at)
    if row.locked_at or sessions.is_idle(seen, idle_minutes=row.idle_minutes, at=at):
        return Pending.LOCKED
    if row.factor_at is None and asks_for_a_factor(row.factor_roles or (), actor.roles):
        return Pending.ENROLMENT
    return None


def _zone(name: str | None, other: ZoneInfo) -> ZoneInfo:
    """Return the zone of this name; the other when it was taken out of the tables since."""
    try:
        return ZoneInfo(name) if name else other
    except (ZoneInfoNotFoundError, ValueError):
        return other


def once_signed_in(digest: str) -> int | None:
    """Return whose token this was, also after it ended; None when it never was one."""
    return db.session.scalar(select(SignIn.person_id).where(SignIn.token_digest == digest))


def _me(row: Row[Any], zone: ZoneInfo) -> Me:
    return Me(
        id=row.id,
        name=row.name,
        email=row.email,
        certificate_name=row.certificate_name,
        name_locale=row.name_locale,
        profession=row.profession,
        licence_state=row.licence_state,
        zone=_zone(row.zone, zone),
        department_id=row.department_id,
    )
