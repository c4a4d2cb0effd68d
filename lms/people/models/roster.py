"""Further addresses of people, and rosters that were read and wait to be imported."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model


class PersonAddress(Model):
    """Another e-mail address of a person, by which they are found and may sign in (case 58)."""

    __tablename__ = "person_addresses"
    __table_args__ = (
        # An address is one person's at a time, and nobody's first address.
        Index(
            "uq_person_addresses_open",
            "key",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        {
            "info": {
                "personal": "further e-mail addresses of a person",
                "no_delete": True,
                "no_insert_when": "EXISTS (SELECT 1 FROM people WHERE people.email_key = NEW.key)",
                "no_update_when": "OLD.ended_at IS NOT NULL OR NEW.key <> OLD.key "
                "OR NEW.person_id <> OLD.person_id",
            }
        },
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    key: Mapped[str] = mapped_column(String(254))
    added_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class UploadState(StrEnum):
    """Where a roster stands."""

    PENDING = "pending"
    APPLIED = "applied"
    ABANDONED = "abandoned"


class RosterUpload(Model):
    """A roster as it was read, what was chosen for it, and what the import did, row by row."""

    __tablename__ = "roster_uploads"
    __table_args__ = {
        "info": {
            "personal": "rows of a roster: names, addresses, numbers; dropped unless imported",
            "no_delete": True,
            "no_update_when": "OLD.state <> 'pending'",
        }
    }
    id: Mapped[int] = mapped_column(primary_key=True)
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    uploaded_at: Mapped[datetime]
    file_name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[UploadState]
    # The rows as read, and after the import what became of each: packed by lms/people/files.
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    options: Mapped[dict[str, Any]]
    counts: Mapped[dict[str, Any]]
    applied_at: Mapped[datetime | None]
    applied_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    outcome: Mapped[bytes | None] = mapped_column(LargeBinary)
