"""The server's processes: what they are, what they take, and what happens when one of them dies."""

import os
import signal
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from lms import clock
from lms.app import create_app
from lms.commands import serve as serving
from lms.commands.database import upgrade
from lms.config import Settings
from lms.db import db
from tests.bench.servers import LMS, Served, free_port

MEGABYTE = 1024 * 1024


@pytest.fixture
def server(tmp_path):
    """A server of two workers on a database without courses, which answers."""
    instance = tmp_path / "instance"
    with create_app(Settings.from_env({"LMS_INSTANCE": str(instance)})).app_context():
        upgrade(at=clock.now())
        db.session.remove()
        db.engine.dispose()
    port = free_port()
    served = Served(
        [str(LMS), "serve", "--workers", "2", "--port", str(port)], port=port,
        log=tmp_path / "server.log", LMS_INSTANCE=str(instance),
    )
    served.start(path="/healthz")
    yield served
    if served.process:
        with suppress(ProcessLookupError):
            os.killpg(served.process.pid, signal.SIGKILL)
        served.process.wait()


def eventually(question, within=60):
    """Wait until the answer is yes."""
    until = time.monotonic() + within
    while not (answer := question()):
        assert time.monotonic() < until, question
        time.sleep(0.05)
    return answer


def workers(server):
    """Return the processes that serve, once whoever made them only watches."""
    eventually(lambda: "watch.py" in Path(f"/proc/{server.process.pid}/cmdline").read_text())
    return server.pids()[1:]


def healthy(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=30) as answer:
        return answer.status == 200


class Visits(threading.Thread):
    """Asks again and again, each time over a new connection."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.seen, self.failed, self.goes_on = server, 0, [], True

    def run(self):
        while self.goes_on:
            try:
                self.seen += healthy(self.server)
            except OSError as problem:
                self.failed.append(problem)
            time.sleep(0.02)


def test_who_made_the_workers_takes_next_to_nothing_and_ends_them_when_told(server):
    first, second = workers(server)
    watching = server.process
    rolled = Path(f"/proc/{watching.pid}/smaps_rollup").read_text()
    (pss,) = (int(one.split()[1]) for one in rolled.splitlines() if one.startswith("Pss:"))
    assert pss * 1024 < 8 * MEGABYTE
    # They share what was loaded before there were two: far less than twice what one takes.
    assert server.pss() < 130 * MEGABYTE
    assert healthy(server)
    os.kill(watching.pid, signal.SIGTERM)
    assert watching.wait(timeout=30) == 0
    assert not [one for one in (first, second) if Path(f"/proc/{one}").exists()]


def test_what_a_worker_frees_goes_back_to_the_system():
    given = []

    class Library:
        def malloc_trim(self, pad):
            given.append(pad)

    give_back = serving._giving_back(Library())
    for generation in (0, 1, 2):
        give_back("start", {"generation": generation})
    assert given == []
    give_back("stop", {"generation": 0})
    assert given == []
    give_back("stop", {"generation": 1})
    give_back("stop", {"generation": 2})
    assert given == [0, 0]


def test_hanging_up_exchanges_the_workers_and_nobody_is_sent_away(server):
    before = workers(server)
    visits = Visits(server)
    visits.start()
    os.kill(server.process.pid, signal.SIGHUP)
    eventually(lambda: len(server.pids()) == 3 and not set(before) & set(server.pids()))
    after = workers(server)
    visits.goes_on = False
    visits.join()
    assert not visits.failed
    assert visits.seen > 10
    assert len(after) == 2
    assert server.process.poll() is None


def test_a_worker_that_dies_is_followed_by_another_while_the_rest_serve(server):
    killed, other = workers(server)
    os.kill(killed, signal.SIGKILL)
    time.sleep(0.1)
    # Whoever was with the one that died has lost a page; all others get theirs.
    while not Path(f"/proc/{killed}").exists() and Path(f"/proc/{other}").exists():
        assert healthy(server)
        time.sleep(0.02)
    after = workers(server)
    assert len(after) == 2
    assert not {killed, other} & set(after)
    assert healthy(server)
    assert "A worker ended that nobody told to" in server.log.read_text()
    # New ones that die at once, too, would do so for ever.
    os.kill(after[0], signal.SIGKILL)
    assert server.process.wait(timeout=30) == 1
    assert not Path(f"/proc/{after[1]}").exists()
    assert "The server ends." in server.log.read_text()


def test_begun_anew_in_vain_it_leaves_nobody_behind(server):
    killed, other = workers(server)
    instance = Path(server.environ["LMS_INSTANCE"])
    for one in instance.glob("rounds.db*"):
        one.rename(one.with_name(f"away-{one.name}"))
    os.kill(killed, signal.SIGKILL)
    assert server.process.wait(timeout=60) == 1
    eventually(lambda: not Path(f"/proc/{other}").exists())
    assert "The database is not up to date." in server.log.read_text()
