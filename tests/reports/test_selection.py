"""Bulk actions: counted before they act, done to those counted, nobody out of reach, never twice."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from lms import clock
from lms.assignments import operations as assignments
from lms.assignments.models import Assignment, AssignmentMember
from lms.assignments.rules import Request
from lms.db import db
from lms.outbox import Message
from lms.people.models import Department, Person, Profession
from tests.cast import person
from tests.courses.tiny import publish_tiny
from tests.credit.test_parallel import at_once, browsers
from tests.learning import steps


def assign(cast, who="cora", department=None, **more):
    at = clock.now()
    request = {
        "course_key": "tiny", "due_on": at.date() + timedelta(days=10), "reason": "Plan.",
        "asked_by": "Emergency",
    }  # fmt: skip
    made = assignments.assign(
        actor=cast.actor(who), department_id=department or cast.emergency,
        request=Request(**(request | more)), at=at, today=at.date(),
    )
    db.session.commit()
    return made.id


@pytest.fixture
def assigned(app, cast):
    publish_tiny(at=clock.now())
    return assign(cast)


def words(answer) -> str:
    """Return what a page says, without its tags and on one line."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.get_data(as_text=True))
    return re.sub(r"\s+([.,:;])", r"\1", " ".join(unescape(text).split()))


def fields(answer) -> list[tuple[str, str]]:
    """Return the hidden fields that a preview carries on."""
    return re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.get_data(as_text=True))


def post(client, department: int, act: str = "selection", /, *, fields=(), **given):
    data: dict[str, list[str]] = {}
    for name, value in [*fields, *given.items()]:
        values = value if isinstance(value, (list, tuple)) else [value]
        data.setdefault(name, []).extend(str(one) for one in values)
    return client.post(f"/departments/{department}/{act}", data=data)


def mailed() -> list[int]:
    db.session.rollback()
    return sorted(db.session.scalars(select(Message.person_id)))


def test_the_preview_counts_before_anything_is_done(cast, assigned, as_):
    steps.finish(cast.actor("noor"), at=clock.now())
    db.session.commit()
    cora = as_(cast.cora)
    first = post(cora, cast.emergency, action="remind", person=[cast.lena])
    post(cora, cast.emergency, "remind", fields=fields(first))
    assert mailed() == [cast.lena]
    seen = post(cora, cast.emergency, action="remind", person=[cast.lena, cast.noor, cast.cora])
    assert seen.status_code == 200
    said = words(seen)
    assert "Remind 1 person" in said
    assert "1 of the 3 chosen has nothing open and gets none" in said
    assert "1 was reminded in the last 24 hours and gets no second mail" in said
    for name in ("Cora Lindqvist", "Noor Haddad, RN", "Lena Nguyễn, MD"):
        assert name in said
    assert mailed() == [cast.lena], "a preview sends nothing"


def test_what_was_counted_is_what_is_done_and_a_second_click_does_nothing(cast, assigned, as_):
    cora = as_(cast.cora)
    seen = post(cora, cast.emergency, action="remind", person=[cast.lena, cast.noor], q="x", state="soon")
    done = post(cora, cast.emergency, "remind", fields=fields(seen))
    assert done.status_code == 303
    assert done.location == f"/departments/{cast.emergency}?q=x&assignment=&state=soon&in="
    assert "2 reminders are in the outbox and wait for a mail server." in words(cora.get("/"))
    assert mailed() == [cast.lena, cast.noor]
    post(cora, cast.emergency, "remind", fields=fields(seen))
    said = words(cora.get("/profile"))
    assert "No reminder was sent. The preview counted 2, and things changed since" in said
    assert "of the chosen, 0 have nothing open now, and 2 were reminded in the last 24 hours." in said
    assert mailed() == [cast.lena, cast.noor]


def test_a_preview_that_grew_old_reminds_nobody_who_finished_or_left(cast, assigned, as_):
    cora = as_(cast.cora)
    seen = post(cora, cast.emergency, action="remind", person=[cast.lena, cast.noor, cast.cora])
    steps.finish(cast.actor("lena"), at=clock.now())
    db.session.get(Person, cast.noor).deactivated_at = clock.now()
    db.session.commit()
    post(cora, cast.emergency, "remind", fields=fields(seen))
    assert mailed() == [cast.cora]
    assert "The preview counted 3, and things changed since: of the chosen, 1 has nothing open now" in words(cora.get("/profile"))


