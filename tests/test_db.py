"""The database layer: instants, wholeness, turns, enumerations, keys; and nothing in the log."""

import threading
import time
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from lms.db import Base, db, impatient, whole, writing
from lms.errors import Refused
from lms.people.models import Department, Person, Profession
from lms.web.limits import RateHit
from tests.cast import person
from tests.conftest import NOON

DEPARTMENTS = Department.__table__


@pytest.fixture(autouse=True)
def _app(app):
    return app


def hit(at: datetime) -> RateHit:
    row = RateHit(bucket="x" * 64, at=at)
    db.session.add(row)
    db.session.commit()
    db.session.expire_all()
    return row


def names() -> set[str]:
    return set(db.session.scalars(select(Department.name)))


def test_a_naive_instant_is_refused_when_stored_and_when_asked_for():
    naive = datetime(2026, 5, 1, 12)
    with pytest.raises(StatementError, match="naive datetime"):
        hit(naive)
    db.session.rollback()
    with pytest.raises(StatementError, match="naive datetime"):
        db.session.scalars(select(RateHit).where(RateHit.at < naive)).all()


def test_an_instant_comes_back_the_same_and_in_utc():
    india = timezone(timedelta(hours=5, minutes=30))
    row = hit(datetime(2026, 5, 1, 1, 15, 30, 123456, tzinfo=india))
    assert row.at == datetime(2026, 4, 30, 19, 45, 30, 123456, tzinfo=UTC)
    assert row.at.tzinfo is UTC


def test_instants_from_two_zones_are_compared_by_when_they_are():
    hit(NOON)
    later_by_its_digits = (NOON - timedelta(minutes=1)).astimezone(timezone(timedelta(hours=13)))
    assert db.session.scalars(select(RateHit).where(RateHit.at > later_by_its_digits)).one()


@whole
def add_then(name: str, *, refuse: bool) -> None:
    db.session.add(Department(name=name))
    db.session.flush()
    if refuse:
        raise Refused("no")


def test_a_refused_operation_leaves_nothing_though_its_refusal_is_caught():
    add_then("kept", refuse=False)
    with pytest.raises(Refused):
        add_then("half", refuse=True)
    add_then("kept too", refuse=False)
    db.session.commit()
    assert names() == {"kept", "kept too"}


def test_a_broken_constraint_in_an_operation_leaves_the_rest_usable():
    add_then("first", refuse=False)

    @whole
    def twice() -> None:
        db.session.execute(insert(DEPARTMENTS).values(id=77, name="A"))
        db.session.execute(insert(DEPARTMENTS).values(id=77, name="B"))

    with pytest.raises(IntegrityError):
        twice()
    add_then("last", refuse=False)
    db.session.commit()
    assert names() == {"first", "last"}


def test_an_operation_inside_another_is_dropped_with_it_or_alone():
    @whole
    def outer(*, refuse: bool) -> None:
        add_then("inner", refuse=False)
        with pytest.raises(Refused):
            add_then("inner refused", refuse=True)
        if refuse:
            raise Refused("outer")

    with pytest.raises(Refused):
        outer(refuse=True)
    assert names() == set()
    outer(refuse=False)
    db.session.commit()
    assert names() == {"inner"}


def test_a_rollback_after_an_operation_takes_it_back():
    """With sqlite3's own transactions the end of the savepoint would have committed it."""
    add_then("gone", refuse=False)
    db.session.rollback()
    assert names() == set()


@pytest.mark.sqlite_only("PostgreSQL has as many writers as there are rows")
def test_two_writers_that_read_first_take_turns(app):
    both_ready, problems = threading.Barrier(2), []

    def read_then_write(name: str) -> None:
        with app.app_context():
            both_ready.wait(timeout=10)
            try:
                with writing():
                    for number in range(20):
                        before = len(names())
                        db.session.execute(insert(DEPARTMENTS).values(name=f"{name} {before}"))
                        db.session.commit()
                        assert number >= 0
            except DBAPIError as problem:
                problems.append(problem)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=read_then_write, args=(one,)) for one in "AB"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert problems == []
    # Each saw what the other had written: no number was given twice.
    assert sorted(int(one.split()[1]) for one in names()) == list(range(40))


