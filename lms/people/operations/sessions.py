"""Signed-in browsers: open, lock and prove them, and end one, all others, or all of somebody's."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from lms import access, audit
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import Missing
from lms.people import queries, rules
from lms.people.models import HalfSignIn, SignIn
from lms.people.queries import second_factor as asked


@dataclass(frozen=True, kw_only=True)
class Browser:
    """From what somebody signs in, in words, and whether others use it too."""

    device: str = "A browser"
    is_shared: bool = False


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A sign-in that went well: the token goes into the cookie, its digest stays here.

    A half one opens nothing but the page that asks for the second factor.
    """

    token: str
    person_id: int
    is_half: bool = False
    is_shared: bool = False


def open_sign_in(
    person_id: int, *, browser: Browser, at: datetime, factor_at: datetime | None
) -> Opened:
    """Write down a new sign-in; `factor_at` is when the second factor was given, if it was."""
    token = secrets.token_urlsafe(32)
    db.session.add(
        SignIn(
            person_id=person_id,
            token_digest=rules.token_digest(token),
            started_at=at,
            expires_at=at + rules.SIGN_IN_LASTS,
            device=browser.device[:60],
            seen_at=at,
            proved_at=at,
            factor_at=factor_at,
            idle_minutes=asked.security().idle_minutes if browser.is_shared else None,
        )
    )
    db.session.flush()
    audit.record(
        actor=Actor(person_id=person_id), at=at, action="sign-in.begun",
        thing=f"person:{person_id}", factors=1 if factor_at is None else 2,
    )  # fmt: skip
    return Opened(token=token, person_id=person_id, is_shared=browser.is_shared)


def refuse_sign_in(person_id: int | None, *, at: datetime) -> None:
    """Write down that somebody tried to sign in as this person, or as nobody we know, and failed.

    A line is written for both, which takes the same time.
    """
    thing = "stranger:unknown" if person_id is None else f"person:{person_id}"
    audit.record(actor=Actor(person_id=0), at=at, action="sign-in.refused", thing=thing)


def end_token(token: str, *, at: datetime) -> None:
    """End the sign-in with this token, or the half one."""
    for table in (SignIn, HalfSignIn):
        db.session.execute(
            update(table)
            .where(table.token_digest == rules.token_digest(token), table.ended_at.is_(None))
            .values(ended_at=at)
        )


@whole
def sign_out(*, token: str, at: datetime) -> None:
    """End a sign-in on the server: its token opens nothing any more, wherever it was copied."""
    end_token(token, at=at)


def end_sign_ins(person_id: int, *, at: datetime, but: str | None = None) -> int:
    """End all sign-ins of a person, half ones too, but the one with this token; say how many."""
    ended = update(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    if but is not None:
        ended = ended.where(SignIn.token_digest != rules.token_digest(but))
    db.session.execute(
        update(HalfSignIn)
        .where(HalfSignIn.person_id == person_id, HalfSignIn.ended_at.is_(None))
        .values(ended_at=at)
    )
    # The type of what an UPDATE returns says too little.
    return int(db.session.execute(ended.values(ended_at=at)).rowcount)  # type: ignore[attr-defined]


@whole
def end_sign_in(*, actor: Actor, sign_in_id: int, at: datetime) -> None:
    """End one of one's own sign-ins. Raises Missing for somebody else's, or one that ended."""
    access.require(actor, Permission.KEEP_PROFILE)
    ended = db.session.execute(
        update(SignIn)
        .where(
            SignIn.id == sign_in_id,
            SignIn.person_id == actor.person_id,
            SignIn.ended_at.is_(None),
        )
        .values(ended_at=at)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise Missing("sign-in")
    audit.record(
        actor=actor, at=at, action="sign-in.ended", thing=f"person:{actor.person_id}", sign_ins=1
    )


@whole
def sign_out_everywhere(*, actor: Actor, at: datetime, keeping: str | None = None) -> int:
    """End all of one's own sign-ins but the one with this token; say how many ended."""
    access.require(actor, Permission.KEEP_PROFILE)
    ended = end_sign_ins(actor.person_id, at=at, but=keeping)
    audit.record(
        actor=actor, at=at, action="sign-in.ended", thing=f"person:{actor.person_id}",
        sign_ins=ended,
    )  # fmt: skip
    return ended


@whole
def sign_out_person(*, actor: Actor, person_id: int, at: datetime) -> int:
    """End all sign-ins of somebody else; say how many. Raises Missing or NotAllowed."""
    access.require(actor, Permission.KEEP_SECURITY)
    person = queries.person(person_id)
    ended = end_sign_ins(person.id, at=at)
    audit.record(
        actor=actor, at=at, action="sign-in.ended", thing=f"person:{person.id}", sign_ins=ended
    )
    return ended


def note_seen(*, sign_in_id: int, at: datetime) -> None:
    """Write down that a browser is in use. Not asked of anybody: it's who is there."""
    db.session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None), SignIn.locked_at.is_(None))
        .values(seen_at=at)
        .execution_options(synchronize_session=False)
    )


@whole
def lock(*, actor: Actor, sign_in_id: int, at: datetime) -> None:
    """Lock one's own sign-in at a shared computer, until the same person proves to be there."""
    access.require(actor, Permission.KEEP_PROFILE)
    db.session.execute(
        update(SignIn)
        .where(
            SignIn.id == sign_in_id,
            SignIn.person_id == actor.person_id,
            SignIn.idle_minutes.is_not(None),
            SignIn.locked_at.is_(None),
        )
        .values(locked_at=at)
    )


def renew(sign_in_id: int, *, at: datetime) -> str:
    """Note that the owner was there and proved it; return the token that counts from now on."""
    token = secrets.token_urlsafe(32)
    db.session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None))
        .values(token_digest=rules.token_digest(token), proved_at=at, seen_at=at, locked_at=None)
    )
    return token
