"""Hand out a department's list or its completions; that somebody took them is written down."""

from datetime import date, datetime
from typing import Final

from lms import audit
from lms.access import Actor, Permission, require
from lms.db import db, whole
from lms.errors import Refused
from lms.reports.queries import files
from lms.reports.queries.files import Sheet
from lms.reports.queries.lists import Filters

MOST_IN_A_SHEET: Final = 100_000
"""Rows in one XLSX file: it's made whole before it is sent, unlike CSV."""


class TooLong(Refused):
    """More rows than one XLSX file takes."""


def _kept(filters: Filters) -> dict[str, str | int]:
    # Not the name that was looked for: the trail is read by others.
    kept = {"assignment": filters.assignment, "state": filters.state, "in": filters.only}
    return {key: value for key, value in kept.items() if value is not None} | (
        {"q": "given"} if filters.name else {}
    )


def _record(
    sheet: Sheet, what: str, kind: str, filters: Filters, *, actor: Actor, at: datetime, place: int
) -> Sheet:
    if kind == "xlsx" and sheet.rows > MOST_IN_A_SHEET:
        raise TooLong(
            f"An XLSX file takes {MOST_IN_A_SHEET:,} rows at most, and these are {sheet.rows:,}. "
            "Narrow the list, or take CSV, which has no limit."
        )
    audit.record(
        actor=actor, at=at, action="report.exported", thing=f"department:{place}", report=what,
        format=kind, filters=_kept(filters), rows=sheet.rows,
    )  # fmt: skip
    db.session.flush()
    return sheet


@whole
def export_list(
    *, actor: Actor, department_id: int, filters: Filters, kind: str, at: datetime, today: date
) -> Sheet:
    """Write down that a department's list is taken out as a file of this kind, and return it.

    Raises Missing, NotAllowed, TooLong.
    """
    sheet = files.list_sheet(actor, department_id, filters, today=today)
    require(actor, Permission.SEE_ASSIGNMENTS, department_id=department_id)
    return _record(sheet, "list", kind, filters, actor=actor, at=at, place=department_id)


@whole
def export_completions(
    *, actor: Actor, department_id: int, filters: Filters, kind: str, at: datetime
) -> Sheet:
    """Write down that a department's completions are taken out, and return them.

    Raises Missing, NotAllowed, TooLong.
    """
    sheet = files.completions_sheet(actor, department_id, filters)
    require(actor, Permission.SEE_ASSIGNMENTS, department_id=department_id)
    return _record(sheet, "completions", kind, filters, actor=actor, at=at, place=department_id)
