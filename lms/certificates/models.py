"""The append-only ledger of certificates, and the signed files as they were issued."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model


class Entry(StrEnum):
    """What a row of the ledger says."""

    ISSUED = "issued"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


class LedgerEntry(Model):
    """One row of the ledger. Rows are added, chained by hash, and never changed.

    `issued`: the award, with every printed fact frozen. `superseded` and `revoked`: what
    happened to `serial` later, with reason, person and instant.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        # One award of one kind of credit for one completion, whoever asks how often (case 5).
        Index(
            "uq_ledger_entries_award_key", "award_key", unique=True,
            sqlite_where=text("award_key IS NOT NULL"),
            postgresql_where=text("award_key IS NOT NULL"),
        ),
        Index(
            "uq_ledger_entries_issued_serial", "serial", unique=True,
            sqlite_where=text("kind = 'issued'"), postgresql_where=text("kind = 'issued'"),
        ),
        # Once superseded or revoked, a certificate can't be so again.
        Index(
            "uq_ledger_entries_ended_serial", "serial", unique=True,
            sqlite_where=text("kind <> 'issued'"), postgresql_where=text("kind <> 'issued'"),
        ),
        CheckConstraint(
            "kind <> 'issued' OR (code IS NOT NULL AND person_id IS NOT NULL"
            " AND facts IS NOT NULL AND pdf_digest IS NOT NULL)",
            name="awards_are_whole",
        ),
        CheckConstraint("kind = 'issued' OR reason IS NOT NULL", name="ends_have_a_reason"),
        {"info": {"immutable": True, "personal": "every fact printed on a certificate"}},
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[Entry]
    serial: Mapped[str] = mapped_column(String(20), index=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    reason: Mapped[str | None] = mapped_column(Text)
    replaced_by: Mapped[str | None] = mapped_column(String(20))
    # Of awards only:
    award_key: Mapped[str | None] = mapped_column(String(80))
    code: Mapped[str | None] = mapped_column(String(40), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    course_version_id: Mapped[int | None] = mapped_column(ForeignKey("course_versions.id"))
    facts: Mapped[str | None] = mapped_column(Text)  # canonical JSON, hashed as it stands
    pdf_digest: Mapped[str | None] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class CertificateFile(Model):
    """The signed bytes of a certificate, exactly as issued."""

    __tablename__ = "certificate_files"
    __table_args__ = {"info": {"immutable": True, "personal": "the certificate itself"}}
    serial: Mapped[str] = mapped_column(String(20), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SigningCertificate(Model):
    """A certificate that files are signed or checked with, and its private key, sealed.

    The newest one with a key signs; all are trusted when a file is checked. Only the sealing may
    change, when the secret of the installation does.
    """

    __tablename__ = "signing_certificates"
    __table_args__ = {
        "info": {
            "no_delete": True,
            "no_update_when": "OLD.fingerprint <> NEW.fingerprint OR OLD.chain <> NEW.chain",
            "personal": None,
        }
    }
    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    chain: Mapped[str] = mapped_column(Text)  # PEM: the certificate, then those that issued it
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    added_at: Mapped[datetime]
