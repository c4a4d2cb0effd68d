"""What a person has read, answered and finished, on which version of a course."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.courses.models import Course, CourseVersion
from lms.db import Model
from lms.people.models import Person

_ATTEMPT_OF_NEW = (
    "EXISTS (SELECT 1 FROM attempts WHERE attempts.id = NEW.attempt_id"
    " AND attempts.ended_at IS NOT NULL)"
)
_ATTEMPT_OF_OLD = _ATTEMPT_OF_NEW.replace("NEW.", "OLD.")


class Enrolment(Model):
    """One person's way through one version of a course, in one cycle.

    A new cycle is a new row; nothing is ever reset. The version is the one begun on.
    """

    __tablename__ = "enrolments"
    __table_args__ = (
        UniqueConstraint("person_id", "course_id", "cycle"),
        # A department's figures read a course's people and their completions from these alone.
        Index("ix_enrolments_course_id_person_id_cycle", "course_id", "person_id", "cycle"),
        {"info": {"immutable": True, "personal": "which course a person took, on which version"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"), index=True)
    course_version_id: Mapped[int] = mapped_column(ForeignKey("course_versions.id"))
    cycle: Mapped[int] = mapped_column(default=1)
    # The learner acknowledged what must be seen before starting, at this instant.
    acknowledged_at: Mapped[datetime]
    person: Mapped[Person] = relationship()
    course: Mapped[Course] = relationship()
    course_version: Mapped[CourseVersion] = relationship()


class LessonRead(Model):
    """A lesson the learner marked as read."""

    __tablename__ = "lesson_reads"
    __table_args__ = (
        UniqueConstraint("enrolment_id", "lesson_id"),
        {"info": {"immutable": True, "personal": "what a person has read"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"), index=True)
    lesson_id: Mapped[str] = mapped_column(String(80))
    read_at: Mapped[datetime]


class Position(Model):
    """Where the learner stopped: one row per enrolment, overwritten as they read on."""

    __tablename__ = "positions"
    __table_args__ = {"info": {"personal": "where a person stopped reading"}}
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"), primary_key=True)
    lesson_id: Mapped[str] = mapped_column(String(80))
    anchor: Mapped[str] = mapped_column(String(120))
    heading: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class Outcome(StrEnum):
    """How an attempt ended. Every attempt ends in exactly one of these."""

    PASSED = "passed"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Attempt(Model):
    """One try at a quiz. The row, with what was drawn, exists before the first question shows."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("enrolment_id", "number"),
        Index(
            "uq_attempts_open", "enrolment_id", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ends_with_an_outcome"),
        {
            "info": {
                "personal": "how a person answered",
                "no_delete": True,
                "no_update_when": "OLD.ended_at IS NOT NULL",
            }
        },
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"), index=True)
    number: Mapped[int]
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime | None]
    minutes_allowed: Mapped[int | None]
    # The items drawn, in order, with option order and texts as shown; keys included, so it
    # never leaves the server while the attempt is open.
    drawn: Mapped[list[Any]]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None]
    points: Mapped[str | None] = mapped_column(String(32))  # an exact fraction, "17/2"
    enrolment: Mapped[Enrolment] = relationship()
    answers: Mapped[list["Answer"]] = relationship(back_populates="attempt")


class Answer(Model):
    """What was chosen for one item: replaced until the attempt ends, then fixed."""

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("attempt_id", "item_id"),
        {
            "info": {
                "personal": "how a person answered",
                "no_delete": True,
                "no_insert_when": _ATTEMPT_OF_NEW,
                "no_update_when": _ATTEMPT_OF_OLD,
            }
        },
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"), index=True)
    item_id: Mapped[str] = mapped_column(String(80))
    response: Mapped[list[Any]]
    saved_at: Mapped[datetime]
    attempt: Mapped[Attempt] = relationship(back_populates="answers")


class TimeExtension(Model):
    """More time for one person in timed quizzes, as a percentage on top, for all or one course."""

    __tablename__ = "time_extensions"
    __table_args__ = (
        CheckConstraint("percent > 0 AND percent <= 300", name="adds_time"),
        {"info": {"personal": "an accommodation, without its cause", "no_delete": True}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id"))
    percent: Mapped[int]
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class EvaluationReceipt(Model):
    """Proof that an enrolment's evaluation was handed in; says nothing of what it said."""

    __tablename__ = "evaluation_receipts"
    __table_args__ = {"info": {"immutable": True, "personal": "that an evaluation was done"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"), unique=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    received_at: Mapped[datetime]


class EvaluationResponse(Model):
    """What somebody answered. Nothing here leads to the person: a random key instead of a
    counter, no row order on disk, the month instead of the instant (case 79).
    """

    __tablename__ = "evaluation_responses"
    __table_args__ = {
        "sqlite_with_rowid": False,
        "info": {"immutable": True, "personal": "free text may name people; never joined"},
    }
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    course_version_id: Mapped[int] = mapped_column(ForeignKey("course_versions.id"), index=True)
    month: Mapped[str] = mapped_column(String(7))
    answers: Mapped[dict[str, Any]]
    comment: Mapped[str] = mapped_column(Text)


class Completion(Model):
    """Every requirement of a version was met. Written once, in the request that met the last."""

    __tablename__ = "completions"
    __table_args__ = (
        Index("ix_completions_enrolment_id_completed_at", "enrolment_id", "completed_at"),
        {"info": {"immutable": True, "personal": "which course a person finished, and when"}},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolments.id"), unique=True)
    completed_at: Mapped[datetime] = mapped_column(index=True)
    # What was met, as it stood: lessons read, attempt passed, evaluation receipt.
    basis: Mapped[dict[str, Any]]
    enrolment: Mapped[Enrolment] = relationship()