@pytest.mark.sqlite_only("PostgreSQL needs no announcement")
def test_writing_ends_with_its_block():
    seen: list[str] = []

    def begun(sql: str) -> None:
        if sql.startswith("BEGIN"):
            seen.append(sql)

    db.session.connection().connection.driver_connection.set_trace_callback(begun)
    for intent in (writing, None, writing):
        db.session.rollback()
        if intent:
            with intent():
                names()
        else:
            names()
    assert seen == ["BEGIN IMMEDIATE", "BEGIN", "BEGIN IMMEDIATE"]


@pytest.mark.sqlite_only("PostgreSQL has as many writers as come")
def test_many_writers_come_soon_after_each_other_and_none_starves(app):
    db.session.rollback()
    waits: list[float] = []

    def write() -> None:
        with app.app_context():
            for _ in range(15):
                begun = time.monotonic()
                with writing():
                    db.session.add(hit(NOON))
                    db.session.flush()
                    time.sleep(0.002)
                    db.session.commit()
                waits.append(time.monotonic() - begun)
            db.session.remove()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(waits) == 120
    assert max(waits) < 3


@pytest.mark.sqlite_only("PostgreSQL has as many writers as come")
def test_a_turn_is_given_back_when_the_writing_fails(app):
    db.session.rollback()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), writing():  # noqa: PT012 - the whole is what fails
            names()
            try:
                1 / 0  # noqa: B018
            finally:
                db.session.rollback()
    with impatient():
        names()
    db.session.rollback()


def test_an_enumeration_is_stored_by_its_value_and_comes_back_as_itself(cast):
    stored = text("SELECT profession FROM people WHERE id = :id")
    assert db.session.execute(stored, {"id": cast.noor}).scalar() == "nurse"
    assert db.session.get(Person, cast.noor).profession is Profession.NURSE


def test_a_value_outside_an_enumeration_is_refused_by_the_database(cast):
    with pytest.raises(IntegrityError, match="profession"):
        db.session.execute(text("UPDATE people SET profession = 'NURSE'"))


def test_every_enumeration_is_checked_by_the_database():
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if getattr(column.type, "enum_class", None):
                assert column.type.native_enum is False
                assert column.type.create_constraint, f"{table.name}.{column.name}"
                longest = max(len(one.value) for one in column.type.enum_class)
                assert longest <= column.type.length


def test_a_row_can_not_point_at_nothing(cast):
    with pytest.raises(IntegrityError):
        db.session.execute(update(DEPARTMENTS).values(parent_id=4711))
    db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(DEPARTMENTS.delete().where(DEPARTMENTS.c.id == cast.emergency))


@pytest.mark.sqlite_only("of SQLite only")
def test_every_connection_of_sqlite_is_set_up_the_same():
    connections = [db.engine.connect() for _ in range(3)]
    for one in connections:
        found = {
            name: one.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous", "busy_timeout", "cache_size")
        }
        # 1 is NORMAL: the log is flushed by lms.flushing.
        assert found == {
            "foreign_keys": 1, "journal_mode": "wal", "synchronous": 1, "busy_timeout": 15_000, "cache_size": -512,
        }
        one.close()


def test_days_stay_days():
    assert db.session.execute(select(text("1"))).scalar() == 1
    column = Base.metadata.tables["assignment_cycles"].c.due_on
    assert column.type.python_type is date


def test_a_failed_statement_never_repeats_what_people_typed(cast):
    with pytest.raises(IntegrityError) as failed:
        db.session.execute(
            update(Person.__table__).values(email_key="lena@example.org", name="A Secret Name")
        )
    assert "Secret Name" not in str(failed.value)


def test_every_constraint_has_a_name_by_which_it_can_be_changed():
    for table in Base.metadata.sorted_tables:
        for one in table.constraints:
            assert one.name, (table.name, one)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("Ágnes Ünal", "ágnes"), ("ágnes ünal", "ÜNAL"), ("ЖАННА", "жанна"), ("Ñandú", "ñan")],
)
def test_people_are_found_whatever_the_case_of_their_letters_on_both_engines(app, name, asked):
    made = person(name, "a@example.org", department=None, profession=Profession.NURSE, at=NOON)
    found = select(Person.id).where(Person.name.ilike(f"%{asked}%"))
    assert db.session.scalars(found).all() == [made.id]
