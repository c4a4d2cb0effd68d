"""What waits too long at PostgreSQL ends with a page that says so, and nothing is left behind."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from lms import db as database
from lms.app import create_app
from lms.commands.doctor_records import engine
from lms.db import db
from lms.web.door import ANYONE, Blueprint
from tests.conftest import make_settings

bp = Blueprint("waits", __name__)
TITLE = "The records can&#39;t be reached right now"


@bp.get("/waits/<string:what>", may=ANYONE)
def wait(what: str) -> str:
    """Ask the database something."""
    db.session.execute(text({
        "row": "SELECT name FROM departments WHERE id = 1 FOR UPDATE",
        "long": "SELECT pg_sleep(20)",
        "short": "SELECT 1",
        "table": "LOCK TABLE departments IN ACCESS EXCLUSIVE MODE",
    }[what]))  # fmt: skip
    return "done"


@pytest.fixture
def app(tmp_path, postgres, monkeypatch):
    monkeypatch.setattr("lms.app.BLUEPRINTS", (*__import__("lms.app").app.BLUEPRINTS, bp))
    # A deadlock is noticed after a second, and so before the wait for the lock is given up.
    for name, seconds in (
        ("LOCK_SECONDS", 2), ("STATEMENT_SECONDS", 3), ("IDLE_SECONDS", 20), ("POOL_SECONDS", 1)
    ):
        monkeypatch.setattr(database, name, seconds)
    url = postgres.url(postgres.create())
    app = create_app(make_settings(tmp_path, database_url=url, database_connections=2))
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("CREATE TABLE departments (id integer, name text)"))
            connection.execute(text("INSERT INTO departments VALUES (1, 'Emergency')"))
        yield app
        db.session.remove()
        db.engine.dispose()


def seen(app, what: str) -> tuple[int, str]:
    got = app.test_client().get(f"/waits/{what}")
    return got.status_code, got.text


@pytest.mark.parametrize("what", ["row", "table"])
def test_who_waits_for_another_too_long_is_told_and_the_next_is_served(app, what):
    with db.engine.connect() as holder:
        holder.execute(text("SELECT * FROM departments FOR UPDATE"))
        status, page = seen(app, what)
        assert status == 503
        assert TITLE in page
    assert seen(app, what) == (200, "done")


def test_a_question_that_takes_too_long_is_ended(app):
    status, page = seen(app, "long")
    assert status == 503
    assert TITLE in page
    assert seen(app, "short") == (200, "done")


def test_when_all_connections_are_taken_for_long_the_page_says_so(app):
    with db.engine.connect(), db.engine.connect():
        assert seen(app, "short")[0] == 503
    assert seen(app, "short")[0] == 200


def test_a_transaction_left_open_lets_its_locks_go(app, monkeypatch):
    monkeypatch.setattr(database, "IDLE_SECONDS", 1)
    db.engine.dispose()
    forgotten = db.engine.connect()
    forgotten.execute(text("SELECT * FROM departments FOR UPDATE"))
    ended = threading.Event()
    ended.wait(1.5)
    assert seen(app, "row") == (200, "done")
    with pytest.raises(DBAPIError):
        forgotten.execute(text("SELECT 1"))
    forgotten.invalidate()
    forgotten.close()


def test_two_that_wait_for_each_other_are_told_apart_and_one_goes_on(app):
    with db.engine.begin() as connection:
        connection.execute(text("INSERT INTO departments VALUES (2, 'Surgery')"))
    met = threading.Barrier(2)
    said: list[str] = []

    def cross(first: int, second: int) -> None:
        with app.app_context():
            try:
                with db.engine.begin() as connection:
                    take = "UPDATE departments SET name = 'x' WHERE id = :id"
                    connection.execute(text(take), {"id": first})
                    met.wait()
                    connection.execute(text(take), {"id": second})
                said.append("kept")
            except OperationalError as error:
                said.append(type(error.orig).__name__)

    crossing = [threading.Thread(target=cross, args=one) for one in ((1, 2), (2, 1))]
    for one in crossing:
        one.start()
    for one in crossing:
        one.join()
    assert sorted(said) == ["DeadlockDetected", "kept"]


def test_connections_say_whose_they_are_and_have_limits(app):
    with db.engine.connect() as connection:
        shown = {
            name: connection.execute(text(f"SHOW {name}")).scalar()
            for name in ("application_name", "lock_timeout", "statement_timeout",
                         "idle_in_transaction_session_timeout")
        }
    assert shown == {
        "application_name": "rounds", "lock_timeout": "2s", "statement_timeout": "3s",
        "idle_in_transaction_session_timeout": "20s",
    }


def test_what_the_address_says_of_a_connection_counts(tmp_path, postgres):
    url = postgres.url(postgres.create()) + "?application_name=ward&connect_timeout=9"
    app = create_app(make_settings(tmp_path, database_url=url))
    with app.app_context(), db.engine.connect() as connection:
        assert connection.execute(text("SHOW application_name")).scalar() == "ward"


def test_the_doctor_tells_of_a_database_that_knows_no_letters(tmp_path, postgres):
    import psycopg

    with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as raw:
        raw.execute("CREATE DATABASE plain LOCALE 'C' ENCODING 'UTF8' TEMPLATE template0")
    app = create_app(make_settings(tmp_path, database_url=postgres.url("plain")))
    with app.app_context():
        assert "unaccented letters" in engine().sentence
        db.engine.dispose()
    app = create_app(make_settings(tmp_path, database_url=postgres.url(postgres.create())))
    with app.app_context():
        assert engine().is_ok
        db.engine.dispose()
