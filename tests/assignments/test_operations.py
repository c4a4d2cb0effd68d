"""Assigning, closing, exempting: by whom, where, and what a second click does."""

from datetime import date, timedelta

import pytest

from lms.assignments import operations, queries
from lms.assignments.models import Assignment, Exemption
from lms.assignments.rules import Request, State
from lms.audit import AuditEntry
from lms.db import db
from lms.errors import Missing, NotAllowed
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny

TODAY = date(2026, 11, 2)
DUE = TODAY + timedelta(days=30)


def request(**changes) -> Request:
    given = {
        "course_key": "tiny", "due_on": DUE, "reason": "Our response plan.",
        "asked_by": "Emergency Medicine",
    }
    return Request(**(given | changes))


def assign(cast, who: str, department_id: int, **changes) -> Assignment:
    return operations.assign(
        actor=cast.actor(who), department_id=department_id, request=request(**changes), at=NOON,
        today=TODAY,
    )


@pytest.fixture
def tiny(app):
    return publish_tiny(at=NOON)


def owed(cast, *departments: int) -> dict[str, State]:
    return {
        one.person_name: one.state
        for one in queries.obligations(department_ids=departments, today=TODAY)
    }


def test_everyone_below_the_department_is_asked_also_who_never_signed_in(cast, tiny):
    assign(cast, "cora", cast.emergency)
    below = owed(cast, cast.emergency, cast.pediatric)
    assert below == {
        "Lena Nguyễn, MD": State.OPEN, "Noor Haddad, RN": State.OPEN, "Cora Lindqvist": State.OPEN,
    }
    assert owed(cast, cast.womens) == {}


def test_case_51_joiners_inherit_and_leavers_drop_out(cast, tiny):
    from lms.people.models import Person

    assign(cast, "cora", cast.emergency)
    otto, noor = db.session.get(Person, cast.otto), db.session.get(Person, cast.noor)
    otto.department_id, noor.department_id = cast.pediatric, None
    assert set(owed(cast, cast.emergency, cast.pediatric)) == {
        "Lena Nguyễn, MD", "Cora Lindqvist", "Otto Brandt",
    }


def test_otto_may_not_assign_to_coras_department(cast, tiny):
    with pytest.raises(NotAllowed):
        assign(cast, "otto", cast.emergency)
    with pytest.raises(NotAllowed):
        assign(cast, "lena", cast.emergency)


def test_a_due_day_without_notice_is_refused_with_the_first_good_day(cast, tiny):
    with pytest.raises(operations.TooSoon, match="November 9, 2026 or later"):
        assign(cast, "cora", cast.emergency, due_on=TODAY + timedelta(days=6))
    assert db.session.query(Assignment).count() == 0


def test_the_same_course_is_not_assigned_twice(cast, tiny):
    assign(cast, "cora", cast.emergency)
    with pytest.raises(operations.AlreadyAssigned, match="due December 2, 2026"):
        assign(cast, "cora", cast.emergency)
    assert db.session.query(Assignment).count() == 1


def test_an_unknown_course_is_missing(cast, tiny):
    with pytest.raises(Missing):
        assign(cast, "cora", cast.emergency, course_key="no-such-course")


def test_closing_asks_nobody_any_more_and_keeps_the_row(cast, tiny):
    made = assign(cast, "cora", cast.emergency)
    operations.close(actor=cast.actor("cora"), assignment_id=made.id, reason="Replaced.", at=NOON)
    assert owed(cast, cast.emergency, cast.pediatric) == {}
    assert db.session.get(Assignment, made.id).closed_reason == "Replaced."
    with pytest.raises(operations.AlreadyClosed):
        operations.close(actor=cast.actor("cora"), assignment_id=made.id, reason="x", at=NOON)


def test_otto_finds_none_of_coras_assignments(cast, tiny):
    made = assign(cast, "cora", cast.emergency)
    with pytest.raises(Missing):
        operations.close(actor=cast.actor("otto"), assignment_id=made.id, reason="x", at=NOON)
    assert queries.assigned(cast.actor("otto")) == []


def test_an_exemption_has_a_reason_and_counts_once(cast, tiny):
    made = assign(cast, "cora", cast.emergency)
    operations.exempt(
        actor=cast.actor("cora"), assignment_id=made.id, person_id=cast.lena, reason="On leave.",
        at=NOON,
    )
    assert owed(cast, cast.pediatric)["Lena Nguyễn, MD"] is State.EXEMPT
    with pytest.raises(operations.NothingToExempt):
        operations.exempt(
            actor=cast.actor("cora"), assignment_id=made.id, person_id=cast.lena, reason="Again.",
            at=NOON,
        )
    assert db.session.query(Exemption).count() == 1


def test_nobody_is_exempted_who_is_not_asked(cast, tiny):
    made = assign(cast, "cora", cast.emergency)
    with pytest.raises(Missing):
        operations.exempt(
            actor=cast.actor("cora"), assignment_id=made.id, person_id=cast.otto, reason="x", at=NOON
        )


def test_every_act_leaves_a_line_in_the_trail(cast, tiny):
    made = assign(cast, "cora", cast.emergency)
    operations.close(actor=cast.actor("cora"), assignment_id=made.id, reason="Done.", at=NOON)
    actions = [row.action for row in db.session.query(AuditEntry).filter_by(actor_id=cast.cora)]
    assert actions == ["assignment.created", "assignment.closed"]
