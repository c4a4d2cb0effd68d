"""What proves who somebody is beside the password, and the rules of this installation about it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model


class Passkey(Model):
    """A key pair on somebody's device, of which the public half is here (WebAuthn)."""

    __tablename__ = "passkeys"
    __table_args__ = {"info": {"personal": "public keys of a person's devices, and when used"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    # What devices know the person by: drawn at random, the same for all keys of one person.
    user_handle: Mapped[str] = mapped_column(String(64))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(Text)
    # Counts unsigned 32 bits; a device that does not count stays at 0.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Authenticator(Model):
    """An app that shows six digits every half minute. It counts once a code confirmed it."""

    __tablename__ = "authenticators"
    __table_args__ = (
        Index(
            "uq_authenticators_confirmed",
            "person_id",
            unique=True,
            sqlite_where=text("confirmed_at IS NOT NULL"),
            postgresql_where=text("confirmed_at IS NOT NULL"),
        ),
        {"info": {"personal": "sealed secret of a person's app, and when it was used"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    sealed: Mapped[str] = mapped_column(String(300))
    started_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    # The half minute whose code was accepted last; that code and older ones are worth nothing.
    last_step: Mapped[int | None]
    last_used_at: Mapped[datetime | None]


class RecoveryCode(Model):
    """A code on paper, good once. The codes made together share one salt."""

    __tablename__ = "recovery_codes"
    __table_args__ = {"info": {"personal": "digests of a person's recovery codes"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    salt: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class HalfSignIn(Model):
    """A browser in which the password was right and the second factor is still to come.

    A table of its own, so that nothing that asks who is signed in can find it.
    """

    __tablename__ = "half_sign_ins"
    __table_args__ = {"info": {"personal": "that a person began to sign in"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    is_shared: Mapped[bool]
    began_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class PasskeyChallenge(Model):
    """What a device was asked to sign: good once, for one purpose, for five minutes."""

    __tablename__ = "passkey_challenges"
    __table_args__ = {"info": {"personal": "that a person was about to use a passkey, for a day"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SecurityRules(Model):
    """Whose role asks for a second factor, and how shared computers behave: at most one row."""

    __tablename__ = "security_rules"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"), {"info": {"personal": None}})
    id: Mapped[int] = mapped_column(primary_key=True)
    factor_roles: Mapped[list[Any]]
    is_shared_by_default: Mapped[bool]
    idle_minutes: Mapped[int]
