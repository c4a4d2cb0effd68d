"""Courses, their immutable versions, series, and the media that versions show."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Model


class Course(Model):
    """What stays the same through all versions: the key, and whether it's still offered."""

    __tablename__ = "courses"
    __table_args__ = {"info": {"personal": None, "no_delete": True}}
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    retired_at: Mapped[datetime | None]
    retired_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    retired_reason: Mapped[str | None] = mapped_column(Text)


class CourseVersion(Model):
    """A course as published once: content, rendered pages and key, for ever."""

    __tablename__ = "course_versions"
    __table_args__ = (
        UniqueConstraint("course_id", "number"),
        CheckConstraint("number >= 1", name="counts_from_one"),
        {"info": {"immutable": True, "personal": "names and disclosures of faculty"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"), index=True)
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    change: Mapped[str] = mapped_column(String(16))
    # The course as data, key included: never sent to a browser as it stands.
    content: Mapped[dict[str, Any]]
    # Lesson id -> sanitised HTML, headings and checks; and the takeaway.
    rendered: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    course: Mapped[Course] = relationship()


class Medium(Model):
    """A picture or file that a version shows, kept once under its digest."""

    __tablename__ = "media"
    __table_args__ = {"info": {"immutable": True, "personal": None}}
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content_type: Mapped[str] = mapped_column(String(80))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SeriesVersion(Model):
    """A series as published once; the newest number of a key is the one in force."""

    __tablename__ = "series_versions"
    __table_args__ = (
        UniqueConstraint("key", "number"),
        {"info": {"immutable": True, "personal": None}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), index=True)
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
