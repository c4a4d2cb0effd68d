"""`lms people add`: the first administrator of an empty installation, and everybody after."""

import re

import pytest
from sqlalchemy import func, select

from lms.access import Role
from lms.db import db
from lms.outbox import Message
from lms.people import queries
from lms.people.cli import people
from lms.people.models import Person


@pytest.fixture
def run(app):
    def run(*words: str):
        return app.test_cli_runner().invoke(people, ["add", *words])

    return run


def test_the_first_administrator_is_added_to_an_empty_database_and_signs_in(run, client):
    done = run("ada@example.org", "--name", "Ada Whitfield", "--role", "administrator")
    assert done.exit_code == 0, done.output
    assert queries.actor_of(queries.by_email("ada@example.org").id).roles == {
        Role.LEARNER, Role.ADMINISTRATOR,
    }  # fmt: skip
    link = re.search(r"http://localhost(/reset-password/\S+)", done.output)[1]
    password = {"password": "tremor quilt lantern"}
    assert client.post(link, data=password).status_code == 303
    signed = client.post("/sign-in", data={"email": "ada@example.org"} | password)
    assert signed.status_code == 303
    assert client.get("/people").status_code == 200
    assert client.post(link, data=password).status_code == 404


def test_the_link_is_printed_and_not_mailed(run):
    run("ada@example.org", "--name", "Ada Whitfield")
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_coordinator_is_added_to_a_department_by_name_or_path(run, cast):
    path = "Emergency Medicine › Pediatric Emergency"
    for email, name in (("a@example.org", "pediatric emergency"), ("b@example.org", path)):
        done = run(email, "--name", "Amara", "--department", name, "--role", "coordinator")
        assert done.exit_code == 0, done.output
        actor = queries.actor_of(queries.by_email(email).id)
        assert actor.department_ids == {cast.pediatric}


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["x", "--name", "Amara"], 1, "@ is missing"),
        (["LENA@example.org", "--name", "Amara"], 1, "has this address already"),
        (["a@example.org", "--name", "\u0301"], 1, "Leave it out"),
        (["a@example.org", "--name", "A", "--department", "Nowhere"], 1, "no department"),
        (["a@example.org", "--name", "A", "--role", "coordinator"], 1, "Choose the department"),
        (["a@example.org"], 2, "--name"),
        (["a@example.org", "--name", "A", "--role", "king"], 2, "king"),
    ],
)
def test_nonsense_is_one_sentence_and_nobody_is_added(run, cast, words, status, said):
    before = db.session.scalar(select(func.count()).select_from(Person))
    done = run(*words)
    assert done.exit_code == status
    assert said in done.output
    assert "Traceback" not in done.output
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Person)) == before
