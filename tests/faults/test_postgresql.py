"""The same on PostgreSQL: the server killed, the database stopped at once, away and back."""

import random
import time
from collections.abc import Callable
from contextlib import closing

import psycopg
import pytest

from tests.faults.conftest import chance, share
from tests.faults.ground import KEY, Installation
from tests.faults.killing import KILL, Fault, rounds
from tests.faults.learners import GOOD, Claimer, Taker
from tests.faults.test_kill import told
from tests.faults.test_space import unavailable
from tests.faults.wire import Wire
from tests.postgres import Postgres

pytestmark = pytest.mark.faults


@pytest.fixture
def database():
    """A PostgreSQL that keeps what it acknowledged, to be stopped at any moment."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def on_postgresql(install: Callable[..., Installation], database: Postgres) -> Installation:
    """An installation on it."""
    address = database.url(database.create())
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as link:
        # The tests' server is set to be fast and forgetful; records need this.
        link.execute("ALTER ROLE rounds SET synchronous_commit = on")
    return install(database_url=address)


def away_and_back(database: Postgres) -> Fault:
    def mend(place: Installation) -> None:
        database._start()
        until = time.monotonic() + 30
        while not place.is_well():
            assert time.monotonic() < until, place.said()
            time.sleep(0.05)

    return Fault(lambda _place: database.halt(), mend)


@pytest.mark.parametrize("kind", [Taker, Claimer])
def test_what_was_acknowledged_outlives_server_and_database(
    on_postgresql, database, kind, record_property
):
    place, number = on_postgresql, share(1, 20)
    rng = chance("postgresql", kind.__name__)
    learners = [
        kind(place, *one, rng)
        for one in place.admit(kind.__name__.lower(), 12 * number, ready=kind is Claimer)
    ]
    faults = (KILL, KILL, away_and_back(database))
    tally = rounds(place, learners, number, rng=rng, most=8, faults=faults)
    place.stop()
    place.examine()
    assert tally.acknowledged > number, place.said()
    record_property(f"rounds of {kind.__name__.lower()}s on PostgreSQL", told(tally))


def test_a_database_that_is_away_is_a_designed_503_and_back_without_a_restart(
    on_postgresql, database
):
    place, rng = on_postgresql, random.Random(5)
    taker = Taker(place, *place.admit("taker", 1, ready=False)[0], rng)
    claimer = Claimer(place, *place.admit("claimer", 1, ready=True)[0], rng)
    place.start()
    taker.connect()
    for _ in range(3):
        taker.step()
    database.halt()
    wire = Wire(place, claimer.cookie)
    unavailable(wire.get(f"/courses/{KEY}"))
    unavailable(wire.post(f"/courses/{KEY}/claim", {"claim": "0.25"}))
    unavailable(wire.post("/sign-in", {"email": "x@example.org", "password": "x" * 12}))
    unavailable(Wire(place).get("/verify/K7Q2M-9XF4T"))
    assert wire.get("/healthz").status == 503
    database._start()
    for one in (taker, claimer):
        one.connect()
        while not one.is_done:
            one.step()
    with place.looking():
        taker.check()
        claimer.check()
    place.stop()
    place.examine()
    assert "Traceback" not in place.said()


def test_a_database_that_goes_away_in_the_midst_promises_nothing(on_postgresql, database):
    """Nobody knows then whether it was saved: the page does not say that nothing was changed."""
    place, rng = on_postgresql, random.Random(5)
    claimer = Claimer(place, *place.admit("claimer", 1, ready=True)[0], rng)
    place.start()
    claimer.is_claiming = True
    with closing(psycopg.connect(place.database_url.replace("+psycopg", ""))) as holder:
        holder.execute("SELECT * FROM enrolments FOR UPDATE")
        wire = Wire(place, claimer.cookie)
        wire.send_form(f"/courses/{KEY}/claim", GOOD | {"legal_name": "Lena Example, RN"})
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until = time.monotonic() + 20
        with psycopg.connect(place.database_url.replace("+psycopg", "")) as looker:
            while not looker.execute(waits).fetchone()[0]:
                assert time.monotonic() < until, "the claim does not wait"
                looker.rollback()
                time.sleep(0.05)
        database.halt()
    reply = wire.reply()
    assert reply.status == 503, reply.title
    assert "Look whether it is there before you" in reply.text
    assert "Nothing was changed" not in reply.text
    database._start()
    claimer.connect()
    claimer.step()
    with place.looking():
        claimer.check()
