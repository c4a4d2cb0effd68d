"""Guesses and requests for links at the same instant count one by one. Telling on PostgreSQL."""

from sqlalchemy import func, select

from lms.db import db
from lms.outbox import Message
from tests.credit.test_parallel import at_once


def test_guesses_at_the_same_instant_do_not_get_past_the_limit(app, cast):
    guess = {"email": "lena@example.org", "password": "wrong-wrong-wrong"}
    clients = [app.test_client() for _ in range(16)]
    answers = at_once(clients, lambda client: client.post("/sign-in", data=guess))
    # The tenth is told to wait already.
    assert [one.status_code for one in answers].count(422) == 9


def test_links_asked_for_at_the_same_instant_are_three_at_most(app, cast):
    clients = [app.test_client() for _ in range(10)]
    asked = {"email": "otto@example.org"}
    answers = at_once(clients, lambda client: client.post("/forgot-password", data=asked))
    assert {one.status_code for one in answers} == {200}
    assert db.session.scalar(select(func.count()).select_from(Message)) == 3
