"""Passkeys: ask a device to sign, and add, use, name and remove them."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from lms import access, audit
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people.models import Passkey, PasskeyChallenge
from lms.people.operations.second_factor import (
    Drawn,
    Given,
    Kind,
    accept,
    added,
    open_account,
    removed,
)
from lms.people.operations.sessions import Browser, Opened, end_token, open_sign_in, renew
from lms.people.queries import second_factor as asked
from lms.people.rules import passkeys as rules
from lms.people.rules import tidy, token_digest
from lms.people.rules.passkeys import NotProved, Purpose, Site

NAME_MOST = 60


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a device answered, to which challenge, and what it knows the person by."""

    text: str
    challenge: str
    handle: str = ""


class NotAdded(Refused):
    """A passkey that could not be added."""


def handle_of(person_id: int) -> str:
    """Return what a person's devices know them by; drawn anew when there is none yet."""
    keys = asked.factors_of(person_id).passkeys
    return keys[0].user_handle if keys else rules.encoded(secrets.token_bytes(rules.HANDLE_BYTES))


@whole
def ask(*, purpose: Purpose, person_id: int | None, at: datetime) -> str:
    """Make a challenge for a device to sign: good once, for this, for five minutes."""
    challenge = rules.encoded(secrets.token_bytes(rules.CHALLENGE_BYTES))
    db.session.execute(
        delete(PasskeyChallenge).where(PasskeyChallenge.asked_at < at - timedelta(days=1))
    )
    db.session.add(
        PasskeyChallenge(
            digest=token_digest(challenge),
            purpose=purpose.value,
            person_id=person_id,
            asked_at=at,
            expires_at=at + rules.CHALLENGE_LASTS,
        )
    )
    db.session.flush()
    return challenge


def _spend(challenge: str, *, purpose: Purpose, person_id: int | None, at: datetime) -> bool:
    spent = db.session.execute(
        update(PasskeyChallenge)
        .where(
            PasskeyChallenge.digest == token_digest(challenge),
            PasskeyChallenge.purpose == purpose.value,
            PasskeyChallenge.person_id.is_(None)
            if person_id is None
            else PasskeyChallenge.person_id == person_id,
            PasskeyChallenge.used_at.is_(None),
            PasskeyChallenge.expires_at > at,
        )
        .values(used_at=at)
    )
    return bool(spent.rowcount == 1)  # type: ignore[attr-defined]


@whole
def read_passkey(
    *, site: Site, answer: Answer, purpose: Purpose, person_id: int | None, at: datetime
) -> Given | None:  # fmt: skip
    """Return whose passkey answered, if what it signed holds; the challenge is used up either way.

    To sign in with nothing else the device must have verified its owner, by finger, face or PIN,
    and must have said whose key it is.
    """
    from lms.people.rules import webauthn  # noqa: PLC0415 - a large library; few use a passkey

    if not _spend(answer.challenge, purpose=purpose, person_id=person_id, at=at):
        return None
    must_verify = purpose is Purpose.SIGN_IN
    try:
        credential_id, handle = webauthn.credential_of(answer.text)
        key = asked.passkey(credential_id)
        if key is None or (person_id is not None and key.person_id != person_id):
            return None
        if (must_verify or handle is not None) and not rules.same(handle, key.user_handle):
            return None
        count = webauthn.new_count(
            site, answer.text, challenge=answer.challenge, passkey=asked.kept(key),
            must_verify=must_verify,
        )  # fmt: skip
    except NotProved:
        return None
    return Given(kind=Kind.PASSKEY, id=key.id, person_id=key.person_id, number=count)


@whole
def sign_in_by_passkey(
    *, given: Given | None, browser: Browser, at: datetime, ending: str | None = None
) -> Opened | None:
    """Sign in with a passkey alone, which is two factors in one; None when it does not hold."""
    person = open_account(given.person_id) if given is not None else None
    if given is None or person is None or not accept(given, at=at):
        return None
    if ending is not None:
        end_token(ending, at=at)
    return open_sign_in(person.id, browser=browser, at=at, factor_at=at)


@whole
def prove_by_passkey(
    *, actor: Actor, sign_in_id: int, given: Given | None, at: datetime
) -> str | None:
    """Open one's own locked sign-in, or show anew that it's still oneself; return the new token."""
    access.require(actor, Permission.KEEP_PROFILE)
    if given is None or given.person_id != actor.person_id or not accept(given, at=at):
        return None
    return renew(sign_in_id, at=at)


def _name(text: str) -> str:
    return tidy(text)[:NAME_MOST] or "Passkey"


@whole
def add_passkey(
    *, actor: Actor, sign_in_id: int, site: Site, answer: Answer, name: str, drawn: Drawn,
    at: datetime,
) -> bool:  # fmt: skip
    """Keep the public half of a new passkey; say whether the recovery codes drawn count too.

    Raises NotAdded when what the device answered does not hold, or there are too many.
    """
    from lms.people.rules import webauthn  # noqa: PLC0415 - a large library; few use a passkey

    access.require(actor, Permission.KEEP_PROFILE)
    before = asked.factors_of(actor.person_id)
    if len(before.passkeys) >= rules.MOST_PASSKEYS:
        raise NotAdded(f"You have {rules.MOST_PASSKEYS} passkeys. Remove one first.")
    if not _spend(answer.challenge, purpose=Purpose.ADD, person_id=actor.person_id, at=at):
        raise NotAdded("That took too long, or was sent twice. Add the passkey once more.")
    try:
        new = webauthn.added(site, answer.text, challenge=answer.challenge)
    except NotProved:
        raise NotAdded("The device gave no passkey that can be checked. Try once more.") from None
    if asked.passkey(new.credential_id) is not None:
        raise NotAdded("This passkey is here already.")
    db.session.add(
        Passkey(
            person_id=actor.person_id,
            user_handle=answer.handle,
            credential_id=new.credential_id,
            public_key=new.public_key,
            sign_count=new.sign_count,
            name=_name(name),
            added_at=at,
        )
    )
    return added(actor, before, sign_in_id=sign_in_id, drawn=drawn, kind=Kind.PASSKEY, at=at)


def _own(actor: Actor, passkey_id: int) -> Passkey:
    access.require(actor, Permission.KEEP_PROFILE)
    key = db.session.get(Passkey, passkey_id)
    if key is None or key.person_id != actor.person_id:
        raise Missing("passkey")
    return key


@whole
def name_passkey(*, actor: Actor, passkey_id: int, name: str, at: datetime) -> None:
    """Give one's own passkey another name. Raises Missing."""
    key = _own(actor, passkey_id)
    key.name = _name(name)
    audit.record(actor=actor, at=at, action="passkey.named", thing=f"person:{key.person_id}")


@whole
def remove_passkey(*, actor: Actor, passkey_id: int, at: datetime) -> None:
    """Take one's own passkey out. Raises Missing, or StillNeeded for the last when one is asked."""
    db.session.delete(_own(actor, passkey_id))
    removed(actor, kind=Kind.PASSKEY, at=at)
