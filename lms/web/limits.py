"""Rate limits, kept in the database so that they hold across processes and machines."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Index, String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, db


class RateHit(Model):
    """Something that happened once in a bucket; buckets are digests, never names or addresses."""

    __tablename__ = "rate_hits"
    __table_args__ = (
        Index("ix_rate_hits_bucket_at", "bucket", "at"),
        {"info": {"personal": "digests of addresses, for a day"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    bucket: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


def _digest(bucket: str) -> str:
    return hashlib.sha256(bucket.encode()).hexdigest()


def take_turn(bucket: str) -> None:
    """Let one transaction at a time count and note in this bucket, until it ends.

    Many tries at the same instant would else all count the same past. On SQLite those who will
    write have taken their turn when the transaction began.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(bytes.fromhex(_digest(bucket))[:8], signed=True)
        db.session.execute(select(func.pg_advisory_xact_lock(number)))


def hits(bucket: str, *, within: timedelta, at: datetime) -> int:
    """Count what was noted in this bucket in the time before `at`."""
    recent = (RateHit.bucket == _digest(bucket), RateHit.at > at - within)
    return db.session.scalar(select(func.count()).select_from(RateHit).where(*recent)) or 0


def note(bucket: str, *, at: datetime) -> None:
    """Note one event in this bucket, and forget what is older than a day."""
    db.session.add(RateHit(bucket=_digest(bucket), at=at))
    db.session.execute(delete(RateHit).where(RateHit.at < at - timedelta(days=1)))
    db.session.flush()


def forget(bucket: str) -> None:
    """Empty a bucket, as after a sign-in that went well."""
    db.session.execute(delete(RateHit).where(RateHit.bucket == _digest(bucket)))
