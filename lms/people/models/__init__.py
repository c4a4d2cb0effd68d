"""People, the departments they work in, their roles, and how they sign in."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.access import Role
from lms.db import Model
from lms.people.models.protocol_cards import ProtocolCard
from lms.people.models.roster import PersonAddress, RosterUpload, UploadState
from lms.people.models.second_factor import (
    Authenticator,
    HalfSignIn,
    Passkey,
    PasskeyChallenge,
    RecoveryCode,
    SecurityRules,
)

__all__ = [
    "Authenticator",
    "Department",
    "HalfSignIn",
    "Organisation",
    "Passkey",
    "PasskeyChallenge",
    "PasswordReset",
    "Person",
    "PersonAddress",
    "Profession",
    "ProtocolCard",
    "RecoveryCode",
    "RoleGrant",
    "RosterUpload",
    "SecurityRules",
    "SignIn",
    "UploadState",
]

# An address is one person's, whether their first or a further one.
_SOMEBODYS_FURTHER_ADDRESS = (
    "EXISTS (SELECT 1 FROM person_addresses WHERE person_addresses.key = NEW.email_key "
    "AND person_addresses.ended_at IS NULL)"
)


class Profession(StrEnum):
    """What a person is licensed or employed as; decides wording and eligible credit."""

    PHYSICIAN = "physician"
    APP = "app"
    NURSE = "nurse"
    SOCIAL_WORK = "social_work"
    PSYCHOLOGY = "psychology"
    PHARMACY = "pharmacy"
    ALLIED = "allied"
    EMS = "ems"
    SUPPORT = "support"
    STUDENT = "student"
    OTHER = "other"


class Organisation(Model):
    """Who runs this installation and issues its certificates: exactly one row."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        {"info": {"personal": "name of the signatory, who is printed on certificates"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    line: Mapped[str] = mapped_column(String(160))
    signer_name: Mapped[str] = mapped_column(String(120))
    signer_title: Mapped[str] = mapped_column(String(120))
    contact_email: Mapped[str] = mapped_column(String(254))
    is_demonstration: Mapped[bool] = mapped_column(default=False)


class Department(Model):
    """A place in the tree of the institution."""

    __tablename__ = "departments"
    __table_args__ = (
        UniqueConstraint("parent_id", "name"),
        CheckConstraint("parent_id <> id", name="not_below_itself"),
        {"info": {"personal": None}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    retired_at: Mapped[datetime | None]


class Person(Model):
    """Somebody who can sign in. Deactivated, never deleted: records point here."""

    __tablename__ = "people"
    __table_args__ = (
        Index("uq_people_staff_number", "staff_number", unique=True),
        Index("uq_people_npi", "npi", unique=True),
        # Departments are counted, and their people listed by name, from these.
        Index("ix_people_department_id_deactivated_at", "department_id", "deactivated_at"),
        Index("ix_people_name_id", "name", "id"),
        {
            "info": {
                "personal": "who a person is",
                "no_delete": True,
                "no_insert_when": _SOMEBODYS_FURTHER_ADDRESS,
                "no_update_when": _SOMEBODYS_FURTHER_ADDRESS,
            }
        },
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    # Casefolded, so that Lena@ and lena@ are one person (case 58).
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    # The name as on the licence, printed on certificates; confirmed again at each claim.
    certificate_name: Mapped[str] = mapped_column(String(120))
    name_locale: Mapped[str | None] = mapped_column(String(16))
    profession: Mapped[Profession]
    licence_state: Mapped[str | None] = mapped_column(String(2))
    zone: Mapped[str | None] = mapped_column(String(64))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    department: Mapped[Department | None] = relationship()
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]
    # By these a roster finds a person whose address has changed (case 58).
    staff_number: Mapped[str | None] = mapped_column(String(40))
    npi: Mapped[str | None] = mapped_column(String(10))
    started_on: Mapped[date | None]


class RoleGrant(Model):
    """A role given to a person, for a department and all below, or for the whole site."""

    __tablename__ = "role_grants"
    __table_args__ = (
        CheckConstraint(
            "(role = 'coordinator') = (department_id IS NOT NULL)", name="coordinators_have_a_place"
        ),
        Index(
            "uq_role_grants_open",
            "person_id",
            "role",
            "department_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
        {"info": {"personal": "which role a person held", "no_delete": True}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    role: Mapped[Role]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    granted_at: Mapped[datetime]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    revoked_at: Mapped[datetime | None]


class SignIn(Model):
    """One signed-in browser; the cookie holds the token, the table its digest."""

    __tablename__ = "sign_ins"
    __table_args__ = {"info": {"personal": "when and for how long a person was signed in"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # "Firefox on Windows", for the owner to recognise it by.
    device: Mapped[str | None] = mapped_column(String(60))
    # Roughly; the first minutes count from the start.
    seen_at: Mapped[datetime | None]
    # When password or passkey was given last, and when the second factor was, if ever.
    proved_at: Mapped[datetime | None]
    factor_at: Mapped[datetime | None]
    # Set on a shared computer: after so many minutes without a request it's locked.
    idle_minutes: Mapped[int | None]
    locked_at: Mapped[datetime | None]


class PasswordReset(Model):
    """A link to set a new password, good once and for an hour."""

    __tablename__ = "password_resets"
    __table_args__ = {"info": {"personal": "that a person asked for a new password"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
