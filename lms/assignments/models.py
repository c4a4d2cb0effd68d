"""What a department or chosen people were asked to finish, by when, why; who was exempted."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.courses.models import Course
from lms.db import Model
from lms.people.models import Department


class Assignment(Model):
    """A course or a series that people must finish, and why; by when is in its cycles.

    It concerns a department and all below it: one row, no copy per person, so that joiners are
    included. A selective one concerns only its members; its department is where it was made.
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
    is_selective: Mapped[bool] = mapped_column(default=False)
    # Completions up to this many days before a cycle opens count as well (case 23).
    accept_days: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(200))
    basis: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    closed_reason: Mapped[str | None] = mapped_column(Text)
    # Whether the worker reminds those who are open, before and after the due day.
    sends_reminders: Mapped[bool] = mapped_column(default=True, server_default=true())
    department: Mapped[Department] = relationship()
    course: Mapped[Course | None] = relationship()


class AssignmentCycle(Model):
    """One round of an assignment: due by a day, met by completions from an instant on.

    The newest number is the open one. A new round is a new row; nothing is ever reset.
    """

    __tablename__ = "assignment_cycles"
    __table_args__ = (
        UniqueConstraint("assignment_id", "number"),
        CheckConstraint("number >= 1", name="counts_from_one"),
        {"info": {"personal": None, "immutable": True}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"))
    number: Mapped[int]
    due_on: Mapped[date]
    counts_from: Mapped[datetime]
    opened_at: Mapped[datetime]
    assignment: Mapped[Assignment] = relationship()


class AssignmentMember(Model):
    """One person whom a selective assignment concerns, until it's ended for them."""

    __tablename__ = "assignment_members"
    __table_args__ = (
        Index(
            "uq_assignment_members_open",
            "assignment_id",
            "person_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"info": {"personal": "who was chosen for an assignment", "no_delete": True}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    added_at: Mapped[datetime]
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None]


class Exemption(Model):
    """One person need not fulfil one assignment, in one cycle or in all, with a reason."""

    __tablename__ = "exemptions"
    __table_args__ = (
        # Once for all cycles, and once for each.
        Index(
            "uq_exemptions_open",
            "assignment_id",
            "person_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND cycle_id IS NULL"),
            postgresql_where=text("ended_at IS NULL AND cycle_id IS NULL"),
        ),
        Index(
            "uq_exemptions_open_in_cycle",
            "cycle_id",
            "person_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND cycle_id IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND cycle_id IS NOT NULL"),
        ),
        {"info": {"personal": "that a person is exempt, and why", "no_delete": True}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"), index=True)
    # None stands for every cycle, those to come included.
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("assignment_cycles.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ReminderRound(Model):
    """One step of reminders that the worker took for one due day of an assignment: once, ever."""

    __tablename__ = "reminder_rounds"
    __table_args__ = (
        UniqueConstraint("assignment_id", "due_on", "step"),
        {"info": {"personal": None}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"))
    due_on: Mapped[date]
    # Days from the due day: negative before it.
    step: Mapped[int]
    done_at: Mapped[datetime]
    mails: Mapped[int]
