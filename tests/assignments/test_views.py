"""The coordinator's forms: what was typed stays, what is wrong is said, nothing is half done."""

from datetime import timedelta

import pytest

from lms import clock
from lms.assignments.models import Assignment
from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny


@pytest.fixture
def tiny(app):
    return publish_tiny(at=NOON)


def form(cast, **changes) -> dict[str, str]:
    due = (clock.now() + timedelta(days=40)).date().isoformat()
    given = {
        "what": "course:tiny", "department_id": str(cast.emergency), "due_on": due,
        "accept_days": "90", "reason": "Our response plan.", "asked_by": "Emergency Medicine",
        "basis": "",
    }
    return given | changes


def test_cora_assigns_and_lands_on_the_department(cast, as_, tiny):
    answer = as_(cast.cora).post("/assignments", data=form(cast))
    assert (answer.status_code, answer.location) == (303, f"/departments/{cast.emergency}")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"due_on": "2020-01-01"}, "or later"),
        ({"due_on": "next week"}, "Not a valid date value"),
        ({"reason": ""}, "Say in a sentence why this is asked"),
        ({"accept_days": "-1"}, "Give a number from 0"),
        ({"accept_days": "9" * 400}, "Give a number from 0"),
        ({"accept_days": "soon"}, "Not a valid integer value"),
        ({"what": "course:no-such"}, "Not a valid choice"),
        ({"reason": "x" * 1001}, "under 1,000 characters"),
    ],
)
def test_bad_input_is_said_and_what_was_typed_stays(cast, as_, tiny, changes, sentence):
    answer = as_(cast.cora).post("/assignments", data=form(cast, asked_by="Dr. Żółć", **changes))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Dr. Żółć" in answer.text
    assert db.session.query(Assignment).count() == 0


def test_a_department_that_is_not_hers_is_not_even_a_choice(cast, as_, tiny):
    answer = as_(cast.cora).post("/assignments", data=form(cast, department_id=str(cast.womens)))
    assert answer.status_code == 422
    assert db.session.query(Assignment).count() == 0


def test_a_double_click_assigns_once(cast, as_, tiny):
    cora = as_(cast.cora)
    assert cora.post("/assignments", data=form(cast)).status_code == 303
    assert cora.post("/assignments", data=form(cast)).status_code == 422
    assert db.session.query(Assignment).count() == 1


def test_the_learner_sees_why(cast, as_, tiny):
    as_(cast.cora).post("/assignments", data=form(cast, basis="Hospital policy 7.3"))
    home = as_(cast.lena).get("/").text
    assert "Why am I asked to do this?" in home
    assert "Our response plan." in home
    assert "Hospital policy 7.3" in home


def test_otto_finds_none_of_coras_pages(cast, as_, tiny):
    as_(cast.cora).post("/assignments", data=form(cast))
    made = db.session.query(Assignment).one()
    otto = as_(cast.otto)
    assert otto.get(f"/assignments/{made.id}").status_code == 404
    assert otto.get(f"/departments/{cast.emergency}").status_code == 403
    assert otto.get(f"/departments/people/{cast.lena}").status_code == 404
    exempt = f"/assignments/{made.id}/people/{cast.lena}/exempt"
    assert otto.get(exempt).status_code == 404
    assert otto.post(exempt, data={"reason": "x"}).status_code == 404


def test_closing_needs_a_reason(cast, as_, tiny):
    cora = as_(cast.cora)
    cora.post("/assignments", data=form(cast))
    made = db.session.query(Assignment).one()
    assert cora.post(f"/assignments/{made.id}/close", data={}).status_code == 422
    done = cora.post(f"/assignments/{made.id}/close", data={"reason": "Replaced."})
    assert done.status_code == 303
    assert cora.post(f"/assignments/{made.id}/close", data={"reason": "Again"}).status_code == 422
