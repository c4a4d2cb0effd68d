"""The trail: who did what to which thing, when. Written by operations, never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lms.access import Actor
from lms.db import Model, db


class AuditEntry(Model):
    """One thing that was done."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        # The trail is narrowed by one of these and read from its newest end.
        Index("ix_audit_entries_actor_id_at", "actor_id", "at"),
        Index("ix_audit_entries_action_at", "action", "at"),
        Index("ix_audit_entries_thing_at", "thing", "at"),
        {"info": {"immutable": True, "personal": "who did what; kept as long as the records"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    action: Mapped[str] = mapped_column(String(64))
    thing: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]]


def record(*, actor: Actor, at: datetime, action: str, thing: str, **detail: Any) -> None:
    """Write one line of the trail in the present transaction.

    `action` is `<feature>.<past participle>`, `thing` is `<kind>:<identifier>`; `detail` holds
    plain JSON values and never a secret, a licence number or an answer.
    """
    db.session.add(
        AuditEntry(
            at=at, actor_id=actor.person_id or None, action=action, thing=thing, detail=detail
        )
    )
