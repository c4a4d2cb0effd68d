"""Why a line of a list says what it says: the evidence for some people, in a few statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select

from lms.assignments.models import Exemption
from lms.assignments.queries import Asked
from lms.assignments.queries.listed import Found, Kind
from lms.assignments.rules import fulfilment
from lms.certificates.models import Entry, LedgerEntry
from lms.courses.queries.catalogue import Catalogue, catalogue
from lms.credit.models import Claim
from lms.db import db
from lms.learning.models import Completion, Enrolment
from lms.learning.queries import records
from lms.learning.rules.progress import progress_words


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One completion: of which version, when, and the certificate issued for it, if any."""

    course_id: int
    version: int
    completed_at: datetime
    serial: str | None
    is_revoked: bool


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What a line rests on: how much is done, with what evidence; or why there is none."""

    done: int
    words: str
    evidence: tuple[Evidence, ...]
    completed_at: datetime | None


def _evidence() -> Select[Any]:
    ended = select(LedgerEntry).where(LedgerEntry.kind != Entry.ISSUED).subquery("ended")
    return (
        select(
            Enrolment.person_id, Enrolment.course_id, Enrolment.course_version_id,
            Completion.completed_at, Claim.serial, ended.c.kind, ended.c.replaced_by,
        )
        .join(Completion, Completion.enrolment_id == Enrolment.id)
        .outerjoin(Claim, Claim.completion_id == Completion.id)
        .outerjoin(ended, ended.c.serial == Claim.serial)
        .order_by(Completion.completed_at, Completion.id)
    )  # fmt: skip


def _read(wanted: Select[Any]) -> dict[int, tuple[Evidence, ...]]:
    editions = catalogue().editions
    found: dict[int, list[Evidence]] = defaultdict(list)
    for row in db.session.execute(wanted):
        found[row.person_id].append(
            Evidence(
                course_id=row.course_id,
                version=editions[row.course_version_id].number,
                completed_at=row.completed_at,
                serial=row.replaced_by or row.serial,
                is_revoked=row.kind == Entry.REVOKED,
            )
        )
    return {one: tuple(rows) for one, rows in found.items()}


def evidence(
    person_ids: Sequence[int], course_ids: Sequence[int]
) -> dict[int, tuple[Evidence, ...]]:
    """Return the completions of these people in these courses, oldest first, in one statement."""
    return _read(
        _evidence().where(Enrolment.person_id.in_(person_ids), Enrolment.course_id.in_(course_ids))
    )


def evidence_of(person_id: int) -> tuple[Evidence, ...]:
    """Return every completion of one person, oldest first."""
    return _read(_evidence().where(Enrolment.person_id == person_id)).get(person_id, ())


def exemptions_of(person_id: int) -> dict[int, str]:
    """Return why one person is exempt, by assignment."""
    rows = db.session.execute(
        select(Exemption.assignment_id, Exemption.reason).where(
            Exemption.person_id == person_id, Exemption.ended_at.is_(None)
        )
    )
    return {row.assignment_id: row.reason for row in rows}


def _exemptions(found: Sequence[Found]) -> dict[tuple[int, int], tuple[str, datetime]]:
    """Return reason and instant of the exemptions these lines speak of."""
    pairs = [
        and_(
            Exemption.assignment_id == one.asked.id,
            Exemption.person_id == one.person_id,
            or_(Exemption.cycle_id.is_(None), Exemption.cycle_id == one.asked.cycle_id),
        )
        for one in found
        if one.kind is Kind.EXEMPT
    ]
    if not pairs:
        return {}
    rows = db.session.execute(
        select(
            Exemption.assignment_id, Exemption.person_id, Exemption.reason, Exemption.granted_at
        ).where(Exemption.ended_at.is_(None), or_(*pairs))
    )
    return {(row.assignment_id, row.person_id): (row.reason, row.granted_at) for row in rows}


def counting(asked: Asked, done: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the completions that an assignment counts: the first of each course in its time."""
    first: dict[int, Evidence] = {}
    for one in done:
        if one.course_id in asked.course_ids and one.completed_at >= asked.counts_from:
            first.setdefault(one.course_id, one)
    return tuple(first.values())


def _underway(line: Found, done: set[int], read: records.Read, shelf: Catalogue) -> str:
    """Say how far somebody is in the courses that are not done."""
    said = []
    for course_id in line.asked.course_ids:
        begun = read.newest.get((line.person_id, course_id))
        if begun is None or course_id in done:
            continue
        course = shelf.content(shelf.editions[begun.version_id])
        words = progress_words(course, read.records[begun.id].met(), is_begun=True)
        if words != "Complete":  # of a cycle that no longer counts
            said.append(f"{course.title}: {words}" if line.asked.is_series else words)
    if said:
        return "; ".join(said)
    if not line.has_signed_in:
        return "Never signed in"
    return "Nothing begun since it counts" if not line.asked.is_series or not done else ""


def reasons(found: Sequence[Found]) -> list[Reason]:
    """Return the reason of each of these lines: three statements for all of them, at most."""
    if not found:
        return []
    people = sorted({one.person_id for one in found})
    wanted = sorted({part for one in found for part in one.asked.course_ids})
    done = evidence(people, wanted)
    read = records.read(people, wanted)
    exempt = _exemptions(found)
    shelf = catalogue()
    made = []
    for one in found:
        counts = counting(one.asked, done.get(one.person_id, ()))
        duty = one.asked.duty()
        progress = fulfilment(duty, [(each.course_id, each.completed_at) for each in counts])
        words = ""
        if one.kind is Kind.EXEMPT:
            words = exempt.get((one.asked.id, one.person_id), ("", None))[0]
        elif one.kind is Kind.LEFT:
            words = _underway(one, {each.course_id for each in counts}, read, shelf)
        made.append(
            Reason(
                done=progress.done,
                words=words,
                evidence=counts,
                completed_at=progress.completed_at,
            )
        )
    return made
