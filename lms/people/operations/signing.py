"""Sign in and out, set and reset passwords; nobody learns from it who has an account."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update

from lms import access, audit, outbox
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people import queries, rules
from lms.people.models import HalfSignIn, PasswordReset, Person
from lms.people.operations.invitation import invitation
from lms.people.operations.sessions import Browser as Browser
from lms.people.operations.sessions import Opened as Opened
from lms.people.operations.sessions import end_sign_ins as end_sign_ins
from lms.people.operations.sessions import end_token, open_sign_in, refuse_sign_in, renew
from lms.people.queries import second_factor
from lms.people.rules.second_factor import HALF_LASTS

# OWASP's first choice for Argon2id when many sign in at once: 19 MiB, two passes, one lane
# (Password Storage Cheat Sheet). A hash made with other figures is renewed at the next sign-in.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

ANY = Browser()
"""A browser nothing is known of."""

Link = Callable[[str], str]
"""Make the address of the page where the token sets a password."""


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


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A password as it was compared with what is kept. Nothing is decided by it alone."""

    person_id: int | None
    fits: bool
    kept: str | None = field(repr=False)
    renewed: str | None = field(repr=False)


def _compared(person: Person | None, password: str) -> Compared:
    """Compare a password, taking the same time whether or not there is anything to compare."""
    kept = person.password_hash if person is not None else None
    fits = _is_right(kept or _nobodys_hash(), password) and kept is not None
    renewed = hashed(password) if kept and fits and HASHER.check_needs_rehash(kept) else None
    return Compared(
        person_id=person.id if person is not None else None,
        fits=fits,
        kept=kept,
        renewed=renewed,
    )


def compare(*, email: str, password: str) -> Compared:
    """Compare a password with that of an address, before anything is written.

    Hashing is slow on purpose, and nobody should wait for it with the database in hand. The time
    is the same for an unknown address, and for somebody without a password.
    """
    return _compared(queries.by_email(email), password)


def compare_own(*, actor: Actor, password: str) -> Compared:
    """Compare a password with one's own, before anything is written."""
    return _compared(queries.person(actor.person_id), password)


def still_fits(compared: Compared) -> Person | None:
    """Return whose password fitted, if it's still theirs and the account is open.

    Whoever changes a password meanwhile either comes before, and the password no longer fits, or
    waits, and then ends what was opened with the old one.
    """
    if not compared.fits or compared.person_id is None:
        return None
    person = db.session.scalar(
        select(Person)
        .where(Person.id == compared.person_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if person is None or person.deactivated_at is not None:
        return None
    return person if person.password_hash == compared.kept else None


@whole
def sign_in(
    *, compared: Compared, at: datetime, browser: Browser = ANY, ending: str | None = None
) -> Opened | None:
    """Return a new token, or None when address and password do not match.

    A half token is returned for somebody with a second factor: it leads to the second step only.
    `ending` is the token of who was signed in at this browser before; it ends. Returned, not
    raised, so that what the caller counts survives.
    """
    person = still_fits(compared)
    if person is None:
        refuse_sign_in(compared.person_id, at=at)
        return None
    if compared.renewed is not None:
        person.password_hash = compared.renewed
    if ending is not None:
        end_token(ending, at=at)
    if second_factor.factors_of(person.id):
        return _open_half(person.id, browser=browser, at=at)
    return open_sign_in(person.id, browser=browser, at=at, factor_at=None)


def _open_half(person_id: int, *, browser: Browser, at: datetime) -> Opened:
    token = secrets.token_urlsafe(32)
    db.session.add(
        HalfSignIn(
            person_id=person_id,
            token_digest=rules.token_digest(token),
            is_shared=browser.is_shared,
            began_at=at,
            expires_at=at + HALF_LASTS,
        )
    )
    db.session.flush()
    return Opened(token=token, person_id=person_id, is_half=True, is_shared=browser.is_shared)


@whole
def prove_by_password(
    *, actor: Actor, sign_in_id: int, compared: Compared, at: datetime
) -> str | None:
    """Open one's own locked sign-in, or show anew that it's still oneself; return the new token.

    None when the password is not the right one.
    """
    access.require(actor, Permission.KEEP_PROFILE)
    person = still_fits(compared)
    if person is None or person.id != actor.person_id:
        return None
    return renew(sign_in_id, at=at)


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

    Says nothing, and takes as long, for an unknown address or a deactivated person: then the same
    is done for somebody else, and undone.
    """
    person = queries.by_email(email)
    if person is not None and person.deactivated_at is None:
        _mail_link(person, email, link=link, at=at)
        return
    anybody = db.session.scalar(select(Person).order_by(Person.id).limit(1))
    if anybody is not None:
        undone = db.session.begin_nested()
        _mail_link(anybody, anybody.email, link=link, at=at)
        db.session.flush()
        undone.rollback()


def _mail_link(person: Person, email: str, *, link: Link, at: datetime) -> None:
    end_resets(person.id, at=at)
    token, reset = _new_link(person, lasts_until=at + rules.RESET_LASTS, at=at)
    outbox.queue(
        key=f"password-reset:{reset.id}",
        person_id=person.id,
        # The one they know, as it's written down: never as it was typed.
        address=queries.address_of(person, email),
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
        subject, body = invitation(person.name, person.email, link(token))
        outbox.queue(
            key=f"invitation:{reset.id}",
            person_id=person.id,
            address=person.email,
            subject=subject,
            body=body,
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
    if not _compared(person, present).fits:
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
