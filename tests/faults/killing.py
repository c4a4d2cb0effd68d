"""Rounds: clients work, the server is killed at a random instant, starts again, and is asked."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lms.certificates import queries as ledger
from tests.faults.ground import Installation
from tests.faults.learners import Learner, no_evaluation_too_many
from tests.faults.wire import Cut

AT_ONCE = 4
MOMENT = 0.05  # seconds, until it's known how long one answer takes here
AROUND = 0.006  # seconds around a commit and the answer that follows it
OTHERS = 20
"""So many who took part in earlier rounds are looked at again after each; all at the end."""


@dataclass
class Tally:
    """What the rounds came to."""

    rounds: int = 0
    acknowledged: int = 0
    cut: int = 0  # who was left without an answer by a kill
    kept: int = 0  # of these, whose work was there nevertheless, whole
    refused: int = 0  # told 503: the database was away, or too many waited for it for too long


@dataclass(frozen=True)
class Fault:
    """What happens to the server in the middle of work, and how it comes back."""

    strike: Callable[[Installation], None]
    mend: Callable[[Installation], None]


KILL = Fault(Installation.kill, Installation.start)


class Crew:
    """Learners at work, a few at the same time; whoever is cut off is the next to go on."""

    def __init__(self, learners: Sequence[Learner]) -> None:
        self.waiting, self.begun = list(learners), list[Learner]()
        self.found: list[BaseException] = []
        self.cut: list[Learner] = []
        self.lock, self.threads = threading.Lock(), list[threading.Thread]()
        self.left, self.enough = 0, threading.Event()
        self.pause = MOMENT  # from one answer to the next

    def go(self, *, until: int) -> None:
        """Let them begin, and wait until so many answers were acknowledged."""
        began = time.monotonic()
        self.cut, self.left = [], until
        self.enough.clear()
        assert self.waiting, "too few learners for so many rounds"
        self.threads = [threading.Thread(target=self._work) for _ in range(AT_ONCE)]
        for thread in self.threads:
            thread.start()
        if until:
            self.enough.wait(timeout=60)
            self.pause = (time.monotonic() - began) / until

    def _heard(self) -> None:
        with self.lock:
            self.left -= 1
        if self.left <= 0:
            self.enough.set()

    def wait(self) -> None:
        """Wait until all have noticed that the server is gone; raise what they found amiss."""
        for thread in self.threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a client waits for a server that is gone"
        if self.found:
            raise self.found[0]
        self.waiting = self.cut + self.waiting

    def finish(self) -> None:
        """Let those who were cut off send again and get to the end."""
        for one in self.cut:
            one.connect()
            until = time.monotonic() + 120
            while not one.is_done:
                try:
                    one.step()
                except Cut:
                    # Told to come back; but the server is there, and this must come to an end.
                    if time.monotonic() > until:
                        raise
                    one.connect()
            one.hang_up()
        self.cut = []

    def _next(self) -> Learner | None:
        with self.lock:
            if not self.waiting:
                return None
            one = self.waiting.pop(0)
            one.tell = self._heard
            if one not in self.begun:
                self.begun.append(one)
            return one

    def _work(self) -> None:
        while (one := self._next()) is not None:
            one.connect()
            try:
                while not one.is_done:
                    one.step()
            except Cut:
                with self.lock:
                    self.cut.append(one)
                return
            except BaseException as error:  # noqa: BLE001
                self.found.append(error)
                self.enough.set()
                return
            finally:
                one.hang_up()


def rounds(
    place: Installation, learners: Sequence[Learner], number: int, *, rng: random.Random,
    most: int, faults: Sequence[Fault] = (KILL,),
) -> Tally:
    """Kill the server so many times, each after up to `most` answers and a moment.

    Answers are counted, rather than seconds, so that a busy machine gets as far as an idle one.
    After each start what was begun is compared with what was acknowledged; then those who were
    left without an answer send it again. Other `faults` than a kill take turns, in any order.
    """
    tally, crew = Tally(), Crew(learners)
    place.is_shaky = True
    place.start()
    for _ in range(number):
        tally.kept += compare(place, crew, rng)
        crew.go(until=rng.randint(0, most))
        if rng.random() < 0.5:
            # Anywhere on the way to the next answers, however long that takes here.
            time.sleep(rng.uniform(0, 2 * crew.pause))
        else:
            wait_for_commit(place, within=4 * crew.pause)
            time.sleep(rng.uniform(0, AROUND))
        fault = rng.choice(faults)
        fault.strike(place)
        crew.wait()
        tally.rounds += 1
        tally.cut += len(crew.cut)
        fault.mend(place)
    tally.kept += compare(place, crew, rng)
    crew.finish()
    look(place, list(learners))
    tally.refused = place.refusals
    tally.acknowledged = sum(one.acknowledged for one in learners)
    return tally


def wait_for_commit(place: Installation, *, within: float) -> None:
    """Wait until SQLite writes a transaction into its log; on PostgreSQL, only for a while."""
    log, until = place.folder / "rounds.db-wal", time.monotonic() + within

    def state() -> tuple[int, int]:
        return (log.stat().st_size, log.stat().st_mtime_ns) if log.exists() else (0, 0)

    before = state()
    while state() == before and time.monotonic() < until:
        time.sleep(0.0002)


def compare(place: Installation, crew: Crew, rng: random.Random) -> int:
    """Look at those just cut off and at some others; return how much is there unacknowledged."""
    others = rng.sample(crew.begun, min(OTHERS, len(crew.begun)))
    look(place, [one for one in others if one not in crew.cut])
    return look(place, crew.cut)


def look(place: Installation, learners: Sequence[Learner]) -> int:
    """Compare the database with what each of them was told."""
    with place.looking():
        kept = sum(one.check() for one in learners)
        no_evaluation_too_many()
        assert ledger.verify_chain().problems == ()
    return kept
