"""What the tables hold about people's ways through courses, read in one statement."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    String,
    bindparam,
    cast,
    literal_column,
    null,
    select,
    union_all,
)

from lms.certificates.models import Entry, LedgerEntry
from lms.db import connection, db
from lms.learning.models import (
    Attempt,
    Completion,
    Enrolment,
    EvaluationReceipt,
    LessonRead,
    Outcome,
    Position,
)
from lms.learning.rules.progress import Met, Place


@dataclass(frozen=True, kw_only=True)
class Begun:
    """One enrolment: a person's way through one version, in one cycle."""

    id: int
    person_id: int
    course_id: int
    version_id: int
    cycle: int
    acknowledged_at: datetime


@dataclass(kw_only=True)
class Record:
    """What the tables hold about one enrolment."""

    read: set[str] = field(default_factory=set)
    position: Place | None = None
    ends: list[datetime] = field(default_factory=list)
    attempts: int = 0
    open_id: int | None = None
    passed_id: int | None = None
    is_evaluated: bool = False
    completed_at: datetime | None = None

    def met(self) -> Met:
        """Return what is done of the requirements."""
        return Met(
            lessons_read=frozenset(self.read),
            quiz_passed=self.passed_id is not None,
            evaluation_done=self.is_evaluated,
        )


@dataclass(frozen=True, kw_only=True)
class Read:
    """Enrolments of the newest cycle by (person, course), their records by enrolment id, and
    (number, instant, serial) of certificates by (person, version), in the order of the ledger."""

    newest: dict[tuple[int, int], Begun]
    records: dict[int, Record]
    awards: dict[tuple[int, int], list[tuple[int, datetime, str]]]
    every: list[Begun]
    """All enrolments, those of earlier cycles too."""

    def completions(self, person_id: int) -> list[tuple[int, datetime]]:
        """Return (course id, instant) of what a person completed, in every cycle."""
        return [
            (one.course_id, done_at)
            for one in self.every
            if one.person_id == person_id and (done_at := self.records[one.id].completed_at)
        ]


_ENROLMENT = Enrolment.__table__.c
_LESSON = LessonRead.__table__.c
_POSITION = Position.__table__.c
_ATTEMPT = Attempt.__table__.c
_RECEIPT = EvaluationReceipt.__table__.c
_COMPLETION = Completion.__table__.c
_ENTRY = LedgerEntry.__table__.c


_Given = dict[str, int | list[int]]


def _is(column: Any, name: str, *, one: bool) -> ColumnElement[bool]:
    """Compare a column with what is given: one number, or many, which takes longer to prepare."""
    given = bindparam(name, expanding=not one, type_=Integer)
    return column == given if one else column.in_(given)  # type: ignore[no-any-return]


@cache
def _statement(*, of_one: bool, of_courses: bool | None) -> CompoundSelect[Any]:
    """Build the one statement: each table's rows under a letter, in the same nine columns.

    `of_one` person or of many; of one course (True), of many (False) or of all (None).
    """
    wanted = [_is(_ENROLMENT.person_id, "people", one=of_one)]
    if of_courses is not None:
        wanted.append(_is(_ENROLMENT.course_id, "courses", one=of_courses))
    mine = select(Enrolment.__table__).where(*wanted).cte("mine")
    ids = select(mine.c.id)
    letters: dict[str, Any] = {one: literal_column(f"'{one}'").label("kind") for one in "elpavcg"}
    return union_all(
        select(
            letters["e"], mine.c.id.label("id"), mine.c.person_id.label("a"),
            mine.c.course_id.label("b"), mine.c.course_version_id.label("c"),
            mine.c.cycle.label("d"), null().label("one"), null().label("two"),
            null().label("three"), mine.c.acknowledged_at.label("at"),
        ),
        select(
            letters["l"], _LESSON.enrolment_id, null(), null(), null(), null(),
            _LESSON.lesson_id, null(), null(), null(),
        ).where(_LESSON.enrolment_id.in_(ids)),
        select(
            letters["p"], _POSITION.enrolment_id, null(), null(), null(), null(),
            _POSITION.lesson_id, _POSITION.anchor, _POSITION.heading, _POSITION.at,
        ).where(_POSITION.enrolment_id.in_(ids)),
        # Not what was drawn: it is large, and holds the key.
        select(
            letters["a"], _ATTEMPT.enrolment_id, _ATTEMPT.id, _ATTEMPT.number, null(),
            null(), cast(_ATTEMPT.outcome, String), null(), null(), _ATTEMPT.ended_at,
        ).where(_ATTEMPT.enrolment_id.in_(ids)),
        select(
            letters["v"], _RECEIPT.enrolment_id, null(), null(), null(), null(),
            null(), null(), null(), null(),
        ).where(_RECEIPT.enrolment_id.in_(ids)),
        select(
            letters["c"], _COMPLETION.enrolment_id, null(), null(), null(), null(),
            null(), null(), null(), _COMPLETION.completed_at,
        ).where(_COMPLETION.enrolment_id.in_(ids)),
        select(
            letters["g"], _ENTRY.seq, _ENTRY.person_id, _ENTRY.course_version_id, null(),
            null(), _ENTRY.serial, null(), null(), _ENTRY.at,
        ).where(
            _is(_ENTRY.person_id, "people", one=of_one),
            _ENTRY.kind == literal_column(f"'{Entry.ISSUED}'"),
        ),
    )  # fmt: skip


def _add(found: Read, row: Row[Any]) -> None:  # noqa: C901 - one line for each letter
    match row.kind:
        case "e":
            one = Begun(
                id=row.id, person_id=row.a, course_id=row.b, version_id=row.c, cycle=row.d,
                acknowledged_at=row.at,
            )  # fmt: skip
            found.every.append(one)
            place = (one.person_id, one.course_id)
            if place not in found.newest or found.newest[place].cycle < one.cycle:
                found.newest[place] = one
        case "l":
            found.records[row.id].read.add(row.one)
        case "p":
            found.records[row.id].position = Place(
                lesson_id=row.one, anchor=row.two, heading=row.three, at=row.at
            )
        case "a":
            _count(found.records[row.id], row)
        case "v":
            found.records[row.id].is_evaluated = True
        case "c":
            found.records[row.id].completed_at = row.at
        case "g" if row.a is not None and row.b is not None:
            found.awards[row.a, row.b].append((row.id, row.at, row.one))


def _count(record: Record, row: Row[Any]) -> None:
    record.attempts += 1
    if row.at is None:
        record.open_id = row.a
    else:
        record.ends.append(row.at)
    if row.one == Outcome.PASSED.value:
        record.passed_id = row.a


def read(person_ids: Collection[int], course_ids: Collection[int] | None) -> Read:
    """Return what is recorded of these people in these courses (all, for None): one statement."""
    # Statements on tables do not make the session write first what it holds.
    db.session.flush()
    of_one = len(person_ids) == 1
    of_courses = None if course_ids is None else len(course_ids) == 1
    given: _Given = {"people": next(iter(person_ids)) if of_one else list(person_ids)}
    if course_ids is not None:
        given["courses"] = next(iter(course_ids)) if of_courses else list(course_ids)
    rows = connection().execute(
        _statement(of_one=of_one, of_courses=of_courses), given
    )
    found = Read(newest={}, records=defaultdict(Record), awards=defaultdict(list), every=[])
    for row in rows:
        _add(found, row)
    for record in found.records.values():
        record.ends.sort()
    for awards in found.awards.values():
        awards.sort()
    return found
