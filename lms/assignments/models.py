"""What a department was asked to finish, by when, why; and who was exempted."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.courses.models import Course
from lms.db import Model
from lms.people.models import Department


class Assignment(Model):
    """A course or a series that a department and all below it must finish by a day.

    One row, no copy per person: who is concerned is a question, so joiners are included.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        CheckConstraint("(course_id IS NULL) <> (series_key IS NULL)", name="course_or_series"),
        CheckConstraint("accept_days >= 0", name="accepts_the_past_only"),
        {"info": {"personal": None, "no_delete": True}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id"), index=True)
    series_key: Mapped[str | None] = mapped_column(String(80))
    due_on: Mapped[date]
    # Completions up to this many days before the assignment count as well (case 23).
    accept_days: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(200))
    basis: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    closed_reason: Mapped[str | None] = mapped_column(Text)
    department: Mapped[Department] = relationship()
    course: Mapped[Course | None] = relationship()


class Exemption(Model):
    """One person need not fulfil one assignment, with a reason."""

    __tablename__ = "exemptions"
    __table_args__ = (
        Index(
            "uq_exemptions_open",
            "assignment_id",
            "person_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"info": {"personal": "that a person is exempt, and why", "no_delete": True}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
