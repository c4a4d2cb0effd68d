"""What tests of reports stand on: an assignment, and a count of statements."""

from datetime import timedelta

from sqlalchemy import event

from lms.assignments import operations as assignments
from lms.assignments.models import Assignment
from lms.assignments.rules import Request
from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny
from tests.learning.steps import TODAY


def assign_tiny(cast, who: str = "cora", **changes) -> Assignment:
    """Publish the tiny course and assign it to Emergency Medicine, due in ten days."""
    publish_tiny(at=NOON)
    given = {"course_key": "tiny", "due_on": TODAY + timedelta(days=10), "reason": "Plan.",
             "asked_by": "EM"}
    return assignments.assign(
        actor=cast.actor(who), department_id=cast.emergency, request=Request(**(given | changes)),
        at=NOON, today=TODAY,
    )


class Counted:
    """Counts the statements sent to the database."""

    def __init__(self) -> None:
        self.statements = 0

    def __enter__(self) -> "Counted":
        event.listen(db.engine, "before_cursor_execute", self._count)
        return self

    def __exit__(self, *_rest) -> None:
        event.remove(db.engine, "before_cursor_execute", self._count)

    def _count(self, *_rest) -> None:
        self.statements += 1
