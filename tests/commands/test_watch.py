"""The small program that watches over workers: what it does with each thing it hears."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

# Two workers that do nothing, and who made them turns into the one that watches.
SERVER = """
import os, signal, sys, time
from lms.commands import watch

assert not watch.take_former()
workers = []
watch.hold_signals()
for _one in range(2):
    worker = os.fork()
    if not worker:
        watch.release_signals()
        os.closerange(0, 3)
        time.sleep(60)
        os._exit(0)
    workers.append(worker)
print(*workers, flush=True)
exec(sys.argv[2])
watch.become(workers, again=sys.argv[3:], is_again=sys.argv[1] == "again")
"""
AGAIN = """
import os, signal
from lms.commands import watch
held = signal.pthread_sigmask(signal.SIG_BLOCK, [])
print("again", os.getpid(), sorted(watch.take_former()), signal.SIGTERM in held, flush=True)
assert not watch.take_former()
"""


def is_there(pid):
    """Say whether a process is there and no corpse."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class Server:
    def __init__(self, is_again=False, first="pass"):
        self.process = subprocess.Popen(
            [
                sys.executable, "-c", SERVER, "again" if is_again else "first", first,
                sys.executable, "-c", AGAIN,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )
        self.workers = [int(one) for one in self.process.stdout.readline().split()]

    @property
    def pid(self):
        return self.process.pid

    def wait_until_watched(self):
        until = time.monotonic() + 20
        while b"watch.py" not in Path(f"/proc/{self.pid}/cmdline").read_bytes():
            assert time.monotonic() < until
            time.sleep(0.01)
        time.sleep(0.2)

    def said(self):
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out.strip(), err.strip()

    def left(self):
        return [one for one in self.workers if is_there(one)]


@pytest.fixture
def server():
    begun = []

    def begin(**how):
        begun.append(Server(**how))
        return begun[-1]

    yield begin
    for one in begun:
        with suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        one.process.communicate()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_ends_the_workers_first(server, how):
    one = server()
    one.wait_until_watched()
    assert one.left() == one.workers
    os.kill(one.pid, how)
    assert one.said() == (0, "", "")
    assert one.left() == []


def test_a_worker_that_died_makes_the_server_begin_anew_while_the_other_goes_on(server):
    one = server()
    one.wait_until_watched()
    os.kill(one.workers[0], signal.SIGKILL)
    status, out, err = one.said()
    # The same process, which knows of the other worker; a signal waits until there are new ones.
    assert out == f"again {one.pid} [{one.workers[1]}] True"
    assert err == "A worker ended that nobody told to. The server begins anew."
    assert status == 0
    assert one.left() == one.workers[1:]


def test_new_workers_that_die_at_once_end_the_server(server):
    one = server(is_again=True)
    one.wait_until_watched()
    os.kill(one.workers[0], signal.SIGKILL)
    assert one.said() == (1, "", "A new worker ended, too. The server ends.")
    assert one.left() == []


def test_hanging_up_begins_anew_with_all_workers_going_on(server):
    one = server()
    one.wait_until_watched()
    os.kill(one.pid, signal.SIGHUP)
    assert one.said() == (0, f"again {one.pid} {sorted(one.workers)} True", "")
    assert one.left() == one.workers


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_worker_that_died_before_anybody_watched_is_missed(server, is_seen):
    seen = "; time.sleep(0.1); os.waitpid(workers[1], 0)" if is_seen else ""
    one = server(first=f"os.kill(workers[1], signal.SIGKILL){seen}")
    assert one.said()[1] == f"again {one.pid} [{one.workers[0]}] True"


def test_told_to_end_before_it_watches_it_ends(server):
    one = server(first="os.kill(os.getpid(), signal.SIGTERM)")
    assert one.said() == (0, "", "")
    assert one.left() == []


def test_workers_that_hear_it_first_are_not_begun_anew(server):
    one = server()
    one.wait_until_watched()
    for worker in one.workers:
        os.kill(worker, signal.SIGTERM)
    time.sleep(0.05)
    os.kill(one.pid, signal.SIGTERM)
    assert one.said() == (0, "", "")


def test_it_takes_a_few_megabytes(server):
    one = server()
    one.wait_until_watched()
    rolled = Path(f"/proc/{one.pid}/smaps_rollup").read_text()
    (pss,) = (int(line.split()[1]) for line in rolled.splitlines() if line.startswith("Pss:"))
    assert pss < 8 * 1024
