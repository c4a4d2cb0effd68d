"""What a department hands out as a file: its list as narrowed, or every completion.

Rows come in batches over a connection of their own, so that memory stays flat and nothing of a
request is held while a slow reader takes a long file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, and_, func, select
from sqlalchemy.orm import aliased

from lms.access import Actor, Permission, reaches
from lms.assignments.models import Exemption
from lms.assignments.queries import Asked, listed
from lms.assignments.queries import figures as counted
from lms.assignments.queries.asked import among
from lms.assignments.queries.figures import Scope
from lms.assignments.queries.listed import Kind
from lms.assignments.rules import fulfilment
from lms.certificates.models import Entry, LedgerEntry
from lms.courses.queries.catalogue import catalogue
from lms.credit.models import Claim
from lms.db import db
from lms.learning.models import Completion, Enrolment
from lms.people.models import Person, SignIn
from lms.reports.queries import departments
from lms.reports.queries.departments import words_of
from lms.reports.queries.lists import Filters, Narrowed, Section

BATCH: Final = 2_000
Cell = str | int | float | date | datetime | None

LIST_HEADER: Final = (
    "Name", "Staff number", "E-mail", "Department", "Course or series", "State", "In words", "Due",
    "Done", "Needed", "Completed", "Exempt because", "Has signed in", "Asked for by",
)  # fmt: skip
COMPLETIONS_HEADER: Final = (
    "Name", "Staff number", "Department", "Course", "Version", "Completed",
    "Credit claimed (hours)", "Certificate", "Certificate state",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A file before it is written: where its rows come from, and how many there are."""

    engine: Engine
    rows: int
    today: date
    names: dict[int, str]
    narrowed: Narrowed | None = None
    completions: Any = None
    titles: dict[int, tuple[str, int]] | None = None
    shows_records: bool = False


def list_sheet(actor: Actor, department_id: int, filters: Filters, *, today: date) -> Sheet:
    """Return a department's list as its filters leave it; raises Missing and NotAllowed."""
    found = departments.narrowed(actor, department_id, filters, today=today)
    return Sheet(
        engine=db.engine,
        rows=found.size,
        today=today,
        names=dict(found.everything.names),
        narrowed=found,
    )


def list_rows(sheet: Sheet) -> Iterator[tuple[Cell, ...]]:
    """Yield a line for each person and assignment of the list, in its order."""
    found = sheet.narrowed
    if found is None:
        return
    with sheet.engine.connect() as connection:
        for section in found.sections:
            yield from _section(connection, section, found, sheet)


def _section(
    connection: Connection, section: Section, found: Narrowed, sheet: Sheet
) -> Iterator[tuple[Cell, ...]]:
    """Yield the people of one section by name; each is read with what they did for it."""
    one = section.asked
    words = words_of(section.state, due_on=one.due_on, today=sheet.today)
    duty = one.duty()
    rows = connection.execution_options(yield_per=BATCH).execute(
        _people(one, section.kind, found), counted.given(found.scope)
    )
    for _who, parts in groupby(rows, key=lambda row: row.id):
        own = list(parts)
        row = own[0]
        done = [(part.course_id, part.completed_at) for part in own if part.completed_at]
        progress = fulfilment(duty, done)
        yield (
            row.name,
            row.staff_number,
            row.email,
            sheet.names[row.department_id],
            one.title,
            section.state,
            words,
            one.due_on,
            progress.done,
            progress.needed,
            progress.completed_at,
            row.reason if section.kind is Kind.EXEMPT else None,
            "yes" if row.has_signed_in else "no",
            one.asked_by,
        )


def _people(one: Asked, kind: Kind, found: Narrowed) -> Select[Any]:
    """Select the people of a section, a row for each course of it that they began."""
    reason = (
        select(func.max(Exemption.reason))
        .where(
            Exemption.assignment_id == one.id,
            Exemption.person_id == Person.id,
            Exemption.ended_at.is_(None),
        )
        .correlate(Person)
        .scalar_subquery()
    )
    seen = select(SignIn.id).where(SignIn.person_id == Person.id).correlate(Person).exists()
    return (
        select(
            Person.id, Person.name, Person.staff_number, Person.email, Person.department_id,
            Enrolment.course_id, Completion.completed_at, reason.label("reason"),
            seen.label("has_signed_in"),
        )
        .outerjoin(
            Enrolment,
            and_(
                Enrolment.person_id == Person.id,
                Enrolment.course_id.in_(among(one.course_ids)),
            ),
        )
        .outerjoin(
            Completion,
            and_(
                Completion.enrolment_id == Enrolment.id,
                Completion.completed_at >= one.counts_from,
            ),
        )
        .where(*listed.of_kind(one, kind, found.scope, found.everything))
        .order_by(Person.name, Person.id)
    )  # fmt: skip


def completions_sheet(actor: Actor, department_id: int, filters: Filters) -> Sheet:
    """Return every completion of the active people in a department and below it.

    Narrowed by name and department as the list is. Certificates are named where the actor sees
    records. Raises Missing and NotAllowed.
    """
    here = departments.whole(actor, department_id, filters)
    places = here.places if filters.only is None else here.places & {filters.only}
    scope = Scope(department_ids=places, name=filters.name)
    conditions = counted.active(named=counted.names_of(scope))
    given = counted.given(scope)
    ended = aliased(LedgerEntry)
    may_see = all(reaches(actor, Permission.SEE_RECORDS, department_id=one) for one in places)
    joined: Any = (
        select(
            Person.name, Person.staff_number, Person.department_id, Enrolment.course_version_id,
            Completion.completed_at, Claim.quarters,
            func.coalesce(ended.replaced_by, Claim.serial).label("serial"), ended.kind,
        )
        .select_from(Person)
        .join(Enrolment, Enrolment.person_id == Person.id)
        .join(Completion, Completion.enrolment_id == Enrolment.id)
        .outerjoin(Claim, Claim.completion_id == Completion.id)
        .outerjoin(ended, and_(ended.serial == Claim.serial, ended.kind != Entry.ISSUED))
        .where(*conditions)
        .params(given)
    )  # fmt: skip
    number = (
        select(func.count())
        .select_from(Person)
        .join(Enrolment, Enrolment.person_id == Person.id)
        .join(Completion, Completion.enrolment_id == Enrolment.id)
        .where(*conditions)
    )
    shelf = catalogue()
    return Sheet(
        engine=db.engine,
        rows=db.session.scalar(number, given) or 0,
        today=date.min,
        names=dict(here.everything.names),
        shows_records=may_see,
        completions=joined.order_by(Person.name, Person.id, Completion.completed_at),
        titles={one.id: (shelf.content(one).title, one.number) for one in shelf.editions.values()},
    )


def completions_rows(sheet: Sheet) -> Iterator[tuple[Cell, ...]]:
    """Yield a line for each completion, by person."""
    if sheet.completions is None or sheet.titles is None:
        return
    names, titles, shows = sheet.names, sheet.titles, sheet.shows_records
    with sheet.engine.connect() as connection:
        rows = connection.execution_options(yield_per=BATCH).execute(sheet.completions)
        for name, staff, place, version, at, quarters, serial, ended in rows:
            title, number = titles[version]
            yield (
                name, staff, names[place], title, number, at,
                None if quarters is None else quarters / 4, serial if shows else None,
                ended.value if shows and ended else None,
            )  # fmt: skip