def test_everyone_is_whom_the_filters_find_when_it_is_done(cast, assigned, as_):
    cora = as_(cast.cora)
    seen = post(cora, cast.emergency, action="remind", everyone="1", state="all", **{"in": cast.pediatric})
    assert "Remind 1 person" in words(seen)
    assert "person" not in dict(fields(seen)), "ids of thousands are not carried along"
    place = db.session.get(Department, cast.pediatric)
    joiner = person("New Here", "new@example.org", department=place, profession=Profession.NURSE, at=clock.now()).id
    db.session.commit()
    post(cora, cast.emergency, "remind", fields=fields(seen))
    assert mailed() == sorted([cast.lena, joiner])
    assert "2 reminders are in the outbox and wait for a mail server. The preview counted 1" in words(cora.get("/profile"))


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"state": "all"}, 3), ({"state": "nudge"}, 3), ({"state": "complete"}, 0),
        ({"state": "all", "q": "LENA"}, 1), ({"state": "all", "assignment": "4711"}, 0),
        ({"state": "no such", "q": "\x00"}, 3),
    ],
)  # fmt: skip
def test_the_filters_choose_whom_the_page_lists(cast, assigned, as_, filters, count):
    seen = post(as_(cast.cora), cast.emergency, action="export", everyone="1", **filters)
    assert seen.status_code == (200 if count else 422)
    assert (f"Export {count} people" if count > 1 else "Export 1 person" if count else "Nobody is chosen") in words(seen)


@pytest.mark.parametrize("what", ["selection", "remind", "assign-people", "export-selection"])
def test_no_other_department_and_nobody_in_it(cast, assigned, as_, what):
    assign(cast, "otto", cast.womens)
    otto = as_(cast.otto)
    for action in ("remind", "assign", "export"):
        assert post(otto, cast.emergency, what, action=action, person=[cast.lena]).status_code == 403
        assert post(as_(cast.lena), cast.emergency, what, action=action, person=[cast.lena]).status_code == 403
        assert post(as_(cast.ada), 4711, what, action=action, person=[cast.lena]).status_code == 404
        mine = post(otto, cast.womens, what, action=action, person=[cast.otto, cast.lena, cast.noor])
        assert "Lena" not in mine.get_data(as_text=True)
    assert cast.lena not in mailed()


def test_people_of_elsewhere_are_counted_like_those_who_are_gone(cast, assigned, as_):
    assign(cast, "otto", cast.womens)
    otto = as_(cast.otto)
    there = words(post(otto, cast.womens, action="remind", person=[cast.otto, cast.lena]))
    gone = words(post(otto, cast.womens, action="remind", person=[cast.otto, 999_999]))
    assert "1 more is not here any more" in there
    assert there == gone


@pytest.mark.parametrize("given", [{}, {"action": "remind"}, {"action": "dance", "person": "1"}])
def test_nobody_or_nothing_chosen_is_told(cast, assigned, as_, given):
    seen = post(as_(cast.cora), cast.emergency, **given)
    assert seen.status_code == 422
    assert "Nothing was done" in words(seen)


def assignment(**more) -> dict[str, str]:
    given = {
        "what": "course:second", "due_on": (clock.now() + timedelta(days=40)).date().isoformat(),
        "accept_days": "0", "reason": "A new plan.", "asked_by": "Emergency", "sends_reminders": "y",
    }  # fmt: skip
    return given | more


@pytest.fixture
def second(assigned):
    publish_tiny(at=clock.now(), key="second", title="Second course")


def members() -> list[int]:
    db.session.rollback()
    return sorted(db.session.scalars(select(AssignmentMember.person_id)))


def test_assigning_to_chosen_people_is_counted_confirmed_and_done_once(cast, second, as_):
    cora = as_(cast.cora)
    first = post(cora, cast.emergency, action="assign", person=[cast.lena, cast.noor])
    assert "Assign to 2 people" in words(first)
    counted = post(cora, cast.emergency, "assign-people", fields=fields(first), **assignment())
    assert counted.status_code == 200
    assert "Assign to 2 people" in words(counted)
    assert members() == []
    carried = fields(counted)
    assert ("reason", "A new plan.") in carried
    done = post(cora, cast.emergency, "assign-people", fields=carried, counted="2")
    assert done.status_code == 303
    assert members() == sorted([cast.lena, cast.noor])
    made = db.session.scalars(select(Assignment).where(Assignment.is_selective)).one()
    assert (made.reason, made.sends_reminders, made.created_by_id) == ("A new plan.", True, cast.cora)
    assert "Assigned to 2 people." in words(cora.get("/profile"))
    again = post(cora, cast.emergency, "assign-people", fields=carried, counted="2")
    assert "2 of the 2 chosen have it already" in words(again)
    wider = post(cora, cast.emergency, "assign-people", person=[cast.lena, cast.cora], **assignment())
    assert "1 gets it" in words(wider)
    assert "1 of the 2 chosen has it already" in words(wider)
    assert len(members()) == 2


