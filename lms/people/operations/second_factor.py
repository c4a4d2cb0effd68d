"""Add and remove what proves somebody beside the password; take the second step of signing in."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import pyotp
from sqlalchemy import delete, or_, select, update

from lms import access, audit, outbox
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people import queries
from lms.people.models import (
    Authenticator,
    HalfSignIn,
    Passkey,
    Person,
    RecoveryCode,
    SecurityRules,
    SignIn,
)
from lms.people.operations.sessions import (
    Browser,
    Opened,
    end_sign_ins,
    end_token,
    open_sign_in,
    refuse_sign_in,
)
from lms.people.queries import second_factor as asked
from lms.people.queries.second_factor import Factors, Half, Security
from lms.people.rules import second_factor as rules
from lms.people.rules.passkeys import same
from lms.people.rules.sessions import IDLE_LEAST, IDLE_MOST


class WrongCode(Refused):
    """A code that is not the one of now, or was used before."""


class StillNeeded(Refused):
    """The last second factor of somebody whose role asks for one."""


class Kind(StrEnum):
    """What was given as a second factor."""

    APP = "app"
    CODE = "recovery code"
    PASSKEY = "passkey"


@dataclass(frozen=True, kw_only=True)
class Given:
    """A second factor that holds, to be accepted once: its row, and the number that grows."""

    kind: Kind
    id: int
    person_id: int
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """New recovery codes, shown once; only their digests are kept."""

    codes: tuple[str, ...] = field(repr=False)
    salt: str
    digests: tuple[str, ...]


def draw_codes() -> Drawn:
    """Draw recovery codes at random and hash them, before anything is written."""
    salt = secrets.token_hex(16)
    codes = tuple(
        str(secrets.randbelow(10**rules.RECOVERY_DIGITS)).zfill(rules.RECOVERY_DIGITS)
        for _ in range(rules.RECOVERY_CODES)
    )
    digests = tuple(rules.code_digest(one, salt=salt) for one in codes)
    return Drawn(codes=codes, salt=salt, digests=digests)


def read_code(*, person_id: int, typed: str, key: bytes, at: datetime) -> Given | None:
    """Return what a code stands for: six digits of the app, or a recovery code; None for neither.

    Reads only, as a recovery code is hashed, which takes long.
    """
    digits = rules.digits_of(typed) if rules.is_a_code(typed) else ""
    if len(digits) == rules.CODE_DIGITS:
        app = asked.factors_of(person_id).authenticator
        secret = rules.unsealed(app.sealed, key=key, person_id=person_id) if app else None
        if app is None or secret is None:
            return None
        step = rules.matching_step(secret, digits, at=at, last_step=app.last_step)
        if step is None:
            return None
        return Given(kind=Kind.APP, id=app.id, person_id=person_id, number=step)
    if len(digits) != rules.RECOVERY_DIGITS:
        return None
    codes = asked.open_codes(person_id)
    digests = {salt: rules.code_digest(digits, salt=salt) for salt in {one.salt for one in codes}}
    for one in codes:
        if same(digests[one.salt], one.digest):
            return Given(kind=Kind.CODE, id=one.id, person_id=person_id)
    return None


def accept(given: Given, *, at: datetime) -> bool:
    """Use a second factor up, as far as it's used up; say False when somebody was faster."""
    if given.kind is Kind.APP:
        used = (
            update(Authenticator)
            .where(
                Authenticator.id == given.id,
                Authenticator.confirmed_at.is_not(None),
                or_(Authenticator.last_step.is_(None), Authenticator.last_step < given.number),
            )
            .values(last_step=given.number, last_used_at=at)
        )
    elif given.kind is Kind.CODE:
        used = (
            update(RecoveryCode)
            .where(RecoveryCode.id == given.id, RecoveryCode.used_at.is_(None))
            .values(used_at=at)
        )
    else:
        grows = Passkey.sign_count < given.number
        if given.number == 0:
            grows = Passkey.sign_count == 0
        used = (
            update(Passkey)
            .where(Passkey.id == given.id, grows)
            .values(sign_count=given.number, last_used_at=at)
        )
    return bool(db.session.execute(used).rowcount == 1)  # type: ignore[attr-defined]


