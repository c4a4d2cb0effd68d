"""Sign in and out, set and reset passwords; nobody learns from it who has an account."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import update

from lms import access, audit, outbox
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people import queries, rules
from lms.people.models import PasswordReset, Person, SignIn

# OWASP's first choice for Argon2id when many sign in at once: 19 MiB, two passes, one lane
# (Password Storage Cheat Sheet). A hash made with other figures is renewed at the next sign-in.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

Link = Callable[[str], str]
"""Make the address of the page where the token sets a password."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A sign-in that went well: the token goes into the cookie, its digest stays here."""

    token: str
    person_id: int


class WrongPassword(Refused):
    """The present password, asked for again, is not the one typed."""


class BadPassword(Refused):
    """A new password that is too short, too long or too easy."""


class UsedUp(Refused):
    """A link to set a password that was used, is too old, or never was."""


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password, salted anew."""
    return HASHER.hash(rules.password_form(password))


@cache
def _nobodys_hash() -> str:
    """Return what the password of somebody who is not here is compared with."""
    return hashed(secrets.token_urlsafe())


def _is_right(kept: str, password: str) -> bool:
    try:
        return HASHER.verify(kept, rules.password_form(password))
    except (VerificationError, InvalidHashError):
        return False


def _password_fits(person: Person | None, password: str) -> bool:
    """Compare a password, taking the same time whether or not there is anything to compare."""
    kept = person.password_hash if person is not None else None
    return _is_right(kept or _nobodys_hash(), password) and kept is not None


@whole
def sign_in(*, email: str, password: str, at: datetime, ending: str | None = None) -> Opened | None:
    """Return a new token, or None when address and password do not match.

    The answer and its time are the same for an unknown address, a deactivated person, somebody
    without a password, and a wrong password. `ending` is the token of who was signed in at this
    browser before; it ends. Returned, not raised, so that what the caller counts survives.
    """
    person = queries.by_email(email)
    fits = _password_fits(person, password)
    if person is None or not fits or person.deactivated_at is not None:
        return None
    if HASHER.check_needs_rehash(person.password_hash or ""):
        person.password_hash = hashed(password)
    if ending is not None:
        _end(ending, at=at)
    token = secrets.token_urlsafe(32)
    db.session.add(
        SignIn(
            person_id=person.id,
            token_digest=rules.token_digest(token),
            started_at=at,
            expires_at=at + rules.SIGN_IN_LASTS,
        )
    )
    db.session.flush()
    return Opened(token=token, person_id=person.id)


def _end(token: str, *, at: datetime) -> None:
    db.session.execute(
        update(SignIn)
        .where(SignIn.token_digest == rules.token_digest(token), SignIn.ended_at.is_(None))
        .values(ended_at=at)
    )


@whole
def sign_out(*, token: str, at: datetime) -> None:
    """End a sign-in on the server: its token opens nothing any more, wherever it was copied."""
    _end(token, at=at)


def end_sign_ins(person_id: int, *, at: datetime, but: str | None = None) -> None:
    """End all sign-ins of a person, but the one with this token."""
    ended = update(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    if but is not None:
        ended = ended.where(SignIn.token_digest != rules.token_digest(but))
    db.session.execute(ended.values(ended_at=at))


def end_resets(person_id: int, *, at: datetime) -> None:
    """Use up all links of a person that could still set a password."""
    db.session.execute(
        update(PasswordReset)
        .where(PasswordReset.person_id == person_id, PasswordReset.used_at.is_(None))
        .values(used_at=at)
    )


def _new_link(person: Person, *, lasts_until: datetime, at: datetime) -> tuple[str, PasswordReset]:
    token = secrets.token_urlsafe(32)
    reset = PasswordReset(
        person_id=person.id,
        token_digest=rules.token_digest(token),
        asked_at=at,
        expires_at=lasts_until,
    )
    db.session.add(reset)
    db.session.flush()
    return token, reset


@whole
def ask_reset(*, email: str, link: Link, at: datetime) -> None:
    """Send a link that sets a new password, good once and for an hour, if this is an account.

    Does nothing, and says nothing, for an unknown address or a deactivated person.
    """
    person = queries.by_email(email)
    if person is None or person.deactivated_at is not None:
        return
    end_resets(person.id, at=at)
    token, reset = _new_link(person, lasts_until=at + rules.RESET_LASTS, at=at)
    outbox.queue(
        key=f"password-reset:{reset.id}",
        person_id=person.id,
        address=person.email,
        subject="Set a new password for Rounds",
        body=(
            f"Hello {person.name},\n\n"
            "somebody, most likely you, asked for a new password for Rounds. Set it here within "
            f"the next hour; the link works once:\n\n{link(token)}\n\n"
            "If you did not ask, do nothing: your password stays as it is.\n"
        ),
        at=at,
        is_secret=True,
    )
    audit.record(
        actor=Actor(person_id=person.id), at=at, action="password.reset-asked",
        thing=f"person:{person.id}",
    )  # fmt: skip


@whole
def invite(*, actor: Actor, person_id: int, link: Link, at: datetime, by_mail: bool = True) -> str:
    """Make the link by which a new person sets a password, good once and for a week; return it.

    Earlier links of the person end. Sent by mail unless somebody hands it over in person.
    Raises Missing, NotAllowed, or Refused for a deactivated person.
    """
    access.require(actor, Permission.ADD_PEOPLE)
    person = queries.person(person_id)
    if person.deactivated_at is not None:
        raise Refused("This person is deactivated. Reactivate them first.")
    end_resets(person.id, at=at)
    token, reset = _new_link(person, lasts_until=at + rules.INVITATION_LASTS, at=at)
    if by_mail:
        outbox.queue(
            key=f"invitation:{reset.id}",
            person_id=person.id,
            address=person.email,
            subject="Your account in Rounds",
            body=(
                f"Hello {person.name},\n\n"
                "you have an account in Rounds, where your required and chosen courses, your "
                "credit and your certificates are. Set your password here within a week; the "
                f"link works once:\n\n{link(token)}\n\n"
                f"Then sign in with {person.email}.\n"
            ),
            at=at,
            is_secret=True,
        )
    audit.record(actor=actor, at=at, action="person.invited", thing=f"person:{person.id}")
    return link(token)


def _set(person: Person, password: str) -> None:
    if problem := rules.password_problem(password, email=person.email, name=person.name):
        raise BadPassword(problem)
    person.password_hash = hashed(password)


@whole
def reset_password(*, token: str, password: str, at: datetime) -> Person:
    """Set the password a link was sent for; end the link, all others, and all sign-ins.

    Raises UsedUp for a link that no longer works, BadPassword (the link stays good) otherwise.
    """
    reset = queries.open_reset(token, at=at)
    if reset is None:
        raise UsedUp("This link was used already, or is too old. Ask for a new one.")
    # Whoever comes second with the same link waits here, and then finds it used.
    taken = db.session.execute(
        update(PasswordReset)
        .where(PasswordReset.id == reset.id, PasswordReset.used_at.is_(None))
        .values(used_at=at)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise UsedUp("This link was used already. Ask for a new one.")
    person = queries.person(reset.person_id)
    _set(person, password)
    end_resets(person.id, at=at)
    end_sign_ins(person.id, at=at)
    audit.record(
        actor=Actor(person_id=person.id), at=at, action="password.reset",
        thing=f"person:{person.id}",
    )  # fmt: skip
    _tell(person, at=at)
    return person


@whole
def change_password(
    *, actor: Actor, present: str, password: str, at: datetime, keeping: str | None = None
) -> None:
    """Set one's own new password, and end all sign-ins but `keeping`, the token in use.

    Raises WrongPassword or BadPassword.
    """
    access.require(actor, Permission.KEEP_PROFILE)
    person = queries.person(actor.person_id)
    if person.deactivated_at is not None:
        raise Missing("person")
    if not _password_fits(person, present):
        raise WrongPassword("This is not your present password. Nothing was changed.")
    if rules.password_form(present) == rules.password_form(password):
        raise BadPassword("This is the password you have. Choose another.")
    _set(person, password)
    end_resets(person.id, at=at)
    end_sign_ins(person.id, at=at, but=keeping)
    audit.record(actor=actor, at=at, action="password.changed", thing=f"person:{person.id}")
    _tell(person, at=at)


def _tell(person: Person, *, at: datetime) -> None:
    """Let the owner of an account know, so that nobody else changes a password unseen."""
    outbox.queue(
        key=f"password-changed:{person.id}:{secrets.token_hex(8)}",
        person_id=person.id,
        address=person.email,
        subject="Your password for Rounds was changed",
        body=(
            f"Hello {person.name},\n\n"
            "the password of your account in Rounds was changed just now. If that was not you, "
            "ask for a new password on the sign-in page and tell your administrator.\n"
        ),
        at=at,
    )