def test_what_changed_since_the_count_is_said(cast, second, as_):
    cora = as_(cast.cora)
    post(cora, cast.emergency, "assign-people", person=[cast.lena], counted="1", **assignment())
    post(
        cora, cast.emergency, "assign-people", person=[cast.lena, cast.noor], counted="2",
        **assignment(),
    )  # fmt: skip
    said = words(cora.get("/profile"))
    assert "Assigned to 1 person. The preview counted 2; who is chosen, or has it already, changed since." in said
    assert members() == sorted([cast.lena, cast.noor])


@pytest.mark.parametrize(
    "wrong", [{"due_on": "2020-01-31"}, {"due_on": "x"}, {"what": "course:none"}, {"reason": ""}, {"accept_days": "9" * 40}]
)  # fmt: skip
def test_a_mistake_is_told_with_everything_typed_and_everybody_chosen_kept(cast, second, as_, wrong):
    cora = as_(cast.cora)
    for counted in ({}, {"counted": "2"}):
        seen = post(
            cora, cast.emergency, "assign-people", person=[cast.lena, cast.noor],
            **assignment(**wrong), **counted,
        )  # fmt: skip
        assert seen.status_code == 422
        page = seen.get_data(as_text=True)
        assert 'id="problems"' in page
        assert f'name="person" value="{cast.lena}"' in page
        if "reason" not in wrong:
            assert "A new plan." in page
    assert members() == []


def test_one_may_change_what_was_typed_before_it_is_done(cast, second, as_):
    seen = post(
        as_(cast.cora), cast.emergency, "assign-people", person=[cast.lena], change="1", **assignment()
    )
    page = seen.get_data(as_text=True)
    assert "Count first" in page
    assert "A new plan.</textarea>" in page
    assert re.search(r'<option selected value="course:second"', page)


def test_the_preview_shows_what_the_mail_says(cast, assigned, as_):
    cora = as_(cast.cora)
    seen = words(post(cora, cast.emergency, action="remind", person=[cast.lena]))
    post(cora, cast.emergency, "remind", person=[cast.lena])
    db.session.rollback()
    mail = " ".join(db.session.scalars(select(Message.body)).one().split())
    assert mail in seen


def test_case_52_two_coordinators_at_once_remind_once(app, cast, assigned):
    everyone = [cast.lena, cast.noor, cast.cora]
    clients = browsers(app, cast.cora, 3) + browsers(app, cast.ada, 3)
    db.session.rollback()
    answers = at_once(
        clients, lambda client: post(client, cast.emergency, "remind", person=everyone)
    )
    assert {one.status_code for one in answers} == {303}
    assert mailed() == sorted(everyone)


def test_the_export_holds_the_chosen_and_their_evidence(cast, assigned, as_):
    steps.finish(cast.actor("lena"), at=clock.now())
    person_row = db.session.get(Person, cast.noor)
    person_row.name = "=cmd|'/C calc'!A0"
    db.session.commit()
    cora = as_(cast.cora)
    given = {"person": [cast.lena, cast.noor, cast.otto]}
    got = post(cora, cast.emergency, "export-selection", **given, format="csv")
    assert got.content_type == "text/csv; charset=utf-8"
    assert re.match(r'attachment; filename="chosen-\d{4}-\d\d-\d\d.csv"', got.headers["Content-Disposition"])
    rows = list(csv.DictReader(io.StringIO(got.data.decode("utf-8-sig"))))
    assert {one["Name"]: one["State"] for one in rows} == {
        "Lena Nguyễn, MD": "complete", "'=cmd|'/C calc'!A0": "soon",
    }
    assert rows[-1]["Completed"] or rows[0]["Completed"]
    got = post(cora, cast.emergency, "export-selection", **given, format="xlsx")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(got.data)).get_sheet_by_index(0).to_python()
    assert len(sheet) == 3
    assert sheet[0][:2] == ["Name", "E-mail"]


def test_a_large_department_is_chosen_whole(cast, assigned, as_):
    place = db.session.get(Department, cast.emergency)
    db.session.add_all(
        Person(
            email=f"p{n}@example.org", email_key=f"p{n}@example.org", name=f"Person {n:04}",
            certificate_name="x", profession=Profession.NURSE, department_id=place.id,
            created_at=clock.now(),
        )
        for n in range(1500)
    )  # fmt: skip
    db.session.commit()
    cora = as_(cast.cora)
    seen = post(cora, cast.emergency, action="remind", everyone="1", state="all")
    assert "Remind 1503 people" in words(seen)
    assert "and 1453 more" in words(seen)
    assert len(seen.data) < 100_000
    post(cora, cast.emergency, "remind", fields=fields(seen))
    assert db.session.scalar(select(func.count()).select_from(Message)) == 1503