def open_account(person_id: int) -> Person | None:
    """Return a person whose account is open, held until the end, so that it stays so."""
    person = db.session.scalar(
        select(Person)
        .where(Person.id == person_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return person if person is not None and person.deactivated_at is None else None


@whole
def second_step(
    *, half: Half, given: Given | None, browser: Browser, at: datetime, ending: str | None = None
) -> Opened | None:
    """Turn a half sign-in into a whole one; None when the second factor does not hold.

    Returned, not raised, so that what the caller counts survives.
    """
    person = open_account(half.person_id)
    if person is None or given is None or given.person_id != person.id:
        refuse_sign_in(half.person_id, at=at)
        return None
    taken = (
        update(HalfSignIn)
        .where(HalfSignIn.id == half.id, HalfSignIn.ended_at.is_(None), HalfSignIn.expires_at > at)
        .values(ended_at=at)
    )
    if not accept(given, at=at) or db.session.execute(taken).rowcount != 1:  # type: ignore[attr-defined]
        refuse_sign_in(half.person_id, at=at)
        return None
    if ending is not None:
        end_token(ending, at=at)
    if given.kind is Kind.CODE:
        _tell_of_code(person, at=at)
    return open_sign_in(person.id, browser=browser, at=at, factor_at=at)


def _tell_of_code(person: Person, *, at: datetime) -> None:
    left = len(asked.open_codes(person.id))
    audit.record(
        actor=Actor(person_id=person.id), at=at, action="recovery-code.used",
        thing=f"person:{person.id}", left=left,
    )  # fmt: skip
    tell(person, f"a recovery code was used to sign in; {left} are left", at=at)


def tell(person: Person, what: str, *, at: datetime) -> None:
    """Let the owner of an account know what was done to how they sign in."""
    outbox.queue(
        key=f"signing-in:{person.id}:{secrets.token_hex(8)}",
        person_id=person.id,
        address=person.email,
        subject="How you sign in to Rounds",
        body=(
            f"Hello {person.name},\n\n"
            f"{what}. If that was you, or you asked for it, there is nothing to do. If not, set a "
            "new password on the sign-in page and tell your administrator.\n"
        ),
        at=at,
    )


@whole
def start_authenticator(*, actor: Actor, key: bytes, at: datetime) -> None:
    """Draw the secret of an app that is to be set up; it counts once a code confirmed it."""
    access.require(actor, Permission.KEEP_PROFILE)
    db.session.execute(
        delete(Authenticator).where(
            Authenticator.person_id == actor.person_id, Authenticator.confirmed_at.is_(None)
        )
    )
    sealed = rules.sealed(
        pyotp.random_base32(), key=key, nonce=secrets.token_bytes(12), person_id=actor.person_id
    )
    db.session.add(Authenticator(person_id=actor.person_id, sealed=sealed, started_at=at))
    db.session.flush()


@whole
def confirm_authenticator(
    *, actor: Actor, sign_in_id: int, code: str, key: bytes, drawn: Drawn, at: datetime
) -> bool:
    """Let an app count from now on, in place of the one before; say whether `drawn` counts too.

    New recovery codes come with the first second factor. Raises Missing when nothing was begun,
    WrongCode.
    """
    access.require(actor, Permission.KEEP_PROFILE)
    app = asked.started_authenticator(actor.person_id, at=at)
    secret = rules.unsealed(app.sealed, key=key, person_id=actor.person_id) if app else None
    if app is None or secret is None:
        raise Missing("authenticator")
    digits = rules.digits_of(code) if rules.is_a_code(code) else ""
    step = rules.matching_step(secret, digits, at=at, last_step=None)
    if step is None:
        raise WrongCode(
            "This is not the code of now. Type the six digits that the app shows; if they are "
            "right, set the clock of the phone."
        )
    before = asked.factors_of(actor.person_id)
    if before.authenticator is not None:
        db.session.delete(before.authenticator)
        db.session.flush()
    app.confirmed_at, app.last_step = at, step
    return added(actor, before, sign_in_id=sign_in_id, drawn=drawn, kind=Kind.APP, at=at)


def added(
    actor: Actor, before: Factors, *, sign_in_id: int, drawn: Drawn, kind: Kind, at: datetime
) -> bool:
    """Write down that there is one factor more; with the first, keep the codes drawn.

    Whoever is signed in elsewhere did so without a second factor, and signs in anew.
    """
    db.session.flush()
    person = queries.person(actor.person_id)
    is_first = not before
    if is_first:
        db.session.execute(
            update(SignIn)
            .where(
                SignIn.person_id == person.id, SignIn.id != sign_in_id, SignIn.ended_at.is_(None)
            )
            .values(ended_at=at)
        )
        _keep_codes(person.id, drawn, at=at)
    db.session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.factor_at.is_(None))
        .values(factor_at=at)
    )
    audit.record(
        actor=actor, at=at, action="second-factor.added", thing=f"person:{person.id}",
        kind=kind.value,
    )  # fmt: skip
    words = {Kind.APP: "an authenticator app", Kind.PASSKEY: "a passkey"}[kind]
    tell(person, f"{words} was added to your account in Rounds", at=at)
    return is_first


