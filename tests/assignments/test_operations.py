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


def choose(cast, who: str, people, **changes) -> operations.AssignedPeople:
    return operations.assign_people(
        actor=cast.actor(who), department_id=cast.emergency, person_ids=people,
        request=request(**changes), at=NOON, today=TODAY,
    )


def test_only_the_chosen_are_asked_wherever_they_go(cast, tiny):
    from lms.people.models import Person

    made = choose(cast, "cora", [cast.lena])
    assert (made.added, made.left_out) == ((cast.lena,), ())
    assert owed(cast, cast.emergency, cast.pediatric) == {"Lena Nguyễn, MD": State.OPEN}
    db.session.get(Person, cast.lena).department_id = cast.womens
    db.session.flush()
    assert owed(cast, cast.womens) == {"Lena Nguyễn, MD": State.OPEN}
    assert queries.assignment(cast.actor("otto"), made.assignment.id).id == made.assignment.id
    db.session.get(Person, cast.lena).deactivated_at = NOON
    db.session.flush()
    assert owed(cast, cast.womens) == {}


def test_who_has_the_same_open_is_left_out_and_reported(cast, tiny):
    assign(cast, "cora", cast.pediatric)
    made = choose(cast, "cora", [cast.lena, cast.noor])
    assert (made.added, made.left_out) == ((cast.noor,), (cast.lena,))
    with pytest.raises(operations.AlreadyAssigned, match="Everybody"):
        choose(cast, "cora", [cast.lena, cast.noor])
    assert choose(cast, "cora", [cast.cora, cast.noor]).added == (cast.cora,)


def test_an_assignment_to_chosen_people_is_no_twin_of_the_departments(cast, tiny):
    choose(cast, "cora", [cast.lena])
    assert assign(cast, "cora", cast.emergency).is_selective is False


def test_nobody_out_of_reach_or_gone_is_chosen(cast, tiny):
    from lms.people.models import Person

    with pytest.raises(NotAllowed):
        choose(cast, "cora", [cast.lena, cast.otto])
    with pytest.raises(NotAllowed):
        choose(cast, "otto", [cast.otto])
    for nobody in (cast.ada, 99_999):
        with pytest.raises(Missing):
            choose(cast, "cora", [cast.lena, nobody])
    db.session.get(Person, cast.noor).deactivated_at = NOON
    with pytest.raises(Missing):
        choose(cast, "cora", [cast.lena, cast.noor])
    with pytest.raises(Missing):
        choose(cast, "cora", [])
    assert db.session.query(Assignment).count() == 0


def test_an_assignment_begins_its_first_cycle_as_it_was_asked(cast, tiny):
    from lms.assignments.models import AssignmentCycle

    made = assign(cast, "cora", cast.emergency, accept_days=90)
    cycle = db.session.query(AssignmentCycle).one()
    assert (cycle.assignment_id, cycle.number, cycle.due_on) == (made.id, 1, DUE)
    assert (cycle.opened_at, cycle.counts_from) == (NOON, NOON - timedelta(days=90))


def test_the_newest_cycle_decides_and_nothing_is_reset(cast, tiny):
    from lms.assignments.models import AssignmentCycle
    from tests.learning import steps

    made = assign(cast, "cora", cast.emergency)
    steps.finish(cast.actor("lena"), at=NOON)
    assert owed(cast, cast.pediatric)["Lena Nguyễn, MD"] is State.COMPLETE
    db.session.add(AssignmentCycle(
        assignment_id=made.id, number=2, due_on=DUE + timedelta(days=365),
        counts_from=NOON + timedelta(days=1), opened_at=NOON + timedelta(days=1),
    ))
    db.session.flush()
    assert owed(cast, cast.pediatric)["Lena Nguyễn, MD"] is State.OPEN
    assert db.session.query(AssignmentCycle).count() == 2


@pytest.mark.parametrize(("days_ago", "accepts", "state"), [
    (30, 30, State.COMPLETE), (31, 30, State.OPEN), (31, 365, State.COMPLETE), (1, 0, State.OPEN),
])
def test_case_23_what_was_completed_just_before_counts_as_long_as_asked(
    cast, tiny, days_ago, accepts, state
):
    from tests.learning import steps

    steps.finish(cast.actor("lena"), at=NOON - timedelta(days=days_ago))
    assign(cast, "cora", cast.emergency, accept_days=accepts)
    assert owed(cast, cast.pediatric)["Lena Nguyễn, MD"] is state
