"""The door: what is kept, what is dropped, who waits; beyond tests/house/test_doors.py."""

import threading

import pytest
from flask import before_render_template
from sqlalchemy import event, func, insert, select

from lms.db import alone, connection, db, whole
from lms.errors import Refused
from lms.people.models import Department, Person
from lms.web.door import kept
from tests.conftest import NOON
from tests.web.conftest import LEARN

DEPARTMENTS = Department.__table__


def names() -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(Department.name)))


def add(name: str) -> None:
    db.session.add(Department(name=name))


@whole
def add_and_refuse(name: str) -> None:
    add(name)
    db.session.flush()
    raise Refused("no")


def test_a_view_that_catches_a_refusal_keeps_its_own_part_and_none_of_the_refused(client, room):
    def shown_beside_the_form():
        add("before")
        with pytest.raises(Refused):
            add_and_refuse("half")
        add("after")

    assert client.post(room(shown_beside_the_form)).status_code == 200
    assert names() == {"before", "after"}


def test_a_command_keeps_what_ended_well_and_drops_what_raised(app):
    with kept():
        add("kept")

    def half() -> None:
        with kept():
            add("dropped")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        half()
    assert names() == {"kept"}


def test_nothing_of_one_request_is_seen_by_the_next_when_it_failed(client, room):
    def fails():
        add("ghost")
        raise ValueError("broken")

    address = room(fails)
    assert client.post(address).status_code == 500
    assert client.get(room(lambda: str(len(db.session.new)))).text == "0"
    assert names() == set()


def test_a_reader_is_not_held_up_by_a_writer(app, cast, as_, room):
    address = room(lambda: "read", may=LEARN)
    browser = as_(cast.lena)
    with app.app_context(), kept():
        add("not yet")
        db.session.flush()
        assert browser.get(address).text == "read"


@pytest.mark.sqlite_only("PostgreSQL locks rows, and operations ask for them")
def test_writers_wait_their_turn_and_none_is_lost(app, room):
    """Read, then write: begun as a reader, one of two such transactions could only fail."""

    def count_up():
        before = db.session.scalar(select(func.count()).select_from(DEPARTMENTS))
        db.session.execute(insert(DEPARTMENTS).values(name=f"number {before}"))

    address, statuses = room(count_up), []

    def many() -> None:
        for _ in range(10):
            statuses.append(app.test_client().post(address).status_code)

    threads = [threading.Thread(target=many) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert statuses == [200] * 60
    assert names() == {f"number {n}" for n in range(60)}


@pytest.mark.parametrize("role", ["lena", "cora", "otto", "petra", "ada"])
def test_a_deactivated_or_unknown_session_is_nobody(app, cast, as_, room, role):
    browser = as_(getattr(cast, role))
    address = room(lambda: "in", may=LEARN)
    assert browser.get(address).text == "in"
    db.session.get(Person, getattr(cast, role)).deactivated_at = NOON
    db.session.commit()
    assert browser.get(address).status_code == 303
    with browser.session_transaction() as session:
        session["_user_id"] = "made up"
    assert browser.get(address).status_code == 303


def test_a_cookie_signed_by_another_key_is_nobody(app, cast, as_, client, room):
    address = room(lambda: "in", may=LEARN)
    browser = as_(cast.lena)
    cookie = browser.get_cookie("rounds").value
    client.set_cookie("rounds", cookie)
    assert client.get(address).text == "in"
    client.set_cookie("rounds", cookie[:-3] + ("aaa" if cookie[-3:] != "aaa" else "bbb"))
    assert client.get(address).status_code == 303


@pytest.mark.sqlite_only("PostgreSQL needs no announcement")
@pytest.mark.parametrize(
    "address", ["/departments/{}/completions.csv", "/verify/AAAAA-AAAAA-AAAAA-AAAAA"]
)
def test_a_page_that_records_a_line_announces_it_and_keeps_it_before_it_is_drawn(
    app, cast, as_, address
):
    seen: list[str] = []
    cora = as_(cast.cora)
    db.session.rollback()
    db.engine.dispose()

    def trace(connection, _record) -> None:
        connection.set_trace_callback(
            lambda sql: seen.append(sql) if sql.startswith(("BEGIN", "COMMIT")) else None
        )

    def draws(_app, **_more) -> None:
        seen.append("drawn")

    event.listen(db.engine, "connect", trace)
    with before_render_template.connected_to(draws, app):
        cora.get(address.format(cast.emergency))
    event.remove(db.engine, "connect", trace)
    written = seen.index("BEGIN IMMEDIATE")
    # Others wait to write: what was recorded is kept at once, and the page drawn after it.
    assert seen[written + 1] == "COMMIT"
    assert "drawn" not in seen[:written]


@whole
def add_whole(name: str) -> None:
    add(name)
    db.session.flush()


def test_an_operation_alone_is_dropped_as_a_whole_when_refused(app):
    @whole
    def outer() -> None:
        add_whole("inner")
        with pytest.raises(Refused):
            add_and_refuse("refused inside")
        add_and_refuse("refused at last")

    with kept(), alone():
        with pytest.raises(Refused):
            outer()
        # What comes after it has its savepoints again.
        add_whole("after")
        with pytest.raises(Refused):
            add_and_refuse("refused after")
    assert names() == {"after"}


def test_an_operation_alone_may_catch_what_an_inner_one_refuses(app):
    @whole
    def outer() -> None:
        add_whole("first")
        with pytest.raises(Refused):
            add_and_refuse("refused inside")
        add_whole("second")

    with kept(), alone():
        outer()
    assert names() == {"first", "second"}


def test_the_connection_is_the_one_of_the_present_transaction(app):
    db.session.rollback()
    here = connection()
    assert connection() is here
    assert here is db.session.connection()
    db.session.commit()
    with kept():
        there = connection()
        assert there is db.session.connection()
        there.execute(insert(DEPARTMENTS).values(name="kept"))
        with db.session.begin_nested():
            assert connection() is there
    assert names() == {"kept"}
