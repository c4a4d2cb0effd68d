"""Clients that hang, hang up, or do not read: everybody else is answered meanwhile."""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.faults.ground import KEY, TOKEN, Installation
from tests.faults.learners import GOOD, Claimer, Taker
from tests.faults.wire import Wire

pytestmark = pytest.mark.faults
MANY = 150
SOON = 8.0  # seconds, on a machine whose cores are busy with other tests
UPLOADS = 2  # that stand still at once: fewer than the threads of one process


@contextmanager
def hanging(place: Installation, data: bytes, number: int) -> Iterator[list[socket.socket]]:
    """Open so many connections, send this on each, and then nothing."""
    made = []
    try:
        for _ in range(number):
            made.append(socket.create_connection(("127.0.0.1", place.port), timeout=30))
            made[-1].sendall(data)
        yield made
    finally:
        for one in made:
            one.close()


def request(place: Installation, line: str, cookie: str, *, length: int = 0, body: str = "") -> bytes:
    head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\nCookie: {cookie}\r\n"
    if length:
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n"
    return f"{head}\r\n{body}".encode()


def is_answered(place: Installation, cookie: str) -> None:
    """A page, the health check and a saved answer or claim each come soon, on new connections."""
    for path in ("/healthz", f"/courses/{KEY}", "/transcript"):
        with closing(Wire(place, cookie, timeout=60)) as wire:
            began = time.monotonic()
            reply = wire.get(path)
            assert reply.status == 200, reply.title
            assert time.monotonic() - began < SOON, path


@pytest.fixture
def served(install):
    place = install()
    takers = [Taker(place, *one, random.Random(3)) for one in place.admit("taker", 3, ready=False)]
    claimers = [Claimer(place, *one, random.Random(3)) for one in place.admit("claimer", 3, ready=True)]
    place.start()
    return place, takers, claimers


def finishes(one) -> None:
    one.connect()
    began = time.monotonic()
    while not one.is_done:
        one.step()
    assert time.monotonic() - began < 5 * SOON


def all_is_well(place: Installation, learners) -> None:
    with place.looking():
        for one in learners:
            one.check()
    assert "Traceback" not in place.said()


def test_half_a_request_and_idle_connections_hold_nobody_up(served):
    place, takers, claimers = served
    half = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-"
    whole = request(place, "GET /healthz", "")
    with hanging(place, half, MANY), hanging(place, whole, MANY) as idle:
        assert all(one.recv(12) == b"HTTP/1.1 200" for one in idle)
        is_answered(place, takers[0].cookie)
        finishes(takers[0])
        finishes(claimers[0])
    all_is_well(place, takers + claimers)


def test_uploads_that_stop_half_way_leave_nothing_and_hold_nobody_up(served):
    place, takers, claimers = served
    body = f"csrf_token={TOKEN}&" + "&".join(f"{name}={value}" for name, value in GOOD.items())
    half = request(
        place, f"POST /courses/{KEY}/claim", claimers[1].cookie, length=len(body) + 200, body=body
    )
    with hanging(place, half, UPLOADS):
        time.sleep(0.3)
        is_answered(place, takers[0].cookie)
        finishes(takers[0])
        finishes(claimers[0])
        assert set(claimers[1].parts_now().values()) == {0}
    # Cut off in the middle: what arrived is no claim.
    time.sleep(0.5)
    assert set(claimers[1].parts_now().values()) == {0}
    finishes(claimers[1])
    all_is_well(place, takers + claimers)


def test_more_uploads_than_threads_are_over_when_they_hang_up(served):
    """Without a proxy that reads requests first they hold all threads, but only as long."""
    place, takers, claimers = served
    half = request(place, f"POST /courses/{KEY}/claim", claimers[1].cookie, length=500, body="a=b")
    with hanging(place, half, 40):
        time.sleep(0.3)
    is_answered(place, takers[0].cookie)
    finishes(claimers[1])
    all_is_well(place, takers + claimers)


def test_readers_who_do_not_read_or_leave_in_the_middle_hold_nobody_up(served):
    place, takers, claimers = served
    finishes(claimers[0])
    page = request(place, f"GET /certificates/{claimers[0].serial}.pdf", claimers[0].cookie)
    with hanging(place, page * 5, 60) as deaf:
        is_answered(place, takers[0].cookie)
        finishes(takers[0])
        for one in deaf[:30]:
            one.recv(100)
            one.close()
    is_answered(place, takers[0].cookie)
    all_is_well(place, takers + claimers)


def test_a_click_whose_answer_nobody_waits_for_is_whole_or_not_there(served):
    place, takers, claimers = served
    fields = GOOD | {"legal_name": "Lena Example, RN"}
    for pause, one in zip((0.0, 0.02, 0.1), claimers, strict=True):
        one.is_claiming = True
        wire = Wire(place, one.cookie)
        wire.send_form(f"/courses/{KEY}/claim", fields)
        time.sleep(pause)
        wire.close()
    time.sleep(1)
    with place.looking():
        for one in claimers:
            one.check()
    for one in claimers:
        finishes(one)
    all_is_well(place, takers + claimers)
