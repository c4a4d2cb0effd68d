"""The department's figures: each person once, the same queries for any number of people."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event

from lms.assignments import operations as assignments
from lms.assignments.rules import Request
from lms.db import db
from lms.errors import Missing, NotAllowed
from lms.people.models import Department, Profession
from lms.reports import queries
from lms.reports.queries import Filters
from tests.cast import person
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny

TODAY = date(2026, 11, 2)


@pytest.fixture
def assigned(app, cast):
    publish_tiny(at=NOON)
    return assignments.assign(
        actor=cast.actor("cora"), department_id=cast.emergency,
        request=Request(
            course_key="tiny", due_on=TODAY + timedelta(days=10), reason="Plan.", asked_by="EM"
        ),
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


def _report(cast, who="cora", **filters):
    return queries.department(
        cast.actor(who), cast.emergency, Filters(**filters), today=TODAY
    )


def test_the_figure_its_bars_and_its_list_agree(cast, assigned):
    report = _report(cast, state="all")
    assert (report.complete, report.required, report.people) == (0, 3, 3)
    assert [(bar.complete, bar.required) for bar in report.bars] == [(0, 3)]
    assert report.found == len(report.lines) == 3
    assert report.complete + report.overdue + report.soon + report.later == report.required


def test_case_66_who_never_signed_in_is_a_row(cast, assigned):
    assert {line.person_name for line in _report(cast).lines} >= {"Lena Nguyễn, MD"}


def test_an_exempt_person_is_not_counted_as_required(cast, assigned):
    assignments.exempt(
        actor=cast.actor("cora"), assignment_id=assigned.id, person_id=cast.lena, reason="Leave.",
        at=NOON,
    )
    report = _report(cast, state="all")
    assert (report.required, report.exempt) == (2, 1)


def test_somebody_who_left_is_not_counted(cast, assigned):
    from lms.people.models import Person

    db.session.get(Person, cast.noor).deactivated_at = NOON
    assert _report(cast).required == 2


def test_filters_narrow_the_list_and_not_the_figure(cast, assigned):
    report = _report(cast, state="all", name="lena")
    assert (report.found, report.required) == (1, 3)
    assert _report(cast, state="all", only=cast.pediatric).found == 1
    assert _report(cast, state="overdue").found == 0


def test_otto_may_not_look_and_an_unknown_department_is_missing(cast, assigned):
    with pytest.raises(NotAllowed):
        _report(cast, who="otto")
    with pytest.raises(Missing):
        queries.department(cast.actor("cora"), 999_999, Filters(), today=TODAY)


def test_as_many_statements_for_sixty_people_as_for_three(cast, assigned):
    db.session.commit()
    _report(cast)  # reads what is published, once
    db.session.commit()
    with Counted() as few:
        _report(cast)
    here = db.session.get(Department, cast.pediatric)
    for number in range(60):
        person(f"Person {number}", f"p{number}@example.org", department=here,
               profession=Profession.NURSE, at=NOON)
    db.session.commit()
    with Counted() as many:
        report = _report(cast)
    assert report.required == 63
    assert len(report.lines) == queries.PAGE
    assert many.statements == few.statements


def test_the_list_of_departments_sums_what_lies_below(cast, assigned):
    places = {place.name: place for place in queries.places(cast.actor("cora"), today=TODAY)}
    assert places["Emergency Medicine"].required == 3
    assert places["Pediatric Emergency"].required == 1
    assert "Women’s Health" not in places


def test_case_65_who_is_counted_is_said_on_the_page_and_every_figure_opens_its_list(cast, assigned, as_):
    from lms.people.models import Person

    assignments.exempt(
        actor=cast.actor("cora"), assignment_id=assigned.id, person_id=cast.lena, reason="Leave.",
        at=NOON,
    )
    assignments.assign(  # overlaps: Lena is asked by both, and is one line of each
        actor=cast.actor("cora"), department_id=cast.pediatric,
        request=Request(course_key="tiny", due_on=TODAY + timedelta(days=40), reason="P.", asked_by="P"),
        at=NOON, today=TODAY,
    )
    db.session.get(Person, cast.noor).deactivated_at = NOON
    db.session.commit()
    report = _report(cast, state="all")
    assert (report.people, report.required, report.exempt) == (2, 2, 1)
    assert _report(cast, counts_exempt=True).required == 3
    assert len({(line.person_id, line.asked.id) for line in report.lines}) == report.found == 3
    page = as_(cast.cora).get(f"/departments/{cast.emergency}?state=all").text
    assert "active people in this department and below" in page
    assert "Count exempt people too" in page
    assert "Show closed assignments" in page
    for state in ("complete", "all", "overdue", "soon", "open", "exempt"):
        assert f"/departments/{cast.emergency}?state={state}&amp;" in page
    assert "Leave." in page
    assert "Never signed in" in page


def test_case_65_a_closed_assignment_is_counted_only_where_it_is_asked_for(cast, assigned):
    assignments.close(actor=cast.actor("cora"), assignment_id=assigned.id, reason="R", at=NOON)
    assert _report(cast, state="all").bars == ()
    report = _report(cast, state="all", shows_closed=True)
    assert (report.required, report.found) == (0, 3)
    assert {line.words for line in report.lines} == {"Not finished when it was closed"}
