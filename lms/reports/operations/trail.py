"""Hand out the trail as a file; that somebody took it is itself written down."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from lms import audit
from lms.access import Actor, Permission, require
from lms.audit import AuditEntry
from lms.db import db, whole
from lms.errors import Refused
from lms.reports.queries import trail
from lms.reports.queries.trail import Wanted

MOST_IN_A_SHEET: Final = 50_000
"""Entries in one XLSX file: it's made whole before it is sent, unlike CSV."""


class TooLong(Refused):
    """More entries than one XLSX file takes."""


@whole
def export(*, actor: Actor, wanted: Wanted, kind: str, zone: ZoneInfo, at: datetime) -> int:
    """Write down that the trail is taken out as a file of this kind, `csv` or `xlsx`.

    Returns the number of the newest entry that belongs into it. Raises NotAllowed, TooLong, and
    queries.trail.TooMany.
    """
    require(actor, Permission.SEE_AUDIT)
    if kind == "xlsx":
        found = trail.how_many(wanted, zone=zone, most=MOST_IN_A_SHEET + 1)
        if found > MOST_IN_A_SHEET:
            raise TooLong(
                f"An XLSX file takes {MOST_IN_A_SHEET:,} entries at most, and these are more. "
                "Choose fewer days, or take CSV, which has no limit."
            )
    newest = db.session.scalar(select(func.max(AuditEntry.id))) or 0
    audit.record(
        actor=actor, at=at, action="audit.exported", thing="audit:trail",
        format=kind, filters=wanted.kept(),
    )  # fmt: skip
    db.session.flush()
    return newest
