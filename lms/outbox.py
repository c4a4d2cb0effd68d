"""Messages written in the same transaction as their cause, delivered after it."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, db


class Message(Model):
    """One mail: queued, then sent or failed. The key makes sure that it's written once."""

    __tablename__ = "messages"
    __table_args__ = {"info": {"personal": "address and text of a mail; body dropped once sent"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    is_secret: Mapped[bool]
    queued_at: Mapped[datetime] = mapped_column(index=True)
    next_try_at: Mapped[datetime | None] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Text)


def queue(
    *,
    key: str,
    person_id: int | None,
    address: str,
    subject: str,
    body: str,
    at: datetime,
    is_secret: bool = False,
) -> bool:
    """Put a mail into the outbox; say False, and do nothing, when this key was queued before.

    `is_secret` marks a body that carries a token: it's never shown on a page when mail is set up,
    and dropped once sent.
    """
    if db.session.scalar(select(Message.id).where(Message.key == key)) is not None:
        return False
    db.session.add(
        Message(
            key=key,
            person_id=person_id,
            address=address,
            subject=subject,
            body=body,
            is_secret=is_secret,
            queued_at=at,
            next_try_at=at,
            tries=0,
        )
    )
    db.session.flush()
    return True