def _keep_codes(person_id: int, drawn: Drawn, *, at: datetime) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    db.session.add_all(
        RecoveryCode(person_id=person_id, salt=drawn.salt, digest=one, made_at=at)
        for one in drawn.digests
    )
    db.session.flush()


@whole
def keep_codes(*, actor: Actor, drawn: Drawn, at: datetime) -> None:
    """Keep new recovery codes in place of all before. Raises Refused without a second factor."""
    access.require(actor, Permission.KEEP_PROFILE)
    person = queries.person(actor.person_id)
    if not asked.factors_of(person.id):
        raise Refused("Add an app or a passkey first; recovery codes stand in for one of them.")
    _keep_codes(person.id, drawn, at=at)
    audit.record(actor=actor, at=at, action="recovery-codes.made", thing=f"person:{person.id}")
    tell(person, "new recovery codes were made for your account in Rounds", at=at)


@whole
def remove_authenticator(*, actor: Actor, at: datetime) -> None:
    """Take the app out. Raises Missing, or StillNeeded when it's the last and one is asked for."""
    access.require(actor, Permission.KEEP_PROFILE)
    app = asked.factors_of(actor.person_id).authenticator
    if app is None:
        raise Missing("authenticator")
    db.session.delete(app)
    removed(actor, kind=Kind.APP, at=at)


def removed(actor: Actor, *, kind: Kind, at: datetime) -> None:
    """Write down that there is one factor less; nothing stays of the last."""
    db.session.flush()
    person = queries.person(actor.person_id)
    if not asked.factors_of(person.id):
        if rules.asks_for_a_factor(asked.security().factor_roles, actor.roles):
            raise StillNeeded("Your role asks for a second factor. Add another one first.")
        _forget(person.id)
    audit.record(
        actor=actor, at=at, action="second-factor.removed", thing=f"person:{person.id}",
        kind=kind.value,
    )  # fmt: skip
    words = {Kind.APP: "the authenticator app", Kind.PASSKEY: "a passkey"}[kind]
    tell(person, f"{words} was removed from your account in Rounds", at=at)


def _forget(person_id: int) -> None:
    for table in (Passkey, Authenticator, RecoveryCode):
        db.session.execute(delete(table).where(table.person_id == person_id))
    db.session.execute(update(SignIn).where(SignIn.person_id == person_id).values(factor_at=None))


@whole
def reset_second_factor(*, actor: Actor, person_id: int, at: datetime) -> None:
    """Take away all second factors of somebody who lost them, and end all their sign-ins.

    Raises Missing, NotAllowed; Refused for oneself, or when there is none.
    """
    access.require(actor, Permission.KEEP_SECURITY)
    person = queries.person(person_id)
    if person.id == actor.person_id:
        raise Refused("Change your own second factors on your page “Signing in”.")
    app = select(Authenticator.id).where(Authenticator.person_id == person.id)
    if not asked.factors_of(person.id) and db.session.scalar(app) is None:
        raise Refused(f"{person.name} has no second factor.")
    _forget(person.id)
    end_sign_ins(person.id, at=at)
    audit.record(actor=actor, at=at, action="second-factor.reset", thing=f"person:{person.id}")
    tell(
        person,
        "your administrator took the second factors off your account in Rounds, so that you can "
        "sign in with your password and add new ones",
        at=at,
    )


@whole
def keep_security(*, actor: Actor, security: Security, at: datetime) -> None:
    """Set whose role asks for a second factor, and how shared computers behave.

    Counts at once, also for those who are signed in. Raises Refused for an odd number of minutes.
    """
    access.require(actor, Permission.KEEP_SECURITY)
    if not IDLE_LEAST <= security.idle_minutes <= IDLE_MOST:
        raise Refused(f"Give a number of minutes from {IDLE_LEAST} to {IDLE_MOST}.")
    row = db.session.get(SecurityRules, 1, with_for_update=True) or SecurityRules(id=1)
    before = asked.security()
    row.factor_roles = sorted(security.factor_roles)
    row.is_shared_by_default = security.is_shared_by_default
    row.idle_minutes = security.idle_minutes
    db.session.add(row)
    db.session.execute(
        update(SignIn)
        .where(SignIn.idle_minutes.is_not(None), SignIn.ended_at.is_(None))
        .values(idle_minutes=security.idle_minutes)
    )
    if before != security:
        audit.record(
            actor=actor, at=at, action="security-rules.changed", thing="security-rules:1",
            factor_roles=sorted(security.factor_roles), idle_minutes=security.idle_minutes,
            is_shared_by_default=security.is_shared_by_default,
        )  # fmt: skip
