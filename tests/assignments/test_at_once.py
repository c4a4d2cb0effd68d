"""Two coordinators at the same time: one assignment, closed once. Telling on PostgreSQL only."""

from sqlalchemy import func, select

from lms.assignments.models import Assignment
from lms.audit import AuditEntry
from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import KEY, publish_tiny
from tests.credit.test_parallel import at_once, browsers

FORM = {
    "what": f"course:{KEY}", "due_on": "2027-01-31", "accept_days": "0", "reason": "Because.",
    "asked_by": "The department",
}  # fmt: skip


def recorded(action: str) -> int | None:
    return db.session.scalar(
        select(func.count()).select_from(AuditEntry).where(AuditEntry.action == action)
    )


def test_the_same_assignment_made_at_once_is_made_once_and_closed_once(app, cast):
    publish_tiny(at=NOON)
    db.session.commit()
    clients = browsers(app, cast.cora, 6)
    form = FORM | {"department_id": str(cast.emergency)}
    made = at_once(clients, lambda client: client.post("/assignments", data=form))
    assert sorted(one.status_code for one in made) == [303] + [422] * 5
    assert recorded("assignment.created") == 1
    only = db.session.scalars(select(Assignment.id)).one()
    db.session.rollback()
    address = f"/assignments/{only}/close"
    ended = at_once(clients, lambda client: client.post(address, data={"reason": "Because."}))
    assert sorted(one.status_code for one in ended) == [303] + [422] * 5
    db.session.rollback()
    assert recorded("assignment.closed") == 1
