"""Sign in and out, and set a password."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update

from lms import audit, outbox
from lms.access import Actor
from lms.db import db, whole
from lms.errors import Refused
from lms.people import queries, rules
from lms.people.models import PasswordReset, Person, SignIn

SIGNED_IN_FOR = timedelta(hours=12)
RESET_FOR = timedelta(hours=1)
INVITE_FOR = timedelta(days=14)

# Argon2id with the library's parameters (RFC 9106, low-memory choice).
_hasher = PasswordHasher()
# Verified when there is no such account, so that both answers take the same time.
_nobody = _hasher.hash(secrets.token_urlsafe(16))


class Weak(Refused):
    """The password is too short, too long or too easily guessed."""


class LinkSpent(Refused):
    """The link was used, has expired, or was never given."""


class WrongPassword(Refused):
    """The present password is another."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A session that was opened: the token goes into the cookie, its digest stays here."""

    token: str
    person_id: int


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, with its parameters and salt."""
    return _hasher.hash(password)


def is_right(person: Person | None, password: str) -> bool:
    """Say whether this is the person's password, in the same time whoever is asked about."""
    kept = person.password_hash if person is not None else None
    try:
        _hasher.verify(kept or _nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def _open(person: Person, at: datetime) -> Opened:
    token = secrets.token_urlsafe(32)
    db.session.add(
        SignIn(
            person_id=person.id,
            token_digest=rules.token_digest(token),
            started_at=at,
            expires_at=at + SIGNED_IN_FOR,
        )
    )
    db.session.flush()
    return Opened(token=token, person_id=person.id)


@whole
def sign_in(*, email: str, password: str, at: datetime) -> Opened | None:
    """Open a session, or return None: for no such account, a wrong password or a closed account.

    None and not a refusal, because the attempt that failed must be kept and counted.
    """
    person = queries.by_email(email)
    good = is_right(person, password)
    if person is None or not good or person.deactivated_at is not None:
        return None
    if person.password_hash and _hasher.check_needs_rehash(person.password_hash):
        person.password_hash = hash_password(password)
    opened = _open(person, at)
    audit.record(
        actor=Actor(person_id=person.id),
        at=at,
        action="person.signed_in",
        thing=f"person:{person.id}",
    )
    return opened


@whole
def sign_out(*, token: str, at: datetime) -> None:
    """End the session of this token; doing it twice changes nothing."""
    db.session.execute(
        update(SignIn)
        .where(SignIn.token_digest == rules.token_digest(token), SignIn.ended_at.is_(None))
        .values(ended_at=at)
    )


def _end_all(person_id: int, at: datetime) -> None:
    db.session.execute(
        update(SignIn)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
        .values(ended_at=at)
    )


def make_link(person: Person, *, at: datetime, lasts: timedelta) -> str:
    """Write a reset for a person and return its secret token; earlier ones are spent."""
    db.session.execute(
        update(PasswordReset)
        .where(PasswordReset.person_id == person.id, PasswordReset.used_at.is_(None))
        .values(used_at=at)
    )
    token = secrets.token_urlsafe(32)
    db.session.add(
        PasswordReset(
            person_id=person.id,
            token_digest=rules.token_digest(token),
            asked_at=at,
            expires_at=at + lasts,
        )
    )
    db.session.flush()
    return token


@whole
def ask_reset(*, email: str, base_url: str, at: datetime) -> None:
    """Mail a link to set a new password, if there is such an account; say nothing either way."""
    person = queries.by_email(email)
    if person is None or person.deactivated_at is not None:
        return
    token = make_link(person, at=at, lasts=RESET_FOR)
    outbox.queue(
        key=f"reset:{rules.token_digest(token)}",
        person_id=person.id,
        address=person.email,
        subject="Set a new password for Rounds",
        body=(
            f"Hello {person.name},\n\nsomebody, probably you, asked to set a new password. "
            "This link works once, until an hour from now:\n\n"
            f"{base_url}/reset-password/{token}\n\n"
            "If it was not you, do nothing: your password stays as it is.\n"
        ),
        at=at,
        is_secret=True,
    )


@whole
def invite(*, person: Person, base_url: str, at: datetime) -> str:
    """Mail a new person a link to set their password, good for two weeks; return the address."""
    address = f"{base_url}/reset-password/{make_link(person, at=at, lasts=INVITE_FOR)}"
    outbox.queue(
        key=f"invite:{person.id}:{at.isoformat()}",
        person_id=person.id,
        address=person.email,
        subject="Your account for Rounds",
        body=(
            f"Hello {person.name},\n\nan account was made for you. Set a password here; the link "
            f"works once, for two weeks:\n\n{address}\n"
        ),
        at=at,
        is_secret=True,
    )
    return address


def _set(person: Person, password: str, at: datetime) -> None:
    problem = rules.password_problem(password, email=person.email, name=person.name)
    if problem:
        raise Weak(problem)
    person.password_hash = hash_password(password)
    _end_all(person.id, at)


@whole
def reset_password(*, token: str, password: str, at: datetime) -> None:
    """Set a new password by a mailed link, once; ends every session. Raises LinkSpent, Weak."""
    reset = db.session.scalar(
        select(PasswordReset)
        .where(
            PasswordReset.token_digest == rules.token_digest(token),
            PasswordReset.used_at.is_(None),
            PasswordReset.expires_at > at,
        )
        .with_for_update()
    )
    if reset is None:
        raise LinkSpent("This link was used already or is too old. Ask for a new one.")
    person = queries.person(reset.person_id)
    _set(person, password, at)
    reset.used_at = at
    audit.record(
        actor=Actor(person_id=person.id),
        at=at,
        action="password.reset",
        thing=f"person:{person.id}",
    )


@whole
def change_password(*, actor: Actor, present: str, password: str, at: datetime) -> Opened:
    """Set a new password, end every session and open one here. Raises WrongPassword, Weak."""
    person = queries.person(actor.person_id)
    if not is_right(person, present):
        raise WrongPassword("That is not your present password.")
    _set(person, password, at)
    audit.record(actor=actor, at=at, action="password.changed", thing=f"person:{person.id}")
    return _open(person, at)
