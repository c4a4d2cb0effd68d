"""Who is behind a request: asked once for each, so that it's one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import CTE, ColumnElement, Integer, Row, Select, String, bindparam, select, true

from lms.access import Actor, Role
from lms.db import UTCDateTime, connection, db
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


# Statements that every request asks are built once: to build one takes longer than to ask it.
_PERSON = Person.__table__.c
_SIGN_IN = SignIn.__table__.c
_GRANT = RoleGrant.__table__.c


def _held(whose: ColumnElement[Any]) -> CTE:
    """Build the open grants of a person, each coordinator's spread over all departments below."""
    held = (
        select(_GRANT.role, _GRANT.department_id)
        .where(_GRANT.person_id == whose, _GRANT.revoked_at.is_(None))
        .cte("held", recursive=True)
    )
    lower = Department.__table__.alias()
    return held.union(
        select(held.c.role, lower.c.id).join_from(
            held, lower, lower.c.parent_id == held.c.department_id
        )
    )


def _actor_statement() -> Select[Any]:
    whose = bindparam("person_id", type_=Integer)
    held = _held(whose)
    return (
        select(held.c.role, held.c.department_id)
        .select_from(Person.__table__)
        .outerjoin(held, true())
        .where(_PERSON.id == whose)
    )


def _presence_statement() -> Select[Any]:
    digest = bindparam("digest", type_=String)
    whose = select(_SIGN_IN.person_id).where(_SIGN_IN.token_digest == digest).scalar_subquery()
    held = _held(whose)
    factor_roles = select(SecurityRules.__table__.c.factor_roles).where(
        SecurityRules.__table__.c.id == 1
    )
    return (
        select(
            _PERSON.id, _PERSON.name, _PERSON.email, _PERSON.certificate_name,
            _PERSON.name_locale, _PERSON.profession, _PERSON.licence_state, _PERSON.zone,
            _PERSON.department_id, held.c.role, held.c.department_id.label("place"),
            _SIGN_IN.id.label("sign_in_id"), _SIGN_IN.started_at, _SIGN_IN.seen_at,
            _SIGN_IN.proved_at, _SIGN_IN.factor_at, _SIGN_IN.idle_minutes, _SIGN_IN.locked_at,
            factor_roles.scalar_subquery().label("factor_roles"),
        )
        .join_from(SignIn.__table__, Person.__table__, _PERSON.id == _SIGN_IN.person_id)
        .outerjoin(held, true())
        .where(
            _SIGN_IN.token_digest == digest,
            _SIGN_IN.ended_at.is_(None),
            _SIGN_IN.expires_at > bindparam("at", type_=UTCDateTime()),
            _PERSON.deactivated_at.is_(None),
        )
    )  # fmt: skip


_ACTOR = _actor_statement()
_PRESENCE = _presence_statement()
_OWN = len(_PRESENCE.selected_columns)
_CARRIED = "carried"


def carry(columns: Sequence[ColumnElement[Any]]) -> None:
    """Have the statement that every request asks bring these values along, for `carried`.

    For what stands above people and is asked for on nearly every page, too. Called once, when the
    module that needs them is loaded.
    """
    global _PRESENCE
    if len(_PRESENCE.selected_columns) > _OWN:
        raise ValueError("something is carried already")
    _PRESENCE = _PRESENCE.add_columns(*columns)


def carried() -> tuple[Any, ...] | None:
    """Return what `carry` asked for, if it was read in the present transaction; else None."""
    session = db.session()
    transaction, values = session.info.get(_CARRIED, (None, ()))
    return values if transaction is not None and transaction is session.get_transaction() else None


def _actor(person_id: int, held: list[tuple[Role | None, int | None]]) -> Actor:
    return Actor(
        person_id=person_id,
        roles=frozenset({Role.LEARNER} | {role for role, _ in held if role is not None}),
        department_ids=frozenset(place for _, place in held if place is not None),
    )


def actor_of(person_id: int) -> Actor:
    """Return what a person may act as, in one statement; raise Missing when nobody has this id."""
    # Statements on tables do not make the session write first what it holds.
    db.session.flush()
    rows = connection().execute(_ACTOR, {"person_id": person_id}).all()
    if not rows:
        raise Missing("person")
    return _actor(person_id, [(role, place) for role, place in rows])


def signed_in(digest: str, *, at: datetime, zone: ZoneInfo) -> Presence | None:
    """Return who is signed in by the token with this digest, in one statement.

    `zone` stands for a person who has not chosen one. None when the token is unknown, ended or
    older than 12 hours, or the person was deactivated.
    """
    session = db.session()
    rows = connection().execute(_PRESENCE, {"digest": digest, "at": at}).all()
    if not rows:
        return None
    session.info[_CARRIED] = (session.get_transaction(), tuple(rows[0][_OWN:]))
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
